import os
import queue
import subprocess
import threading
from collections.abc import Iterator

import pytest

from pytest_codeartifact.codebuild.log import LINE_COST, Log

_NOW = 1_784_023_069.017319
_STAMP = "[Container] 2026/07/14 09:57:49.017319"
_TOKEN = "eyJ2ZXIiOjEsImlzdSI6MTc5MzQwNDgwMCw.a-b_c.d.EeEeEe.f"


class _Written:
    """What a log has written, piece by piece."""

    def __init__(self) -> None:
        self.pieces: queue.SimpleQueue[str] = queue.SimpleQueue()

    def next(self) -> str:
        """The next piece, when it is there."""
        return self.pieces.get(timeout=30)

    def all(self) -> str:
        """All that was written and not taken."""
        return "".join(self.each())

    def each(self) -> list[str]:
        """The same, piece by piece."""
        pieces = []
        while not self.pieces.empty():
            pieces.append(self.pieces.get())
        return pieces


@pytest.fixture
def written() -> _Written:
    """What the log has written."""
    return _Written()


@pytest.fixture
def log(written: _Written) -> Iterator[Log]:
    """A log whose clock stands still."""
    with Log(written.pieces.put, lambda: _NOW, ["s3cret-value"]) as log:
        yield log


def _print(log: Log, text: str | bytes) -> None:
    os.write(log.output, text.encode() if isinstance(text, str) else text)


def test_own_lines_have_the_time(log: Log, written: _Written) -> None:
    """A line of CodeBuild's own has a mark, the time in UTC with six decimals, and its text."""
    log.say("Entering phase BUILD")
    assert written.all() == f"{_STAMP} Entering phase BUILD\n"


def test_whole_seconds_have_decimals_too(written: _Written) -> None:
    """The form of the time does not depend on the time."""
    with Log(written.pieces.put, lambda: 0.0) as log:
        log.say("x")
    assert written.all() == "[Container] 1970/01/01 00:00:00.000000 x\n"


@pytest.mark.parametrize(
    ("printed", "expected"),
    [("one\ntwo\n", "one\ntwo\n\n"), ("no end", "no end\n\n"), ("", "\n"), ("\n", "\n\n")],
)
def test_output_of_a_command_ends_with_an_empty_line(
    log: Log, written: _Written, printed: str, expected: str
) -> None:
    """What commands print has no mark, and an empty line comes after each of them."""
    log.say("Running command x")
    _print(log, printed)
    log.after_command()
    log.say("Phase complete: BUILD State: SUCCEEDED")
    assert written.all() == (
        f"{_STAMP} Running command x\n{expected}{_STAMP} Phase complete: BUILD State: SUCCEEDED\n"
    )


def test_own_lines_begin_lines(log: Log, written: _Written) -> None:
    """What a process in the background has begun is ended first."""
    _print(log, "in the backgr")
    log.drain()
    log.say("x")
    _print(log, "ound\n")
    log.drain()
    assert written.all() == f"in the backgr\n{_STAMP} x\nound\n"


def test_programs_print_to_the_log(log: Log, written: _Written) -> None:
    """The file descriptor can be a program's standard output."""
    command = ["sh", "-c", "echo out; echo err >&2"]
    subprocess.run(command, check=True, stdout=log.output, stderr=log.output)
    log.after_command()
    assert written.all() == "out\nerr\n\n"


def test_drain_does_not_wait_for_the_background(log: Log, written: _Written) -> None:
    """A process that goes on running, with the output open, holds nobody up."""
    sleeper = subprocess.Popen(["sleep", "1000"], stdout=log.output)
    try:
        _print(log, "done\n")
        log.after_command()
        assert written.all() == "done\n\n"
    finally:
        sleeper.kill()
        sleeper.wait()


def test_drain_does_not_wait_for_endless_output(log: Log, written: _Written) -> None:
    """A process that never stops printing holds nobody up either."""
    printer = subprocess.Popen(["yes"], stdout=log.output)
    try:
        assert written.next().startswith("y\n")
        for _ in range(3):
            log.after_command()
    finally:
        printer.kill()
        printer.wait()
    assert "\n\n" in written.all()


def test_incomplete_lines_are_passed_on(log: Log, written: _Written) -> None:
    """A line that does not end is not waited for, but for what may have to be hidden."""
    _print(log, "Password: s3cret")
    assert written.next() == "Password: "
    _print(log, "-value, thanks\n")
    assert written.next() == "***, thanks\n"


def test_secrets_are_masked_wherever_they_are_cut(log: Log, written: _Written) -> None:
    """Values and tokens that come in two writes are masked, as in CodeBuild's own lines."""
    for text in ("s3cret-value", _TOKEN, "https://aws:hunter2@host", "ASIAIOSFODNN7EXAMPLE"):
        for cut in range(1, len(text), 5):
            _print(log, f"<{text[:cut]}")
            _print(log, f"{text[cut:]}>\n")
    log.say("Running command echo s3cret-value")
    log.drain()
    shown = written.all()
    for secret in ("s3cret", "EeEe", "hunter2", "ASIA"):
        assert secret not in shown
    assert f"{_STAMP} Running command echo ***\n" in shown


def test_values_can_be_hidden_later(log: Log, written: _Written) -> None:
    """What was not written yet is masked as well, and a value of several lines line by line."""
    _print(log, "<s3cre")
    log.hide("s3cred")
    log.hide("line one\nline two\n")
    _print(log, "d, line two>\n")
    log.drain()
    assert written.all() == "<***, ***>\n"
    assert log.masked("line one") == "***"


def test_bytes_become_text(log: Log, written: _Written) -> None:
    """Characters may come in two writes, broken ones are replaced, carriage returns are kept."""
    _print(log, "caf\u00e9"[:3].encode() + b"\xc3")
    _print(log, b"\xa9 50%\r100%\r\n\xff\x00!\n")
    log.drain()
    assert written.all() == "caf\u00e9 50%\r100%\r\n\ufffd\x00!\n"


def test_very_long_lines_are_cut(written: _Written) -> None:
    """A line without an end is passed on in pieces, with what is hidden in it masked."""
    with Log(written.pieces.put, lambda: _NOW, ["s3cret-value"]) as log:
        for _ in range(50):
            _print(log, "x" * 9_999 + "s3cret-value")
    pieces = written.each()
    assert "".join(pieces) == ("x" * 9_999 + "***") * 50
    assert max(map(len, pieces)) < 200_000


def test_output_beyond_the_limit_is_dropped(written: _Written) -> None:
    """Commands can print on, one line tells that it is not logged, and CodeBuild's own are."""
    most = 1000 + LINE_COST
    with Log(written.pieces.put, lambda: _NOW, ["s3cret-value"], most_output=most) as log:
        subprocess.run(
            ["sh", "-c", "printf '%984s' x; echo; echo some s3cret-value; yes | head -c 5000000"],
            check=True,
            stdout=log.output,
        )
        log.after_command()
        log.say("Phase complete")
        _print(log, "nothing of this\n")
        log.after_command()
    shown = written.all()
    assert shown.startswith(" " * 983 + "x\nsome ")
    assert "s3c" not in shown
    assert shown.count(f"{most} bytes") == 1
    assert f"{_STAMP} Phase complete\n" in shown
    assert "nothing of this" not in shown
    assert len(shown) < 1400


def test_what_the_limit_allows_is_all_there(written: _Written) -> None:
    """Exactly as much as is allowed needs no line that tells of more."""
    with Log(written.pieces.put, lambda: _NOW, most_output=4 + LINE_COST) as log:
        _print(log, "abc\n")
        log.after_command()
        assert written.all() == "abc\n\n"
        _print(log, "d")
        log.drain()
    assert f"{4 + LINE_COST} bytes" in written.all()


def test_empty_lines_count_too(written: _Written) -> None:
    """Each line is an event that must be kept, so there cannot be millions of them."""
    with Log(written.pieces.put, lambda: _NOW, most_output=100 * LINE_COST) as log:
        _print(log, "\n" * 200_000)
        log.after_command()
    assert written.all().count("\n") < 100_000


def test_recent_output_can_be_searched(log: Log) -> None:
    """What commands printed last is kept, as it was written, and not more than enough of it."""
    log.say("not this")
    _print(log, "the s3cret-value was refused\n")
    log.drain()
    assert log.recent == "the *** was refused\n"
    log.forget_recent()
    assert log.recent == ""
    for number in range(30):
        _print(log, f"{number:09}\n" * 1000)
        log.drain()
    assert log.recent.endswith("000000029\n")
    assert len(log.recent) == 65_536


def test_closed_log_has_everything(written: _Written) -> None:
    """What was printed before is written, and closing again does nothing."""
    log = Log(written.pieces.put, lambda: _NOW)
    _print(log, "the last words")
    log.close()
    log.close()
    log.drain()
    assert written.all() == "the last words"


def test_many_threads_get_whole_lines(log: Log, written: _Written) -> None:
    """Lines of several threads are not mixed up, and draining at once is no deadlock."""

    def talk(name: str) -> None:
        for number in range(50):
            _print(log, f"{name}{number}\n")
            log.say(f"{name}{number}")
            log.drain()

    threads = [threading.Thread(target=talk, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = written.all().splitlines()
    printed = {f"{name}{number}" for name in "abcd" for number in range(50)}
    assert sorted(lines) == sorted([*printed, *(f"{_STAMP} {text}" for text in printed)])


def test_error_of_whoever_writes_is_told() -> None:
    """When the log cannot be written, commands print on, and who asks next is told."""

    def refuse(_text: str) -> None:
        raise BrokenPipeError("nobody there")

    with Log(refuse, lambda: _NOW) as log:
        subprocess.run(["sh", "-c", "yes | head -c 500000"], stdout=log.output, check=True)
        with pytest.raises(BrokenPipeError, match="nobody there"):
            log.after_command()
        with pytest.raises(BrokenPipeError):
            log.say("x")
