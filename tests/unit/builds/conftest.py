"""An account in which CodeBuild builds, in an emulator that a module's tests share."""

from collections.abc import Iterator

import pytest

from tests.support.emulation import Emulation
from tests.support.people import People
from tests.support.service_roles import Workshop


@pytest.fixture(scope="module")
def shared_emulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulation]:
    """One for all tests of a module: loading the neighbours takes a moment."""
    with Emulation(tmp_path_factory.mktemp("state")) as emulation:
        yield emulation
        assert emulation.crashes() == []


@pytest.fixture
def workshop(shared_emulation: Emulation) -> Workshop:
    """A new account in it."""
    return Workshop(People(shared_emulation, shared_emulation.other_account()))
