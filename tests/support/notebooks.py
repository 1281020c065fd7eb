"""Notebooks made for a test, and kernels that run their cells."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat

from pytest_codeartifact.lessons import lesson, running
from pytest_codeartifact.lessons.cells import Cell
from pytest_codeartifact.lessons.lesson import PlacedCell

FRONT_MATTER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""
_CELL: dict[str, Any] = {
    "cell_type": "code",
    "execution_count": None,
    "metadata": {},
    "outputs": [],
}
LOAD = "%load_ext pytest_codeartifact.lessons"

_node: Callable[[dict[str, Any]], nbformat.NotebookNode] = nbformat.from_dict


def code(*cells: str) -> str:
    """Code cells as a text form has them."""
    return "".join(f"\n```{{code-cell}} ipython3\n{cell}\n```\n" for cell in cells)


def text_form(*cells: str, title: str = "A lesson") -> str:
    """A whole text form with these code cells."""
    return f"{FRONT_MATTER}\n# {title}\n{code(*cells)}"


class OpenKernel:
    """A kernel that runs whatever it is told."""

    def __init__(self, kernel: running.Kernel, notebook: nbformat.NotebookNode) -> None:
        self._kernel = kernel
        self._notebook = notebook

    def run(self, source: str) -> running.Outcome:
        """Run a cell that is appended to the notebook."""
        self._notebook.cells.append(_node(_CELL | {"source": source}))
        index = len(self._notebook.cells) - 1
        return self._kernel.run(PlacedCell(Cell(index + 1, source, ""), index, 0))


@contextmanager
def open_kernel(folder: Path, *cells: str) -> Iterator[OpenKernel]:
    """A kernel in a folder, after these cells went without an error."""
    notebook = _node({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
    found = lesson.Lesson(folder / "x.ipynb", folder / "x.ipynb", notebook, ())
    with running.kernel_of(found) as kernel:
        opened = OpenKernel(kernel, notebook)
        for cell in cells:
            outcome = opened.run(cell)
            assert outcome.error is None, outcome.text()
        yield opened


def codes(found: Sequence[running.Outcome]) -> list[str | None]:
    """The names of the errors that cells ended with."""
    return [each.error["ename"] if each.error else None for each in found]
