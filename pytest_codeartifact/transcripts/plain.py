"""Plain documents, such as a page saved from a browser: no fences, paragraphs set apart by blanks.

A paragraph whose first line is a command is a console block, up to the blank line that ends it.
A short line of its own that does not end like a sentence is a heading.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_codeartifact.transcripts.events import (
    TAB_COLUMNS,
    Block,
    Event,
    Heading,
    Mark,
    columns,
    indent_of,
    is_prompt,
    read_heading,
    read_mark,
    unindent,
)
from pytest_codeartifact.transcripts.markdown import opens_fence

_HEADING_LETTERS = 60
# A blank line would end the block, and a fence make the document another kind of document.
_EXCLUDED = r"\s*|[ \t]*(?:`{3}|~{3}).*"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines without a blank one between them; `line` is the number of the first."""

    line: int
    lines: tuple[str, ...]


def paragraphs(text: str) -> Sequence[Paragraph]:
    """All paragraphs of a text, in order."""
    found: list[Paragraph] = []
    collected: list[str] = []
    lines = [line.rstrip("\r") for line in text.split("\n")]
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            collected.append(line)
        elif collected:
            found.append(Paragraph(number - len(collected), tuple(collected)))
            collected = []
    return found


def is_plain(text: str) -> bool:
    """Whether a text is a plain document and not Markdown.

    A fence makes it Markdown, and so does a heading `# Title`, unless commands stand where
    Markdown would see no block: the `#` is a comment then, of something that the text shows.
    """
    if any(opens_fence(line.rstrip("\r")) for line in text.split("\n")):
        return False
    pieces = [piece for paragraph in paragraphs(text) for _, piece in _pieces(paragraph)]
    shown = [lines for lines in pieces if not isinstance(lines, Mark)]
    if any(is_prompt(lines[0]) and columns(lines[0]) < TAB_COLUMNS for lines in shown):
        return True
    others = [line for lines in shown if not is_prompt(lines[0]) for line in lines]
    return not any(read_heading(line) for line in others)


def events(text: str) -> Iterator[tuple[int, Event]]:
    """What a plain document holds, with line numbers."""
    is_shown = is_hidden = False
    for paragraph in paragraphs(text):
        for number, piece in _pieces(paragraph):
            if is_hidden or (not isinstance(piece, Mark) and _is_comment(piece)):
                # What is commented out is not there.
                is_hidden = not isinstance(piece, Mark) and "-->" not in "\n".join(piece)
            elif isinstance(piece, Mark):
                is_shown = is_shown or piece.key in {"file", "material"}
                yield number, piece
            elif is_shown or is_prompt(piece[0]):
                yield number, _block(number, piece)
                is_shown = False
            elif heading := _heading(piece):
                yield number, heading


def _pieces(paragraph: Paragraph) -> Iterator[tuple[int, Mark | tuple[str, ...]]]:
    """The marks in a paragraph, and the lines between them; what is shown holds no marks."""
    lines, start = paragraph.lines, 0
    for at, line in enumerate(lines):
        mark = None if is_prompt(lines[start]) else read_mark(line)
        if mark is None:
            continue
        if at > start:
            yield paragraph.line + start, lines[start:at]
        yield paragraph.line + at, mark
        start = at + 1
        if start == len(lines):
            return
    yield paragraph.line + start, lines[start:]


def _is_comment(lines: Sequence[str]) -> bool:
    return lines[0].lstrip().startswith("<!--")


def _block(number: int, lines: Sequence[str]) -> Block:
    width = columns(lines[0])
    return Block(
        line=number,
        info="",
        lines=tuple(unindent(line, width) for line in lines),
        indent=indent_of(lines[0]),
        excluded=_EXCLUDED,
    )


def _heading(lines: Sequence[str]) -> Heading | None:
    if len(lines) > 1:
        return None
    title = lines[0].strip()
    if len(title) > _HEADING_LETTERS or title.endswith((".", ":", ",", ";")):
        return None
    return read_heading(title) or Heading(title)
