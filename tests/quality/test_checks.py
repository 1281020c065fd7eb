import subprocess
import sys
from pathlib import Path

import pytest

PROJECT_PATH = Path(__file__).parents[2]
BIN_PATH = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    ["ruff check", "ruff format --check", "mypy", "lint-imports"],
)
def test_check_has_no_complaint(command: str) -> None:
    """Linter, formatter, type checker and layers are content with the whole project."""
    program, *arguments = command.split()
    done = subprocess.run(
        [str(BIN_PATH / program), *arguments],
        cwd=PROJECT_PATH,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
