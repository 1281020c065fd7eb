import json
from pathlib import Path

import pytest

from pytest_codeartifact.lessons.cells import (
    Cell,
    Kind,
    before,
    cells_of_lesson,
    code_cells,
)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("%%console\n$ true", Kind.STEP),
        ("%%console stderr\n$ true", Kind.STEP),
        ("%%write a.txt\nx", Kind.STEP),
        ("%happen outage", Kind.STEP),
        ("%check domain", Kind.CHECK),
        ("%load_ext pytest_codeartifact.lessons\n%lesson 2", Kind.SETTING),
        ("%show domain", Kind.OTHER),
        ("1 + 1", Kind.OTHER),
        ("", Kind.OTHER),
        ("%%consoles\n$ true", Kind.OTHER),
    ],
)
def test_first_word_tells_what_a_cell_is_for(source: str, kind: Kind) -> None:
    """What a cell does can be read from its first word."""
    assert Cell(1, source, "").kind is kind


def test_cells_are_numbered_and_have_the_heading_above() -> None:
    """Text cells do not count, and the last heading of any level names the cells after it."""
    notebook = {
        "cells": [
            {"cell_type": "code", "source": "0", "metadata": {}},
            {"cell_type": "markdown", "source": ["# Title\n", "\n", "## Step one\n"]},
            {"cell_type": "code", "source": ["1\n", "2"], "metadata": {"tags": ["x"]}},
        ]
    }
    assert list(code_cells(notebook)) == [
        Cell(1, "0", ""),
        Cell(2, "1\n2", "Step one", frozenset({"x"})),
    ]


def test_steps_before_a_cell_are_those_that_change_something() -> None:
    """Checks, views and settings are not repeated to catch up."""
    sources = ["%load_ext x", "%%console\n$ a", "%check domain", "%happen outage", "%%console\n$ b"]
    cells = [Cell(at, source, "") for at, source in enumerate(sources)]
    found = [each.source for each in before(cells, "%%console\n$ b\n")]
    assert found == ["%%console\n$ a", "%happen outage"]


def test_cell_that_is_not_in_the_lesson_has_nothing_before_it() -> None:
    """Who types a cell of their own runs it and nothing else."""
    assert list(before([Cell(1, "%happen outage", "")], "%happen recovery")) == []


def test_cells_of_a_lesson_are_found_by_its_number(tmp_path: Path) -> None:
    """The notebook in the folder is read; without one, or with a broken one, there are none."""
    assert cells_of_lesson(2, tmp_path) == ()
    (tmp_path / "02-broken.ipynb").write_text("{")
    assert cells_of_lesson(2, tmp_path) == ()
    cell = {"cell_type": "code", "source": "%happen outage", "metadata": {}}
    (tmp_path / "02-good.ipynb").write_text(json.dumps({"cells": [cell]}))
    assert [each.source for each in cells_of_lesson(2, tmp_path)] == ["%happen outage"]
    assert cells_of_lesson(3, tmp_path) == ()
