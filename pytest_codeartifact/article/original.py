"""The article's own text, or what is known of it: its commands, its errors, what it leaves out.

The article is no part of this project. Its table keeps what it shows, by line: commands, outputs,
a policy, a buildspec. Where a copy of it is followed, its own lines stand in for the table's.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pytest_codeartifact.article.materials import Material, Materials
from pytest_codeartifact.article.reading import Edition, KnownSentence, recognise
from pytest_codeartifact.findings import Edit
from pytest_codeartifact.transcripts.blocks import Command, read_commands

NAME = "article.md"
"""What the article's file is called where nobody gave one."""
_TABLE_PATH = Path(__file__).with_name("edition.toml")
_CONTEXT_LINES = 3
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of commands of the article; `step` names it in reports."""

    line: int
    step: str
    text: str
    provenance: bool = False

    def commands(self) -> Sequence[Command]:
        """Its commands, with the article's line numbers."""
        lines = tuple(self.text.split("\n")[:-1])
        return tuple(read_commands(lines, self.line, with_stderr=False))


@dataclass(frozen=True, slots=True)
class Supply:
    """A file that readers have to make before the block at `line`."""

    line: int
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class TableEdit:
    """An edit as the table states it, by the article's lines: `removed` is how many go."""

    first: int
    removed: int = 0
    inserted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """How an erratum shows in a run, see edition.toml."""

    id: str
    line: int
    kind: str
    found: str
    claims: tuple[str, ...]
    says: str
    edits: tuple[TableEdit, ...]
    files: tuple[str, ...] = ()
    before: int = 0


@dataclass(frozen=True, slots=True)
class Original:
    """The table, read; all line numbers are the article's."""

    sentences: tuple[KnownSentence, ...]
    blocks: tuple[Block, ...]
    materials: Materials
    readings: Mapping[str, str]
    supplies: tuple[Supply, ...]
    rules: tuple[Rule, ...]

    def known_lines(self) -> dict[int, str]:
        """The lines whose text is known: those of blocks and materials, and blank ones."""
        said = {sentence.line for sentence in self.sentences}
        known = {number: "" for number in range(1, max(said)) if number not in said}
        shown = [(block.line, block.text) for block in self.blocks]
        shown += [(each.line, each.text) for each in self.materials.blocks.values()]
        for first, text in shown:
            known |= dict(enumerate(text.split("\n")[:-1], first))
        return known

    def claims_by_line(self) -> Mapping[int, tuple[str, ...]]:
        """The claims that each line makes."""
        found: dict[int, dict[str, None]] = {}
        for sentence in self.sentences:
            found.setdefault(sentence.line, {}).update(dict.fromkeys(sentence.claims))
        return {line: tuple(ids) for line, ids in found.items()}


@dataclass(frozen=True, slots=True)
class Copy:
    """Where the article's lines are: in the table, or in a file somebody has.

    `name` is the file's; `lines` are those whose text is known, by their numbers in it.
    """

    name: str
    lines: Mapping[int, str]
    edition: Edition | None = None

    def place(self, line: int) -> int:
        """The line of this copy that stands where the article's `line` stood.

        Blank lines are no sentences: they are found by the one above them.
        """
        if self.edition is None or not self.edition.lines:
            return line
        above = max((each for each in self.edition.lines if each <= line), default=None)
        if above is None:
            return line
        return self.edition.lines[above] + line - above

    def edit(self, edit: TableEdit) -> Edit:
        """An edit of the table, by the lines of this copy."""
        return self.replacing(self.place(edit.first), edit.removed, edit.inserted)

    def replacing(self, first: int, count: int, inserted: Sequence[str]) -> Edit:
        """An edit of this copy's own lines, with those around them."""
        end = first + count
        return Edit(
            first=first,
            removed=tuple(self.lines.get(number, "") for number in range(first, end)),
            inserted=tuple(inserted),
            before=tuple(self._before(first)),
            after=tuple(self._from(end)),
        )

    def _before(self, line: int) -> list[str]:
        found: list[str] = []
        while line > 1 and len(found) < _CONTEXT_LINES and line - 1 in self.lines:
            line -= 1
            found.insert(0, self.lines[line])
        return found

    def _from(self, line: int) -> Iterator[str]:
        for number in range(line, line + _CONTEXT_LINES):
            if number not in self.lines:
                return
            yield self.lines[number]


@cache
def original() -> Original:
    """The table of the article."""
    read = tomllib.loads(_TABLE_PATH.read_text(encoding="utf-8"))
    return Original(
        sentences=tuple(_with_tuples(KnownSentence, row, "claims") for row in read["sentences"]),
        blocks=tuple(Block(**row) for row in read["blocks"]),
        materials=Materials(
            {row["name"]: Material(row["text"], row["line"]) for row in read["materials"]}
        ),
        readings={row["shows"]: row["means"] for row in read["readings"]},
        supplies=tuple(Supply(**row) for row in read["supplies"]),
        rules=tuple(_rule(row) for row in read["errata"]),
    )


def copy_in_table() -> Copy:
    """What the table knows of the article's lines."""
    return Copy(NAME, original().known_lines())


def copy_in_file(name: str, text: str) -> Copy | None:
    """The file as a copy of the article; None when it is another text."""
    edition = recognise(text, original().sentences)
    if edition is None:
        return None
    return Copy(name, dict(enumerate(text.splitlines(), 1)), edition)


def _rule(row: Mapping[str, Any]) -> Rule:
    edits = tuple(_with_tuples(TableEdit, each, "inserted") for each in row["edits"])
    return _with_tuples(Rule, {**row, "edits": edits}, "claims", "files")


def _with_tuples(kind: Callable[..., _T], row: Mapping[str, Any], *names: str) -> _T:
    return kind(**{**row, **{name: tuple(row[name]) for name in names if name in row}})
