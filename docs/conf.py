"""How Sphinx builds the documentation: `python -m sphinx -n -W -b html docs docs/_build`."""

import pytest_codeartifact

project = "pytest-codeartifact"
author = "the pytest-codeartifact authors"
project_copyright = "the pytest-codeartifact authors"
version = release = pytest_codeartifact.__version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
nitpicky = True

myst_heading_anchors = 3

html_theme = "furo"
html_title = f"pytest-codeartifact {release}"
html_show_sphinx = False
html_show_copyright = False
# Pages show their source already, and nobody edits built ones.
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["tables.css"]
