"""All tools of one private home."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from pytest_codeartifact.tools.aws import Aws
from pytest_codeartifact.tools.base import Connection, Tool
from pytest_codeartifact.tools.build import Build
from pytest_codeartifact.tools.home import Home
from pytest_codeartifact.tools.log import CommandLog
from pytest_codeartifact.tools.pdm import Pdm
from pytest_codeartifact.tools.pip import Pip
from pytest_codeartifact.tools.pip_compile import PipCompile
from pytest_codeartifact.tools.poetry import Poetry
from pytest_codeartifact.tools.reach import Gateway, Reach
from pytest_codeartifact.tools.twine import Twine
from pytest_codeartifact.tools.uv import Uv
from pytest_codeartifact.tools.virtualenv import Venv


class Tools:
    """Real programs in one private home, with one log of all they were told."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.log = CommandLog(secrets=list(home.secrets))

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        account: Mapping[str, str],
        outside_index: str | None = None,
        gateway: Gateway | None = None,
    ) -> "Tools":
        """Make a private home in `path` and the tools in it; arguments as for `Home.create`.

        With a gateway the tools use the service by its real host names and reach nothing but what
        the gateway leads to and this machine; else they reach what the machine reaches.
        """
        reach = Reach.through(gateway) if gateway is not None else Reach.of_machine()
        return cls(Home.create(path, account=account, outside_index=outside_index, reach=reach))

    @cached_property
    def aws(self) -> Aws:
        return Aws(self.home, self.log)

    @cached_property
    def pip(self) -> Pip:
        return Pip(self.home, self.log)

    @cached_property
    def twine(self) -> Twine:
        return Twine(self.home, self.log)

    @cached_property
    def build(self) -> Build:
        return Build(self.home, self.log)

    @cached_property
    def pip_compile(self) -> PipCompile:
        return PipCompile(self.home, self.log)

    @cached_property
    def uv(self) -> Uv:
        return Uv(self.home, self.log)

    @cached_property
    def poetry(self) -> Poetry:
        return Poetry(self.home, self.log)

    @cached_property
    def pdm(self) -> Pdm:
        return Pdm(self.home, self.log)

    def all(self) -> tuple[Tool, ...]:
        """Every tool, installed or not."""
        packers = (self.twine, self.build, self.poetry, self.pdm)
        return (self.aws, self.pip, self.pip_compile, self.uv, *packers)

    def connect(self, connection: Connection) -> None:
        """Connect every tool to one repository, as its users configure it."""
        for tool in self.all():
            tool.connect(connection)

    def virtualenv(self, name: str) -> Venv:
        """A new virtual environment with its own pip, below the home's work folder."""
        return Venv.create(self.home.work_path / name, self.home, self.log)
