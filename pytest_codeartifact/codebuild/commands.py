"""The commands of a build, one after another in a shell, and the end of everything they started.

AWS (build-spec-ref): in version 0.2 all commands run in the same instance of the shell. Its logs
show how: each is a script of its own, and what it left is given to the next one.
"""

import contextlib
import os
import shlex
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from pytest_codeartifact.codebuild import variables as shell_variables
from pytest_codeartifact.tools import process
from pytest_codeartifact.tools.process import Process, find_program, start_restrained
from pytest_codeartifact.tools.trees import Descendants, alive, going_first, take_in_orphans

# The command begins in line 4, as the errors in AWS's own logs say. The trap is silent even under
# `set -x`, and writes its files under `set -C` too.
_SCRIPT = """\
cd {cwd} || exit
. {given}
trap {save} EXIT
{command}
"""
_SAVE = "{{ set +x; {{ {list}; }} >|{left}; pwd >|{cwd}; }} 2>/dev/null"
_LOOK_SECONDS = 0.05
# At most this part of a processor is spent on looking.
_LOOK_SHARE = 0.05
_KILLED = -int(signal.SIGKILL)


class TooManyProcesses(RuntimeError):
    """A build grew beyond the number of processes it may have, and was ended."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most

    def __str__(self) -> str:
        return f"more than {self.most} processes at once"


class Shell:
    """Runs commands one by one: variables, exported or not, and the working folder carry over.

    What commands leave running in the background runs on until `end`. All descendants that this
    process gets from now on are taken for the commands', wherever they hide: the process should do
    nothing else.

    Differs: functions, options such as `set -e` and read-only marks do not carry over; whether they
    do on AWS is not documented.
    """

    def __init__(
        self,
        program: str,
        *,
        folder: Path,
        environment: Mapping[str, str],
        cwd: Path,
        output: int,
        most_processes: int,
    ) -> None:
        """`program` is found by the PATH of `environment`; raises MissingTool.

        `folder` is for this shell alone. Both streams of the commands go to the file descriptor
        `output`; their standard input is empty.
        """
        self.cwd = self._first_cwd = cwd.absolute()
        self._program = find_program(program, environment, cwd)
        self._folder = folder.absolute()
        self._output = output
        self._most_processes = most_processes
        self._variables = self._first_variables = shell_variables.exported(environment)
        # No shell can set these, so each gets them from outside.
        self._unnamed = {
            name: value for name, value in environment.items() if name not in self._variables
        }
        self._child: Process | None = None
        self._ended = threading.Event()
        self._has_grown = False
        # Held while the tree is looked at and while it gets a new branch.
        self._tree_lock = threading.Lock()
        self._tree = Descendants.from_now_on(os.getpid(), process.processes)
        self._leave_orphans = take_in_orphans()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def run(self, command: str, variables: Mapping[str, str] | None = None) -> int:
        """Run a command and return its exit status, negative when a signal ended it.

        `variables` are exported before. A command that does not end as shells do (by an `exec`,
        a signal, or with a trap of its own at the end) leaves variables and folder as they were.
        Raises TooManyProcesses, also later. Once `end` was called it returns at once, as killed.
        """
        # Whoever holds the lock must not be held up by those who are watched.
        with going_first(), self._tree_lock:
            if self._ended.is_set():
                self._refuse_growth()
                return _KILLED
            self._variables = {**self._variables, **shell_variables.exported(variables or {})}
            self._write(command)
            self._child = start_restrained(
                [str(self._program), str(self._script)],
                env=self._unnamed,
                cwd=self._folder,
                output=self._output,
                most_processes=self._most_processes,
            )
        status = self._child.wait()
        with going_first(), self._tree_lock:
            self._look()
            self._child = None
        self._refuse_growth()
        self._read()
        return status

    def value(self, name: str) -> str | None:
        """The value of a variable, exported or not; None without one, and for an array.

        Bytes that are no UTF-8 are replaced.
        """
        variable = self._variables.get(name)
        if variable is None or variable.value is None:
            return None
        return os.fsencode(variable.value).decode("utf-8", "replace")

    def forget(self) -> None:
        """Let variables and folder be those of the beginning again."""
        self.cwd, self._variables = self._first_cwd, self._first_variables

    def end(self) -> None:
        """End every process that commands are or left, from any thread; may be called again.

        A command that runs is killed, and its `run` returns.
        """
        self._ended.set()
        self._watcher.join()

    def _refuse_growth(self) -> None:
        if self._has_grown:
            raise TooManyProcesses(self._most_processes)

    # --- Processes -----------------------------------------------------------------------------

    def _watch(self) -> None:
        """Look, also between two commands, until the end or too much growth; then end it all."""
        pause = _LOOK_SECONDS
        with going_first(), contextlib.ExitStack() as at_the_end:
            at_the_end.callback(self._end_all)
            while not self._has_grown and not self._ended.wait(pause):
                # Its own time: that others leave it little is no reason to look less often.
                started = time.thread_time()
                with self._tree_lock:
                    self._has_grown = self._look() > self._most_processes
                pause = max(_LOOK_SECONDS, (time.thread_time() - started) / _LOOK_SHARE)

    def _end_all(self) -> None:
        self._ended.set()
        with self._tree_lock:
            self._tree.end(*self._groups())
            if self._child is not None:
                with contextlib.suppress(TimeoutError):  # it could not be killed
                    self._child.wait(_LOOK_SECONDS)
            self._look()
        self._leave_orphans()

    def _look(self) -> int:
        """How many processes there are, but for orphans that have ended and are let go of."""
        found = self._tree.look(*self._groups())
        over = {pid for pid in found.keys() - alive(found) if found[pid].parent == os.getpid()}
        process.reap(over)
        return len(found) - len(over)

    def _groups(self) -> tuple[int, ...]:
        return () if self._child is None else (self._child.pid,)

    # --- What carries over ---------------------------------------------------------------------

    @property
    def _script(self) -> Path:
        return self._folder / "script.sh"

    @property
    def _given(self) -> Path:
        return self._folder / "given.sh"

    @property
    def _left(self) -> Path:
        return self._folder / "left.sh"

    @property
    def _left_cwd(self) -> Path:
        return self._folder / "left_cwd"

    def _write(self, command: str) -> None:
        """Write the script of a command, and what the ones before it left."""
        # The folder is written last: without it, nothing was left, or not all of it.
        self._left_cwd.unlink(missing_ok=True)
        # Whoever went to the working folder, it was not a command.
        given = b"unset OLDPWD\n" + shell_variables.assignments(self._variables)
        self._given.write_bytes(given)
        save = _SAVE.format(
            list=shell_variables.LIST,
            left=shlex.quote(str(self._left)),
            cwd=shlex.quote(str(self._left_cwd)),
        )
        script = _SCRIPT.format(
            cwd=shlex.quote(str(self.cwd)),
            given=shlex.quote(str(self._given)),
            save=shlex.quote(save),
            command=command,
        )
        self._script.write_bytes(os.fsencode(script))

    def _read(self) -> None:
        """Keep what a command left, when it left all of it."""
        if self._left_cwd.exists():
            cwd = os.fsdecode(self._left_cwd.read_bytes()).removesuffix("\n")
            if cwd:
                self.cwd = Path(cwd)
                self._variables = shell_variables.listed(self._left.read_bytes())
