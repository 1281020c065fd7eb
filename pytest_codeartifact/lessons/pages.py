"""Pages of a documentation, made of lessons that were executed.

A page is kept until its lesson, or anything of this package, has changed; both are compared by what
they say, never by the time of a file.
"""

import hashlib
import os
import re
from pathlib import Path

from pytest_codeartifact.lessons import lesson, running
from pytest_codeartifact.lessons.lesson import Lesson

_LINK = re.compile(r"\]\((?P<page>\d\d-[a-z-]+)\.md\)")
LEXER = "lesson"
"""What a documentation has to know as the lexer of the cells."""


def make(notebooks: Path, pages: Path) -> None:
    """Make a page of each lesson in a folder by executing it, but for those that are made already.

    Raises CellError for a lesson that is not true, PairError and KernelProblem.
    """
    for text_path in sorted(notebooks.glob("[0-9][0-9]-*.md")):
        if not _is_made(text_path, pages):
            found = lesson.read(text_path)
            running.execute(found)
            write(found, pages)


def write(executed: Lesson, pages: Path) -> None:
    """Write the page of a lesson whose cells were executed."""
    pages.mkdir(exist_ok=True)
    notebook = executed.notebook
    notebook["metadata"]["language_info"] = {"name": "python", "pygments_lexer": LEXER}
    for cell in notebook.cells:
        # Where the lessons lie, they link to text; here to the pages that are made of it.
        cell["source"] = _LINK.sub(r"](\g<page>.ipynb)", cell["source"])
    page = _page(executed.text_path, pages)
    # At once or not at all: somebody may be reading the pages.
    partial = page.with_suffix(f".{os.getpid()}")
    running.write(executed, partial)
    partial.replace(page)
    page.with_suffix(".sha256").write_text(_digest(executed.text_path))


def _is_made(text_path: Path, pages: Path) -> bool:
    page = _page(text_path, pages)
    made_of = page.with_suffix(".sha256")
    return page.is_file() and made_of.is_file() and made_of.read_text() == _digest(text_path)


def _page(text_path: Path, pages: Path) -> Path:
    return pages / f"{text_path.stem}.ipynb"


def _digest(text_path: Path) -> str:
    """What a page is made of: the lesson, and all that it meets."""
    modules = sorted(Path(__file__).parents[1].rglob("*.py"))
    content = b"".join(path.read_bytes() for path in (text_path, *modules))
    return hashlib.sha256(content).hexdigest()
