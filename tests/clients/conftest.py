"""Real clients against a real server: the plugin's own fixtures, on a server of our own.

Its public registry is changed here, which other tests must not notice.
"""

import contextlib
import dataclasses
import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact.settings import Setting, Settings, Source
from pytest_codeartifact.targets.emulator import open_target
from tests.support.distributions import Distribution, make_wheel
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.workspace import Repository
    from pytest_codeartifact.tools.toolbox import Tools

NOWHERE = "http://127.0.0.1:9/simple/"


@pytest.fixture(scope="session")
def offline_settings(codeartifact_settings: Settings) -> Settings:
    """Settings of a server that reaches no public registry."""
    return dataclasses.replace(codeartifact_settings, public_pypi=Setting(NOWHERE, Source.INI))


@pytest.fixture(scope="session")
def offline_target(offline_settings: Settings) -> "Iterator[EmulatorTarget]":
    """A server of this process that reaches no public registry until a test gives it one."""
    run = f"clients-{secrets.token_hex(4)}"
    with contextlib.closing(open_target(offline_settings, run)) as target:
        yield target


@pytest.fixture(scope="session")
def codeartifact_target(offline_target: "EmulatorTarget") -> "EmulatorTarget":
    """The target that all of the plugin's fixtures use in this folder."""
    return offline_target


@pytest.fixture(autouse=True)
def no_crash(codeartifact_target: "EmulatorTarget") -> Iterator[None]:
    """The server met no defect during the test."""
    before = codeartifact_target.last_crash()
    yield
    assert [str(each) for each in codeartifact_target.control.crashes(before)] == []


@pytest.fixture
def public_registry(codeartifact_target: "EmulatorTarget") -> Iterator[PublicRegistry]:
    """A fake public registry, which the external connection public:pypi points to."""
    with PublicRegistry() as registry:
        codeartifact_target.control.set_upstream("public:pypi", registry.url)
        yield registry
    codeartifact_target.control.set_upstream("public:pypi", NOWHERE)


@pytest.fixture
def public_wheels(public_registry: PublicRegistry) -> tuple[Distribution, Distribution]:
    """Versions 1.0 and 2.0 of a package in the fake public registry, under a name of this test."""
    # A server remembers what a name meant for hours, so each test has its own.
    name = f"public-{secrets.token_hex(4)}"
    wheels = make_wheel(name, "1.0"), make_wheel(name, "2.0")
    for wheel in wheels:
        public_registry.add(wheel)
    return wheels


@pytest.fixture
def connected_repository(
    make_codeartifact_repository: "Callable[..., Repository]", public_registry: PublicRegistry
) -> "Repository":
    """A repository with an external connection to the fake public registry."""
    del public_registry  # asked for, so that the connection leads there
    return make_codeartifact_repository(external="public:pypi")


@pytest.fixture
def tools(codeartifact_tools: "Tools", codeartifact_repository: "Repository") -> "Tools":
    """All programs, connected to the empty repository of the test."""
    codeartifact_tools.connect(codeartifact_repository.connection)
    return codeartifact_tools
