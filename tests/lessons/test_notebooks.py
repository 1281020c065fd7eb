"""The lessons of this project: what they say is true, twice, and from the middle."""

import json
import re
import runpy
from pathlib import Path

import pytest

from pytest_codeartifact.lessons import checks, happenings, lesson, pages, pairing, running, views
from pytest_codeartifact.lessons.cells import Kind
from pytest_codeartifact.lessons.lesson import Lesson, PlacedCell

PROJECT_PATH = Path(__file__).parents[2]
NOTEBOOKS_PATH = PROJECT_PATH / "notebooks"
MAKE_PATH = PROJECT_PATH / "scripts" / "make_notebooks.py"
MADE: dict[Path, str] = runpy.run_path(str(MAKE_PATH))["notebooks"]()
LESSONS = sorted(NOTEBOOKS_PATH.glob("[0-9][0-9]-*.md"))


def lesson_number(path: Path) -> int:
    """The number that a lesson's file begins with."""
    return int(path.name.partition("-")[0])


def named(path: Path) -> str:
    return path.stem


def words(cell: PlacedCell) -> list[str]:
    """The words of a cell's first line."""
    return cell.cell.body.partition("\n")[0].split()


def test_there_are_nine_lessons() -> None:
    """The course is complete, and its README names every lesson."""
    assert [lesson_number(path) for path in LESSONS] == list(range(1, 10))
    readme = (NOTEBOOKS_PATH / "README.md").read_text(encoding="utf-8")
    assert all(f"({path.name})" in readme for path in LESSONS)


@pytest.mark.parametrize("path", MADE, ids=named)
def test_notebook_is_what_its_text_form_makes(path: Path) -> None:
    """Making the notebooks again gives them as they stand; if not, run make_notebooks.py."""
    assert path.read_text(encoding="utf-8") == MADE[path]


@pytest.mark.parametrize("path", LESSONS, ids=named)
def test_lesson_needs_nothing_but_the_plain_kernel(path: Path) -> None:
    """No shell magic, no other kernel, no output that somebody left."""
    notebook = json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert [cell["outputs"] for cell in code] == [[]] * len(code)
    sources = ["".join(cell["source"]) for cell in code]
    assert not any(re.search(r"^(!|%%(bash|sh|script)\b)", each, re.MULTILINE) for each in sources)


@pytest.mark.parametrize("path", LESSONS, ids=named)
def test_lesson_begins_by_itself_and_has_a_check_for_its_steps(path: Path) -> None:
    """The first cell begins the lesson of the file's number, and no step stands there twice."""
    found = lesson.read(path)
    number = lesson_number(path)
    first = found.cells[0].cell.body
    assert first == f"%load_ext pytest_codeartifact.lessons\n%lesson {number}"
    steps = [each.cell.body for each in found.cells if each.cell.kind is Kind.STEP]
    assert len(set(steps)) == len(steps)
    assert all(each.line for each in found.cells)
    kinds = [each.cell.kind for each in found.cells]
    assert kinds.count(Kind.CHECK) > 1


def test_every_check_view_and_happening_is_used() -> None:
    """What no lesson needs is not there, and what it needs is."""
    used = [words(each) for path in LESSONS for each in lesson.read(path).cells]
    assert {each[1] for each in used if each[0] == "%check"} == set(checks.names())
    shown = {each[1] for each in used if each[0] == "%show"}
    assert shown == set(views.names())
    assert {each[1] for each in used if each[0] == "%happen"} == set(happenings.names())


def run(kernel: running.Kernel, cell: PlacedCell) -> running.Outcome:
    outcome = kernel.run(cell)
    assert outcome.error is None, f"{cell.cell.body}\n{outcome.text()}"
    return outcome


def end(kernel: running.Kernel, found: Lesson) -> str:
    """What there is at the end of a lesson, in words."""
    node = found.notebook.cells[found.cells[-1].index]
    before, node["source"] = node["source"], "%show domain"
    outcome = kernel.try_out(found.cells[-1])
    node["source"] = before
    return outcome.text()


@pytest.mark.parametrize("path", LESSONS, ids=named)
def test_lesson_is_true_and_true_again_from_its_middle(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each cell goes as shown, and each check fails before its step with a command to try.

    Then the lesson is begun again in the same kernel, and entered at its last step: the ones before
    it are caught up with, every check holds, and the end is the same.
    """
    monkeypatch.delenv("PYTEST_CODEARTIFACT_PUBLIC_PYPI", raising=False)
    found = lesson.read(path)
    with running.kernel_of(found) as kernel:
        for turn in found.turns():
            if turn.is_before:
                told = kernel.try_out(turn.cell).told("not-yet")
                assert told is not None, f"{turn.cell.cell.body} holds before its step"
                assert told["missing"]
                assert told["command"].split()[0] in PROGRAMS
            else:
                run(kernel, turn.cell)
        first_end = end(kernel, found)
        # What is true now need not be executed once more for the documentation.
        pages.write(found, PROJECT_PATH / "docs" / "lessons")

        run(kernel, found.cells[0])
        steps = [each for each in found.cells if each.cell.kind is Kind.STEP]
        last = run(kernel, steps[-1])
        assert "First the steps before this one" in last.text()
        tail = found.cells[found.cells.index(steps[-1]) + 1 :]
        for each in tail:
            run(kernel, each)
        assert end(kernel, found) == first_end


PROGRAMS = {
    *("aws", "pip", "pip-compile", "pytest-codeartifact", "python3", "rm", "twine"),
    *("virtualenv", "tour/bin/pip", "%happen"),
}


def test_text_form_and_notebook_are_a_pair() -> None:
    """Every text form has its notebook, and no notebook is without one."""
    notebooks = sorted(NOTEBOOKS_PATH.glob("*.ipynb"))
    assert notebooks == sorted(MADE)
    assert all(pairing.text_form_of(path) for path in notebooks)
