"""Where AWS calls go: the contracts of a target, and how a pytest run gets at its own."""

from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pytest

from pytest_codeartifact import interrupts, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from types_boto3_codeartifact import CodeArtifactClient
    from types_boto3_codeartifact.literals import PackageFormatType
    from urllib3 import PoolManager

    from pytest_codeartifact.targets.aws import AwsTarget
    from pytest_codeartifact.targets.builds import BotoBuilds
    from pytest_codeartifact.targets.control import Crash
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.gateway import Gateway
    from pytest_codeartifact.targets.ownership import Naming
    from pytest_codeartifact.targets.patience import Patience
    from pytest_codeartifact.targets.roles import BotoRoles
    from pytest_codeartifact.targets.workspace import BotoWorkspace, Domain, Repository


GATE = "codeartifact-gate"
"""By what name the plugin of a run on a real account is known, which says more about it."""


class Capability(StrEnum):
    """What a target can do beyond the service's API; a test asks for one, never for a name."""

    TRAVEL = "travel"
    IDENTITIES = "identities"
    OFFLINE_UPSTREAM = "offline-upstream"
    FAULTS = "faults"
    RESET = "reset"
    SERVER_LOG = "server-log"

    @property
    def means(self) -> str:
        """What it is, for whoever has to do without it."""
        return _MEANS[self]


_MEANS = {
    Capability.TRAVEL: "a clock that can be moved",
    Capability.IDENTITIES: "roles that a test makes",
    Capability.OFFLINE_UPSTREAM: "a public registry of the test's own",
    Capability.FAULTS: "a public registry that can be broken",
    Capability.RESET: "a service that a test has for itself",
    Capability.SERVER_LOG: "the service's own log of who asked",
}


class Target(Protocol):
    """An account that answers AWS calls; a test asks what it can, never which one it is."""

    @property
    def name(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def endpoint_url(self) -> str: ...
    @property
    def capabilities(self) -> frozenset[Capability]: ...
    @property
    def records(self) -> bool:
        """Whether what it answers is what AWS answers, and so worth being recorded."""
        ...

    @property
    def caller(self) -> str:
        """The ARN of who calls, empty where the caller may do everything."""
        ...

    @property
    def gateway(self) -> "Gateway | None":
        """The way that programs have to take; None where they may take any."""
        ...

    @property
    def patience(self) -> "Patience": ...
    @property
    def naming(self) -> "Naming": ...
    def client(self) -> "CodeArtifactClient": ...
    def boto3_client(self, service: str) -> Any: ...  # noqa: ANN401 -- any service's
    def pool(self) -> "PoolManager": ...
    def environment(self) -> dict[str, str]: ...
    def requests(self) -> "Sequence[Mapping[str, Any]]": ...
    def fetches(self) -> "Sequence[Mapping[str, Any]]": ...
    def crashes(self, after: int = 0) -> "Sequence[Crash]": ...
    def workspace(self) -> "BotoWorkspace": ...
    def roles(self) -> "BotoRoles": ...
    def builds(self, gateway: "Gateway | None" = None) -> "BotoBuilds": ...
    def run_domain(self) -> "Domain | None":
        """The domain that all tests share; None where each has one of its own."""
        ...

    def outside_index(self) -> str | None:
        """The index of public packages, None for the machine's own."""
        ...


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


RunTarget: TypeAlias = "EmulatorTarget | AwsTarget"
"""The target of a run of pytest."""

_SETTINGS: pytest.StashKey[settings.Settings] = pytest.StashKey()
_RUN: pytest.StashKey[str] = pytest.StashKey()
_STARTED: "pytest.StashKey[datetime]" = pytest.StashKey()
TARGET: "pytest.StashKey[RunTarget]" = pytest.StashKey()
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


def started_of(config: pytest.Config) -> "datetime":
    """When this run began, the same in all of its processes."""
    found = config.stash.get(_STARTED, None)
    if found is None:
        from datetime import UTC, datetime  # noqa: PLC0415 -- plain runs need no time

        given: Mapping[str, str] = getattr(config, "workerinput", {})
        told = given.get("codeartifact_started")
        found = datetime.fromisoformat(told) if told else datetime.now(UTC)
        config.stash[_STARTED] = found
    return found


def target_of(config: pytest.Config) -> "RunTarget":
    """The target of this run, opened at the first call and closed when pytest is done.

    Raises ServerStartError when the emulator's server does not come up, and GuardError where the
    real account must not be used.
    """
    target = opened_target(config)
    if target is None:
        target = _opened(config)
        config.add_cleanup(target.close)
        config.add_cleanup(interrupts.terminate_as_interrupt())
        config.stash[TARGET] = target
    return target


def account_target(config: pytest.Config) -> "AwsTarget | None":
    """The real account of this run; None where it works on the emulator.

    Raises GuardError where the account must not be used.
    """
    if not settings_of(config).is_on_account:
        return None
    target: Any = target_of(config)
    account: AwsTarget = target
    return account


def _opened(config: pytest.Config) -> "RunTarget":
    chosen = settings_of(config)
    if chosen.is_on_account:
        from pytest_codeartifact.targets import aws  # noqa: PLC0415 -- loads boto3 and more

        return aws.open_target(chosen, run_of(config), started_of(config))
    from pytest_codeartifact.targets import emulator  # noqa: PLC0415 -- ditto

    return emulator.open_target(chosen, run_of(config))


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


def opened_target(config: pytest.Config) -> "RunTarget | None":
    """The target of this run if this process has used it already."""
    return config.stash.get(TARGET, None)


def article_target(config: pytest.Config) -> "AbstractContextManager[EmulatorTarget]":
    """The account of this run's settings on a server of an article's own, closed at the end.

    An article's names are fixed, and so is the account it shows: they must meet nobody else's.
    """
    return private_target(config)
