"""What to say when a notebook's cell went wrong: where in the text form, and what to try."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_codeartifact.lessons.lesson import PlacedCell
from pytest_codeartifact.lessons.running import KernelProblem, Outcome

_GUTTER = re.compile(r"^(?P<blanks> *)(?P<number>\d+) \| ")
_MOST_LINES = 20
_TRACEBACK_LINE = re.compile(r"Cell In\[\d+\], line (?P<number>\d+)")


class CellFailed(AssertionError):
    """A cell of a notebook did not go as it should; the text is for the author."""

    def __init__(self, document: str, name: str, line: int, details: tuple[str, ...]) -> None:
        super().__init__(document, name, line, details)
        self.document = document
        self.name = name
        self.line = line
        self.details = details

    def __str__(self) -> str:
        where = f"{self.document}:{self.line}" if self.line else self.document
        return "\n".join([f"{where}: cell {self.name}", *self.details])


def failed(document: str, name: str, cell: PlacedCell, outcome: Outcome) -> CellFailed:
    """The failure of a cell that ended with an error."""
    console = outcome.told("failed")
    if console is not None:
        return _of_console(document, name, cell, console)
    missing = outcome.told("not-yet")
    if missing is not None:
        details = (
            f"the check says: not yet, {missing['missing']}",
            "means: the cells before it do not do what the check looks for",
            f"try: {missing['command']}",
        )
        return CellFailed(document, name, cell.line, details)
    error = outcome.error or {}
    shown = outcome.text().splitlines()
    left_out = len(shown) - _MOST_LINES
    head = [f"(without the first {left_out} lines)"] if left_out > 0 else []
    lines = (
        f"{error.get('ename')}: {str(error.get('evalue', '')).partition(chr(10))[0]}",
        *head,
        *shown[-_MOST_LINES:],
    )
    within = _TRACEBACK_LINE.search(outcome.text())
    line = cell.line + int(within["number"]) - 1 if within and cell.line else cell.line
    return CellFailed(document, name, line, lines)


def too_early(document: str, name: str, cell: PlacedCell, outcome: Outcome) -> CellFailed:
    """The failure of a check that passed before its step."""
    details = (
        f"the check passes before its step is done; it saw: {outcome.told('seen')}",
        "means: the check would not notice a step that was left out",
        "try: check what the step changes, or put the check behind the step that does",
    )
    return CellFailed(document, name, cell.line, details)


def not_a_hint(document: str, name: str, cell: PlacedCell, outcome: Outcome) -> CellFailed:
    """The failure of a check that fails before its step, but does not say what is missing."""
    error = outcome.error or {}
    details = (
        f"before its step the check fails with {error.get('ename')}: {error.get('evalue')}",
        "means: a learner who did not do the step is not told what is missing",
        "try: see how the check asks; it should raise NotYet with a command to try",
    )
    return CellFailed(document, name, cell.line, details)


def without_kernel(
    document: str, name: str, cell: PlacedCell, problem: KernelProblem
) -> CellFailed:
    """The failure of a cell whose kernel does not run, or does not answer any more."""
    details = (problem.what, f"try: {problem.hint}")
    return CellFailed(document, name, cell.line, details)


def _of_console(document: str, name: str, cell: PlacedCell, told: Mapping[str, Any]) -> CellFailed:
    """The failure of a console cell; its lines count within the cell."""
    offset = cell.line - 1 if cell.line else 0
    details = [_moved(row, offset, document) for row in told["details"]]
    details += [f"means: {told['means']}", f"try: {told['hint']}"]
    return CellFailed(document, name, told["line"] + offset, tuple(_lined_up(details)))


def _moved(row: str, offset: int, document: str) -> str:
    """A row of a difference with the line's number in the document."""
    if row == "--- this cell":
        return f"--- {document}"
    found = _GUTTER.match(row)
    if found is None:
        return row
    return f"{int(found['number']) + offset} | {row[found.end() :]}"


def _lined_up(rows: list[str]) -> Iterator[str]:
    """Rows whose gutters are of one width again, after their numbers grew."""
    width = max((len(found["number"]) for row in rows if (found := _GUTTER.match(row))), default=0)
    for row in rows:
        found = _GUTTER.match(row)
        if found is not None:
            yield f"{found['number']:>{width}} | {row[found.end() :]}"
        elif re.match(r"^ +\| ", row):
            yield f"{'':>{width}} | {row.partition('| ')[2]}"
        else:
            yield row
