"""One emulator for the tests of this folder in a process, with a stage for probes."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from pytest_codeartifact.parity.scene import Stage
from pytest_codeartifact.targets.accounts import private_account
from pytest_codeartifact.targets.emulator import EmulatorTarget


@pytest.fixture(scope="session")
def target() -> Iterator[EmulatorTarget]:
    """An emulator that must not have crashed by the end."""
    with private_account(None) as target:
        yield target
        assert list(target.crashes()) == []


@pytest.fixture(scope="session")
def stage(target: EmulatorTarget) -> Iterator[Stage]:
    """Where probes work; the domain that they share is gone afterwards."""
    with closing(Stage(target)) as stage:
        yield stage
    assert target.client().list_domains()["domains"] == []
