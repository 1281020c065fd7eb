"""The one place where programs are started, and ended together with all they started."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pytest_codeartifact.redaction import redact
from pytest_codeartifact.tools.trees import (
    LOOK_SECONDS,
    Descendants,
    Seen,
    alive,
    send,
)

ARTICLE_EXTRA = "pip install 'pytest-codeartifact[article]'"
GRACE_SECONDS = 3.0
NOTHING = subprocess.DEVNULL
"""A stream that nobody writes to or reads."""
_NICER = 10
_OOM_SCORE = 500
_THREADS_EACH = 8
_STAT_BYTES = 4096
# Children that somebody here will ask for their exit code; nobody else may do so before.
_children: "weakref.WeakSet[subprocess.Popen[bytes]]" = weakref.WeakSet()
_starting = threading.Lock()


class MissingTool(LookupError):
    """A program is not installed; the text is one line that says how to get it."""

    def __init__(self, program: str, install: str = ARTICLE_EXTRA) -> None:
        super().__init__(program, install)
        self.program = program
        self.install = install

    def __str__(self) -> str:
        return f"{self.program} is not installed here; get it with: {self.install}"


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program did: command, exit code, both streams and seconds, all secrets masked."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def command(self) -> str:
        """The command as one would type it."""
        return shlex.join(self.argv)


class CommandFailed(RuntimeError):
    """A program ended otherwise than expected, or not in time; all secrets are masked."""

    def __init__(self, completed: Completed, reason: str) -> None:
        super().__init__(completed, reason)
        self.completed = completed
        self.reason = reason

    def __str__(self) -> str:
        done = self.completed
        parts = [f"{done.command}: {self.reason} ({done.seconds:.1f} s)"]
        for name, text in (("stdout", done.stdout), ("stderr", done.stderr)):
            if text.strip():
                parts.append(f"{name}:\n{text.rstrip()}")
        return "\n".join(parts)

    def __repr__(self) -> str:
        return f"CommandFailed({self.completed.command!r}, {self.reason!r})"


def find_program(program: str, env: Mapping[str, str], cwd: Path) -> Path:
    """Absolute path of a program by the PATH of `env`; raises MissingTool."""
    __tracebackhide__ = True
    if os.sep in program:
        found = shutil.which(cwd / program)
    else:
        found = shutil.which(program, path=env.get("PATH", ""))
    if found is None:
        raise MissingTool(program)
    return Path(found).absolute()


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout: float,
    expect: int | None = 0,
    stdin: str | None = None,
    secrets: Iterable[str] = (),
) -> Completed:
    """Run a program to its end with exactly the environment given, and keep what it prints.

    `timeout` is in seconds, `expect=None` accepts any exit code. Raises MissingTool when the
    PATH of `env` does not have the program, and CommandFailed for another exit code or when it
    is not done in time; then, and on an interrupt, it is ended with all its descendants.
    """
    # A failing test shall show what its command printed, not this function and its arguments.
    __tracebackhide__ = True
    started = time.monotonic()
    hidden = tuple(secrets)
    reason = ""
    # Files instead of pipes: a grandchild that keeps its output open cannot hold us up.
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        _spoken(stdin) as spoken,
    ):
        child = spawn(argv, env=env, cwd=cwd, streams=(spoken, out, err))
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            reason = f"not done within {timeout:g} s, so it was ended"
        finally:
            if child.returncode is None:
                end_tree(child)
        completed = Completed(
            argv=tuple(redact(part, hidden) for part in argv),
            exit_code=child.returncode,
            stdout=_written(out, hidden),
            stderr=_written(err, hidden),
            seconds=time.monotonic() - started,
        )
    if expect is not None and completed.exit_code != expect:
        reason = reason or f"exit code {completed.exit_code}, expected {expect}"
    if reason:
        raise CommandFailed(completed, reason)
    return completed


class Process:
    """A program that keeps running; whoever holds this ends it."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._child.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait, at most `timeout` seconds, for its own end; raises TimeoutError."""
        try:
            return self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            msg = f"process {self.pid} still runs after {timeout:g} s"
            raise TimeoutError(msg) from None

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> int:
        """End it and its descendants, by force after `grace_seconds`; return the exit code."""
        end_tree(self._child, grace_seconds)
        return self._child.returncode

    def leave_running(self) -> None:
        """Let somebody else end it; nothing can be asked of it here any more."""
        # Python warns of a running child that is forgotten, also at its own end; one with an exit
        # code counts as ended.
        self._child.returncode = 0


def start(
    argv: Sequence[str], env: Mapping[str, str], log_path: Path, *, cwd: Path | None = None
) -> Process:
    """Start a program that outlives this call; both its streams are appended to `log_path`.

    Its environment is exactly `env`; raises MissingTool when the PATH of `env` lacks it.
    """
    with log_path.open("ab") as log:
        child = spawn(
            argv,
            env=env,
            cwd=cwd or log_path.parent,
            streams=(subprocess.DEVNULL, log, subprocess.STDOUT),
        )
    return Process(child)


def start_restrained(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, output: int, most_processes: int
) -> Process:
    """Start a stranger's program that writes both its streams to the file descriptor `output`.

    Its environment is exactly `env`; raises MissingTool when the PATH of `env` lacks it. It lets
    everybody else go first: for the processor, and when memory runs out to stay. Where the system
    can bound processes, which is not for root, it bounds them such that `most_processes` with a
    few threads each have room: coarse, but that cannot be outrun.
    """
    most_threads = _threads_of_this_user() + _THREADS_EACH * most_processes
    streams = (subprocess.DEVNULL, output, output)
    child = spawn(argv, env=env, cwd=cwd, streams=streams)
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 -- not everywhere

        with contextlib.suppress(OSError):
            hard = resource.prlimit(child.pid, resource.RLIMIT_NPROC)[1]
            if hard == resource.RLIM_INFINITY or most_threads < hard:
                limits = (most_threads, most_threads)
                resource.prlimit(child.pid, resource.RLIMIT_NPROC, limits)
        with contextlib.suppress(OSError):
            Path(f"/proc/{child.pid}/oom_score_adj").write_text(f"{_OOM_SCORE}\n")
    with contextlib.suppress(ProcessLookupError):  # it was quick
        # The whole group, in case that it started others before this.
        priority = os.getpriority(os.PRIO_PROCESS, 0) + _NICER
        os.setpriority(os.PRIO_PGRP, child.pid, priority)
    return Process(child)


def reap(pids: Iterable[int]) -> None:
    """Let go of ended processes that became children of this one as orphans."""
    with _starting:
        awaited = {child.pid for child in _children if child.returncode is None}
        for pid in set(pids) - awaited:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def end_tree(child: subprocess.Popen[bytes], grace_seconds: float = GRACE_SECONDS) -> None:
    """End a child and everything below it, each by its id; by force after `grace_seconds`."""
    # Looked up before the first signal: an orphan no longer says whose child it was.
    tree = Descendants(child.pid, processes)
    for pid in alive(tree.look()):
        send(pid, signal.SIGTERM)
    if child.poll() is None:
        child.terminate()
    deadline = time.monotonic() + grace_seconds
    while (child.poll() is None or alive(tree.look())) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    kill_tree(child, tree)


def kill_tree(child: subprocess.Popen[bytes], tree: Descendants) -> None:
    """Kill a child last, so that it stays the parent to find the others by."""
    if child.poll() is None and hasattr(signal, "SIGSTOP"):
        child.send_signal(signal.SIGSTOP)
    tree.end()
    child.kill()
    child.wait()


def processes() -> dict[int, Seen]:
    """All processes of this machine, by id."""
    if Path("/proc/self/stat").exists():
        return dict(_linux_processes())
    ps = shutil.which("ps")
    if ps is None:
        return {}
    listed = subprocess.run(  # the one program that is started for our own sake
        [ps, "-A", "-o", "pid=,ppid=,pgid=,stat=,lstart="],
        capture_output=True,
        text=True,
        check=False,
    )
    rows = (line.split(None, 4) for line in listed.stdout.splitlines())
    return {
        int(row[0]): Seen(int(row[1]), int(row[2]), row[4], alive=row[3][0] != "Z")
        for row in rows
        if len(row) == 5  # noqa: PLR2004 -- the columns asked for
    }


def _threads_of_this_user() -> int:
    """How many threads there are that count for the limit RLIMIT_NPROC, on Linux."""
    count = 0
    if sys.platform != "linux":
        return count
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # gone between listing and reading
                threads = os.stat(f"{entry.path}/task")  # noqa: PTH116
                count += (threads.st_nlink - 2) * (threads.st_uid == os.getuid())
    return count


def _linux_processes() -> Iterator[tuple[int, Seen]]:
    # Builds are looked at many times a second, so this opens files in the cheapest way.
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        with (
            contextlib.suppress(OSError),  # gone between listing and reading
            open(f"{entry.path}/stat", "rb", buffering=0) as file,  # noqa: PTH123
        ):
            # The name in parentheses may hold anything; the fixed fields follow the last one.
            fields = file.read(_STAT_BYTES).rpartition(b")")[2].split()
            birth = fields[19].decode()
            yield (
                int(entry.name),
                Seen(int(fields[1]), int(fields[2]), birth, alive=fields[0] not in b"ZX"),
            )


@contextlib.contextmanager
def _spoken(text: str | None) -> Iterator[int | IO[bytes]]:
    """What a child reads on its standard input: the text, or nothing."""
    if text is None:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.write(text.encode())
        file.seek(0)
        yield file


def _written(file: IO[bytes], secrets: Sequence[str]) -> str:
    file.seek(0)
    return redact(file.read().decode("utf-8", "replace"), secrets)


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    streams: tuple[int | IO[bytes], int | IO[bytes], int | IO[bytes]],
) -> subprocess.Popen[bytes]:
    """A child with exactly the environment and the streams given; raises MissingTool.

    Whoever asks for it ends it: with `end_tree`, or together with what it knows of its tree.
    """
    __tracebackhide__ = True
    command = [str(find_program(argv[0], env, cwd)), *argv[1:]]
    with _starting:
        child = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            # An own session and group: a Ctrl-C reaches us alone, and we end the tree in order.
            start_new_session=True,
        )
        _children.add(child)
    return child
