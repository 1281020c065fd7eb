"""What every tool has in common: where it runs, what it is connected to, how it is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

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
        """Write the tool's own configuration files; a tool without any writes nothing."""
        if connection.token not in self.log.secrets:
            self.log.secrets.append(connection.token)

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
            env={**self.environment(), **(env or {})},
            cwd=self.home.work_path,
            timeout=timeout,
            expect=expect,
        )
