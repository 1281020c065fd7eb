"""Output compared with what a document shows: literally, but for what is marked.

A line `...` stands for any lines, also none. A placeholder stands for a value of its type, see
`placeholders`. A line that ends with ` (ws)` accepts any run of blanks and tabs where it shows one,
and at its end; ` (glob)` makes `*` and `?` wildcards; ` (re)` makes the line a regular expression.
Blank lines at the end of an output are not compared, as they set commands apart in a document.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytest_codeartifact.transcripts.blocks import EXIT_CODE, NO_OUTPUT
from pytest_codeartifact.transcripts.events import PROMPT
from pytest_codeartifact.transcripts.placeholders import (
    ANY_NAME,
    TYPES,
    Placeholder,
    escape,
    split,
)

ANY_LINES = "..."
BLANKS = " (ws)"
GLOB = " (glob)"
REGEX = " (re)"
UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
"""Characters that editors and readers of files take for the end of a line, or do not show."""

Bindings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Matched:
    """The output is as shown; `bindings` has the old ones and those found on the way."""

    bindings: Bindings


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The output is not as shown.

    `expected` is what the document shows with the values of its placeholders filled in as far as
    the output agrees. `conflicts` are placeholders that stand for another value here:
    (key, bound value, value here). `sources` tells for each line of `expected` which of the
    document's lines it stands for; a line `...` may stand behind many.
    """

    expected: tuple[str, ...]
    got: tuple[str, ...]
    conflicts: tuple[tuple[str, str, str], ...] = ()
    # How the lines came about is no part of what differs.
    sources: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class _Place:
    """How far expected lines and output agree, and which line of output took which shape."""

    shown: int
    got: int
    bindings: tuple[tuple[str, str], ...]
    before: "_Place | None" = field(default=None, compare=False)


def compare(expected: Sequence[str], output: str, bindings: Bindings) -> Matched | Mismatch:
    """Compare the lines a document shows with an output, values bound so far included."""
    got = output_lines(output)
    furthest = start = _Place(0, 0, tuple(sorted(bindings.items())))
    waiting, seen = [start], {start}
    while waiting:
        place = waiting.pop()
        if place.shown == len(expected) and place.got == len(got):
            return Matched(dict(place.bindings))
        if place.shown > furthest.shown:
            furthest = place
        for following in _following(place, expected, got):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return _mismatch(furthest, expected, got)


def output_lines(output: str) -> tuple[str, ...]:
    """The lines of an output without the blank ones at its end."""
    lines = output.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return tuple(lines)


def match_line(shown: str, got: str, bindings: Bindings) -> dict[str, str] | None:
    """What the placeholders of one line are bound to by `got`, or None when it does not match.

    Raises re.error for a line marked ` (re)` that is no regular expression.
    """
    pattern, keys = _pattern(shown, bindings)
    found = re.fullmatch(pattern, got, re.DOTALL)
    return {key: found[group] for group, key in keys.items()} if found else None


def line_pattern(shown: str, bindings: Bindings) -> re.Pattern[str] | None:
    """What one line of output has to match as a whole; None for a broken regular expression."""
    try:
        return re.compile(_pattern(shown, bindings)[0], re.DOTALL)
    except re.error:
        return None


def literal(line: str) -> str:
    """A line of output as a document shows it when nothing in it may differ."""
    is_special = line in {ANY_LINES, NO_OUTPUT} or line.startswith((PROMPT, ">"))
    is_special = is_special or line.endswith((BLANKS, GLOB, REGEX)) or bool(EXIT_CODE.match(line))
    return as_pattern(line) if is_special or UNPRINTABLE.search(line) else escape(line)


def as_pattern(line: str) -> str:
    """A line of output as a regular expression, with no character in the way of its document."""
    escaped = [
        f"\\u{ord(each):04x}" if UNPRINTABLE.match(each) else re.escape(each) for each in line
    ]
    if escaped and escaped[0] == line[0] and not line[0].isalnum():
        # Or a document would see what it begins with: a prompt that goes on, a fence.
        escaped[0] = f"[{line[0]}]"
    return "".join(escaped) + REGEX


def _following(place: _Place, expected: Sequence[str], got: Sequence[str]) -> list[_Place]:
    """Where one may go on from here; what is to be tried first comes last."""
    if place.shown == len(expected):
        return []
    shown = expected[place.shown]
    if shown == ANY_LINES:
        # The longer skip is tried last, so that a line is taken where it first fits.
        longer = [_Place(place.shown, place.got + 1, place.bindings, place)]
        return [
            *(longer if place.got < len(got) else []),
            _Place(place.shown + 1, place.got, place.bindings, place),
        ]
    if place.got == len(got):
        return []
    bound = match_line(shown, got[place.got], dict(place.bindings))
    if bound is None:
        return []
    bindings = tuple(sorted({**dict(place.bindings), **bound}.items()))
    return [_Place(place.shown + 1, place.got + 1, bindings, place)]


def _pattern(shown: str, bindings: Bindings) -> tuple[str, dict[str, str]]:
    """A regular expression for one line, and the placeholder of each of its groups."""
    if shown.endswith(REGEX):
        return shown.removesuffix(REGEX), {}
    if shown.endswith(GLOB):
        parts = re.split(r"([*?])", shown.removesuffix(GLOB))
        wild = {"*": ".*", "?": "."}
        return "".join(wild.get(part, re.escape(part)) for part in parts), {}
    keys: dict[str, str] = {}
    pattern = ""
    any_blanks = shown.endswith(BLANKS)
    for part in split(shown.removesuffix(BLANKS)):
        if isinstance(part, Placeholder):
            pattern += _placeholder_pattern(part, bindings, keys)
        elif any_blanks:
            pattern += r"[ \t]+".join(re.escape(word) for word in re.split(r"[ \t]+", part))
        else:
            pattern += re.escape(part)
    return pattern + (r"[ \t]*" if any_blanks else ""), keys


def _placeholder_pattern(part: Placeholder, bindings: Bindings, keys: dict[str, str]) -> str:
    if part.name == ANY_NAME:
        return f"(?:{TYPES[part.type]})"
    if part.key in bindings:
        return re.escape(bindings[part.key])
    for group, key in keys.items():
        if key == part.key:
            return f"(?P={group})"
    group = f"p{len(keys)}"
    keys[group] = part.key
    return f"(?P<{group}>{TYPES[part.type]})"


def _mismatch(furthest: _Place, expected: Sequence[str], got: tuple[str, ...]) -> Mismatch:
    filled: list[tuple[int, str]] = []
    place = furthest
    while place.before is not None:
        if place.got > place.before.got:
            filled.append((place.before.shown, got[place.before.got]))
        place = place.before
    filled.reverse()
    conflicts: list[tuple[str, str, str]] = []
    bindings = dict(furthest.bindings)
    rest = list(got[furthest.got :])
    if furthest.shown and expected[furthest.shown - 1] == ANY_LINES:
        passed = _passed_by(expected[furthest.shown :], rest)
        filled += [(furthest.shown - 1, line) for line in rest[:passed]]
        del rest[:passed]
    for source, shown in enumerate(expected[furthest.shown :], furthest.shown):
        fitting = next((line for line in rest if _fits(shown, line, bindings)), None)
        if fitting is not None and shown != ANY_LINES:
            del rest[: rest.index(fitting) + 1]
            filled.append((source, fitting))
        else:
            filled.append((source, shown))
            conflicts += _conflicts(shown, rest, bindings)
    return Mismatch(
        expected=tuple(line for _, line in filled),
        got=got,
        conflicts=tuple(conflicts),
        sources=tuple(source for source, _ in filled),
    )


def _passed_by(missing: Sequence[str], rest: Sequence[str]) -> int:
    """How many lines `...` stands for when what follows it is nowhere to be found."""
    similar = difflib.get_close_matches(missing[0], rest, n=1) if missing else []
    return rest.index(similar[0]) if similar else len(rest)


def _fits(shown: str, line: str, bindings: Bindings) -> bool:
    return match_line(shown, line, bindings) is not None


def _conflicts(shown: str, rest: Sequence[str], bindings: Bindings) -> list[tuple[str, str, str]]:
    """Placeholders of a line that would match if they were not bound yet."""
    for line in rest:
        free = match_line(shown, line, {})
        if free:
            return [
                (key, bindings[key], value)
                for key, value in free.items()
                if key in bindings and bindings[key] != value
            ]
    return []
