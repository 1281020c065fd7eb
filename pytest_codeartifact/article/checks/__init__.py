"""Checks: what shows whether a claim of the article holds that no single step shows.

A check is a function of a `World`. It does what the claim speaks of, with the real programs where
a reader would use them, and tells what it observed; the claim's table says what should have been.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from pytest_codeartifact.findings import Evidence

if TYPE_CHECKING:
    from pytest_codeartifact.article.materials import Materials
    from pytest_codeartifact.targets.builds import RunningBuild
    from pytest_codeartifact.targets.control import Control
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.roles import Policy, Role
    from pytest_codeartifact.targets.workspace import BotoWorkspace, Repository
    from pytest_codeartifact.tools.toolbox import Tools

Fact: TypeAlias = str | int | bool
"""What a claim's table can state; texts, numbers, yes or no."""


class Caller(Protocol):
    """Somebody programs can act as: an account, a role, or whoever these variables make them."""

    def environment(self) -> dict[str, str]: ...


class World(Protocol):
    """An emulator that was emptied for one check, and programs to use with it.

    Nothing has to be removed: the next check finds it empty again.
    """

    @property
    def account(self) -> "EmulatorTarget": ...
    @property
    def control(self) -> "Control": ...
    @property
    def workspace(self) -> "BotoWorkspace": ...
    @property
    def materials(self) -> "Materials":
        """What the article shows besides commands: the role's policy, the buildspec."""
        ...

    @property
    def public_registry(self) -> "Repository":
        """What plays the public Python registry: a repository of somebody else's account."""
        ...

    def role(self, policy: "Policy") -> "Role":
        """A role of the account that may do what the policy says; raises CodeArtifactError."""
        ...

    def start_build(
        self, buildspec: str, policy: "Policy", source: Path | None = None
    ) -> "RunningBuild":
        """A build by CodeBuild, under a role that may do what the policy says, and write its log.

        Raises CodeArtifactError for what is no policy, ClientError for what the services refuse.
        """
        ...

    def package(
        self, name: str, version: str = "1.0.0", requires: Sequence[str] = ()
    ) -> "SamplePackage":
        """A small package, ready to be uploaded."""
        ...

    def tools(self, caller: Caller | None = None) -> "Tools":
        """Programs in a private home of their own; they act as `caller`, or the administrator.

        Before any login, pip asks the public registry there, as on any machine.
        """
        ...


@dataclass(frozen=True, slots=True)
class Observation:
    """What a check saw: facts by the names that the claims' tables use, and the evidence."""

    facts: Mapping[str, Fact]
    evidence: Sequence[Evidence] = field(default_factory=tuple)


Check: TypeAlias = Callable[[World], Observation]
_CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    """Make a function of a module of this folder a check; it is known by its name, with dashes."""
    name = function.__name__.replace("_", "-")
    if name in _CHECKS:
        msg = f"two checks are called {name}"
        raise ValueError(msg)
    _CHECKS[name] = function
    return function


@cache
def discover() -> Mapping[str, Check]:
    """Every check by its name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(_CHECKS)
