"""Commands of which one expected line says something else: a check that is worth it fails them."""

import itertools
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_codeartifact.transcripts.blocks import NO_OUTPUT, Command
from pytest_codeartifact.transcripts.matching import (
    ANY_LINES,
    BLANKS,
    GLOB,
    REGEX,
    line_pattern,
    output_lines,
)
from pytest_codeartifact.transcripts.placeholders import escape, split

_NEXT = {
    each: letters[(at + 1) % len(letters)]
    for letters in (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    for at, each in enumerate(letters)
}
_NOTHING = f"(?!){REGEX}"
OTHER_VALUES: Mapping[str, str] = {
    "account": "000000000000",
    "digest": "0" * 64,
    "duration": "999 days",
    "endpoint": "https://altered.invalid",
    "path": "/altered",
    "port": "1",
    "region": "xx-altered-1",
    "size": "999 GB",
    "time": "1970-01-01 00:00:00",
    # Tokens are masked, so any other word is another value.
    "token": "altered",
    "version": "0.0.0.altered",
}
"""For each type of placeholder a value that a run hardly comes up with."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """A command with one thing altered that the document says about it.

    `line_index` is the place among the expected lines, None for the exit code; `line_number` is
    the document's. `before` and `after` are that line.
    """

    line_index: int | None
    line_number: int
    before: str
    after: str
    command: Command


def alterations(command: Command, output: str = "") -> Iterator[Alteration]:
    """Every line of a command that asserts something, altered; `...` asserts nothing.

    With the output that the command had, no altered line is one of those that it printed.
    """
    avoided = (*output_lines(output), *(command.expected or ()))
    if command.expected == ():
        altered = replace(command, expected=("altered",))
        yield Alteration(0, command.expected_line, NO_OUTPUT, "altered", altered)
    for index, before in enumerate(command.expected or ()):
        if before == ANY_LINES:
            continue
        after = _altered(before, avoided)
        expected = list(command.expected or ())
        expected[index] = after
        altered = replace(command, expected=tuple(expected))
        yield Alteration(index, command.expected_line + index, before, after, altered)
    if command.exit_line:
        code = command.exit_code % 255 + 1
        altered = replace(command, exit_code=code)
        yield Alteration(None, command.exit_line, f"[{command.exit_code}]", f"[{code}]", altered)


def _altered(before: str, avoided: Sequence[str]) -> str:
    marker = _marker(before)
    if marker == REGEX:
        return _NOTHING
    inner = before.removesuffix(marker)
    others = _with_another_letter(inner) if marker == GLOB else _others(inner)
    for other in itertools.chain(others, (f"{inner}altered{n or ''}" for n in itertools.count())):
        after = other + marker
        pattern = line_pattern(after, {}) if _marker(after) == marker else None
        if pattern is not None and not any(pattern.fullmatch(line) for line in avoided):
            return after
    raise AssertionError  # the candidates never end


def _marker(line: str) -> str:
    return next((each for each in (REGEX, GLOB, BLANKS) if line.endswith(each)), "")


def _others(inner: str) -> Iterator[str]:
    """A line with another letter in it, or with a value in place of a placeholder."""
    parts = list(split(inner))
    texts = [escape(part) if isinstance(part, str) else part.text for part in parts]
    for at, part in enumerate(parts):
        if isinstance(part, str):
            for other in _with_another_letter(part):
                yield "".join([*texts[:at], escape(other), *texts[at + 1 :]])
    for at, part in enumerate(parts):
        if not isinstance(part, str):
            yield "".join([*texts[:at], OTHER_VALUES[part.type], *texts[at + 1 :]])


def _with_another_letter(text: str) -> Iterator[str]:
    for at, letter in enumerate(text):
        if letter in _NEXT:
            yield text[:at] + _NEXT[letter] + text[at + 1 :]
