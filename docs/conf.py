"""How Sphinx builds the documentation: `python -m sphinx -n -W -b html docs docs/_build`."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

import pytest_codeartifact
from pytest_codeartifact.lessons import pages

sys.path.insert(0, str(Path(__file__).parent))
from lesson_lexer import LessonLexer

project = "pytest-codeartifact"
author = "the pytest-codeartifact authors"
project_copyright = "the pytest-codeartifact authors"
version = release = pytest_codeartifact.__version__

extensions = ["myst_nb"]
exclude_patterns = ["_build"]
nitpicky = True

myst_heading_anchors = 3
# The lessons are executed below, each in a kernel of its own; pages show what came of it.
nb_execution_mode = "off"

html_theme = "furo"
html_title = f"pytest-codeartifact {release}"
html_show_sphinx = False
html_show_copyright = False
# Pages show their source already, and nobody edits built ones.
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["tables.css"]

HERE = Path(__file__).parent
pages.make(HERE.parent / "notebooks", HERE / "lessons")


def setup(app: Sphinx) -> None:
    """Tell Sphinx how the cells of lessons are coloured."""
    app.add_lexer(pages.LEXER, LessonLexer)
