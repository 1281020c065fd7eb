"""Where AWS calls go: the contracts of a target, and how a pytest run gets at its own."""

from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import pytest

from pytest_codeartifact import interrupts, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from types_boto3_codeartifact import CodeArtifactClient
    from types_boto3_codeartifact.literals import PackageFormatType

    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.workspace import Domain, Repository


class Capability(StrEnum):
    """What a target can do beyond the service's API; a test asks for one, never for a name."""

    TRAVEL = "travel"
    IDENTITIES = "identities"
    OFFLINE_UPSTREAM = "offline-upstream"
    FAULTS = "faults"
    RESET = "reset"


class Target(Protocol):
    """Something that answers AWS calls."""

    @property
    def name(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def capabilities(self) -> frozenset[Capability]: ...
    def client(self) -> "CodeArtifactClient": ...
    def environment(self) -> dict[str, str]: ...


class Workspace(Protocol):
    """Makes domains and repositories, and removes all of them again."""

    def domain(self, name: str | None = None) -> "Domain": ...
    def repository(
        self,
        domain: "Domain",
        name: str | None = None,
        *,
        upstreams: "Sequence[Repository]" = (),
        external: str | None = None,
    ) -> "Repository": ...
    def endpoint(self, repository: "Repository", package_format: "PackageFormatType") -> str: ...
    def token(self, domain: "Domain") -> str: ...


_SETTINGS: pytest.StashKey[settings.Settings] = pytest.StashKey()
_RUN: pytest.StashKey[str] = pytest.StashKey()
TARGET: "pytest.StashKey[EmulatorTarget]" = pytest.StashKey()
_PRIVATE_SECRETS: pytest.StashKey[list[set[str]]] = pytest.StashKey()


def settings_of(config: pytest.Config) -> settings.Settings:
    """The settings of this run, read at the first call; bad ones are a pytest.UsageError."""
    found = config.stash.get(_SETTINGS, None)
    if found is None:
        found = config.stash[_SETTINGS] = settings.read(config)
    return found


def run_of(config: pytest.Config) -> str:
    """The id that all processes of this run share, and nobody else can guess."""
    found = config.stash.get(_RUN, None)
    if found is None:
        import secrets  # noqa: PLC0415 -- plain runs need no ids

        given: Mapping[str, str] = getattr(config, "workerinput", {})
        found = config.stash[_RUN] = given.get("codeartifact_run") or secrets.token_hex(8)
    return found


def target_of(config: pytest.Config) -> "EmulatorTarget":
    """The target of this run, opened at the first call and closed when pytest is done.

    Raises ServerStartError when the emulator's server does not come up.
    """
    target = opened_target(config)
    if target is None:
        from pytest_codeartifact.targets import emulator  # noqa: PLC0415 -- loads boto3 and more

        target = emulator.open_target(settings_of(config), run_of(config))
        config.add_cleanup(target.close)
        config.add_cleanup(interrupts.terminate_as_interrupt())
        config.stash[TARGET] = target
    return target


@contextmanager
def private_target(
    config: pytest.Config, state: "Path | None" = None
) -> "Iterator[EmulatorTarget]":
    """A target that nobody else uses, closed at the end.

    `state` is the folder of its state, None for a temporary one. Raises ServerStartError when the
    emulator's server does not come up.
    """
    from pytest_codeartifact.targets import emulator  # noqa: PLC0415 -- loads boto3 and more

    config.add_cleanup(interrupts.terminate_as_interrupt())
    target = emulator.open_private_target(settings_of(config), state)
    # Kept beyond the target: reports of its test are yet to come.
    config.stash.setdefault(_PRIVATE_SECRETS, []).append(target.secrets)
    try:
        yield target
    finally:
        target.close()


def secrets_of(config: pytest.Config) -> frozenset[str]:
    """Every secret that this process knows of its targets."""
    target = opened_target(config)
    shared = target.secrets if target else set[str]()
    return frozenset(shared.union(*config.stash.get(_PRIVATE_SECRETS, [])))


def opened_target(config: pytest.Config) -> "EmulatorTarget | None":
    """The target of this run if this process has used it already."""
    return config.stash.get(TARGET, None)


def article_target(config: pytest.Config) -> "AbstractContextManager[EmulatorTarget]":
    """The account of this run's settings on a server of an article's own, closed at the end.

    An article's names are fixed, and so is the account it shows: they must meet nobody else's.
    """
    return private_target(config)
