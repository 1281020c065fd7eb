"""The emulator on a port: granian serves it until its owner goes, its leases end, or it is told.

Granian's main process stays small and watches; one worker process with threads serves, so that
what one request changed the next one sees.
"""

import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from pytest_codeartifact.emulator.configuration import Configuration
from pytest_codeartifact.emulator.control import PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 48
POLL_SECONDS = 0.5
READY_SECONDS = 30.0


class ServerError(Exception):
    """The server cannot start; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Where to listen (port 0: any free one), whom to tell, and on whose behalf to run."""

    host: str
    port: int
    ready_file: Path | None = None
    lease_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers: what its users need to know."""

    endpoint_url: str
    account: str
    region: str
    access_key_id: str
    secret_access_key: str
    pid: int

    def document(self) -> dict[str, Any]:
        """As the ready file says it."""
        return {name: getattr(self, name) for name in self.__slots__}


def serve(
    configuration: Configuration, binding: Binding, announce: Callable[[Running], None]
) -> None:
    """Serve until a signal, or until no lease is held; raises ServerError before it listens.

    `announce` is called once the server answers, and the ready file is there by then.
    """
    # Heavy, and not needed by those who only import the types.
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    from pytest_codeartifact.emulator.wiring import Emulator  # noqa: PLC0415

    with _reserved(binding) as port:
        # Opened here too, briefly: a state folder that cannot be used is found out before serving.
        probe = Emulator(configuration)
        owner = probe.owner
        probe.close()
        shown = f"[{binding.host}]" if ":" in binding.host else binding.host
        running = Running(
            endpoint_url=f"http://{shown}:{port}",
            account=owner.number,
            region=configuration.region,
            access_key_id=owner.access_key_id,
            secret_access_key=owner.secret_access_key,
            pid=os.getpid(),
        )
        server = Server(
            "pytest_codeartifact.emulator:app",
            address=binding.host,
            port=port,
            interface=Interfaces.WSGI,
            workers=1,
            blocking_threads=THREADS,
            log_level=LogLevels.error,
            workers_kill_timeout=5,
        )

        def watch() -> None:
            # The worker is forked: before it exists, this thread must hold no lock, not even
            # the one of an import, or the worker would wait for it for ever.
            while not server.wrks:
                time.sleep(0.002)
            _announce_when_ready(running, binding, announce)
            if binding.lease_folder is not None:
                _end_without_leases(binding.lease_folder)

        threading.Thread(target=watch, daemon=True).start()
        try:
            server.serve(
                target_loader=partial(_load, configuration, os.getpid()), wrap_loader=False
            )
        finally:
            if binding.ready_file is not None:
                binding.ready_file.unlink(missing_ok=True)


def _load(configuration: Configuration, main_pid: int) -> "WSGIApplication":
    """Build the application in the worker, which ends when the main process is gone."""
    from pytest_codeartifact.emulator.wiring import Emulator  # noqa: PLC0415 - in the worker only

    def end_with_main() -> None:
        while os.getppid() == main_pid:
            time.sleep(POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=end_with_main, daemon=True).start()
    return Emulator(configuration).app


@contextmanager
def _reserved(binding: Binding) -> Iterator[int]:
    """A port that is ours: bound without being shared first, then held while granian shares it."""
    family = socket.AF_INET6 if ":" in binding.host else socket.AF_INET
    with socket.socket(family) as alone, socket.socket(family) as held:
        try:
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind((binding.host, binding.port))
            port = int(alone.getsockname()[1])
            alone.close()
            if hasattr(socket, "SO_REUSEPORT"):
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                held.bind((binding.host, port))
        except (OSError, OverflowError) as error:
            raise ServerError(
                f"cannot listen on {binding.host} port {binding.port}: {error};"
                " choose another with --host and --port (0 takes any free port)"
            ) from error
        yield port


def _announce_when_ready(
    running: Running, binding: Binding, announce: Callable[[Running], None]
) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with opener.open(f"{running.endpoint_url}{PREFIX}health", timeout=5):
                break
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    else:
        sys.stderr.write(f"the server did not answer within {READY_SECONDS:.0f} seconds\n")
        os.kill(os.getpid(), signal.SIGTERM)
        return
    if binding.ready_file is not None:
        write_whole(binding.ready_file, json.dumps(running.document()))
    announce(running)


def write_whole(path: Path, text: str) -> None:
    """Write a file that only its owner can read; nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    aside.replace(path)


def _end_without_leases(folder: Path) -> None:
    """Tell the server to end once nobody holds a lease; the first must be there at the start."""
    while any(_is_held(lease) for lease in folder.glob("*.lease")):
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _is_held(lease: Path) -> bool:
    """Whether a living process holds this lease."""
    try:
        with FileLock(lease).acquire(blocking=False):
            return False
    except Timeout:
        return True
