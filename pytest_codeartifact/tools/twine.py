"""Twine, which uploads distributions."""

import configparser
from typing import ClassVar

from pytest_codeartifact.tools.base import USER_NAME, Connection, Tool

SECTION = "codeartifact"


class Twine(Tool):
    """`twine`; connected, `twine upload --repository codeartifact` finds the repository."""

    program: ClassVar[str] = "twine"
    distribution: ClassVar[str] = "twine"

    def configure(self, connection: Connection) -> None:
        """Write `~/.pypirc` (AWS: "Configure and use twine with CodeArtifact")."""
        parser = configparser.RawConfigParser()
        parser["distutils"] = {"index-servers": SECTION}
        parser[SECTION] = {
            "repository": connection.endpoint_url,
            "username": USER_NAME,
            "password": connection.token,
        }
        path = self.home.path / ".pypirc"
        path.touch(mode=0o600)
        with path.open("w", encoding="utf-8") as file:
            parser.write(file)
