"""Typed placeholders: what may differ from run to run, and must agree within one document."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_codeartifact.redaction import MASK, TOKEN_PATTERN

# Never bound: it may differ at each place.
ANY_NAME = "_"

_UNIT = r"(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h|days?|d)"
TYPES: Mapping[str, str] = {
    "account": r"\d{12}",
    "digest": r"[0-9a-f]{32,128}",
    "duration": rf"\d+(?:\.\d+)? ?{_UNIT}(?:(?:, | and | )\d+(?:\.\d+)? ?{_UNIT})*",
    "endpoint": r"https?://[^\s/]+(?:/[^\s/]+\.d\.codeartifact\.[^\s/]+)?",
    "path": r"/[^\s'\":]+",
    "port": r"\d{1,5}",
    "region": r"[a-z]{2,}(?:-[a-z]+)+-\d{1,2}",
    "size": r"\d+(?:\.\d+)? ?(?:bytes|B|[kKMG]i?B)",
    "time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?|\d{10}(?:\.\d+)?",
    # Tokens are masked before anything is compared.
    "token": rf"{re.escape(MASK)}|{TOKEN_PATTERN}",
    "version": r"\d[0-9A-Za-z.+!_-]*",
}
_PLACEHOLDER = re.compile(
    rf"(?P<escape>\\)?<(?P<type>{'|'.join(TYPES)})(?::(?P<name>[A-Za-z0-9_-]+))?>"
)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder as it stands in a document: `<time>` or `<time:login>`."""

    type: str
    name: str | None

    @property
    def key(self) -> str:
        """What it is bound under: two that are written alike are the same."""
        return self.type if self.name is None else f"{self.type}:{self.name}"

    @property
    def text(self) -> str:
        """As it stands in a document."""
        return f"<{self.key}>"


def split(text: str) -> Iterator[str | Placeholder]:
    r"""The literal parts and the placeholders of a line; `\\<time>` is the literal `<time>`."""
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        yield text[end : found.start()]
        if found["escape"]:
            yield found[0][1:]
        else:
            yield Placeholder(found["type"], found["name"])
        end = found.end()
    yield text[end:]


def escape(text: str) -> str:
    """`text` as a document writes it when it means nothing but these characters."""
    return _PLACEHOLDER.sub(lambda found: "\\" + found[0], text)
