import subprocess
import sys
from pathlib import Path

DOCS_PATH = Path(__file__).parents[2] / "docs"


def test_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Every page is reachable and every internal link leads somewhere."""
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", "html"]
    command += ["-d", str(tmp_path / "doctrees"), str(DOCS_PATH), str(tmp_path / "html")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "html" / "reference" / "fidelity.html").is_file()
