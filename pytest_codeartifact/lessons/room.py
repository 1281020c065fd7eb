"""The room a lesson takes place in: an account, a public registry, a private home and a console."""

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_codeartifact import serving, settings
from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.lessons.names import DOMAIN
from pytest_codeartifact.lessons.outside import Mirror, Outside
from pytest_codeartifact.lessons.problems import Refused
from pytest_codeartifact.redaction import redact
from pytest_codeartifact.targets import accounts
from pytest_codeartifact.targets.gateway import Gateway
from pytest_codeartifact.tools import keeper
from pytest_codeartifact.tools.home import Home
from pytest_codeartifact.tools.programs import PROGRAMS, Program
from pytest_codeartifact.tools.reach import Reach
from pytest_codeartifact.tools.toolbox import Tools
from pytest_codeartifact.transcripts.session import ConsoleSession

if TYPE_CHECKING:
    from pytest_codeartifact.targets.emulator import EmulatorTarget

_PREFIX = "codeartifact-lesson-"
_SERVER_FOLDER = re.compile(rf"{re.escape(tempfile.gettempdir())}/pytest-codeartifact-[\w-]+")
_SHELL = "sh"
_OWN_PROGRAM = Program(serving.PROGRAM, "pytest-codeartifact")


class Room:
    """Everything a lesson's commands meet; closed, nothing of it stays.

    `is_own` says that nobody else uses this CodeArtifact, so that it may be emptied.
    """

    def __init__(
        self,
        target: "EmulatorTarget",
        outside: Outside | Mirror,
        stack: ExitStack,
        *,
        is_own: bool,
    ) -> None:
        """`stack` ends all that was begun for the room; the room takes it over."""
        self.target = target
        self.is_own = is_own
        self._outside = outside
        self._furnish()
        # Only now: where there is no furnishing, whoever began all this still has to end it.
        self._stack = stack.pop_all()

    @classmethod
    def open(cls) -> "Room":
        """A room with a CodeArtifact of its own; raises Refused when that does not come up."""
        if shutil.which(_SHELL) is None:
            raise Refused(
                "lessons run their commands in a POSIX shell, and there is none here\n"
                "Try: on Windows, open the notebook in WSL or in the devcontainer"
            )
        with ExitStack() as stack:
            try:
                public_pypi = settings.public_pypi_of_environment()
                target = stack.enter_context(accounts.private_account(public_pypi))
            except CodeArtifactError as error:
                raise Refused.of(error) from None
            outside = Mirror(target) if public_pypi else Outside(target)
            return cls(target, outside, stack, is_own=True)

    @classmethod
    def attached(cls, ready_file: Path | None = None) -> "Room":
        """A room at the CodeArtifact that `pytest-codeartifact serve` runs; raises Refused."""
        path = ready_file or serving.default_ready_file()
        if not serving.is_served(path):
            raise Refused(
                f"no CodeArtifact is served that {path} speaks of\n"
                f"Try: {serving.PROGRAM} serve, in a terminal of yours"
            )
        with ExitStack() as stack:
            try:
                target = stack.enter_context(accounts.running_account(path))
            except CodeArtifactError as error:
                raise Refused.of(error) from None
            outside = Mirror(target)
            stack.callback(outside.close)
            try:
                return cls(target, outside, stack, is_own=False)
            except ValueError as error:  # programs reach a server on this machine only
                raise Refused(f"lessons cannot use this CodeArtifact: {error}") from None

    @property
    def bindings(self) -> Mapping[str, str]:
        """What placeholders stand for from the beginning."""
        return {"account": self.target.account, "region": self.target.region}

    def play(self) -> Outside:
        """The public registry, to play with; raises Refused where it is not ours."""
        if isinstance(self._outside, Mirror):
            raise Refused(
                "this needs a public registry that may be broken, and here it is a real one\n"
                f"Try: %codeartifact own, without the variable {settings.PUBLIC_PYPI.variable}"
            )
        return self._outside

    def begin_again(self) -> None:
        """Forget everything: the account is empty, the home is new, the clock is right.

        On somebody else's server only the home is new.
        """
        if self.is_own:
            self.target.control.reset()
            self._outside.open_again()
        self._unfurnish()
        self._furnish()

    def travel(self, hours: float) -> None:
        """Let hours pass for the service."""
        outside = self.play()
        self.target.control.advance(hours * 3600)
        # The public registry is open at any time.
        outside.connect()

    @property
    def ready_file(self) -> Path:
        """Where it stands how this CodeArtifact is reached, for programs outside of the room."""
        return serving.ready_file_of(self.tools.home.path)

    def masked(self, text: str) -> str:
        """A text without secrets."""
        return redact(text, {*self.tools.log.secrets, *self.target.secrets})

    def shown(self, text: str) -> str:
        """A text as it may be shown: no secrets, the home as `~`, the server's folder as `…`."""
        return _SERVER_FOLDER.sub("…", self.masked(text).replace(str(self.tools.home.path), "~"))

    def write(self, name: str, text: str) -> Path:
        """Write a file as the learner does, in the console's folder."""
        path = self.console.folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def close(self) -> None:
        """End all programs and remove the home; may be called again."""
        self._unfurnish()
        self._stack.close()

    def _furnish(self) -> None:
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            gateway = Gateway.open(self.target.endpoint_url, folder)
            stack.callback(gateway.close)
            home = Home.create(
                folder / "home",
                account=self.target.environment(),
                outside_index=self._outside.index_url,
                reach=Reach.through(gateway),
                offered=(*PROGRAMS, _OWN_PROGRAM),
            )
            # For `pytest-codeartifact build`, which asks the server that runs.
            accounts.write_ready_file(self.target, serving.ready_file_of(home.path))
            self.tools = Tools(home)
            self.console = ConsoleSession(
                home.environment(),
                home.work_path,
                self.tools.log,
                # However the notebook's kernel ends, its programs and files go with it.
                shell=keeper.command(folder, [_SHELL]),
            )
            stack.callback(self.console.close)
            # Begun at once, as only a shell that runs is looked after.
            self.console.folder()
            self._unfurnish: Callable[[], None] = stack.pop_all().close

    def is_provisioned(self) -> bool:
        """Whether the domain of the lessons is there."""
        client = self.target.client()
        pages = client.get_paginator("list_domains").paginate()
        return any(each["name"] == DOMAIN for page in pages for each in page["domains"])
