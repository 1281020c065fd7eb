"""The emulator on a port: granian serves it until its owner goes, its leases end, or it is told.

Granian's main process stays small and watches; one worker process with threads serves, so that
what one request changed the next one sees.
"""

import json
import os
import secrets
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from pytest_codeartifact.emulator.builds.machine import Machine, Yard
from pytest_codeartifact.emulator.configuration import Configuration
from pytest_codeartifact.emulator.control import PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 48
POLL_SECONDS = 0.5
READY_SECONDS = 30.0
_IPV6 = 6


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
    configuration: Configuration,
    binding: Binding,
    announce: Callable[[Running], None],
    machine: Machine | None = None,
) -> None:
    """Serve until a signal, or until no lease is held; raises ServerError before it listens.

    `announce` is called once the server answers, and the ready file is there by then. Without a
    machine there are no builds.
    """
    # Heavy, and not needed by those who only import the types.
    from pytest_codeartifact.emulator.wiring import Emulator  # noqa: PLC0415

    failures: list[str] = []
    with _reserved(binding) as (address, port):
        if binding.ready_file is not None:
            binding.ready_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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
        server = _granian(address, port)

        def watch() -> None:
            # The worker is forked: before it exists, this thread must hold no lock, not even
            # the one of an import, or the worker would wait for it for ever.
            while not server.wrks:
                time.sleep(0.002)
            try:
                _announce_when_ready(running, binding, announce)
            except (ServerError, OSError) as error:
                failures.append(str(error))
                os.kill(os.getpid(), signal.SIGTERM)
                return
            if binding.lease_folder is not None:
                _end_without_leases(binding.lease_folder)

        threading.Thread(target=watch, daemon=True).start()
        try:
            yard = None if machine is None else Yard(machine, _from_here(address, port))
            _run(server, partial(_load, configuration, yard, os.getpid()))
        finally:
            if binding.ready_file is not None:
                _take_back(binding.ready_file, running)
    if failures:
        raise ServerError(failures[0])


def _from_here(address: str, port: int) -> str:
    """The address by which this machine's own programs reach the server."""
    found = ip_address(address)
    if found.is_unspecified:
        found = ip_address("::1" if found.version == _IPV6 else "127.0.0.1")
    return f"http://[{found}]:{port}" if found.version == _IPV6 else f"http://{found}:{port}"


def _run(server: Any, load: Callable[[], "WSGIApplication"]) -> None:  # noqa: ANN401 - see _granian
    try:
        server.serve(target_loader=load, wrap_loader=False)
    except SystemExit as error:
        if error.code and not server.interrupt_signal:
            raise ServerError("the process that serves has died, and so this one ends") from error


def _granian(host: str, port: int) -> Any:  # noqa: ANN401 - a class that must be imported late
    """The server with its one worker; a closed terminal ends it as Ctrl-C does."""
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    server = Server(
        "pytest_codeartifact.emulator:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        log_level=LogLevels.error,
        workers_kill_timeout=5,
    )
    if hasattr(signal, "SIGHUP"):
        # Granian would start a second worker then, and the state has room for one. Who started
        # the server with that signal ignored wants it to outlive the terminal.
        was_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        wanted = signal.SIG_IGN if was_ignored else server.signal_handler_interrupt
        server.on_startup(lambda: signal.signal(signal.SIGHUP, wanted))
    return server


def _load(configuration: Configuration, yard: Yard | None, main_pid: int) -> "WSGIApplication":
    """Build the application in the worker, which ends when the main process is gone."""
    from pytest_codeartifact.emulator.wiring import Emulator  # noqa: PLC0415 - in the worker only

    def end_with_main() -> None:
        while os.getppid() == main_pid:
            time.sleep(POLL_SECONDS)
        os._exit(1)

    if hasattr(signal, "pthread_sigmask"):
        # A terminal tells the whole group; when to end is for the main process to say. Blocked
        # before any thread starts, as threads inherit that.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    threading.Thread(target=end_with_main, daemon=True).start()
    application = Emulator(configuration, yard).app
    threading.excepthook = application.thread_crashed
    return application


@contextmanager
def _reserved(binding: Binding) -> Iterator[tuple[str, int]]:
    """An address (as a number) and a port that are ours until the end.

    Bound without being shared first, then held while granian shares it.
    """
    with ExitStack() as stack:
        try:
            found = socket.getaddrinfo(binding.host, binding.port, type=socket.SOCK_STREAM)
            family, *_, (address, *_) = found[0]
            alone = stack.enter_context(socket.socket(family))
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind((address, binding.port))
            port = int(alone.getsockname()[1])
            alone.close()
            if hasattr(socket, "SO_REUSEPORT"):
                held = stack.enter_context(socket.socket(family))
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                held.bind((address, port))
        except (OSError, UnicodeError) as error:
            raise ServerError(
                f"cannot listen on {binding.host or 'no host'} port {binding.port}: {error};"
                " choose another with --host and --port (0 takes any free port)"
            ) from error
        yield str(address), port


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
        raise ServerError(f"the server did not answer within {READY_SECONDS:.0f} seconds")
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


def _take_back(path: Path, running: Running) -> None:
    """Remove the ready file, unless a server that was started later has replaced it."""
    try:
        pid = json.loads(path.read_text())["pid"]
    except (OSError, ValueError, LookupError, TypeError):
        return
    if pid == running.pid:
        path.unlink(missing_ok=True)


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
