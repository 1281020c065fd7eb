"""A document's outputs rewritten to what was really printed, and not a letter besides."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_codeartifact.transcripts.aligning import align
from pytest_codeartifact.transcripts.blocks import EXIT_CODE, NO_OUTPUT, Command, read_events
from pytest_codeartifact.transcripts.events import PROMPT, Block
from pytest_codeartifact.transcripts.matching import (
    ANY_LINES,
    BLANKS,
    GLOB,
    REGEX,
    UNPRINTABLE,
    Bindings,
    Matched,
    as_pattern,
    compare,
    line_pattern,
    literal,
    match_line,
    output_lines,
)
from pytest_codeartifact.transcripts.placeholders import (
    ANY_NAME,
    TYPES,
    Placeholder,
    escape,
    split,
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that a document will show; `kept` is its place among those it shows now."""

    text: str
    kept: int | None = None
    got: str = ""


def updated(
    text: str, runs: Iterable[tuple[Command, str]], bindings: Bindings | None = None
) -> str:
    """A document that shows the given outputs of its commands; the rest of it stays as it is.

    `runs` are in the order in which they ran; the outputs are those that were judged, secrets
    masked. `bindings` are the values of placeholders before the first of them. Lines that still
    match stay as they are, and an output that was not shown is not shown then.
    """
    blocks = [event for _, event in read_events(text) if isinstance(event, Block)]
    lines = text.split("\n")
    known = dict(bindings or {})
    edits: dict[int, tuple[int, list[str]]] = {}
    for command, output in runs:
        if command.expected is None:
            continue
        agreed = _agreed(command.expected, output, known)
        if agreed is None:
            block = next(each for each in blocks if _holds(each, command))
            shown = _shown(command.expected, output_lines(output), known, block)
            begin = command.expected_line - 1
            end = begin + (len(command.expected) or 1)
            edits[begin] = end, _written(shown, lines, (begin, end), block)
            agreed = _agreed([each.text for each in shown], output, known)
        known.update(agreed or {})
    # From the end, so that the places of the others stay what they are.
    for begin, (end, new) in sorted(edits.items(), reverse=True):
        lines[begin:end] = new
    return "\n".join(lines)


def _agreed(expected: Sequence[str], output: str, bindings: Bindings) -> Bindings | None:
    try:
        result = compare(expected, output, bindings)
    except re.error:
        return None
    return result.bindings if isinstance(result, Matched) else None


def _holds(block: Block, command: Command) -> bool:
    return block.line <= command.line < block.line + len(block.lines)


def _shown(
    expected: Sequence[str], got: Sequence[str], bindings: Bindings, block: Block
) -> list[_Line]:
    """The lines that show an output, as many of the expected ones among them as possible."""
    if not got:
        return []
    patterns = [line_pattern(each, bindings) for each in expected]

    def fits(place: int, at: int) -> bool:
        pattern = patterns[place]
        return pattern is not None and pattern.fullmatch(got[at]) is not None

    known = dict(bindings)
    shown: list[_Line] = []
    for place, at in align(expected, got, fits):
        if at is None:
            # Two of them say no more than one.
            if not shown or shown[-1].text != ANY_LINES:
                shown.append(_Line(ANY_LINES, place))
            continue
        line = got[at]
        # What fits by itself may still not agree with the lines before it.
        if place is not None and fits(place, at) and _take(expected[place], line, known):
            shown.append(_Line(expected[place], place, line))
        else:
            before = "" if place is None else expected[place]
            shown.append(_Line(_replacement(before, line, known, block), got=line))
    return _at_its_new_place(shown)


def _take(shown: str, line: str, bindings: dict[str, str]) -> bool:
    """Whether a line of output agrees with a shown one; its values are known then."""
    found = match_line(shown, line, bindings)
    bindings.update(found or {})
    return found is not None


def _at_its_new_place(shown: list[_Line]) -> list[_Line]:
    """Lines that are no output where they stand now are written as patterns."""
    first, last = shown[0], shown[-1]
    if first.text == ">" or first.text.startswith("> "):
        shown[0] = _Line(as_pattern(first.got))
    if EXIT_CODE.match(last.text) or (first is last and last.text == NO_OUTPUT):
        shown[-1] = _Line(as_pattern(last.got))
    return shown


def _replacement(before: str, line: str, bindings: dict[str, str], block: Block) -> str:
    """A line of output as a block shows it, with what may differ as in the line that was there."""
    for looser in _looser(before, line, bindings):
        if _can_stand(looser, block) and _take(looser, line, bindings):
            return looser
    exact = literal(line)
    return exact if _can_stand(exact, block) else as_pattern(line)


def _can_stand(text: str, block: Block) -> bool:
    """Whether a line is read from a block as it was written."""
    begins_anew = text.startswith((PROMPT, ">")) or re.fullmatch(block.excluded, text)
    return not begins_anew and not UNPRINTABLE.search(text)


def _looser(before: str, line: str, bindings: Bindings) -> Iterator[str]:
    """Ways to show a line of output that leave open what the line before it left open."""
    if before.endswith((GLOB, REGEX)):
        return
    if before.endswith(BLANKS):
        one_blank = re.sub(r"[ \t]+", " ", line).rstrip(" ")
        text, _ = _with_placeholders(before.removesuffix(BLANKS), one_blank, bindings)
        yield text + BLANKS
    text, count = _with_placeholders(before.removesuffix(BLANKS), line, bindings)
    if count and not text.endswith((BLANKS, GLOB, REGEX)):
        yield text


def _with_placeholders(before: str, line: str, bindings: Bindings) -> tuple[str, int]:
    """A line with those placeholders of another for which values stand in it, and how many."""
    parts = list(split(before))
    # Each placeholder is one character that programs do not print, so that texts can be compared.
    marked = "".join(part if isinstance(part, str) else "\0" for part in parts)
    alike = difflib.SequenceMatcher(None, marked, line, autojunk=False).get_matching_blocks()
    known = dict(bindings)
    text, count, done, at = "", 0, 0, 0
    for part in parts:
        if isinstance(part, str):
            at += len(part)
            continue
        # Between what the two lines have in common before and after it, or else anywhere.
        begin = max([done, *(each.b + each.size for each in alike if each.a < at)])
        end = min(each.b for each in alike if each.a > at)
        at += 1
        pattern = _value_of(part, known)
        found = _value(pattern, line, begin, max(begin, end)) or _value(pattern, line, done)
        if found is None:
            continue
        if part.name != ANY_NAME:
            known[part.key] = found[0]
        text += escape(line[done : found.start()]) + part.text
        count += 1
        done = found.end()
    return text + escape(line[done:]), count


def _value_of(placeholder: Placeholder, bindings: Mapping[str, str]) -> str:
    if placeholder.name != ANY_NAME and placeholder.key in bindings:
        return re.escape(bindings[placeholder.key])
    return f"(?:{TYPES[placeholder.type]})"


def _value(pattern: str, line: str, begin: int, end: int | None = None) -> re.Match[str] | None:
    """A value between two places: all that is there, or a word of its own."""
    stop = len(line) if end is None else end
    word = re.compile(rf"(?<![0-9A-Za-z.]){pattern}(?![0-9A-Za-z])")
    return re.compile(pattern).fullmatch(line, begin, stop) or word.search(line, begin, stop)


def _written(
    shown: Sequence[_Line], lines: Sequence[str], place: tuple[int, int], block: Block
) -> list[str]:
    """Lines as they stand in the document, between two places of it."""
    begin, end = place
    ending = "\r" if lines[block.line - 1].endswith("\r") else ""
    new = []
    for line in shown or [_Line(NO_OUTPUT)]:
        if line.kept is not None:
            new.append(lines[begin + line.kept])
        else:
            new.append((block.indent + line.text if line.text else "") + ending)
    if end == len(lines):
        # The document has no newline at its end.
        new = [line.rstrip("\r") + ending for line in new]
        new[-1] = new[-1].rstrip("\r")
    return new
