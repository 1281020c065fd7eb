"""What plays AWS for these tests, one account for each file of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from pytest_codeartifact.targets import settings_of
from tests.support.gating import TESTS, Gate, dedented, policy
from tests.support.stand_in import StandIn


@pytest.fixture(scope="module")
def stand_in(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StandIn]:
    """An account that is not ours, of a service in a process of its own."""
    public_pypi = settings_of(pytestconfig).public_pypi.value or PYPI_SIMPLE_ENDPOINT
    with StandIn.start(tmp_path_factory.mktemp("stand-in"), public_pypi) as stand_in:
        yield stand_in


@pytest.fixture
def make_gate(stand_in: StandIn, tmp_path: Path) -> Iterator[Callable[..., Gate]]:
    """Call it for a gate whose runner has the shipped policy, less one action where it is named."""

    def make(tests: str = TESTS, without: str = "") -> Gate:
        (tmp_path / "test_own.py").write_text(dedented(tests))
        credentials = stand_in.runner(
            [policy("runner", stand_in, without)], policy("build-boundary", stand_in)
        )
        return Gate(stand_in, tmp_path, credentials)

    yield make
    stand_in.quiet()
