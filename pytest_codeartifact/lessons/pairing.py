"""Notebooks and their text form: the text is written by people, the notebook is made of it.

The text form is a Markdown file that jupytext reads (format `md:myst`). Which of the two is right
is never a question of file times: the text is, and both are compared by what they say.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.lessons import EXTRA

if TYPE_CHECKING:
    from nbformat import NotebookNode

_FRONT_MATTER = re.compile(r"\A---\r?\n(?P<inside>.*?)\r?\n---\r?\n", re.DOTALL)
_OURS = re.compile(r"^jupytext:", re.MULTILINE)
_NOTEBOOK_FORMAT = 4
_KEPT_METADATA = ("jupytext", "kernelspec")


class PairError(CodeArtifactError):
    """A notebook cannot be read, or says something else than its text form."""


def is_text_form(path: Path) -> bool:
    """Whether a Markdown file is the text form of a notebook."""
    try:
        with path.open(encoding="utf-8") as file:
            if file.readline().rstrip() != "---":
                return False
            found = _FRONT_MATTER.match("---\n" + file.read())
    except (OSError, UnicodeDecodeError):
        return False
    return found is not None and _OURS.search(found["inside"]) is not None


def text_form_of(notebook_path: Path) -> Path | None:
    """The text form beside a notebook, or None."""
    beside = notebook_path.with_suffix(".md")
    return beside if is_text_form(beside) else None


def read(path: Path) -> "NotebookNode":
    """A notebook from either form; raises PairError for what is none."""
    try:
        import jupytext  # noqa: PLC0415 -- comes with an extra
        import nbformat  # noqa: PLC0415 -- likewise
    except ImportError as error:
        missing = f"{error.name} is not installed here"
        raise PairError(missing, hint=f"get it with: {EXTRA}") from None
    reading: Callable[..., NotebookNode] = nbformat.read
    if path.suffix != ".ipynb":
        reading = jupytext.read
    try:
        return reading(path, as_version=_NOTEBOOK_FORMAT)
    except Exception as error:
        # Both libraries raise whatever their own libraries do.
        raise PairError(f"{path.name} cannot be read as a notebook: {error}") from error


def made(text_path: Path) -> str:
    """The notebook file that a text form makes: the same text each time, without outputs."""
    import nbformat  # noqa: PLC0415 -- comes with an extra

    notebook = read(text_path)
    for number, cell in enumerate(notebook.cells, 1):
        # Jupytext invents a new id each time.
        cell["id"] = f"cell-{number:02}"
    notebook["metadata"] = {
        key: notebook["metadata"][key] for key in _KEPT_METADATA if key in notebook["metadata"]
    }
    notebook["nbformat_minor"] = 5
    writing: Callable[..., str] = nbformat.writes
    return writing(notebook, indent=1, ensure_ascii=False).rstrip("\n") + "\n"


def demand_same(notebook_path: Path, text_path: Path) -> None:
    """Raise PairError when a notebook does not say what its text form says."""
    theirs, ours = (_cells(read(path)) for path in (notebook_path, text_path))
    if theirs == ours:
        return
    at = next(
        (at for at, pair in enumerate(zip(theirs, ours, strict=False), 1) if pair[0] != pair[1]),
        min(len(theirs), len(ours)) + 1,
    )
    raise PairError(
        f"{notebook_path.name} says something else than {text_path.name}, from cell {at} on",
        hint=f"make it again: jupytext --to ipynb {text_path.name}; or carry the change over",
    )


def _cells(notebook: "NotebookNode") -> list[Mapping[str, Any]]:
    return [
        {
            "type": cell["cell_type"],
            "source": cell["source"].rstrip(),
            "tags": sorted(cell["metadata"].get("tags", ())),
        }
        for cell in notebook.cells
    ]
