import re
import subprocess
import sys
from pathlib import Path

from pytest_codeartifact.redaction import TOKEN_PATTERN

PROJECT_PATH = Path(__file__).parents[2]
DOCS_PATH = PROJECT_PATH / "docs"


def test_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Every page is reachable, every internal link leads somewhere, and every lesson is true."""
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", "html"]
    command += ["-d", str(tmp_path / "doctrees"), str(DOCS_PATH), str(tmp_path / "html")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    pages = tmp_path / "html"
    assert (pages / "reference" / "fidelity.html").is_file()
    lessons = sorted(path.stem for path in (PROJECT_PATH / "notebooks").glob("[0-9]*.md"))
    assert sorted(path.stem for path in (pages / "lessons").glob("*.html")) == lessons
    executed = "".join(path.read_text(encoding="utf-8") for path in pages.glob("lessons/*.html"))
    assert executed.count("✓ as shown") > len(lessons)
    assert re.search(TOKEN_PATTERN, executed) is None
