"""What every tool has in common: where it runs, what it is connected to, how it is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

from pytest_codeartifact.emulator.names import read_host
from pytest_codeartifact.tools.home import Home
from pytest_codeartifact.tools.log import CommandLog
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.tools.programs import distribution

USER_NAME = "aws"


@dataclass(frozen=True, slots=True)
class Connection:
    """A repository as package tools see it.

    `endpoint_url` is what GetRepositoryEndpoint gives for the format pypi, with its final slash.
    """

    domain: str
    repository: str
    endpoint_url: str
    token: str = field(repr=False)

    @property
    def index_url(self) -> str:
        """The index without credentials (AWS: "Configure and use pip with CodeArtifact")."""
        return f"{self.endpoint_url.rstrip('/')}/simple/"

    @property
    def index_url_with_token(self) -> str:
        """The index as `aws codeartifact login` writes it, user and token included."""
        parts = urlsplit(self.index_url)
        return urlunsplit(parts._replace(netloc=f"{USER_NAME}:{self.token}@{parts.netloc}"))

    def by_host_name(self) -> "Connection":
        """The same repository by its real host name, which the plain form has in its path."""
        host, _, path = urlsplit(self.endpoint_url).path.lstrip("/").partition("/")
        if read_host(host) is None:
            return self
        return replace(self, endpoint_url=f"https://{host}/{path}")


@dataclass
class Tool:
    """One program in a private home; its commands are logged and their secrets masked."""

    home: Home
    log: CommandLog

    program: ClassVar[str]
    distribution: ClassVar[str]

    @property
    def version(self) -> str | None:
        """The version beside the plugin, read without starting it; None when it is not there."""
        found = distribution(self.distribution)
        return found.version if found else None

    @property
    def command(self) -> tuple[str, ...]:
        """What a reader types before the arguments."""
        return (self.program,)

    def connect(self, connection: Connection) -> None:
        """Write the tool's own configuration files; a tool without any writes nothing.

        Where the home reaches the service by host names, they name the repository by its own.
        """
        if connection.token not in self.log.secrets:
            self.log.secrets.append(connection.token)
        if self.home.reach.by_host_names:
            connection = connection.by_host_name()
        self.configure(connection)

    def configure(self, connection: Connection) -> None:
        """Write what leads the tool to the repository."""

    def environment(self) -> dict[str, str]:
        """The environment the tool is started with."""
        return self.home.environment()

    def run(
        self,
        *args: str,
        expect: int | None = 0,
        timeout: float = 120.0,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run the tool in the home's work folder with `args`; `env` adds to the environment.

        `timeout` is in seconds and `expect=None` accepts any exit code. Raises CommandFailed and
        MissingTool, see `process.run`.
        """
        __tracebackhide__ = True
        return self.log.run(
            [*self.command, *args],
            env=self.environment() | self.home.reach.led(env or {}),
            cwd=self.home.work_path,
            timeout=timeout,
            expect=expect,
        )
