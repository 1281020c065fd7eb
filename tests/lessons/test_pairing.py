import json
import os
from pathlib import Path

import pytest

from pytest_codeartifact.lessons import pairing
from pytest_codeartifact.lessons.pairing import PairError
from tests.support.notebooks import text_form


@pytest.fixture
def text_path(tmp_path: Path) -> Path:
    path = tmp_path / "lesson.md"
    path.write_text(text_form("%check domain", "1 + 1"), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (text_form("1"), True),
        (text_form("1").replace("\n", "\r\n"), True),
        ("# An article\n", False),
        ("---\ntitle: no notebook\n---\n# Page\n", False),
        ("---\njupytext:\n  never closed\n", False),
        ("", False),
    ],
)
def test_text_form_is_told_by_its_front_matter(tmp_path: Path, text: str, is_one: bool) -> None:  # noqa: FBT001 -- a case
    """A Markdown file is a notebook where its front matter speaks of jupytext."""
    path = tmp_path / "page.md"
    path.write_bytes(text.encode())
    assert pairing.is_text_form(path) is is_one


def test_notebook_is_made_the_same_each_time(text_path: Path) -> None:
    """Making a notebook twice gives the same bytes, with ids, and without outputs."""
    first, second = pairing.made(text_path), pairing.made(text_path)
    assert first == second
    notebook = json.loads(first)
    assert [each["id"] for each in notebook["cells"]] == ["cell-01", "cell-02", "cell-03"]
    assert [each.get("outputs", []) for each in notebook["cells"]] == [[], [], []]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_pair_agrees_by_content_and_not_by_time(text_path: Path) -> None:
    """An older or newer file is no difference; a changed word is, and says where."""
    notebook_path = text_path.with_suffix(".ipynb")
    notebook_path.write_text(pairing.made(text_path), encoding="utf-8")
    for moment in (1_000_000_000, 2_000_000_000):
        os.utime(notebook_path, (moment, moment))
        pairing.demand_same(notebook_path, text_path)
    text = notebook_path.read_text(encoding="utf-8")
    notebook_path.write_text(text.replace("1 + 1", "1 + 2"), encoding="utf-8")
    with pytest.raises(PairError, match=r"lesson\.ipynb says something else .* from cell 3 on"):
        pairing.demand_same(notebook_path, text_path)


def test_cell_that_is_missing_is_a_difference(text_path: Path) -> None:
    """One that has all cells of the other and one more is not the same."""
    notebook_path = text_path.with_suffix(".ipynb")
    notebook_path.write_text(pairing.made(text_path), encoding="utf-8")
    text_path.write_text(text_form("%check domain", "1 + 1", "2"), encoding="utf-8")
    with pytest.raises(PairError, match="from cell 4 on"):
        pairing.demand_same(notebook_path, text_path)


def test_outputs_are_no_difference(text_path: Path) -> None:
    """A notebook that somebody ran says the same as its text."""
    notebook_path = text_path.with_suffix(".ipynb")
    notebook = json.loads(pairing.made(text_path))
    notebook["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "2"}]
    notebook_path.write_text(json.dumps(notebook), encoding="utf-8")
    pairing.demand_same(notebook_path, text_path)


def test_text_form_beside_a_notebook_is_found(text_path: Path) -> None:
    """A Markdown file of the same name counts when it is a text form."""
    notebook_path = text_path.with_suffix(".ipynb")
    assert pairing.text_form_of(notebook_path) == text_path
    text_path.write_text("# Something else\n", encoding="utf-8")
    assert pairing.text_form_of(notebook_path) is None


@pytest.mark.parametrize(("name", "text"), [("a.ipynb", "{"), ("b.ipynb", "[]")])
def test_file_that_is_no_notebook_is_named(tmp_path: Path, name: str, text: str) -> None:
    """What cannot be read is a problem with the file's name, whatever the library raised."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PairError, match=f"{name} cannot be read as a notebook"):
        pairing.read(path)
