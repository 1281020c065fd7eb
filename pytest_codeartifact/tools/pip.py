"""Pip, and the configuration file that it shares with pip-compile and build."""

import configparser
from typing import ClassVar

from pytest_codeartifact.tools.base import Connection, Tool
from pytest_codeartifact.tools.home import Home


def write_index(home: Home, index_url: str) -> None:
    """Set `global.index-url` in the home's pip configuration and leave all else there."""
    parser = configparser.RawConfigParser()
    parser.read(home.pip_settings_path, encoding="utf-8")
    if not parser.has_section("global"):
        parser.add_section("global")
    parser.set("global", "index-url", index_url)
    with home.pip_settings_path.open("w", encoding="utf-8") as file:
        parser.write(file)
    home.pip_settings_path.chmod(0o600)


class Pip(Tool):
    """`pip` of the home's own Python."""

    program: ClassVar[str] = "pip"
    distribution: ClassVar[str] = "pip"

    def configure(self, connection: Connection) -> None:
        """Make the repository the index of everything that reads pip's configuration."""
        write_index(self.home, connection.index_url_with_token)
