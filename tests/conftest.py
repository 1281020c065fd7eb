"""Marks of this project's own tests, and what tests of the real public registry need."""

import functools
import urllib.request
from collections.abc import Iterator

import pytest
import trustme
import urllib3
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from pytest_codeartifact import targets

pytest_plugins = ("pytester",)

# Runs inside this process let go of what they imported first; what trustme stands on cannot be
# imported twice.
_KEPT = (trustme,)

_MARKS = (
    "documented(page): the behaviour stands on this page of the AWS documentation",
    "observed(date): the behaviour was seen on a real account on this day",
    "assumed(reason): neither documented nor seen; the reason says why it is likely",
    "public_registry: reads the real public registry; skipped when that is out of reach",
)


def pytest_configure(config: pytest.Config) -> None:
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)


@pytest.fixture(scope="session", autouse=True)
def no_step_summary() -> Iterator[None]:
    """The step summary of whoever runs these tests is not for the articles in them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITHUB_ACTIONS", raising=False)
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("public_registry"):
        reason = _out_of_reach(_address(item.config))
        if reason:
            pytest.skip(f"the public registry is out of reach: {reason}")


def _address(config: pytest.Config) -> str:
    return targets.settings_of(config).public_pypi.value or PYPI_SIMPLE_ENDPOINT


@functools.cache
def _out_of_reach(url: str) -> str:
    """Why the registry cannot be read from here, or nothing; asked once in each process."""
    proxy = urllib.request.getproxies().get(url.partition(":")[0])
    pool = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
    try:
        answer = pool.request("HEAD", f"{url.rstrip('/')}/idna/", retries=False, timeout=5.0)
    except urllib3.exceptions.HTTPError as error:
        return type(error).__name__
    finally:
        pool.clear()
    return "" if answer.status == 200 else f"HTTP {answer.status}"
