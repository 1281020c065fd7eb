"""A notebook to be run: its cells, where they stand in its text form, and in which order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_codeartifact.lessons import pairing
from pytest_codeartifact.lessons.cells import Cell, Kind, code_cells

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True, slots=True)
class PlacedCell:
    """A code cell: its place in the notebook, and its first line in the text form or 0."""

    cell: Cell
    index: int
    line: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A cell's turn: `is_before` is the check before its step, which must fail."""

    cell: PlacedCell
    is_before: bool = False


@dataclass(frozen=True, slots=True)
class Lesson:
    """A notebook with its code cells; `text_path` is where people read and write it."""

    path: Path
    text_path: Path
    notebook: "NotebookNode"
    cells: tuple[PlacedCell, ...]

    def turns(self) -> Iterator[Turn]:
        """All cells in order, and each check also before the steps that it looks at."""
        waiting: list[PlacedCell] = []
        for at, each in enumerate(self.cells):
            is_step = each.cell.kind is Kind.STEP
            is_first = is_step and not any(one.cell.kind is Kind.STEP for one in waiting)
            if is_first:
                yield from (Turn(check, is_before=True) for check in self._checks_after(at))
            waiting = [] if each.cell.kind is Kind.CHECK else [*waiting, each]
            yield Turn(each)

    def _checks_after(self, at: int) -> Iterator[PlacedCell]:
        """The checks of the steps that begin at a place: up to the first step behind a check."""
        found = False
        for each in self.cells[at:]:
            if each.cell.kind is Kind.CHECK:
                found = True
                yield each
            elif found and each.cell.kind is Kind.STEP:
                return


def read(path: Path) -> Lesson:
    """A lesson from either form; raises PairError when the forms disagree or cannot be read."""
    text_path = path
    if path.suffix == ".ipynb":
        beside = pairing.text_form_of(path)
        if beside is not None:
            pairing.demand_same(path, beside)
            text_path = beside
    notebook = pairing.read(path)
    # A notebook without a text form has no lines that anybody could look up.
    is_text = text_path.suffix != ".ipynb"
    lines = text_path.read_text(encoding="utf-8").splitlines() if is_text else []
    return Lesson(path, text_path, notebook, tuple(_placed(notebook, lines)))


def _placed(notebook: "NotebookNode", lines: Sequence[str]) -> Iterator[PlacedCell]:
    indices = [at for at, cell in enumerate(notebook.cells) if cell["cell_type"] == "code"]
    after = 0
    for cell, index in zip(code_cells(notebook), indices, strict=True):
        wanted = cell.body.split("\n")
        found = next(
            (
                at
                for at in range(after, len(lines) - len(wanted) + 1)
                if [line.rstrip() for line in lines[at : at + len(wanted)]]
                == [line.rstrip() for line in wanted]
            ),
            None,
        )
        if found is not None:
            after = found + len(wanted)
        yield PlacedCell(cell, index, 0 if found is None else found + 1)
