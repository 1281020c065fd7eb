"""How long the tokens live that tools have, as the tokens themselves say it.

A token is opaque to who has it; its first part alone can be read, and says from when to when it
is good. Source: JSON Web Encryption (RFC 7516), whose compact form real tokens have.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_codeartifact.lessons.names import DOMAIN
from pytest_codeartifact.lessons.problems import Refused
from pytest_codeartifact.redaction import TOKEN_PATTERN

if TYPE_CHECKING:
    from pytest_codeartifact.lessons.room import Room

PLACES = {"pip": "index-url in pip's configuration", "twine": "~/.pypirc"}
"""Where a tool that is logged in has its token, in words."""
_TOKEN = re.compile(TOKEN_PATTERN)


@dataclass(frozen=True, slots=True)
class TokenTimes:
    """From when to when a token is good, in seconds since the epoch."""

    issued: int
    expires: int


def times_in(text: str) -> TokenTimes | None:
    """The times of the first token of a text, or None."""
    found = _TOKEN.search(text)
    if found is None:
        return None
    header = found[0].partition(".")[0]
    try:
        told = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
        return TokenTimes(int(told["isu"]), int(told["exp"]))
    except (binascii.Error, ValueError, LookupError, TypeError, OverflowError):
        return None


def token_times(room: "Room", tool: str) -> TokenTimes | None:
    """The times of the token that pip or twine has for the repository, or None without one.

    Raises Refused for another tool.
    """
    home = room.tools.home
    paths = {"pip": home.pip_settings_path, "twine": home.path / ".pypirc"}
    if tool not in paths:
        raise Refused(f"pip and twine can be logged in here, not {tool!r}")
    if not paths[tool].is_file():
        return None
    text = paths[tool].read_text(encoding="utf-8")
    # Before any login pip has the index of the public registry, which here has a token as well.
    return times_in(text) if f"{DOMAIN}-{room.target.account}.d." in text else None


def span(seconds: float) -> str:
    """A duration as people say it, to the minute."""
    hours, minutes = divmod(round(seconds / 60), 60)
    parts = [f"{hours} {'hour' if hours == 1 else 'hours'}"] if hours else []
    if minutes or not hours:
        parts.append(f"{minutes} {'minute' if minutes == 1 else 'minutes'}")
    return " ".join(parts)
