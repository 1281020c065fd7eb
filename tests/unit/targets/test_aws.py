"""The way to a real account: by the machine's own proxies and certificates."""

import base64
from collections.abc import Mapping

import pytest
import urllib3

from pytest_codeartifact.targets.aws import _machine_pools

HOST = "codeartifact.eu-west-1.amazonaws.com"
NAMES = ("https_proxy", "all_proxy", "no_proxy", "http_proxy")


def pool_to(
    monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], host: str = HOST
) -> urllib3.PoolManager:
    for name in NAMES:
        for spelling in (name, name.upper()):
            monkeypatch.delenv(spelling, raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    with _machine_pools() as pools:
        return pools(host)


def test_without_a_proxy_aws_is_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable, no proxy."""
    assert pool_to(monkeypatch, {}).proxy is None


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "127.0.0.1:9"])
def test_proxy_of_the_machine_is_used(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """The proxy is that of the variable, with or without its scheme."""
    pool = pool_to(monkeypatch, {"https_proxy": proxy})
    assert str(pool.proxy) == "http://127.0.0.1:9"
    assert dict(pool.proxy_headers) == {}  # type: ignore[attr-defined]  # of a ProxyManager


def test_password_of_the_proxy_is_told_to_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name and password in the address are sent as the proxy expects them."""
    pool = pool_to(monkeypatch, {"https_proxy": "http://jo:se%40cret@127.0.0.1:9"})
    assert str(pool.proxy) == "http://127.0.0.1:9"
    expected = base64.b64encode(b"jo:se@cret").decode()
    headers = dict(pool.proxy_headers)  # type: ignore[attr-defined]  # of a ProxyManager
    assert headers == {"proxy-authorization": f"Basic {expected}"}


def test_hosts_that_the_machine_excepts_are_reached_directly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Behind a private endpoint of a network, AWS is no business of the proxy."""
    variables = {"https_proxy": "http://127.0.0.1:9", "no_proxy": ".amazonaws.com"}
    assert pool_to(monkeypatch, variables).proxy is None
    assert pool_to(monkeypatch, variables, "codeartifact.eu-west-1.api.aws").proxy is not None
