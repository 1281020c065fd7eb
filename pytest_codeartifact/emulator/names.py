"""Addresses of the package endpoints: made and read in one place.

Sources: "GetRepositoryEndpoint" (AWS CodeArtifact API Reference); the plain form puts the real host
name into the path, so that it works on any address of this machine.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_DOMAIN = r"(?P<domain>[a-z][a-z0-9-]{0,48}[a-z0-9])-(?P<owner>[0-9]{12})"
_HOST = re.compile(
    rf"{_DOMAIN}(?:\.d\.codeartifact\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"|\.codeartifact\.(?P<dual_region>[a-z0-9-]+)\.on\.aws)"
)
_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws")
_API_HOST = re.compile(r"codeartifact(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")


@dataclass(frozen=True, slots=True)
class EndpointHost:
    """Which domain an endpoint's host name stands for."""

    region: str
    owner: str
    domain: str


def is_host_of_aws(host: str) -> bool:
    """Whether a Host header names one of AWS's own hosts."""
    return host.partition(":")[0].lower().endswith(_OF_AWS)


def read_host(host: str) -> EndpointHost | None:
    """The domain a host name, in any case, stands for; None when it is not an endpoint's."""
    match = _HOST.fullmatch(host.lower())
    if match is None:
        return None
    region = match["region"] or match["dual_region"]
    return EndpointHost(region=region, owner=match["owner"], domain=match["domain"])


def host_of(region: str, owner: str, domain: str, *, dualstack: bool = False) -> str:
    """The host name of a domain's endpoints."""
    if dualstack:
        return f"{domain}-{owner}.codeartifact.{region}.on.aws"
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{domain}-{owner}.d.codeartifact.{region}.{suffix}"


def endpoint_url(base_url: str, host: str, package_format: str, repository: str) -> str:
    """A repository's endpoint as seen by a client that reached us at `base_url`.

    A client that addressed the real API host gets the real endpoint host; any other gets the plain
    form below the address it used.
    """
    path = f"{package_format}/{repository}/"
    if _API_HOST.fullmatch(urlsplit(base_url).hostname or ""):
        return f"https://{host}/{path}"
    return f"{base_url}/{host}/{path}"
