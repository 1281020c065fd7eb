"""The log of a build: what CodeBuild says itself, and what commands print between that.

Lines of CodeBuild's own begin with `[Container]` and the time. What commands print stands as it is,
with an empty line after each command. Nothing that is hidden is ever written.

Differs: what commands print beyond a limit is not logged; AWS knows no such limit.
"""

import codecs
import fcntl
import os
import queue
import select
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from pytest_codeartifact.codebuild.hiding import Hidden

MOST_OUTPUT = 10 * 1024 * 1024
"""How many bytes are logged of all that the commands of a build print."""

LINE_COST = 100
"""So many bytes a line counts for besides what is in it, as each becomes an event."""

_MOST_PENDING = 64 * 1024
"""A line of more characters is passed on before it ends."""

_PATIENCE_SECONDS = 0.3
"""How long the end of a line is waited for."""

_MOST_RECENT = 64 * 1024
_BLOCK_BYTES = 64 * 1024


class Log:
    """A log that is written by `write`, piece by piece; any thread may use it.

    `now` tells the time in seconds since the epoch. `values` must not be seen in the log. Once
    `write` has raised an error nothing is written any more, commands can print on, and whatever
    else is asked of the log raises that error.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        now: Callable[[], float],
        values: Iterable[str] = (),
        *,
        most_output: int = MOST_OUTPUT,
    ) -> None:
        self._write = write
        self._now = now
        self._hidden = Hidden(values)
        self._writing = threading.Lock()
        self._at_line_start = True
        self._failure: Exception | None = None
        self._recent: deque[str] = deque()
        self._recent_size = 0
        self._most_output = most_output
        self._read_end, self.output = os.pipe()
        """`output` is the file descriptor that commands print to."""
        self._woken_end, self._waker = os.pipe()
        self._asking = threading.Lock()
        self._is_open = True
        self._requests: queue.SimpleQueue[threading.Event] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read_on, name="build log", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def say(self, text: str) -> None:
        """Write a line of CodeBuild's own; a line before it that has no end gets one."""
        self._say(text)
        self._raise_failure()

    def hide(self, value: str) -> None:
        """Mask a value from now on, also in what was printed and is not written yet."""
        self._hidden.add(value)

    def masked(self, text: str) -> str:
        """A text as the log would show it."""
        return self._hidden.masked(text)

    def drain(self) -> None:
        """Write everything that commands have printed until now."""
        self._ask_and_wait(closes=False)
        self._raise_failure()

    def after_command(self) -> None:
        """Write what a command that has ended did print, and the empty line after it."""
        self.drain()
        with self._writing:
            self._end_line()
            self._put("\n")
        self._raise_failure()

    @property
    def recent(self) -> str:
        """The end of what commands have printed since `forget_recent`, as it was written."""
        with self._writing:
            return "".join(self._recent)[-_MOST_RECENT:]

    def forget_recent(self) -> None:
        """Begin `recent` anew."""
        with self._writing:
            self._recent.clear()
            self._recent_size = 0

    def close(self) -> None:
        """Write everything that commands have printed until now, and nothing more; idempotent."""
        if self._ask_and_wait(closes=True):
            self._reader.join()
            for descriptor in (self.output, self._read_end, self._woken_end, self._waker):
                os.close(descriptor)

    # --- Writing ---------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        moment = datetime.fromtimestamp(self._now(), UTC).strftime("%Y/%m/%d %H:%M:%S.%f")
        with self._writing:
            self._end_line()
            self._put(f"[Container] {moment} {self._hidden.masked(text)}\n")

    def _pass_on(self, text: str) -> None:
        with self._writing:
            self._put(text)
            self._recent.append(text)
            self._recent_size += len(text)
            while self._recent_size - len(self._recent[0]) > _MOST_RECENT:
                self._recent_size -= len(self._recent.popleft())

    def _end_line(self) -> None:
        if not self._at_line_start:
            self._put("\n")

    def _put(self, text: str) -> None:
        if self._failure is None:
            try:
                self._write(text)
            except Exception as error:  # noqa: BLE001 -- raised by whatever is asked next
                self._failure = error
            else:
                self._at_line_start = text.endswith("\n")

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    # --- Reading, in a thread of its own ---------------------------------------------------------

    def _ask_and_wait(self, *, closes: bool) -> bool:
        """Have all read that was printed until now; False when the log was closed before."""
        done = threading.Event()
        with self._asking:
            if not self._is_open:
                return False
            self._requests.put(done)
            self._is_open = not closes
            os.write(self._waker, b".")
        done.wait()
        return True

    def _read_on(self) -> None:
        output = _Output(self._hidden, self._pass_on, self._say_full, self._most_output)
        poll = select.poll()
        poll.register(self._woken_end, select.POLLIN)
        poll.register(self._read_end, select.POLLIN)
        is_open = True
        while is_open:
            ready = {descriptor for descriptor, _event in poll.poll(output.patience)}
            if self._woken_end in ready:
                os.read(self._woken_end, 1)
                done = self._requests.get()
                # A process that goes on printing must not keep us here.
                left = _waiting(self._read_end)
                while left > 0:
                    data = os.read(self._read_end, min(left, _BLOCK_BYTES))
                    left -= len(data)
                    output.take(data)
                output.take_break()
                is_open = self._is_open or not self._requests.empty()
                done.set()
            elif self._read_end in ready:
                output.take(os.read(self._read_end, _BLOCK_BYTES))
            output.pass_on_late()

    def _say_full(self) -> None:
        limit = f"{self._most_output} bytes"
        self._say(f"The commands have printed {limit}; what they print from here on is not logged")


class _Output:
    """What commands print, on its way from bytes to pieces of text without what is hidden."""

    def __init__(
        self,
        hidden: Hidden,
        pass_on: Callable[[str], None],
        say_full: Callable[[], None],
        most_bytes: int,
    ) -> None:
        self._hidden = hidden
        self._pass_on = pass_on
        self._say_full = say_full
        self._left = most_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._before = ""
        self._deadline: float | None = None

    @property
    def patience(self) -> float | None:
        """After how many milliseconds `pass_on_late` has something to do."""
        if self._deadline is None:
            return None
        return max(0.0, self._deadline - time.monotonic()) * 1000

    def take(self, data: bytes) -> None:
        """Take what was printed, and pass on the lines that are whole."""
        if self._left < 0:
            return
        self._pending += self._decoder.decode(data[: self._left])
        self._left -= len(data) + LINE_COST * data.count(b"\n")
        if self._left < 0:
            self._pass_on_settled()
            self._pending, self._deadline = "", None
            self._say_full()
            return
        self._pass_on_until(self._pending.rfind("\n") + 1)
        if len(self._pending) > _MOST_PENDING:
            self._pass_on_settled()
        if self._pending and self._deadline is None:
            self._deadline = time.monotonic() + _PATIENCE_SECONDS

    def pass_on_late(self) -> None:
        """Pass on what was waited for long enough."""
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._pass_on_settled()
            self._deadline = None

    def take_break(self) -> None:
        """Pass on all there is, as something else is written next."""
        text, self._pending, self._deadline = self._pending, "", None
        if text:
            self._show(self._hidden.cut_off(text, self._before))

    def _pass_on_settled(self) -> None:
        self._pass_on_until(self._hidden.settled(self._pending, self._before))

    def _pass_on_until(self, end: int) -> None:
        text, self._pending = self._pending[:end], self._pending[end:]
        if text:
            self._deadline = None
            self._show(self._hidden.masked(text, self._before))

    def _show(self, text: str) -> None:
        self._before = text[-1:]
        self._pass_on(text)


def _waiting(descriptor: int) -> int:
    """How many bytes can be read from a pipe now."""
    answer: bytes = fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4))
    return int.from_bytes(answer, sys.byteorder)
