"""A terminal session: commands run one by one, and each finds what the ones before it left."""

import itertools
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_codeartifact.redaction import redact
from pytest_codeartifact.tools.conversations import Dialogue
from pytest_codeartifact.tools.log import CommandLog
from pytest_codeartifact.tools.process import Completed

COMMAND_SECONDS = 300.0
TIMED_OUT = 124

# Readers type into bash or zsh, which know `source`; a plain sh may not.
_BEGIN = 'command -v source >/dev/null 2>&1 || source() { . "$@"; }'


class ConsoleSession:
    """One `sh` that is fed commands: variables, functions and the working folder carry over.

    A command that ends the shell ends it alone: the next one gets a fresh shell, as in a new
    terminal window.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        cwd: Path,
        log: CommandLog,
        *,
        shell: Sequence[str] = ("sh",),
    ) -> None:
        """`shell` are the words that start the shell."""
        self.cwd = cwd
        self._environment = environment
        self._log = log
        self._shell = shell
        self._dialogue: Dialogue | None = None
        self._numbers = itertools.count(1)

    def run(
        self, command: str, *, timeout: float = COMMAND_SECONDS, with_stderr: bool = False
    ) -> Completed:
        """Run a command as typed, at most `timeout` seconds; any exit code is an answer.

        With `with_stderr` both streams come back in `stdout`, in the order they were written.
        A command that is not done in time is ended with all its descendants and the shell, and
        gets exit code 124. Raises MissingTool when there is no shell.
        """
        completed = self._run(command, timeout, with_stderr=with_stderr)
        self._log.add(completed, command)
        return completed

    def folder(self) -> Path:
        """The working folder the next command will find."""
        return Path(self._run("pwd", COMMAND_SECONDS, with_stderr=False).stdout.rstrip("\n"))

    def close(self) -> None:
        """End the shell and whatever it left running."""
        if self._dialogue is not None:
            self._dialogue.end()
            self._dialogue = None

    def _run(self, command: str, timeout: float, *, with_stderr: bool) -> Completed:
        folder = Path(self._environment["TMPDIR"])
        stem = f"command-{id(self)}-{next(self._numbers)}"
        typed, out, err = (folder / f"{stem}.{kind}" for kind in ("sh", "out", "err"))
        typed.write_text(f"{command}\n", encoding="utf-8")
        out.touch()
        err.touch()
        started = time.monotonic()
        # Redirected around the whole command, so that the shell's own complaints are kept too.
        streams = f"</dev/null >{shlex.quote(str(out))} "
        streams += "2>&1" if with_stderr else f"2>{shlex.quote(str(err))}"
        line = f". {shlex.quote(str(typed))} {streams}; printf '%s\\n' \"$?\""
        try:
            exit_code = self._answer(line, timeout)
            return Completed(
                argv=(redact(command, self._log.secrets),),
                exit_code=exit_code,
                stdout=self._read(out),
                stderr=self._read(err),
                seconds=time.monotonic() - started,
            )
        finally:
            for path in (typed, out, err):
                path.unlink()

    def _answer(self, line: str, timeout: float) -> int:
        if self._dialogue is None:
            self._dialogue = Dialogue(self._shell, env=self._environment, cwd=self.cwd)
            line = f"{_BEGIN}\n{line}"
        dialogue, self._dialogue = self._dialogue, None
        try:
            answer = dialogue.ask(line, timeout)
        except TimeoutError:
            return TIMED_OUT
        if answer is None:
            return dialogue.wait()
        self._dialogue = dialogue
        return int(answer)

    def _read(self, path: Path) -> str:
        return redact(path.read_bytes().decode("utf-8", "replace"), self._log.secrets)
