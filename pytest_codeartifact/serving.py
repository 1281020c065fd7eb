"""The CodeArtifact that `pytest-codeartifact serve` runs: where it says how it is reached."""

import json
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_state_path

PROGRAM = "pytest-codeartifact"


def default_ready_file() -> Path:
    """Where a server says how it is reached, unless it was told another file."""
    # Below the user's home, as it says where credentials are sent and nobody else may replace it.
    return user_state_path(PROGRAM, appauthor=False) / "server.json"


def ready_file_of(home: Path) -> Path:
    """The same place for programs whose home is another one and that have no XDG_STATE_HOME."""
    state = "Library/Application Support" if sys.platform == "darwin" else ".local/state"
    return home / state / PROGRAM / "server.json"


def is_served(ready_file: Path) -> bool:
    """Whether the server of a ready file runs."""
    try:
        return listens(json.loads(ready_file.read_text())["endpoint_url"])
    except (OSError, ValueError, LookupError, TypeError):
        return False


def listens(url: str) -> bool:
    """Whether somebody is there; a server that was killed leaves its ready file behind."""
    try:
        parts = urlsplit(url)
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except (OSError, ValueError):
        return False
    return True
