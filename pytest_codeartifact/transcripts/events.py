"""What a document holds from top to bottom, whatever its form: headings, marks and blocks."""

import re
from dataclasses import dataclass
from typing import TypeAlias

TAB_COLUMNS = 4
PROMPT = "$ "

_CONSOLE = frozenset({"console", "shell-session", "shellsession", "sh-session"})
# These languages are often put on scripts too; a prompt in the first line tells.
_PERHAPS_CONSOLE = frozenset({"", "bash", "sh", "shell", "zsh"})
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(?P<title>.*?)(?:[ \t]+#+)?[ \t]*$")
_MARK = re.compile(
    r"^[ \t]*<!--[ \t]*(?P<key>step|file|skip|provenance|material|claim):"
    r"[ \t]*(?P<value>.*?)[ \t]*-->[ \t]*$"
)


class DocumentError(ValueError):
    """A document cannot be read as a transcript; says the line and what is wrong there."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(line, what)
        self.line = line
        self.what = what

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; what follows it is about something else than what came before."""

    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A comment that says something about what follows it, such as `<!-- step: 04-login -->`."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that are shown as they are, without their common indentation.

    `line` is the number of the first of them, `info` the words after the fence. `excluded` is a
    regular expression: a line that it matches as a whole would not be read as one of the block.
    """

    line: int
    info: str
    lines: tuple[str, ...]
    indent: str = ""
    excluded: str = r"(?!)"

    @property
    def is_console(self) -> bool:
        language = re.split(r"[\s{,]", self.info.strip(), maxsplit=1)[0].lower()
        shown = next((line for line in self.lines if line.strip()), "")
        return language in _CONSOLE or (language in _PERHAPS_CONSOLE and shown.startswith(PROMPT))

    @property
    def with_stderr(self) -> bool:
        return "stderr" in re.split(r"[\s{},]+", self.info)[1:]

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


Event: TypeAlias = Heading | Mark | Block


def read_heading(line: str) -> Heading | None:
    """A heading of the form `## Title`."""
    found = _HEADING.match(line)
    return Heading(found["title"]) if found else None


def read_mark(line: str) -> Mark | None:
    """A mark that has the line for itself."""
    found = _MARK.match(line)
    return Mark(found["key"], found["value"]) if found else None


def is_prompt(line: str) -> bool:
    """Whether a command begins in a line, whatever its indentation."""
    return line.lstrip(" \t").startswith(PROMPT)


def indent_of(line: str) -> str:
    """The blanks that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def columns(line: str) -> int:
    """How far a line is indented; a tab reaches to the next multiple of four."""
    return len(indent_of(line).expandtabs(TAB_COLUMNS))


def unindent(line: str, width: int) -> str:
    """A line without its first `width` columns, as far as these are blank."""
    column = 0
    for at, character in enumerate(line):
        if column >= width or character not in " \t":
            # A tab that reaches further leaves blanks behind.
            return " " * (column - width) + line[at:]
        column += TAB_COLUMNS - column % TAB_COLUMNS if character == "\t" else 1
    return " " * (column - width)
