"""Programs to talk with in lines: question by question, or whenever there is something to say."""

import contextlib
import os
import selectors
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pytest_codeartifact.redaction import redact
from pytest_codeartifact.tools import process
from pytest_codeartifact.tools.trees import LOOK_SECONDS, Descendants

if TYPE_CHECKING:
    from subprocess import Popen

LINE_BYTES = 64 * 1024 * 1024
WORDS_BYTES = 4096


class Dialogue:
    """A program that is told lines on its standard input and answers with lines."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> None:
        self._child, self._tell, self._hear = _start(argv, env, cwd, errors=process.NOTHING)
        self._unread = b""

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
        with contextlib.suppress(TimeoutError):
            process.Process(self._child).wait(process.GRACE_SECONDS)
        return self.end()

    def end(self) -> int:
        """End the program and its descendants; return its exit code. May be called again."""
        if self._tell >= 0:
            process.end_tree(self._child)
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


class LineTooLong(ValueError):
    """A program said more than LINE_BYTES without an end of line."""


class Conversation:
    """A program that is told lines and says lines, whenever either has something to say.

    One thread may tell while another one listens. Lines are bytes without their end. What the
    program writes to its standard error is appended to a log.
    """

    def __init__(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log_path: Path
    ) -> None:
        """Start the program with exactly the environment given; raises MissingTool."""
        self._log = log_path.open("a+b")
        try:
            self._child, tell, hear = _start(argv, env, cwd, errors=self._log)
        except BaseException:
            self._log.close()
            raise
        self._tell, self._hear = os.fdopen(tell, "wb"), os.fdopen(hear, "rb")
        self.last_words = ""
        """The end of what the program wrote to its standard error, once it was ended."""
        self._ending = threading.Lock()
        self._listening = threading.Lock()
        self._tree = Descendants(self.pid, process.processes)

    @property
    def pid(self) -> int:
        return self._child.pid

    def write_line(self, line: bytes) -> None:
        """Tell a line; raises BrokenPipeError when the program does not listen any more."""
        if b"\n" in line:
            raise ValueError("a line has no end within")
        try:
            self._tell.write(line + b"\n")
            self._tell.flush()
        except ValueError:  # closed here
            raise BrokenPipeError from None

    def lines(self) -> Iterator[bytes]:
        """What the program says, line by line, until it closes its output.

        Half a line at the end is dropped: the program did not get to say it. Raises LineTooLong;
        then there is nothing to do but to end the conversation.
        """
        while (line := self._next_line()) is not None:
            yield line

    def close_input(self) -> None:
        """Tell the program that nothing more will be told; may be called again."""
        with contextlib.suppress(BrokenPipeError):
            self._tell.close()

    def wait(self, timeout: float | None = None) -> int:
        """Wait, at most `timeout` seconds, for its own end; raises TimeoutError."""
        return process.Process(self._child).wait(timeout)

    def end(self, grace_seconds: float = process.GRACE_SECONDS) -> int:
        """End the program, then all that it left; return its exit code. May be called again.

        It is asked with SIGTERM, and has `grace_seconds` to end its descendants by itself. Then
        they are killed, and the program last. Who listens meanwhile gets what was said until then.
        """
        if self._log.closed:
            # By now another program may have the same id.
            return self._child.returncode
        self._tree.look()
        if self._child.poll() is None:
            self._child.terminate()
        deadline = time.monotonic() + grace_seconds
        while self._child.poll() is None and time.monotonic() < deadline:
            self._tree.look()
            time.sleep(LOOK_SECONDS)
        process.kill_tree(self._child, self._tree)
        self.close_input()
        self._close_log()
        # Somebody may have got away with the other end of the pipe; whoever listens to it stays.
        if self._listening.acquire(timeout=process.GRACE_SECONDS):
            self._hear.close()
            self._listening.release()
        return self._child.returncode

    def _close_log(self) -> None:
        with self._ending:
            if not self._log.closed:
                # Not by the log's path: the program may have put anything in its place.
                size = os.fstat(self._log.fileno()).st_size
                last = os.pread(self._log.fileno(), WORDS_BYTES, max(0, size - WORDS_BYTES))
                if size > WORDS_BYTES:
                    # Half a secret would not be recognised as one.
                    last = last.partition(b"\n")[2]
                self.last_words = redact(last.decode("utf-8", "replace").strip())
                self._log.close()

    def _next_line(self) -> bytes | None:
        with self._listening:
            line = b"" if self._hear.closed else self._hear.readline(LINE_BYTES + 1)
        if len(line) > LINE_BYTES and not line.endswith(b"\n"):
            raise LineTooLong(f"more than {LINE_BYTES} bytes without an end of line")
        return line[:-1] if line.endswith(b"\n") else None


def _start(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path, *, errors: int | IO[bytes]
) -> "tuple[Popen[bytes], int, int]":
    """A program, where it is told, and where it is heard; raises MissingTool."""
    told, tell = os.pipe()
    hear, said = os.pipe()
    try:
        child = process.spawn(argv, env=env, cwd=cwd, streams=(told, said, errors))
    except BaseException:
        os.close(tell)
        os.close(hear)
        raise
    finally:
        os.close(told)
        os.close(said)
    return child, tell, hear
