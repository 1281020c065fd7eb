import os
from pathlib import Path

import pytest

from pytest_codeartifact.redaction import MASK
from pytest_codeartifact.tools.log import CommandLog
from pytest_codeartifact.tools.process import CommandFailed, Completed

ENV = {"PATH": os.defpath}
SECRET = "correct-horse-battery"


def test_log_keeps_commands_in_order_with_what_they_printed(tmp_path: Path) -> None:
    """The log reads like a terminal, and failed commands are in it too."""
    log = CommandLog()
    log.run(["echo", "a b"], env=ENV, cwd=tmp_path, timeout=30)
    with pytest.raises(CommandFailed):
        log.run(["sh", "-c", "echo oops >&2; exit 2"], env=ENV, cwd=tmp_path, timeout=30)
    assert [entry.exit_code for entry in log.entries] == [0, 2]
    lines = log.text().splitlines()
    assert lines[:2] == ["$ echo 'a b'", "a b"]
    assert lines[3:5] == ["$ sh -c 'echo oops >&2; exit 2'", "oops"]
    assert log.text(1).splitlines() == lines[3:]


def test_log_masks_what_was_typed(tmp_path: Path) -> None:
    """A secret that is learnt later is masked from then on, in the command as in the output."""
    log = CommandLog()
    log.secrets.append(SECRET)
    log.run(["echo", SECRET], env=ENV, cwd=tmp_path, timeout=30)
    log.add(Completed(("x",), 0, "", "", 0.0), f"export KEY={SECRET}")
    assert SECRET not in log.text()
    assert log.text().count(MASK) == 3
    assert SECRET not in repr(log)
