"""One server for all processes of a run: the first one in starts it, the last one out ends it.

Every process that uses the server holds a lock on a file of its own. The system lets go of the
lock when the process dies, however it dies; the server looks at these files and ends itself when
nobody holds one any more.
"""

import contextlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from pytest_codeartifact.errors import ServerStartError
from pytest_codeartifact.redaction import redact

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.01
_LOG_LINES = 5
_PREFIX = "pytest-codeartifact-"


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a server, and a key of one account on it: its administrator's, or a role's."""

    endpoint_url: str
    account: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Folder:
    """What a shared server has on disk, readable for its owner only."""

    path: Path

    @classmethod
    def of_run(cls, run: str) -> "Folder":
        return cls(Path(tempfile.gettempdir(), f"{_PREFIX}{run}"))

    @property
    def leases(self) -> Path:
        return self.path / "leases"

    @property
    def ready_file(self) -> Path:
        return self.path / "ready.json"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    @property
    def guard(self) -> Path:
        """Locked by the only process that starts, joins or leaves; beside what it guards."""
        return self.path.with_name(self.path.name + ".lock")

    def make(self) -> None:
        self.path.mkdir(mode=0o700, exist_ok=True)
        self.leases.mkdir(exist_ok=True)

    def remove(self) -> None:
        """Remove everything; only for who holds the guard."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.guard.unlink(missing_ok=True)

    def is_in_use(self) -> bool:
        return any(_is_held(path) for path in self.leases.glob("*.lease"))


class Child(Protocol):
    """A server process of one's own."""

    @property
    def exit_code(self) -> int | None: ...
    def stop(self, grace_seconds: float) -> int: ...
    def leave_running(self) -> None: ...


class Server(Protocol):
    """How to bring up the server that is shared, to tell that it is there, and to end it."""

    def launch(self, folder: Folder) -> Child: ...
    def prepare(self, access: Access) -> None: ...
    def answers(self, access: Access) -> bool: ...
    def end(self, access: Access, pid: int) -> None: ...


@contextlib.contextmanager
def shared_server(run: str, server: Server) -> Iterator[Access]:
    """Access to the server of `run`: launched and prepared if need be, ended by its last user.

    Raises ServerStartError when it does not come up.
    """
    folder = Folder.of_run(run)
    lease = _lock(folder.leases / f"{os.getpid()}-{secrets.token_hex(4)}.lease")
    child: Child | None = None
    with _lock(folder.guard):
        folder.make()
        lease.acquire()
        try:
            access = _existing(folder, server)
            if access is None:
                child = server.launch(folder)
                access = _await_ready(folder, child)
                server.prepare(access)
        except BaseException:
            _leave(folder, lease, child, server)
            raise
    try:
        yield access
    finally:
        with _lock(folder.guard):
            _leave(folder, lease, child, server)


def remove_abandoned() -> None:
    """Remove what runs left behind whose processes were killed."""
    for guard in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*.lock"):
        folder = Folder(guard.with_suffix(""))
        with contextlib.suppress(Timeout, PermissionError), _lock(guard, timeout=0):
            if not folder.is_in_use():
                folder.remove()


def _lock(path: Path, timeout: float = -1) -> FileLock:
    # Not bound to a thread: pytest may clean up from another one than it started in.
    return FileLock(path, timeout=timeout, thread_local=False)


def _is_held(path: Path) -> bool:
    try:
        with _lock(path, timeout=0):
            return False
    except Timeout:
        return True


def _existing(folder: Folder, server: Server) -> Access | None:
    if not folder.ready_file.exists():
        return None
    access, _ = _read_ready(folder)
    if server.answers(access):
        return access
    # Its users all died and it ended itself; what it left must not be taken for the next one's.
    folder.ready_file.unlink()
    return None


def _read_ready(folder: Folder) -> tuple[Access, int]:
    told = json.loads(folder.ready_file.read_text(encoding="utf-8"))
    names = ("endpoint_url", "account", "region", "access_key_id", "secret_access_key")
    return Access(**{name: str(told[name]) for name in names}), int(told["pid"])


def _await_ready(folder: Folder, child: Child) -> Access:
    deadline = time.monotonic() + _START_SECONDS
    while not folder.ready_file.exists():
        if child.exit_code is not None:
            raise _start_error(folder, f"ended with exit code {child.exit_code}")
        if time.monotonic() > deadline:
            raise _start_error(folder, f"did not answer within {_START_SECONDS:g} s")
        time.sleep(_LOOK_SECONDS)
    return _read_ready(folder)[0]


def _start_error(folder: Folder, what: str) -> ServerStartError:
    lines = folder.log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = " | ".join(line.strip() for line in lines[-_LOG_LINES:] if line.strip())
    return ServerStartError(f"the emulator's server {what}: {redact(said) or 'it said nothing'}")


def _leave(folder: Folder, lease: FileLock, child: Child | None, server: Server) -> None:
    """Give up one's lease; the last one ends the server and removes the folder."""
    lease.release()
    Path(lease.lock_file).unlink(missing_ok=True)
    if folder.is_in_use():
        if child is not None:
            child.leave_running()
        return
    if child is not None:
        child.stop(_STOP_SECONDS)
    elif folder.ready_file.exists():
        server.end(*_read_ready(folder))
    folder.remove()
