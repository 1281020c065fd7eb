"""Builds that really run, through boto3 against the server of this run."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_codeartifact.targets.builds import Build
    from pytest_codeartifact.targets.emulator import EmulatorTarget

    Run = Callable[..., Build]


@pytest.fixture
def run(codeartifact_build: "Callable[..., Build]") -> "Run":
    """Runs a buildspec whose commands may do nothing on AWS."""

    def build(buildspec: str, **how: object) -> "Build":
        return codeartifact_build(buildspec, **{"role_policy": [], **how})

    return build


@pytest.fixture(autouse=True)
def no_crash(codeartifact_target: "EmulatorTarget") -> Iterator[None]:
    """The server met no defect during the test."""
    before = codeartifact_target.last_crash()
    yield
    assert [str(each) for each in codeartifact_target.control.crashes(before)] == []
