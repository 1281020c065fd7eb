"""PDM, which locks, installs and publishes."""

from typing import ClassVar

from pytest_codeartifact.tools.base import USER_NAME, Connection, Tool


class Pdm(Tool):
    """`pdm`; connected, the repository is its default index, and where it publishes."""

    program: ClassVar[str] = "pdm"
    distribution: ClassVar[str] = "pdm"

    _connection: Connection | None = None

    def configure(self, connection: Connection) -> None:
        """Write nothing: `run` says all by the environment, where no token gets into a file.

        Source: PDM's page "Configurations".
        """
        self._connection = connection

    def environment(self) -> dict[str, str]:
        environment = super().environment()
        if self._connection is not None:
            environment["PDM_PYPI_URL"] = self._connection.index_url
            environment["PDM_PUBLISH_REPO"] = self._connection.endpoint_url
            for prefix in ("PDM_PYPI", "PDM_PUBLISH"):
                environment[f"{prefix}_USERNAME"] = USER_NAME
                environment[f"{prefix}_PASSWORD"] = self._connection.token
        return environment
