import re

import pytest
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.names import (
    EndpointHost,
    endpoint_url,
    host_of,
    is_host_of_aws,
    read_host,
)

REGIONS = sorted(
    region
    for partition in Session().get_available_partitions()
    for region in Session().get_available_regions("codeartifact", partition)
)
DOMAINS = st.from_regex(r"[a-z][a-z0-9\-]{0,48}[a-z0-9]", fullmatch=True)
ACCOUNTS = st.from_regex(r"[0-9]{12}", fullmatch=True).filter(str.isascii)


@given(domain=DOMAINS, owner=ACCOUNTS, region=st.sampled_from(REGIONS), dualstack=st.booleans())
def test_host_name_leads_back_to_its_domain(
    domain: str, owner: str, region: str, *, dualstack: bool
) -> None:
    """What is written is read again, also with hyphens and digits in the domain, in any case."""
    host = host_of(region, owner, domain, dualstack=dualstack)
    expected = EndpointHost(region=region, owner=owner, domain=domain)
    assert read_host(host) == read_host(host.upper()) == expected


@given(domain=DOMAINS, owner=ACCOUNTS, region=st.sampled_from(REGIONS))
def test_host_name_is_read_by_a_client_as_well(domain: str, owner: str, region: str) -> None:
    """The pattern of a credential helper in use finds the same parts."""
    found = re.fullmatch(
        r"(.+)-(\d{12})\.d\.codeartifact\.([^\.]+)\.amazonaws\.com(\.cn)?",
        host_of(region, owner, domain),
    )
    assert found is not None
    assert found.groups()[:3] == (domain, owner, region)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.0.0.1",
        "codeartifact.eu-west-1.amazonaws.com",
        "team-11112222333.d.codeartifact.eu-west-1.amazonaws.com",
        "team-111122223333.d.codeartifact.eu-west-1.amazonaws.com.evil.example",
        "evil.example.team-111122223333.d.codeartifact.eu-west-1.amazonaws.com",
        "1team-111122223333.d.codeartifact.eu-west-1.amazonaws.com",
        "t-111122223333.d.codeartifact.eu-west-1.amazonaws.com",
        "team-111122223333.codeartifact.eu-west-1.amazonaws.com",
        "team-111122223333.d.codeartifact.eu-west-1.on.aws",
        "team-111122223333.d.codeartifact.eu-west-1.amazonaws.com\n",
        "team_-111122223333.d.codeartifact.eu-west-1.amazonaws.com",
    ],
)
def test_other_host_is_no_endpoint(host: str) -> None:
    """Only whole host names of endpoints are read."""
    assert read_host(host) is None


@given(text=st.text(max_size=80))
def test_any_text_is_read_or_not(text: str) -> None:
    """Reading never fails, and what it reads is written the same way."""
    found = read_host(text)
    if found is not None:
        hosts = [
            host_of(found.region, found.owner, found.domain, dualstack=dualstack)
            for dualstack in (False, True)
        ]
        assert text.lower() in hosts


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/HOST/pypi/store/"),
        ("http://[::1]:8080", "http://[::1]:8080/HOST/pypi/store/"),
        ("https://proxy.example", "https://proxy.example/HOST/pypi/store/"),
        ("https://codeartifact.eu-west-1.amazonaws.com", "https://HOST/pypi/store/"),
        ("https://codeartifact.eu-west-1.amazonaws.com:443", "https://HOST/pypi/store/"),
        ("https://codeartifact.cn-north-1.amazonaws.com.cn", "https://HOST/pypi/store/"),
        ("https://codeartifact.eu-west-1.api.aws", "https://HOST/pypi/store/"),
        ("https://codeartifact-fips.us-east-1.amazonaws.com", "https://HOST/pypi/store/"),
    ],
)
def test_endpoint_has_the_form_its_asker_can_use(base_url: str, expected: str) -> None:
    """The real address for whoever asked at the real API, else one below the address used."""
    assert endpoint_url(base_url, "HOST", "pypi", "store") == expected


@pytest.mark.parametrize(
    ("host", "is_aws"),
    [
        ("sts.amazonaws.com", True),
        ("Codeartifact.cn-north-1.amazonaws.com.cn:443", True),
        ("demo-111122223333.codeartifact.eu-west-1.on.aws", True),
        ("codeartifact.eu-west-1.api.aws", True),
        ("127.0.0.1:8080", False),
        ("amazonaws.com.example.com", False),
        ("", False),
    ],
)
def test_host_of_aws_is_told_from_others(host: str, *, is_aws: bool) -> None:
    """Whoever addressed a host of AWS came by HTTPS, and nobody else is taken for one."""
    assert is_host_of_aws(host) is is_aws
