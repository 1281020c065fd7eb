"""Poetry, which locks, installs and publishes."""

from typing import ClassVar

from pytest_codeartifact.tools.base import USER_NAME, Connection, Tool

SOURCE = "codeartifact"


class Poetry(Tool):
    """`poetry`; connected, it logs in to a source `codeartifact`, and publishes to that name."""

    program: ClassVar[str] = "poetry"
    distribution: ClassVar[str] = "poetry"

    _connection: Connection | None = None

    def configure(self, connection: Connection) -> None:
        """Write nothing: `run` says all by the environment, where no token gets into a file.

        Source: Poetry's page "Repositories", section on configuring credentials.
        """
        self._connection = connection

    def environment(self) -> dict[str, str]:
        environment = super().environment()
        if self._connection is not None:
            name = SOURCE.upper()
            environment[f"POETRY_REPOSITORIES_{name}_URL"] = self._connection.endpoint_url
            environment[f"POETRY_HTTP_BASIC_{name}_USERNAME"] = USER_NAME
            environment[f"POETRY_HTTP_BASIC_{name}_PASSWORD"] = self._connection.token
        return environment
