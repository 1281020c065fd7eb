r"""A document read as steps: its console blocks, the files it shows, and what it claims.

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
environment came from the repository. `<!-- material: NAME -->` keeps the next block by name instead
of running it, and `<!-- claim: ID words -->` says what the next console block proves. The word
`stderr` after the language says that the block shows standard error as well. Without a comment
each console block is a step, named by the heading above it.

Indented code that begins with a prompt is a console block too; a document without any fence may
be plain text, see `plain`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from pytest_codeartifact.transcripts import markdown, plain
from pytest_codeartifact.transcripts.events import (
    PROMPT,
    Block,
    DocumentError,
    Event,
    Heading,
    Mark,
)

__all__ = [
    "EXIT_CODE",
    "NO_OUTPUT",
    "ClaimMark",
    "Command",
    "Document",
    "DocumentError",
    "ShownBlock",
    "ShownFile",
    "Step",
    "read_commands",
    "read_document",
    "read_events",
    "read_steps",
]

NO_OUTPUT = "(no output)"
EXIT_CODE = re.compile(r"^\[(?P<code>\d{1,3})\]$")
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_NAME_IN_WORDS = "letters, digits, `.`, `_` and `-`"


@dataclass(frozen=True, slots=True)
class Command:
    """A command and what the document says happens.

    `text` is what the shell gets. `expected` is None when the document shows no output.
    `exit_line` is where an exit code is stated, or 0. `claims` are the ids of what it proves.
    """

    line: int
    text: str
    expected: tuple[str, ...] | None = None
    expected_line: int = 0
    exit_code: int = 0
    with_stderr: bool = False
    exit_line: int = 0
    claims: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What is typed, word by word, however it is broken into lines."""
        return tuple(self.text.replace("\\\n", " ").split())


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file that the document shows and the reader writes; `path` is relative."""

    line: int
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A block that the document only shows, kept by its name; `line` is its first one's."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class ClaimMark:
    """A claim as the document states it: `says` is what the commands it stands before prove."""

    id: str
    line: int
    says: str


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
class Document:
    """What a document holds: `steps` and `claims` in its order, `materials` by name."""

    steps: tuple[Step, ...]
    materials: Mapping[str, ShownBlock]
    claims: tuple[ClaimMark, ...]


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
        self._drafts: list[_Draft] = []
        self._materials: dict[str, ShownBlock] = {}
        self._claims: dict[str, ClaimMark] = {}
        self._current: _Draft | None = None
        self._title = ""
        # Marks that wait for a block, with their lines: the claims for a console block.
        self._waiting: dict[str, tuple[int, str]] = {}
        self._claimed: dict[str, int] = {}

    def document(self) -> Document:
        """All that was collected; the document ends here."""
        self._end()
        return Document(_finish(self._drafts), self._materials, tuple(self._claims.values()))

    def heading(self, title: str) -> None:
        """A heading ends a named step, and names the next steps without a name."""
        self._end()
        self._title = title
        if self._current is not None and self._current.id is not None:
            self._current = None

    def mark(self, line: int, key: str, value: str) -> None:
        """Take in a comment that says something about what follows it."""
        match key:
            case "step":
                self._open(_Draft(self._title, line, id=_name(line, "a step's id", value)))
            case "provenance":
                if self._current is None or self._current.id is None:
                    raise DocumentError(line, "a provenance belongs into a step with a name")
                self._current.provenance.append(_relative_path(line, value))
            case "claim":
                self._claim(line, value)
            case "skip" if not value:
                raise DocumentError(line, "a skip says why")
            case "file":
                self._waiting[key] = line, _relative_path(line, value)
            case "material":
                name = _name(line, "a material's name", value)
                if name in self._materials:
                    raise DocumentError(line, f"a second material is called {name}")
                self._waiting[key] = line, name
            case _:
                self._waiting[key] = line, value

    def block(self, block: Block) -> None:
        """Take in the commands or the file of a block; other blocks are the reader's to look at."""
        marks = {key: value for key, (_, value) in self._waiting.items()}
        self._waiting.clear()
        actions: list[Command | ShownFile]
        if "material" in marks:
            self._materials[marks["material"]] = ShownBlock(block.line, block.text)
        if "file" in marks:
            actions = [ShownFile(block.line, marks["file"], block.text)]
        elif block.is_console and "material" not in marks:
            actions = list(self._commands(block))
        else:
            return
        draft = self._draft_for(block.line, marks.get("skip"))
        draft.actions += actions
        # A step without a name is one block, and the files shown before it.
        if draft is self._current and draft.id is None and "file" not in marks:
            self._current = None

    def _commands(self, block: Block) -> Iterator[Command]:
        claims = tuple(self._claimed)
        self._claimed.clear()
        for command in read_commands(block.lines, block.line, with_stderr=block.with_stderr):
            yield replace(command, claims=claims)

    def _claim(self, line: int, value: str) -> None:
        stated, _, words = value.partition(" ")
        claim_id, says = _name(line, "a claim's id", stated), words.strip()
        known = self._claims.get(claim_id)
        if known is None:
            if not says:
                raise DocumentError(line, f"nobody said yet what claim {claim_id} is")
            self._claims[claim_id] = ClaimMark(claim_id, line, says)
        elif says not in {"", known.says}:
            raise DocumentError(line, f"claim {claim_id} says something else in line {known.line}")
        self._claimed[claim_id] = line

    def _end(self) -> None:
        """A section is over; a mark that nothing followed is a slip of its author."""
        lines = [line for line, _ in self._waiting.values()]
        if lines:
            raise DocumentError(min(lines), "no block follows this comment")
        if self._claimed:
            line = min(self._claimed.values())
            raise DocumentError(line, "no block of commands follows this comment")

    def _draft_for(self, line: int, skip_reason: str | None) -> _Draft:
        current = self._current
        if skip_reason is not None:
            if current is None or current.id is None or current.actions:
                current = _Draft(self._title, line)
                self._drafts.append(current)
            else:
                self._current = None
            current.skip_reason = skip_reason
            return current
        return current or self._open(_Draft(self._title, line))

    def _open(self, draft: _Draft) -> _Draft:
        self._current = draft
        self._drafts.append(draft)
        return draft


def read_document(text: str) -> Document:
    """A text as steps, materials and claims; raises DocumentError."""
    reader = _Reader()
    for line, event in read_events(text):
        match event:
            case Heading(title):
                reader.heading(title)
            case Mark(key, value):
                reader.mark(line, key, value)
            case Block():
                reader.block(event)
    return reader.document()


def read_steps(text: str) -> tuple[Step, ...]:
    """All steps of a text, in order; raises DocumentError."""
    return read_document(text).steps


def read_events(text: str) -> Iterator[tuple[int, Event]]:
    """What a text holds, in the form that it has; raises DocumentError."""
    return plain.events(text) if plain.is_plain(text) else markdown.events(text)


def read_commands(lines: tuple[str, ...], line: int, *, with_stderr: bool) -> Iterator[Command]:
    """The commands of one console block whose first line is number `line`."""
    position = 0
    while position < len(lines):
        if not lines[position].strip():
            position += 1
            continue
        if not lines[position].startswith(PROMPT):
            raise DocumentError(line + position, "output before any `$ command`")
        first = position
        typed = [lines[position].removeprefix(PROMPT)]
        position += 1
        while position < len(lines) and (
            _is_continued(typed[-1]) or lines[position] == ">" or lines[position].startswith("> ")
        ):
            typed.append(re.sub(r"^>(?: |$)", "", lines[position]))
            position += 1
        if _is_continued(typed[-1]):
            raise DocumentError(line + position - 1, "the command goes on after the block's end")
        after = position
        while position < len(lines) and not lines[position].startswith(PROMPT):
            position += 1
        shown, stated = _without_exit_code(lines[after:position])
        yield Command(
            line=line + first,
            text="\n".join(typed),
            expected=() if shown == (NO_OUTPUT,) else shown or None,
            expected_line=line + after,
            exit_code=stated[1] if stated else 0,
            with_stderr=with_stderr,
            exit_line=line + after + stated[0] if stated else 0,
        )


def _without_exit_code(shown: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[int, int] | None]:
    """Output, and the place and value of a stated exit code.

    Blank lines at the end only set commands apart.
    """
    shown = _without_blank_end(shown)
    if shown and (found := EXIT_CODE.match(shown[-1])):
        return _without_blank_end(shown[:-1]), (len(shown) - 1, int(found["code"]))
    return shown, None


def _without_blank_end(shown: tuple[str, ...]) -> tuple[str, ...]:
    end = len(shown)
    while end and not shown[end - 1].strip():
        end -= 1
    return shown[:end]


def _is_continued(typed: str) -> bool:
    return (len(typed) - len(typed.rstrip("\\"))) % 2 == 1


def _name(line: int, what: str, value: str) -> str:
    if not re.fullmatch(_NAME, value):
        raise DocumentError(line, f"{what} has {_NAME_IN_WORDS}: {value!r}")
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
