"""Markdown read as events: headings, marks, fenced blocks, and indented console blocks."""

import re
from collections.abc import Iterator, Sequence

from pytest_codeartifact.transcripts.events import (
    TAB_COLUMNS,
    Block,
    DocumentError,
    Event,
    columns,
    indent_of,
    is_prompt,
    read_heading,
    read_mark,
    unindent,
)

_FENCE = re.compile(r"^[ \t]*(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)$")


def opens_fence(line: str) -> re.Match[str] | None:
    """The beginning of a fenced block, with its `fence` and `info`."""
    found = _FENCE.match(line)
    return found if found and "`" not in found["info"] else None


def events(text: str) -> Iterator[tuple[int, Event]]:
    """What a Markdown text holds, with line numbers; raises DocumentError.

    Fenced blocks are all told. An indented one is told when it begins with a prompt: other lines
    that are indented may just as well belong to a list.
    """
    lines = [line.rstrip("\r") for line in text.split("\n")]
    position = 0
    # Indented code does not go on with prose, nor begin within other indented text: whether the
    # line before was blank, and how far the text before that is indented, if it could go on.
    after_blank, before = True, 0
    while position < len(lines):
        number, line = position + 1, lines[position]
        if fence := opens_fence(line):
            block = _fenced(lines, position, fence)
            yield number, block
            position += len(block.lines) + 1
        elif heading := read_heading(line):
            yield number, heading
        elif mark := read_mark(line):
            yield number, mark
        elif "<!--" in line and "-->" not in line.rpartition("<!--")[2]:
            position = _end_of_comment(lines, position)
        elif after_blank and is_prompt(line) and columns(line) >= max(TAB_COLUMNS, before + 1):
            block = _indented(lines, position)
            yield number, block
            position += len(block.lines) - 1
        else:
            after_blank = not line.strip()
            before = before if after_blank else columns(line)
            position += 1
            continue
        after_blank, before = True, 0
        position += 1


def _fenced(lines: Sequence[str], start: int, fence: re.Match[str]) -> Block:
    opening = fence["fence"]
    closing = rf"[ \t]*{re.escape(opening[0])}{{{len(opening)},}}[ \t]*"
    for end in range(start + 1, len(lines)):
        if re.fullmatch(closing, lines[end]):
            width = columns(lines[start])
            return Block(
                line=start + 2,
                info=fence["info"],
                lines=tuple(unindent(line, width) for line in lines[start + 1 : end]),
                indent=indent_of(lines[start]),
                excluded=closing,
            )
    raise DocumentError(start + 1, "this block is never closed")


def _end_of_comment(lines: Sequence[str], start: int) -> int:
    """The place of the last line of a comment; what is commented out is not there."""
    following = range(start + 1, len(lines))
    return next((at for at in following if "-->" in lines[at]), len(lines))


def _indented(lines: Sequence[str], start: int) -> Block:
    """The block that begins at `start`: blank lines belong to it when more of it follows."""
    width = columns(lines[start])
    end = start + 1
    for at in range(start + 1, len(lines)):
        if lines[at].strip():
            if columns(lines[at]) < width:
                break
            end = at + 1
    return Block(
        line=start + 1,
        info="console",
        lines=tuple(unindent(line, width) for line in lines[start:end]),
        indent=indent_of(lines[start]),
    )
