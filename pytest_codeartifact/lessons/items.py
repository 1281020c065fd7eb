"""Notebooks as pytest sees them: a file of cells, run in one real kernel in their order."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact.lessons import failing, lesson, running
from pytest_codeartifact.lessons.cells import Kind
from pytest_codeartifact.lessons.failing import CellFailed
from pytest_codeartifact.lessons.lesson import Lesson, Turn
from pytest_codeartifact.lessons.pairing import PairError
from pytest_codeartifact.targets import settings_of
from pytest_codeartifact.transcripts.steps import document_name

_SKIPPED = "skip-execution"
_NOT_YET = "NotYet"
_SLUG_LETTERS = 40


class NotebookFile(pytest.File):
    """A notebook whose cells are executed; they share one kernel, begun at the first of them."""

    _lesson: Lesson | None = None
    _kernel: running.Kernel | None = None

    @property
    def lesson(self) -> Lesson:
        """The notebook; raises PairError at the first call."""
        if self._lesson is None:
            self._lesson = lesson.read(self.path)
        return self._lesson

    @property
    def document(self) -> str:
        """The text form as messages name it, or the notebook where there is none."""
        return document_name(self.lesson.text_path, self.config.rootpath)

    def collect(self) -> Iterator["CellItem"]:
        try:
            turns = list(self.lesson.turns())
        except PairError as error:
            raise self.CollectError(str(error)) from None
        self._turns = turns
        self._done: set[int] = set()
        self._failures: dict[int, CellFailed] = {}
        for place, turn in enumerate(turns):
            yield CellItem.from_parent(self, name=_name(turn), turn=turn, at=place)

    def reach(self, place: int) -> running.Outcome | None:
        """Run the cells up to a place that were not run yet, and give what this one printed.

        Raises CellFailed when this one fails, and CellNeeded when one before it did.
        """
        for at, turn in enumerate(self._turns[:place]):
            # Checks before their steps are asked for their own sake only.
            if not turn.is_before:
                self._once(at)
                failure = self._failures.get(at)
                if failure is not None:
                    raise CellNeeded(_name(turn), failure)
        outcome = self._once(place)
        if place in self._failures:
            raise self._failures[place]
        return outcome

    def _once(self, at: int) -> running.Outcome | None:
        """Run a turn that was not run yet; a failure is kept."""
        if at in self._done:
            return None
        self._done.add(at)
        turn = self._turns[at]
        try:
            return self._run(turn)
        except CellFailed as failure:
            self._failures[at] = failure
        except running.KernelProblem as problem:
            # No cell after this one can be run either.
            self._failures[at] = failing.without_kernel(
                self.document, _name(turn), turn.cell, problem
            )
        return None

    def is_selected(self, name: str) -> bool:
        """Whether a cell of this notebook is an item of this run."""
        return any(
            isinstance(item, CellItem) and item.parent is self and item.name == name
            for item in self.session.items
        )

    def _run(self, turn: Turn) -> running.Outcome:
        kernel, name = self._opened_kernel(), _name(turn)
        if turn.is_before:
            outcome = kernel.try_out(turn.cell)
            if outcome.error is None:
                raise failing.too_early(self.document, name, turn.cell, outcome)
            if outcome.error["ename"] != _NOT_YET:
                raise failing.not_a_hint(self.document, name, turn.cell, outcome)
            return outcome
        outcome = kernel.run(turn.cell)
        if outcome.error is not None and running.RAISES not in turn.cell.cell.tags:
            raise failing.failed(self.document, name, turn.cell, outcome)
        return outcome

    def _opened_kernel(self) -> running.Kernel:
        if self._kernel is None:
            stack = ExitStack()
            # Not by this file's own teardown: items of several files may be mixed.
            self.session.addfinalizer(stack.close)
            self._kernel = stack.enter_context(running.kernel_of(self.lesson))
            folder = settings_of(self.config).report.value
            if folder is not None:
                named = Path(document_name(self.path, self.config.rootpath))
                path = folder / "notebooks" / named.with_suffix(".ipynb")
                stack.callback(running.write, self.lesson, path)
        return self._kernel


class CellNeeded(Exception):
    """A cell cannot be run because one before it failed."""

    def __init__(self, name: str, failure: CellFailed) -> None:
        super().__init__(name, failure)
        self.name = name
        self.failure = failure

    def __str__(self) -> str:
        return f"needs cell {self.name}"


class CellItem(pytest.Item):
    """One cell of a notebook, or a check before its step; `place` is where it stands."""

    def __init__(self, *, parent: NotebookFile, turn: Turn, at: int, **arguments: Any) -> None:  # noqa: ANN401 -- pytest's
        super().__init__(parent=parent, **arguments)
        self.notebook = parent
        self.turn = turn
        self.place = at
        self.add_marker("article")
        # They build on each other, so one worker of pytest-xdist gets all of them.
        self.add_marker(pytest.mark.xdist_group(f"codeartifact-notebook-{parent.document}"))
        if _SKIPPED in turn.cell.cell.tags:
            self.add_marker(pytest.mark.skip(reason=f"the cell has the tag {_SKIPPED}"))

    def runtest(self) -> None:
        """Run this cell, and before it all the earlier ones that were not run yet."""
        if settings_of(self.config).is_on_account:
            pytest.skip("lessons are for the emulator, and say so themselves; use local for them")
        try:
            outcome = self.notebook.reach(self.place)
        except CellNeeded as needed:
            if self.notebook.is_selected(needed.name):
                pytest.skip(str(needed))
            raise
        if outcome is not None:
            self.add_report_section("call", "outputs", outcome.text())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 -- pytest's
        """What went wrong, for the author; a traceback for our own mistakes only."""
        error = excinfo.value
        if isinstance(error, CellNeeded):
            return f"{error}, which failed:\n{error.failure}"
        if isinstance(error, CellFailed):
            return str(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the cell begins in the text form."""
        line = max(self.turn.cell.line - 1, 0)
        return self.notebook.lesson.text_path, line, f"cell {self.name}"


def _name(turn: Turn) -> str:
    """What a cell is called: its number, and the heading above it or what is checked."""
    cell = turn.cell.cell
    text = cell.title
    if cell.kind in {Kind.CHECK, Kind.SETTING}:
        text = cell.body.partition("\n")[0].lstrip("%")
    slug = re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")[:_SLUG_LETTERS].rstrip("-")
    name = f"{cell.number:02}-{slug or 'cell'}"
    return f"{name}-before-step" if turn.is_before else name
