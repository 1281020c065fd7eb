import runpy
from pathlib import Path

import pytest

GENERATOR_PATH = Path(__file__).parents[2] / "scripts" / "generate_docs.py"
PAGES: dict[Path, str] = runpy.run_path(str(GENERATOR_PATH))["pages"]()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_generated_page_is_what_the_code_says(path: Path) -> None:
    """Generating a page again gives it as it stands; if not, run scripts/generate_docs.py."""
    assert path.read_text(encoding="utf-8") == PAGES[path]
