"""Where checks are done: an account in which each finds nothing made yet, and private homes.

On an emulator that nobody else uses, everything is forgotten before each check. In an account that
others use as well, each check has names of its own, and what it made is removed after it.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from pytest_codeartifact.article.checks import Caller, Observation
from pytest_codeartifact.article.grounds import ARTICLES_DOMAIN, EmptiedGround, SharedGround
from pytest_codeartifact.article.materials import Materials
from pytest_codeartifact.targets import account_target, private_target
from pytest_codeartifact.targets.gateway import Gateway
from pytest_codeartifact.targets.ledger import LONGEST_BUILD_MINUTES
from pytest_codeartifact.targets.packages import SamplePackage, make_package
from pytest_codeartifact.tools.log import CommandLog, LogEntry
from pytest_codeartifact.tools.toolbox import Tools

if TYPE_CHECKING:
    from pytest_codeartifact.targets import Target
    from pytest_codeartifact.targets.builds import BotoBuilds, ReadyBuild
    from pytest_codeartifact.targets.control import Control
    from pytest_codeartifact.targets.roles import BotoRoles, Policy, Role
    from pytest_codeartifact.targets.workspace import BotoWorkspace, Repository

_PREFIX = "codeartifact-checks-"
_USUAL_FOLDER = Path("/tmp")  # noqa: S108 -- compared, not used
_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 -- folders in it are made as in any other
_ROOM_BYTES = 512 * 1024 * 1024


@contextmanager
def open_laboratory(config: pytest.Config, endpoint: str = "hosts") -> "Iterator[Laboratory]":
    """A laboratory, closed at the end: with an emulator of its own, or in the run's account.

    With `endpoint` "hosts", programs use the service by its real host names and reach nothing
    else; with "plain", by its address on this machine. Raises ServerStartError when the emulator's
    server does not come up.
    """
    with ExitStack() as stack:
        shared = account_target(config)
        if shared is not None:
            yield stack.enter_context(closing(Laboratory(SharedGround(shared))))
            return
        # Builds of checks write there as well.
        made = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=_quick_folder())
        state = Path(stack.enter_context(made))
        account = stack.enter_context(private_target(config, state))
        gateway = None
        if endpoint == "hosts":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=_PREFIX))
            gateway = Gateway.open(account.endpoint_url, Path(folder))
            stack.callback(gateway.close)
        yield stack.enter_context(closing(Laboratory(EmptiedGround(account, gateway))))


def _quick_folder() -> Path:
    """Where temporary files go; in memory where nobody chose another folder and there is room.

    A home has a thousand files, and a run of all checks makes thirty homes, those of builds among
    them.
    """
    chosen = Path(tempfile.gettempdir())
    if chosen != _USUAL_FOLDER or not os.access(_MEMORY_FOLDER, os.W_OK):
        return chosen
    has = os.statvfs(_MEMORY_FOLDER)
    # Containers mount it small, or so that no program can be started from it.
    is_fit = has.f_bavail * has.f_frsize >= _ROOM_BYTES and not has.f_flag & os.ST_NOEXEC
    return _MEMORY_FOLDER if is_fit else chosen


class Ground(Protocol):
    """An account in which worlds are made, one after the other."""

    @property
    def gateway(self) -> Gateway | None: ...
    @property
    def account(self) -> "Target": ...
    def cleared(self) -> "Plot":
        """A place as if nothing had been done yet; the one before must not be used any more."""
        ...

    def close(self) -> None: ...


class Plot(Protocol):
    """What is different from one ground to the other, for one check."""

    @property
    def control(self) -> "Control": ...
    @property
    def domain_name(self) -> str: ...
    @property
    def workspace(self) -> "BotoWorkspace": ...
    @property
    def public_registry(self) -> "Repository": ...
    @property
    def builds(self) -> "BotoBuilds": ...
    @property
    def roles(self) -> "BotoRoles": ...
    def outside_index(self) -> str: ...
    def now(self) -> float: ...


class Laboratory:
    """Gives each check an empty world, and remembers what checks observed."""

    def __init__(self, ground: Ground) -> None:
        self.account = ground.account
        self.gateway = ground.gateway
        self._ground = ground
        self._observations: dict[str, Observation] = {}
        self._entries: list[LogEntry] = []
        self._homes = ExitStack()

    def world(self, materials: Materials) -> "ClearedWorld":
        """A world as if nothing had been done yet; the one before must not be used any more."""
        self._homes.close()
        plot = self._ground.cleared()
        made = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=_quick_folder())
        folder = self._homes.enter_context(made)
        self._entries = []
        return ClearedWorld(self._ground, plot, materials, Path(folder), self._entries)

    def log(self) -> Sequence[LogEntry]:
        """Every command of the last world, in the order in which they ended; secrets masked."""
        return tuple(self._entries)

    def remember(self, name: str, observation: Observation) -> None:
        """Keep what was observed, by a name."""
        self._observations[name] = observation

    def remembered(self, name: str) -> Observation | None:
        """What was kept by this name, or None."""
        return self._observations.get(name)

    def close(self) -> None:
        """Remove the homes of the last world, and what it made."""
        self._homes.close()
        self._ground.close()


class ClearedWorld:
    """What a check gets, see `checks.World`."""

    def __init__(
        self,
        ground: Ground,
        plot: Plot,
        materials: Materials,
        folder: Path,
        entries: list[LogEntry],
    ) -> None:
        self.account = ground.account
        self.domain_name = plot.domain_name
        self.now = plot.now
        self.materials = materials.naming(ARTICLES_DOMAIN, plot.domain_name)
        self._plot = plot
        self._folder = folder
        self._entries = entries
        self._gateway = ground.gateway
        self._homes = 0

    @property
    def control(self) -> "Control":
        return self._plot.control

    @property
    def workspace(self) -> "BotoWorkspace":
        return self._plot.workspace

    @property
    def public_registry(self) -> "Repository":
        return self._plot.public_registry

    def role(self, policy: "Policy") -> "Role":
        return self._plot.roles.role(policy)

    def prepare_build(self, buildspec: str, policy: "Policy") -> "ReadyBuild":
        return self._plot.builds.prepare(
            buildspec, role_policy=policy, timeout_minutes=LONGEST_BUILD_MINUTES
        )

    def package(
        self, name: str, version: str = "1.0.0", requires: Sequence[str] = ()
    ) -> SamplePackage:
        self._homes += 1
        return make_package(self._folder / f"made-{self._homes}", name, version, requires)

    def tools(self, caller: Caller | None = None) -> Tools:
        environment: Mapping[str, str] = (caller or self.account).environment()
        self._homes += 1
        tools = Tools.create(
            self._folder / f"home-{self._homes}",
            account=environment,
            outside_index=self._plot.outside_index(),
            gateway=self._gateway,
        )
        tools.log = CommandLog(secrets=tools.log.secrets, entries=self._entries)
        return tools
