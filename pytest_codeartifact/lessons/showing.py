"""What notebooks show: HTML that fits light and dark pages, and the same as plain text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

# Colours that can be read on white and on black; text keeps the page's own.
GOOD: Final = "#1a9c53"
WAITING: Final = "#b7791f"
BAD: Final = "#d64545"
QUIET: Final = "#8a8f98"
OURS: Final = "#3b82c4"
_FONT = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:0.86em"
_TABLE = "border-collapse:collapse;margin:0.4em 0;font-size:0.9em"
_CELL = f"text-align:left;padding:0.15em 0.9em 0.15em 0;border-bottom:1px solid {QUIET}44"


@dataclass(frozen=True, slots=True)
class Shown:
    """Something to show; `told` is what programs that read the notebook want to know of it."""

    html: str
    text: str
    told: dict[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:  # noqa: ANN401 -- IPython's
        about = {"codeartifact": self.told} if self.told else {}
        return {"text/html": self.html, "text/plain": self.text}, about

    def __repr__(self) -> str:
        return self.text


def note(kind: str, sentence: str, *more: str) -> Shown:
    """A sentence with a mark: `kind` is seen, missing, wrong or told."""
    mark, colour, word = _MARKS[kind]
    lines = [f"<strong>{escape(word)}</strong> {_marked(sentence)}" if word else _marked(sentence)]
    lines += map(_marked, more)
    html = (
        f'<div style="border-left:4px solid {colour};padding:0.3em 0.8em;margin:0.4em 0">'
        f'<span style="color:{colour}" aria-hidden="true">{mark}</span> {"<br/>".join(lines)}</div>'
    )
    first = " ".join(filter(None, (mark, word, sentence)))
    return Shown(html, "\n".join([first, *more]).replace("`", ""))


_MARKS = {
    "seen": ("✓", GOOD, "Seen:"),
    "missing": ("○", WAITING, "Not yet:"),
    "wrong": ("✗", BAD, ""),
    "told": ("▸", OURS, ""),
}


def _marked(text: str) -> str:
    """Text with what stands between back quotes as code."""
    parts = [escape(part) for part in text.split("`")]
    parts[1::2] = [f'<code style="{_FONT}">{part}</code>' for part in parts[1::2]]
    return "".join(parts)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> Shown:
    """A table; `empty` is what to say without any row."""
    listed = [tuple(row) for row in rows]
    if not listed:
        return note("told", empty)
    widths = [max(map(len, column)) for column in zip(headings, *listed, strict=True)]
    text = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (tuple(headings), *listed)
    )
    head = "".join(f'<th style="{_CELL}" scope="col">{escape(each)}</th>' for each in headings)
    body = "".join(
        f"<tr>{''.join(f'<td style={chr(34)}{_CELL}{chr(34)}>{_marked(c)}</td>' for c in row)}</tr>"
        for row in listed
    )
    html = (
        f'<div style="overflow-x:auto"><table style="{_TABLE}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
    return Shown(html, text.replace("`", ""))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a console: `kind` is typed, printed, good, bad, missing, extra or quiet."""

    kind: str
    text: str


_STYLES = {
    "typed": "font-weight:600",
    "printed": "",
    "good": f"color:{GOOD}",
    "bad": f"color:{BAD};font-weight:600",
    "missing": f"color:{WAITING}",
    "extra": f"color:{BAD}",
    "quiet": f"color:{QUIET}",
}


def console(lines: Iterable[Line], told: dict[str, Any] | None = None) -> Shown:
    """Lines as on a terminal."""
    listed = list(lines)
    html = "\n".join(
        f'<span style="{_STYLES[line.kind]}">{escape(line.text)}</span>'
        if _STYLES[line.kind]
        else escape(line.text)
        for line in listed
    )
    box = (
        f'<pre style="{_FONT};border:1px solid {QUIET}55;border-radius:4px;padding:0.6em 0.8em;'
        f'margin:0.4em 0;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.45">{html}</pre>'
    )
    return Shown(box, "\n".join(line.text for line in listed), told or {})
