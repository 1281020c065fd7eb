import json
import stat
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from pytest_codeartifact.emulator.server import Running, _is_held, write_whole


def test_file_is_written_whole_and_private(tmp_path: Path) -> None:
    """The file is there at once, for its owner only, and nothing is left beside it."""
    path = tmp_path / "folder" / "server.json"
    for text in ("first", "second"):
        write_whole(path, text)
        assert path.read_text() == text
    assert [file.name for file in path.parent.iterdir()] == ["server.json"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_lease_is_held_while_its_lock_is(tmp_path: Path) -> None:
    """A lease counts as long as somebody holds its lock."""
    lease = tmp_path / "one.lease"
    with FileLock(lease):
        assert _is_held(lease)
    assert not _is_held(lease)


@pytest.mark.parametrize("port", [1, 65535])
def test_ready_document_says_what_clients_need(port: int) -> None:
    """The ready file holds every field of the running server, as JSON."""
    running = Running(f"http://127.0.0.1:{port}", "111122223333", "eu-west-1", "AKIA", "s", 7)
    document = json.loads(json.dumps(running.document()))
    assert document["endpoint_url"] == f"http://127.0.0.1:{port}"
    assert (document["account"], document["region"], document["pid"]) == (
        "111122223333",
        "eu-west-1",
        7,
    )
