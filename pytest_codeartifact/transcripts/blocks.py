r"""Markdown read as steps: its console blocks, and the files it shows.

A fenced block in a console language holds commands, each with the output one sees::

    ```console
    $ echo one \
    >     two
    one two
    $ false
    [1]
    ```

A line `$ command` starts a command; it goes on after a backslash at the end of a line and on lines
that begin with `> `. What follows is its output: nothing shown means nothing claimed about it,
`(no output)` claims silence, and a last line `[n]` states an exit code other than 0.

Comments on their own line before a block are optional: `<!-- step: 04-login -->` opens a step
that holds everything up to the next heading or step, `<!-- file: NAME -->` writes the next block
to a file, `<!-- skip: REASON -->` leaves the next block out, and
`<!-- provenance: ENVIRONMENT -->` in a named step demands that the packages of that virtual
environment came from the repository. The word `stderr` after the language
says that the block shows standard error as well. Without a comment each console block is a step,
named by the heading above it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

NO_OUTPUT = "(no output)"

_CONSOLE = frozenset({"console", "shell-session", "shellsession", "sh-session"})
# These languages are often put on scripts too; a prompt in the first line tells.
_PERHAPS_CONSOLE = frozenset({"", "bash", "sh", "shell", "zsh"})
_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)$")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(?P<title>.*?)(?:[ \t]+#+)?[ \t]*$")
_COMMENT = re.compile(
    r"^[ \t]*<!--[ \t]*(?P<key>step|file|skip|provenance):[ \t]*(?P<value>.*?)[ \t]*-->[ \t]*$"
)
EXIT_CODE = re.compile(r"^\[(?P<code>\d{1,3})\]$")


class DocumentError(ValueError):
    """A document cannot be read as a transcript; says the line and what is wrong there."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(line, what)
        self.line = line
        self.what = what

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class Command:
    """A command and what the document says happens.

    `text` is what the shell gets. `expected` is None when the document shows no output.
    """

    line: int
    text: str
    expected: tuple[str, ...] | None = None
    expected_line: int = 0
    exit_code: int = 0
    with_stderr: bool = False


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file that the document shows and the reader writes; `path` is relative."""

    line: int
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """What a reader does at one go.

    `skip_reason` is set when it is only to be looked at; `provenance` names the virtual
    environments whose packages must have come from the repository when it is done.
    """

    id: str
    title: str
    line: int
    actions: tuple[Command | ShownFile, ...]
    skip_reason: str | None = None
    provenance: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Block:
    """A fenced block with the comments that stood before it."""

    line: int
    info: str
    lines: tuple[str, ...]

    @property
    def is_console(self) -> bool:
        language = re.split(r"[\s{,]", self.info.strip(), maxsplit=1)[0].lower()
        shown = next((line for line in self.lines if line.strip()), "")
        return language in _CONSOLE or (language in _PERHAPS_CONSOLE and shown.startswith("$ "))

    @property
    def with_stderr(self) -> bool:
        return "stderr" in re.split(r"[\s{},]+", self.info)[1:]

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(slots=True)
class _Draft:
    """A step while it is collected."""

    title: str
    line: int
    id: str | None = None
    actions: list[Command | ShownFile] = field(default_factory=list)
    skip_reason: str | None = None
    provenance: list[str] = field(default_factory=list)


class _Reader:
    """Collects steps from what a document holds, from top to bottom."""

    def __init__(self) -> None:
        self.drafts: list[_Draft] = []
        self._current: _Draft | None = None
        self._title = ""
        self._comments: dict[str, str] = {}
        self._comment_line = 0

    def heading(self, title: str) -> None:
        """A heading ends a named step, and names the next steps without a name."""
        self.end()
        self._title = title
        if self._current is not None and self._current.id is not None:
            self._current = None

    def comment(self, line: int, key: str, value: str) -> None:
        if key == "step":
            self._open(_Draft(self._title, line, id=_step_id(line, value)))
        elif key == "provenance":
            if self._current is None or self._current.id is None:
                raise DocumentError(line, "a provenance belongs into a step with a name")
            self._current.provenance.append(_relative_path(line, value))
        elif key == "skip" and not value:
            raise DocumentError(line, "a skip says why")
        else:
            self._comments[key] = _relative_path(line, value) if key == "file" else value
            self._comment_line = line

    def end(self) -> None:
        """A section is over; a comment that nothing followed is a slip of its author."""
        if self._comments:
            raise DocumentError(self._comment_line, "no block follows this comment")

    def block(self, block: _Block) -> None:
        """Take in the commands or the file of a block; other blocks are the reader's to look at."""
        comments, self._comments = self._comments, {}
        actions: list[Command | ShownFile]
        if "file" in comments:
            actions = [ShownFile(block.line, comments["file"], block.text)]
        elif block.is_console:
            actions = list(read_commands(block.lines, block.line, with_stderr=block.with_stderr))
        else:
            return
        draft = self._draft_for(block.line, comments.get("skip"))
        draft.actions += actions
        # A step without a name is one block, and the files shown before it.
        if draft is self._current and draft.id is None and "file" not in comments:
            self._current = None

    def _draft_for(self, line: int, skip_reason: str | None) -> _Draft:
        current = self._current
        if skip_reason is not None:
            if current is None or current.id is None or current.actions:
                current = _Draft(self._title, line)
                self.drafts.append(current)
            else:
                self._current = None
            current.skip_reason = skip_reason
            return current
        return current or self._open(_Draft(self._title, line))

    def _open(self, draft: _Draft) -> _Draft:
        self._current = draft
        self.drafts.append(draft)
        return draft


def read_steps(text: str) -> tuple[Step, ...]:
    """All steps of a Markdown text, in order; raises DocumentError."""
    reader = _Reader()
    for line, event in _events(text):
        if isinstance(event, str):
            reader.heading(event)
        elif isinstance(event, tuple):
            reader.comment(line, *event)
        else:
            reader.block(event)
    reader.end()
    return _finish(reader.drafts)


def read_commands(lines: tuple[str, ...], line: int, *, with_stderr: bool) -> Iterator[Command]:
    """The commands of one console block whose first line is number `line`."""
    position = 0
    while position < len(lines):
        if not lines[position].strip():
            position += 1
            continue
        if not lines[position].startswith("$ "):
            raise DocumentError(line + position, "output before any `$ command`")
        first = position
        typed = [lines[position][2:]]
        position += 1
        while position < len(lines) and (
            _is_continued(typed[-1]) or lines[position] == ">" or lines[position].startswith("> ")
        ):
            typed.append(re.sub(r"^>(?: |$)", "", lines[position]))
            position += 1
        if _is_continued(typed[-1]):
            raise DocumentError(line + position - 1, "the command goes on after the block's end")
        after = position
        while position < len(lines) and not lines[position].startswith("$ "):
            position += 1
        expected, exit_code = _claims(lines[after:position])
        yield Command(
            line=line + first,
            text="\n".join(typed),
            expected=expected,
            expected_line=line + after,
            exit_code=exit_code,
            with_stderr=with_stderr,
        )


def _claims(shown: tuple[str, ...]) -> tuple[tuple[str, ...] | None, int]:
    """Expected output and exit code; blank lines at the end only set commands apart."""
    lines = list(shown)
    exit_code = 0
    while lines and not lines[-1].strip():
        lines.pop()
    if lines and (stated := EXIT_CODE.match(lines[-1])):
        exit_code = int(stated["code"])
        lines.pop()
    if not lines:
        return None, exit_code
    return (() if lines == [NO_OUTPUT] else tuple(lines)), exit_code


def _is_continued(typed: str) -> bool:
    return (len(typed) - len(typed.rstrip("\\"))) % 2 == 1


def _events(text: str) -> Iterator[tuple[int, str | tuple[str, str] | _Block]]:
    """Headings (as text), comments (as pairs) and fenced blocks, with their line numbers."""
    lines = text.split("\n")
    position = 0
    while position < len(lines):
        number, line = position + 1, lines[position].rstrip("\r")
        position += 1
        if (fence := _FENCE.match(line)) and "`" not in fence["info"]:
            end = _end_of_fence(lines, position, fence["fence"])
            if end is None:
                raise DocumentError(number, "this block is never closed")
            inside = tuple(_unindent(each, fence["indent"]) for each in lines[position:end])
            yield number, _Block(number + 1, fence["info"], inside)
            position = end + 1
        elif heading := _HEADING.match(line):
            yield number, heading["title"]
        elif comment := _COMMENT.match(line):
            yield number, (comment["key"], comment["value"])
        elif "<!--" in line and "-->" not in line.rpartition("<!--")[2]:
            while position < len(lines) and "-->" not in lines[position]:
                position += 1  # what is commented out is not there


def _end_of_fence(lines: list[str], start: int, fence: str) -> int | None:
    closing = re.compile(rf"^[ \t]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*\r?$")
    return next((at for at in range(start, len(lines)) if closing.match(lines[at])), None)


def _unindent(line: str, indent: str) -> str:
    line = line.rstrip("\r")
    shared = len(line) - len(line.lstrip(" \t"))
    return line[min(shared, len(indent)) :]


def _step_id(line: int, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value):
        raise DocumentError(line, f"a step's id has letters, digits, `.`, `_` and `-`: {value!r}")
    return value


def _relative_path(line: int, value: str) -> str:
    path = PurePosixPath(value)
    if not value or path.is_absolute() or ".." in path.parts or Path(value).is_absolute():
        raise DocumentError(line, f"not a path within the working folder: {value!r}")
    return value


def _finish(drafts: list[_Draft]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for number, draft in enumerate(drafts, 1):
        slug = re.sub(r"[^a-z0-9]+", "-", draft.title.lower()).strip("-")[:40].rstrip("-")
        step_id = draft.id or f"{number:02}-{slug or 'step'}"
        if not draft.actions:
            raise DocumentError(draft.line, f"step {step_id} has no block")
        if any(step.id == step_id for step in steps):
            raise DocumentError(draft.line, f"a second step is called {step_id}")
        steps.append(
            Step(
                id=step_id,
                title=draft.title,
                line=draft.line,
                actions=tuple(draft.actions),
                skip_reason=draft.skip_reason,
                provenance=tuple(draft.provenance),
            )
        )
    return tuple(steps)
