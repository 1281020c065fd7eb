"""Checks: what shows whether a claim of the article holds that no single step shows.

A check is a function of a `World`. It does what the claim speaks of, with the real programs where
a reader would use them, and tells what it observed; the claim's table says what should have been.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

from pytest_codeartifact.findings import Evidence
from pytest_codeartifact.targets import Capability

if TYPE_CHECKING:
    from pytest_codeartifact.article.materials import Materials
    from pytest_codeartifact.targets import Target
    from pytest_codeartifact.targets.builds import ReadyBuild
    from pytest_codeartifact.targets.control import Control
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
    """An account in which nothing was made yet for one check, and programs to use with it.

    Nothing has to be removed: the next check finds none of it again.
    """

    @property
    def account(self) -> "Target": ...
    @property
    def domain_name(self) -> str:
        """What the article's domain is called here."""
        ...

    @property
    def control(self) -> "Control":
        """Control of the emulator, for checks that need what only it can do."""
        ...

    def now(self) -> float:
        """The service's time in seconds since the epoch."""
        ...

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

    def prepare_build(self, buildspec: str, policy: "Policy") -> "ReadyBuild":
        """A build by CodeBuild, under a role that may do what the policy says, and write its log.

        It is yet to be started, as builds that are to run side by side are.

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
_NEEDS: dict[str, frozenset[Capability]] = {}


def check(function: Check) -> Check:
    """Make a function of a module of this folder a check; it is known by its name, with dashes."""
    return check_with()(function)


def check_with(*needs: Capability) -> Callable[[Check], Check]:
    """Like `check`, for what can only be seen where the account has these capabilities."""

    def made(function: Check) -> Check:
        name = function.__name__.replace("_", "-")
        if name in _CHECKS:
            msg = f"two checks are called {name}"
            raise ValueError(msg)
        _CHECKS[name], _NEEDS[name] = function, frozenset(needs)
        return function

    return made


def needs_of(name: str) -> frozenset[Capability]:
    """What an account must have for the check of this name."""
    discover()
    return _NEEDS[name]


@cache
def discover() -> Mapping[str, Check]:
    """Every check by its name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(_CHECKS)
