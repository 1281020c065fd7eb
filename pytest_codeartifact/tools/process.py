"""The one place where programs are started, and ended together with all they started."""

import contextlib
import os
import selectors
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pytest_codeartifact.redaction import redact

ARTICLE_EXTRA = "pip install 'pytest-codeartifact[article]'"
GRACE_SECONDS = 3.0
# How often a dying tree is looked at; ending is rare, so this costs nobody anything.
_LOOK_SECONDS = 0.02


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
        child = _spawn(argv, env=env, cwd=cwd, streams=(spoken, out, err))
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

    def wait(self, timeout: float) -> int:
        """Wait at most `timeout` seconds for its own end; raises TimeoutError."""
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
        child = _spawn(
            argv,
            env=env,
            cwd=cwd or log_path.parent,
            streams=(subprocess.DEVNULL, log, subprocess.STDOUT),
        )
    return Process(child)


class Dialogue:
    """A program that is told lines on its standard input and answers with lines."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> None:
        told, self._tell = os.pipe()
        self._hear, said = os.pipe()
        self._unread = b""
        try:
            self._child = _spawn(argv, env=env, cwd=cwd, streams=(told, said, subprocess.DEVNULL))
        except BaseException:
            os.close(self._tell)
            os.close(self._hear)
            raise
        finally:
            os.close(told)
            os.close(said)

    def ask(self, line: str, timeout: float) -> str | None:
        """Tell one line and return the next one answered, or None when the program is gone.

        `timeout` is in seconds; after it the program and its descendants are ended and
        TimeoutError is raised. An interrupt ends them too.
        """
        deadline = time.monotonic() + timeout
        try:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._tell, line.encode() + b"\n")
            return self._next_line(deadline)
        except BaseException:
            self.end()
            raise

    def wait(self) -> int:
        """Wait for a program that closed its output; return its exit code."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(GRACE_SECONDS)
        return self.end()

    def end(self) -> int:
        """End the program and its descendants; return its exit code. May be called again."""
        if self._tell >= 0:
            end_tree(self._child)
            os.close(self._tell)
            os.close(self._hear)
            self._tell = self._hear = -1
        return self._child.returncode

    def _next_line(self, deadline: float) -> str | None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._hear, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                chunk = os.read(self._hear, 65536)
                if not chunk:
                    return None
                self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode("utf-8", "replace")


def end_tree(child: subprocess.Popen[bytes], grace_seconds: float = GRACE_SECONDS) -> None:
    """End a child and everything below it, each by its id; by force after `grace_seconds`."""
    # Looked up before the first signal: an orphan no longer says whose child it was.
    tree = _tree(child.pid)
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        if child.poll() is None:
            child.send_signal(number)
        for pid in _living(tree) - {child.pid}:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        deadline = time.monotonic() + grace_seconds
        while (child.poll() is None or _living(tree)) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        tree |= _tree(child.pid)
    child.wait()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A living process as the system lists it."""

    parent: int
    group: int
    birth: str


def _living(tree: Mapping[int, str]) -> set[int]:
    """Which of the processes still live; a reused id is recognised by its other birth."""
    table = _table()
    return {pid for pid, birth in tree.items() if pid in table and table[pid].birth == birth}


def _tree(root: int) -> dict[int, str]:
    """Ids and births of `root`, of its process group and of everything below them."""
    table = _table()
    found = {pid for pid, seen in table.items() if root in (pid, seen.group)}
    size = 0
    while size != len(found):
        size = len(found)
        found |= {pid for pid, seen in table.items() if seen.parent in found}
    return {pid: table[pid].birth for pid in found}


def _table() -> dict[int, _Seen]:
    """All living processes of this machine, by id."""
    if Path("/proc/self/stat").exists():
        return dict(_linux_table())
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
        int(row[0]): _Seen(int(row[1]), int(row[2]), row[4])
        for row in rows
        if len(row) == 5 and not row[3].startswith("Z")  # noqa: PLR2004 -- the columns asked for
    }


def _linux_table() -> Iterator[tuple[int, _Seen]]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # gone between listing and reading
            # The name in parentheses may hold anything; the fixed fields follow the last one.
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if fields[0] not in "ZX":
                yield int(folder.name), _Seen(int(fields[1]), int(fields[2]), fields[19])


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


def _spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    streams: tuple[int | IO[bytes], int | IO[bytes], int | IO[bytes]],
) -> subprocess.Popen[bytes]:
    __tracebackhide__ = True
    return subprocess.Popen(
        [str(find_program(argv[0], env, cwd)), *argv[1:]],
        env=dict(env),
        cwd=cwd,
        stdin=streams[0],
        stdout=streams[1],
        stderr=streams[2],
        # An own session and group: a Ctrl-C reaches us alone, and we end the tree in order.
        start_new_session=True,
    )
