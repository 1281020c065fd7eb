import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_codeartifact.tools.log import CommandLog
from pytest_codeartifact.transcripts.session import ConsoleSession


@pytest.fixture
def log() -> CommandLog:
    return CommandLog(secrets=["correct-horse-battery"])


@pytest.fixture
def session(tmp_path: Path, log: CommandLog) -> Iterator[ConsoleSession]:
    """A session that starts in an empty folder with nothing but a PATH."""
    work, tmp = tmp_path / "work", tmp_path / "tmp"
    work.mkdir()
    tmp.mkdir()
    made = ConsoleSession({"PATH": os.defpath, "TMPDIR": str(tmp)}, work, log)
    yield made
    made.close()
    assert list(tmp.iterdir()) == [], "the session left files behind"
