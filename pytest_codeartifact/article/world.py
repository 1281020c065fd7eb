"""Where checks are done: one emulator for all of them, emptied for each, and private homes.

Nothing outside this machine is asked: the public registries' addresses lead nowhere, and a check
that needs the public Python registry gets one that is played by a repository of the emulator.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact.article.checks import Caller, Observation
from pytest_codeartifact.article.materials import Materials
from pytest_codeartifact.targets import private_target
from pytest_codeartifact.targets.gateway import Gateway
from pytest_codeartifact.targets.packages import SamplePackage, make_package
from pytest_codeartifact.tools.log import CommandLog, LogEntry
from pytest_codeartifact.tools.toolbox import Tools

if TYPE_CHECKING:
    from pytest_codeartifact.targets.builds import BotoBuilds, RunningBuild
    from pytest_codeartifact.targets.control import Control
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.roles import Policy, Role
    from pytest_codeartifact.targets.workspace import BotoWorkspace, Repository

_PREFIX = "codeartifact-checks-"
_PUBLIC_PYPI = "public:pypi"
# Nobody listens at the first port of this machine.
_NOWHERE = "http://127.0.0.1:1/"
_USUAL_FOLDER = Path("/tmp")  # noqa: S108 -- compared, not used
_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 -- folders in it are made as in any other
_ROOM_BYTES = 512 * 1024 * 1024


@contextmanager
def open_laboratory(config: pytest.Config, endpoint: str = "hosts") -> "Iterator[Laboratory]":
    """A laboratory with an emulator of its own, closed at the end.

    With `endpoint` "hosts", programs use the service by its real host names and reach nothing
    else; with "plain", by its address on this machine. Raises ServerStartError when the emulator's
    server does not come up.
    """
    with ExitStack() as stack:
        # Builds of checks write there as well.
        made = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=_quick_folder())
        state = Path(stack.enter_context(made))
        account = stack.enter_context(private_target(config, state))
        gateway = None
        if endpoint == "hosts":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=_PREFIX))
            gateway = Gateway.open(account.endpoint_url, Path(folder))
            stack.callback(gateway.close)
        laboratory = Laboratory(account, gateway)
        stack.callback(laboratory.close)
        yield laboratory


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


class Laboratory:
    """Gives each check an empty world, and remembers what checks observed."""

    def __init__(self, account: "EmulatorTarget", gateway: Gateway | None = None) -> None:
        """`account` is on an emulator that nobody else uses; whoever opened both closes them."""
        self.gateway = gateway
        self._account = account
        self._observations: dict[str, Observation] = {}
        self._entries: list[LogEntry] = []
        self._homes = ExitStack()
        for connection in account.control.upstreams():
            account.control.configure_upstream(connection, _NOWHERE)

    def world(self, materials: Materials) -> "EmptiedWorld":
        """A world as if nothing had been done yet; the one before must not be used any more."""
        self._homes.close()
        self._account.control.reset()
        made = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=_quick_folder())
        folder = self._homes.enter_context(made)
        self._entries = []
        return EmptiedWorld(self._account, materials, Path(folder), self._entries, self.gateway)

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
        """Remove the homes of the last world."""
        self._homes.close()


class EmptiedWorld:
    """What a check gets, see `checks.World`."""

    def __init__(
        self,
        account: "EmulatorTarget",
        materials: Materials,
        folder: Path,
        entries: list[LogEntry],
        gateway: Gateway | None,
    ) -> None:
        self.account = account
        self.materials = materials
        self._folder = folder
        self._entries = entries
        self._gateway = gateway
        self._homes = 0

    @property
    def control(self) -> "Control":
        return self.account.control

    @cached_property
    def _builds(self) -> "BotoBuilds":
        # Its projects and roles need not be removed: the next check finds the account empty.
        return self.account.builds(self._gateway)

    @cached_property
    def workspace(self) -> "BotoWorkspace":
        return self.account.workspace()

    @cached_property
    def public_registry(self) -> "Repository":
        # In an account of its own: what is asked of it is nobody's request to the article's.
        workspace = self.account.new_account().workspace()
        registry = workspace.repository(workspace.domain())
        self.control.set_upstream(_PUBLIC_PYPI, registry.index_url)
        return registry

    def role(self, policy: "Policy") -> "Role":
        return self.account.roles().role(policy)

    def start_build(
        self, buildspec: str, policy: "Policy", source: Path | None = None
    ) -> "RunningBuild":
        return self._builds.start(buildspec, role_policy=policy, source=source)

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
            outside_index=self.public_registry.index_url,
            gateway=self._gateway,
        )
        tools.log = CommandLog(secrets=tools.log.secrets, entries=self._entries)
        return tools
