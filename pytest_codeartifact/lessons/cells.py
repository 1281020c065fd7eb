"""The cells of a lesson, as its notebook has them: what each does, and under which heading."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

_HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*#*$", re.MULTILINE)


class Kind(StrEnum):
    """What a code cell is there for."""

    STEP = "step"
    """It changes something: commands, a file, a happening."""
    CHECK = "check"
    SETTING = "setting"
    """It begins the lesson."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell: `number` counts code cells from 1, `title` is the heading above it."""

    number: int
    source: str
    title: str
    tags: frozenset[str] = frozenset()

    @property
    def kind(self) -> Kind:
        first = self.source.lstrip().partition("\n")[0]
        word = first.split()[0] if first.split() else ""
        if word in {"%%console", "%%write", "%happen"}:
            return Kind.STEP
        if word == "%check":
            return Kind.CHECK
        if word in {"%load_ext", "%lesson", "%codeartifact"}:
            return Kind.SETTING
        return Kind.OTHER

    @property
    def body(self) -> str:
        """Without blanks at the end, which editors add and drop."""
        return self.source.rstrip()


def code_cells(notebook: dict[str, Any]) -> Iterator[Cell]:
    """The code cells of a notebook in the format of nbformat 4."""
    title, number = "", 0
    for each in notebook["cells"]:
        source = "".join(each["source"])
        if each["cell_type"] == "markdown":
            for found in _HEADING.finditer(source):
                title = found["title"]
        elif each["cell_type"] == "code":
            number += 1
            tags = frozenset(each.get("metadata", {}).get("tags", ()))
            yield Cell(number, source, title, tags)


def cells_of_lesson(number: int, folder: Path) -> Sequence[Cell]:
    """The cells of a lesson whose notebook lies in a folder; none where it does not."""
    for path in sorted(folder.glob(f"{number:02}-*.ipynb")):
        try:
            return tuple(code_cells(json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, LookupError, TypeError, OSError):
            continue
    return ()


def before(cells: Iterable[Cell], source: str) -> Iterator[Cell]:
    """The steps that stand before the cell with this source; none where there is no such cell."""
    steps: list[Cell] = []
    for each in cells:
        if each.body == source.rstrip():
            yield from steps
            return
        if each.kind is Kind.STEP:
            steps.append(each)
