"""What differs from run to run stands as a placeholder in records: `<account:1>`, `<time:2>`.

The same value has the same number everywhere within a record, so that it stays visible where the
same thing appears again. No account id and no token ever gets through.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import quote

from pytest_codeartifact.redaction import MASK, TOKEN_PATTERN, redact

JSON: TypeAlias = Any
"""Any JSON value."""

PLACEHOLDER = re.compile(r"<([a-z-]+):(\d+)>")
"""A placeholder: its kind and its number."""

REGION = "<region>"

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_HEX = "|".join(f"[0-9a-fA-F]{{{length}}}" for length in (128, 96, 64, 56, 40, 32))
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
# In this order: what comes first may contain what comes later, such as a hash that has 12 digits.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    # Tokens of the service have five parts, other signed or encrypted ones three to five.
    ("token", re.compile(rf"{TOKEN_PATTERN}|eyJ[\w-]{{8,}}(?:\.[\w-]*){{2,4}}", re.ASCII)),
    ("access-key", re.compile(r"(?:AKIA|ASIA|ABIA|AROA|AIDA)[A-Z0-9]{12,}")),
    ("key", re.compile(rf"(?<=:key/){_UUID}")),
    ("request-id", re.compile(_UUID)),
    ("digest", re.compile(rf"(?<![0-9a-zA-Z])(?:{_HEX})(?![0-9a-zA-Z])")),
    ("digest", re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==")),
    ("repository-id", re.compile(r"(?<=RepoId: )[\w-]+", re.ASCII)),
    ("revision", re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?!=)")),
    (
        "time",
        re.compile(
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
            rf"|{_DAY}, \d\d \w{{3}} \d{{4}} \d\d:\d\d:\d\d GMT"
            # Seconds since the epoch, of the years 2017 to 2033.
            r"|(?<![\d.])1[5-9]\d{8}(?:\.\d+)?(?!\d)",
            re.ASCII,
        ),
    ),
    ("account", re.compile(r"(?<!\d)\d{12}(?!\d)|(?<!\d)\d{4}-\d{4}-\d{4}(?!\d)", re.ASCII)),
    # An account's id could hide in any longer number.
    ("number", re.compile(r"\d{12,}", re.ASCII)),
    ("host", re.compile(r"(?:127\.0\.0\.1|\blocalhost)(?::\d+)?", re.ASCII)),
)
# RFC 3986, 6.2.2.2: these may be written either way, also once more encoded. Here they hide things.
_ENCODED_PLAIN = re.compile(r"%(?:25)*(3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|2[DdEe]|5[Ff]|7[Ee])")
_BY_NAME = {
    "authorizationToken": "token",
    "etag": "etag",
    "nextToken": "next-token",
    "revision": "revision",
    "packageVersionRevision": "revision",
    "versionRevision": "revision",
    "policyRevision": "revision",
}
# Sizes of archives depend on who packed them.
_SIZES = {"assetSizeBytes", "bytes", "size"}
_WHOLE_SIZE = re.compile(r"(?<=/)\d+$", re.ASCII)
# What is shorter could be a word, and is only hidden where it is the member of such a name.
_TELLING_LENGTH = 16


class Placeholders:
    """The placeholders of one record: what is known by name, and what is found by its look."""

    def __init__(self, accounts: Iterable[str] = (), region: str = "") -> None:
        """`accounts` are ids that are hidden wherever they stand, the first as `<account:1>`."""
        self._numbers: dict[str, dict[str, int]] = {}
        self._secrets: dict[re.Pattern[str], str] = {}
        self._known: dict[str, str] = {}
        self._known_pattern: re.Pattern[str] | None = None
        self._accounts = list(accounts)
        for each in self._accounts:
            self._placeholder("account", each)
        self._region = region
        self._plain_address = ""

    def learn(self, kind: str, value: str) -> str:
        """Let a value stand as a placeholder of this kind, wherever it is a word of its own."""
        told = self._known.get(value)
        if told is None:
            told = self._known[value] = self._placeholder(kind, value)
            self._known.setdefault(quote(value, safe=""), told)
            self._known_pattern = None
        return told

    def hide(self, secret: str) -> None:
        """Let a secret stand as a token, wherever it is, and however a URL encodes it."""
        pattern = "".join(map(_however_encoded, secret))
        self._secrets[re.compile(pattern, re.IGNORECASE)] = self._placeholder("token", secret)

    def addressed_by(self, url: str) -> None:
        """Read an address below `url` as the host that stands there as its first part."""
        self._plain_address = url.rstrip("/") + "/"

    def json(self, value: JSON, name: str = "") -> JSON:
        """A JSON value, or what boto3 makes of one, without anything that differs from run to run.

        `name` is what the value is called where it stands.
        """
        if isinstance(value, Mapping):
            # Sorted: who sends the members in another order must not get other numbers.
            return {
                self.text(str(key)): self.json(value[key], str(key))
                for key in sorted(value, key=str)
            }
        if isinstance(value, list | tuple):
            return [self.json(each, name) for each in value]
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float):
            return self._number(value, name)
        if isinstance(value, datetime):
            return self._placeholder("time", value.isoformat())
        if isinstance(value, bytes):
            value = value.decode("utf-8", "backslashreplace")
        return self._text_of(str(value), name)

    def _number(self, value: float, name: str) -> JSON:
        if name in _SIZES and value:
            return self._placeholder("size", str(value))
        told = self.text(str(value))
        return value if told == str(value) else told

    def _text_of(self, value: str, name: str) -> str:
        """A text that is the member of a name."""
        if name == "content-range":
            value = _WHOLE_SIZE.sub(lambda found: self._placeholder("size", found[0]), value)
        return self._named(_BY_NAME[name], value) if name in _BY_NAME else self.text(value)

    def text(self, text: str) -> str:
        """A text with placeholders in it."""
        text = _ENCODED_PLAIN.sub(lambda found: chr(int(found[1], 16)), text)
        if self._plain_address:
            text = text.replace(self._plain_address, "https://")
        text = self._spare(text, self._hide_known)
        for kind, pattern in _PATTERNS:
            text = self._spare(text, self._hider(kind, pattern))
        if self._region:
            edge = "[A-Za-z0-9]"
            named = re.compile(rf"(?<!{edge}){re.escape(self._region)}(?!{edge})")
            text = self._spare(text, lambda part: named.sub(REGION, part))
        return self._spare(text, redact)

    def _hide_known(self, text: str) -> str:
        for each in self._accounts:
            text = text.replace(each, self._placeholder("account", each))
        for pattern, told in self._secrets.items():
            text = pattern.sub(told, text)
        if not self._known:
            return text
        if self._known_pattern is None:
            longest_first = sorted(self._known, key=len, reverse=True)
            words = "|".join(map(re.escape, longest_first))
            # A name may go on with a number, and is then another one; in hosts the owner follows.
            self._known_pattern = re.compile(
                rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9]|-(?!\d{{12}}(?!\d))[A-Za-z0-9])"
            )
        return self._known_pattern.sub(lambda found: self._known[found[0]], text)

    def _hider(self, kind: str, pattern: re.Pattern[str]) -> Callable[[str], str]:
        return lambda part: pattern.sub(lambda found: self._placeholder(kind, found[0]), part)

    @staticmethod
    def _spare(text: str, change: Callable[[str], str]) -> str:
        """The text changed, but for the placeholders that are in it already."""
        parts = re.split(rf"(<[a-z-]+:\d+>|{re.escape(MASK)})", text, flags=re.ASCII)
        return "".join(part if at % 2 else change(part) for at, part in enumerate(parts))

    def _named(self, kind: str, value: str) -> str:
        if len(value) >= _TELLING_LENGTH:
            return self.learn(kind, value)
        return self._placeholder(kind, value)

    def _placeholder(self, kind: str, value: str) -> str:
        numbers = self._numbers.setdefault(kind, {})
        return f"<{kind}:{numbers.setdefault(value, len(numbers) + 1)}>"


def _however_encoded(sign: str) -> str:
    """A pattern of one character; letters and digits stand as themselves by then."""
    if sign.isascii() and sign.isalnum():
        return sign
    encoded = "".join(f"%(?:25)*{byte:02X}" for byte in sign.encode())
    return f"(?:{re.escape(sign)}|{encoded})"
