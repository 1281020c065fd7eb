"""How a server ends: by signals, with its owner, with its terminal; and what it leaves."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.durability.serving import PATIENCE_SECONDS, Place, Server, is_running, until

HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stopping_by_signal_is_a_success_that_leaves_nothing(
    number: signal.Signals, start_server: Callable[..., Server]
) -> None:
    """A stopped server exits with 0; its worker and its ready file are gone, and it is silent."""
    server = start_server()
    workers = server.workers

    assert server.tell(number) == 0

    assert workers
    assert not any(is_running(pid) for pid in workers)
    assert not server.ready_path.exists()
    assert server.error_path.read_text() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_to_the_whole_group_is_a_success(
    number: signal.Signals, start_server: Callable[..., Server]
) -> None:
    """Ctrl-C reaches the worker too, and the server still ends as one that was stopped."""
    server = start_server()

    os.killpg(server.child.pid, number)

    assert server.child.wait(PATIENCE_SECONDS) == 0
    assert server.error_path.read_text() == ""


def test_server_started_to_outlive_its_terminal_stays(
    start_server: Callable[..., Server],
) -> None:
    """Where a hang-up is ignored at the start, as under nohup, it does not end the server."""
    server = start_server(ignored=signal.SIGHUP)

    os.killpg(server.child.pid, signal.SIGHUP)

    assert server.client().list_domains()["domains"] == []
    assert server.tell(signal.SIGTERM) == 0


def test_temporary_state_is_removed_at_the_end(place: Place) -> None:
    """A server without --state leaves no folder behind."""
    folder = place.path / "leases"
    folder.mkdir()

    # Nobody holds a lease, so it ends by itself once it is up.
    ended = place.run(
        "serve", "--lease-folder", str(folder), "--ready-file", str(place.path / "ready.json")
    )

    assert ended.returncode == 0
    assert "http://127.0.0.1:" in ended.stdout
    assert list((place.path / "tmp").iterdir()) == []


def test_worker_ends_when_the_main_process_is_killed(
    start_server: Callable[..., Server],
) -> None:
    """No worker outlives a main process that was killed, and the state can be opened again."""
    server = start_server()
    [worker] = server.workers

    server.tell(signal.SIGKILL)

    until(lambda: not is_running(worker))
    assert start_server(state=server.state).client().list_domains()["domains"] == []


def test_main_process_fails_when_the_worker_dies(start_server: Callable[..., Server]) -> None:
    """A server whose worker was killed ends with a failure instead of standing there mute."""
    server = start_server()

    os.kill(server.workers[0], signal.SIGKILL)

    assert server.child.wait(PATIENCE_SECONDS) == 1
    assert not server.ready_path.exists()
    assert server.error_path.read_text().count("\n") == 1


def test_server_ends_when_its_last_lease_is_released(
    tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    """A server with leases runs as long as one of them is held."""
    folder = tmp_path / "leases"
    folder.mkdir()
    with FileLock(folder / "second.lease"):
        with FileLock(folder / "first.lease"):
            server = start_server("--lease-folder", str(folder))
        assert server.client().list_domains()["domains"] == []

    assert server.child.wait(PATIENCE_SECONDS) == 0


def test_server_ends_when_its_owner_is_killed(
    tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    """A lease counts as released when the process that held it is dead, however it died."""
    folder = tmp_path / "leases"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder / "owner.lease")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"held\n"
        server = start_server("--lease-folder", str(folder))
        workers = server.workers
        owner.kill()

    assert server.child.wait(PATIENCE_SECONDS) == 0
    assert not any(is_running(pid) for pid in workers)
