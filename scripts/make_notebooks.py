#!/usr/bin/env python3
"""Make every notebook of its text form: `python scripts/make_notebooks.py`."""

from pathlib import Path

from pytest_codeartifact.lessons import pairing

NOTEBOOKS_PATH = Path(__file__).parents[1] / "notebooks"


def notebooks() -> dict[Path, str]:
    """Each notebook with what should stand in it."""
    texts = sorted(path for path in NOTEBOOKS_PATH.glob("*.md") if pairing.is_text_form(path))
    return {path.with_suffix(".ipynb"): pairing.made(path) for path in texts}


if __name__ == "__main__":
    for notebook_path, text in notebooks().items():
        notebook_path.write_text(text, encoding="utf-8")
