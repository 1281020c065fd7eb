"""Uv, which installs, pins and publishes."""

import json
from typing import ClassVar

from pytest_codeartifact.tools.base import USER_NAME, Connection, Tool

INDEX = "codeartifact"


class Uv(Tool):
    """`uv`; connected, it installs from the repository, and `uv publish --index codeartifact`."""

    program: ClassVar[str] = "uv"
    distribution: ClassVar[str] = "uv"

    _token = ""

    def configure(self, connection: Connection) -> None:
        """Write the user's `uv.toml`, without the token; `run` adds that by the environment.

        Source: uv's guide "Using alternative package indexes", section on AWS CodeArtifact.
        """
        # A JSON string is a TOML string.
        lines = [
            "[[index]]",
            f"name = {json.dumps(INDEX)}",
            f"url = {json.dumps(connection.index_url)}",
            f"publish-url = {json.dumps(connection.endpoint_url)}",
            "default = true",
            "",
        ]
        folder = self.home.config_path / "uv"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "uv.toml").write_text("\n".join(lines), encoding="utf-8")
        self._token = connection.token

    def environment(self) -> dict[str, str]:
        environment = super().environment()
        if self._token:
            for prefix in (f"UV_INDEX_{INDEX.upper()}", "UV_PUBLISH"):
                environment[f"{prefix}_USERNAME"] = USER_NAME
                environment[f"{prefix}_PASSWORD"] = self._token
        return environment
