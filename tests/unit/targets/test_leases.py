import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock

from pytest_codeartifact.errors import ServerStartError
from pytest_codeartifact.targets import leases
from pytest_codeartifact.targets.leases import Access, Folder, shared_server


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder for temporary files, as far as these tests are concerned."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@dataclass
class FakeChild:
    """A server that is only a note."""

    events: list[str]
    exit_code: int | None = None

    def stop(self, grace_seconds: float) -> int:
        assert grace_seconds > 0
        self.events.append("stopped by its parent")
        self.exit_code = 0
        return 0

    def leave_running(self) -> None:
        self.events.append("left to others")


@dataclass
class FakeServer:
    """Brings up fake servers and notes what it was asked."""

    comes_up: bool = True
    says: str = ""
    alive: bool = True
    events: list[str] = field(default_factory=list)

    def launch(self, folder: Folder) -> FakeChild:
        self.events.append("launched")
        folder.log.write_text(self.says)
        if not self.comes_up:
            return FakeChild(self.events, exit_code=3)
        number = self.events.count("launched")
        told = {
            "endpoint_url": f"http://127.0.0.1:{number}",
            "account": "111122223333",
            "region": "eu-west-1",
            "access_key_id": "AKIA",
            "secret_access_key": "planted-secret",
            "pid": number,
        }
        folder.ready_file.write_text(json.dumps(told))
        return FakeChild(self.events)

    def prepare(self, access: Access) -> None:
        self.events.append(f"prepared {access.endpoint_url}")

    def answers(self, access: Access) -> bool:
        return self.alive and access.secret_access_key == "planted-secret"

    def end(self, access: Access, pid: int) -> None:
        assert access.endpoint_url.endswith(f":{pid}")
        self.events.append(f"ended {pid} from outside")


def test_first_user_starts_the_server_and_the_second_joins() -> None:
    """Two users of one run see the same server, started and prepared once."""
    server = FakeServer()
    with shared_server("run", server) as first, shared_server("run", server) as second:
        assert first == second
        assert server.events == ["launched", "prepared http://127.0.0.1:1"]


def test_last_user_ends_the_server_and_leaves_nothing(temporary_folder: Path) -> None:
    """The server outlives its starter as long as another uses it; then nothing stays behind."""
    server = FakeServer()
    first, second = shared_server("run", server), shared_server("run", server)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert server.events[-1] == "left to others"
    second.__exit__(None, None, None)
    assert server.events[-1] == "ended 1 from outside"
    assert list(temporary_folder.iterdir()) == []


def test_only_user_stops_its_own_child(temporary_folder: Path) -> None:
    """Who started the server and leaves last stops it as its parent."""
    server = FakeServer()
    with shared_server("run", server):
        pass
    assert server.events[-1] == "stopped by its parent"
    assert list(temporary_folder.iterdir()) == []


def test_runs_do_not_share_a_server() -> None:
    """Another run has a server of its own."""
    server = FakeServer()
    with shared_server("one", server) as one, shared_server("two", server) as two:
        assert one != two


def test_server_that_died_is_replaced() -> None:
    """What a dead server said about itself is not believed by the next user."""
    server = FakeServer()
    with shared_server("run", server):
        server.alive = False
        with shared_server("run", server) as access:
            assert access.endpoint_url == "http://127.0.0.1:2"


def test_server_that_does_not_come_up_is_one_line(temporary_folder: Path) -> None:
    """The error holds the end of the server's log, in one line and without tokens."""
    token = "eyJ2ZXIiOjEsImlzdSI6MTc2.planted.token"
    server = FakeServer(comes_up=False, says=f"old\n1\n2\n3\nthe port\nis {token} taken\n")
    with pytest.raises(ServerStartError) as failure, shared_server("run", server):
        pytest.fail("a server that is not there was used")
    assert str(failure.value) == (
        "the emulator's server ended with exit code 3: 1 | 2 | 3 | the port | is ****** taken"
    )
    assert list(temporary_folder.iterdir()) == []


def test_folder_is_readable_for_its_owner_only(temporary_folder: Path) -> None:
    """The server's key lies where other users of the machine cannot look."""
    with shared_server("run", FakeServer()):
        [folder] = [path for path in temporary_folder.iterdir() if path.is_dir()]
        assert folder.stat().st_mode & 0o077 == 0


def test_folders_of_killed_runs_are_removed_and_others_kept(temporary_folder: Path) -> None:
    """What nobody holds a lease on any more goes; what is in use, and what is not ours, stays."""
    killed = Folder.of_run("killed")
    killed.make()
    killed.guard.touch()
    (killed.leases / "1.lease").touch()
    foreign = temporary_folder / "pytest-codeartifact-notes"
    foreign.mkdir()
    with shared_server("alive", FakeServer()):
        leases.remove_abandoned()
        assert not killed.path.exists()
        assert not killed.guard.exists()
        assert Folder.of_run("alive").ready_file.exists()
        assert foreign.exists()


def test_folder_of_a_run_that_is_just_starting_is_kept() -> None:
    """A run that holds its guard has no lease yet, and still is not abandoned."""
    starting = Folder.of_run("starting")
    starting.make()
    with FileLock(starting.guard):
        leases.remove_abandoned()
        assert starting.path.exists()


def test_secret_key_is_not_in_a_representation() -> None:
    """Printing what leads to a server does not print its secret."""
    with shared_server("run", FakeServer()) as access:
        assert "planted-secret" not in repr(access)
