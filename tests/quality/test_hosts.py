import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

PROJECT_PATH = Path(__file__).parents[2]
# Put together here, so that this file does not contain what it looks for.
ORG = ".org"
HOSTS = {
    "python index": str(urlsplit(PYPI_SIMPLE_ENDPOINT).hostname),
    "python files": f"pythonhosted{ORG}",
    "npm": f"npmjs{ORG}",
    "debian": f"debian{ORG}",
}


def project_files() -> list[Path]:
    """All files that belong to the project: what tools leave in the folder is not asked."""
    done = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=PROJECT_PATH,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("this is no git clone, so nobody can tell which files belong to it")
    paths = [PROJECT_PATH / name for name in done.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("host", HOSTS)
def test_host_of_a_public_registry_is_written_nowhere(host: str) -> None:
    """Addresses come from the user's configuration or a library, never from this project."""
    files = project_files()
    assert PROJECT_PATH / "README.md" in files
    wanted = HOSTS[host].encode()
    named = [path.relative_to(PROJECT_PATH) for path in files if wanted in path.read_bytes()]
    assert named == []
