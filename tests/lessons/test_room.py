import os
from pathlib import Path

import pytest

from pytest_codeartifact.lessons.problems import Refused
from pytest_codeartifact.lessons.room import Room
from tests.support.notebooks import codes, open_kernel


def test_machine_without_a_shell_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows by itself has no POSIX shell; nothing is started there."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Refused, match=r"POSIX shell(.|\n)*Try: on Windows, .* WSL"):
        Room.open()


def test_index_that_is_no_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in the variable is told before anything is started."""
    monkeypatch.setenv("PYTEST_CODEARTIFACT_PUBLIC_PYPI", "the usual one")
    with pytest.raises(Refused, match=r"PYTEST_CODEARTIFACT_PUBLIC_PYPI: expected .*the usual one"):
        Room.open()


def test_kernel_runs_where_a_socket_file_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder for temporary files with a long name is no obstacle."""
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    assert len(os.fsencode(deep)) > 104
    with open_kernel(tmp_path) as opened:
        assert codes([opened.run("1 + 1")]) == [None]
