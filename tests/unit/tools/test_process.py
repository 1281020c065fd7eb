import gc
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_codeartifact.redaction import MASK
from pytest_codeartifact.tools.conversations import Dialogue
from pytest_codeartifact.tools.process import (
    CommandFailed,
    MissingTool,
    processes,
    run,
    start,
)
from pytest_codeartifact.tools.trees import alive

SECRET = "correct-horse-battery"
TOKEN = f"eyJ2ZXIiOjEsImlzdSI6MTc5MzQwNDgwMCw.{'Ab1' * 80}.c.d.e"
ENV = {"PATH": os.defpath}


def is_alive(pid: int) -> bool:
    return pid in alive(processes())


def written(path: Path) -> int:
    """The number a child writes to a file, when it has."""
    deadline = time.monotonic() + 20
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < deadline, "the child never came up"
        os.sched_yield()
    return int(path.read_text())


@pytest.fixture
def leftover() -> Iterator[list[int]]:
    """Processes that a failing test may leave behind."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_environment_is_exactly_the_given_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the parent's environment reaches a program."""
    monkeypatch.setenv("PIP_INDEX_URL", "leaked")
    code = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"
    done = run([sys.executable, "-c", code], env={"ONLY": "this"}, cwd=tmp_path, timeout=30)
    assert done.stdout == "['ONLY']\n"


def test_both_streams_and_exit_code_are_kept(tmp_path: Path) -> None:
    """Standard output and error come back apart, with the exit code that was expected."""
    done = run(
        ["sh", "-c", "cat; echo err >&2; exit 3"],
        env=ENV,
        cwd=tmp_path,
        timeout=30,
        expect=3,
        stdin="typed\n",
    )
    assert (done.exit_code, done.stdout, done.stderr) == (3, "typed\n", "err\n")


def test_nothing_on_standard_input_is_end_of_file(tmp_path: Path) -> None:
    """A program that asks gets an end of file and does not wait for a person."""
    assert run(["cat"], env=ENV, cwd=tmp_path, timeout=30).stdout == ""


@pytest.mark.parametrize("expect", [0, 3])
def test_other_exit_code_is_an_error(tmp_path: Path, expect: int) -> None:
    """An exit code that was not expected raises, with both streams in the text."""
    with pytest.raises(CommandFailed) as raised:
        run(
            ["sh", "-c", "echo out; echo err >&2; exit 7"],
            env=ENV,
            cwd=tmp_path,
            timeout=30,
            expect=expect,
        )
    text = str(raised.value)
    assert f"exit code 7, expected {expect}" in text
    assert "out" in text
    assert "err" in text
    assert raised.value.completed.exit_code == 7


def test_any_exit_code_is_accepted_when_none_is_expected(tmp_path: Path) -> None:
    """`expect=None` leaves the judgement to the caller."""
    done = run(["sh", "-c", "exit 7"], env=ENV, cwd=tmp_path, timeout=30, expect=None)
    assert done.exit_code == 7


def test_secrets_are_masked_everywhere(tmp_path: Path) -> None:
    """Neither a given secret nor a token is in the command, the streams, the error or its repr."""
    script = 'echo "$1" "$2"; echo "$1 $2" >&2; exit 1'
    with pytest.raises(CommandFailed) as raised:
        run(
            ["sh", "-c", script, "sh", SECRET, TOKEN],
            env=ENV,
            cwd=tmp_path,
            timeout=30,
            secrets=iter([SECRET]),
        )
    error = raised.value
    shown = [str(error), repr(error), repr(error.completed), repr(error.args)]
    assert not [text for text in shown if SECRET in text or TOKEN[:40] in text]
    assert error.completed.stdout == f"{MASK} {MASK}\n"
    assert error.completed.argv[-2:] == (MASK, MASK)


def test_missing_program_says_how_to_get_it(tmp_path: Path) -> None:
    """The error is one line that names the program and the extra."""
    with pytest.raises(MissingTool) as raised:
        run(["twine"], env={"PATH": str(tmp_path)}, cwd=tmp_path, timeout=30)
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith("twine ")
    assert "pip install 'pytest-codeartifact[article]'" in str(raised.value)


def test_program_is_found_on_the_given_path_alone(tmp_path: Path) -> None:
    """The PATH of the environment decides, not the one of this process."""
    program = tmp_path / "bin" / "sh"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho ours\n")
    program.chmod(0o755)
    env = {"PATH": f"{program.parent}{os.pathsep}{os.defpath}"}
    assert run(["sh"], env=env, cwd=tmp_path, timeout=30).stdout == "ours\n"


def test_stopping_ends_the_whole_tree(tmp_path: Path, leftover: list[int]) -> None:
    """A grandchild dies too, even in a session of its own and deaf to the first signal."""
    code = (
        "import os, signal, time\n"
        "os.setsid()\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(f'{{os.getpid()}}\\n')\n"
        "time.sleep(600)\n"
    )
    argv = ["sh", "-c", '"$0" -c "$1" & wait', sys.executable, code]
    running = start(argv, ENV, tmp_path / "log")
    leftover += [running.pid, written(tmp_path / "pid")]
    assert all(is_alive(pid) for pid in leftover)
    running.stop(grace_seconds=0.2)
    assert not [pid for pid in leftover if is_alive(pid)]


def test_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """After the timeout the program is gone, and what it printed until then is in the error."""
    script = "echo half; echo $$ > pid; exec sleep 600"
    with pytest.raises(CommandFailed, match="not done within 1 s") as raised:
        run(["sh", "-c", script], env=ENV, cwd=tmp_path, timeout=1)
    assert raised.value.completed.stdout == "half\n"
    assert not is_alive(written(tmp_path / "pid"))


def test_background_child_does_not_hold_up_its_parent(tmp_path: Path, leftover: list[int]) -> None:
    """A program is done when it ends, even when its child keeps the output open."""
    done = run(["sh", "-c", "sleep 600 & echo $!"], env=ENV, cwd=tmp_path, timeout=30)
    leftover.append(int(done.stdout))
    assert is_alive(leftover[0])


def test_started_program_runs_on_and_is_stopped(tmp_path: Path) -> None:
    """`start` returns at once, writes both streams to the log, and `stop` ends the program."""
    log = tmp_path / "log"
    script = "echo out; echo err >&2; echo $$ > pid; exec sleep 600"
    running = start(["sh", "-c", script], ENV, log)
    try:
        assert written(tmp_path / "pid") == running.pid
        assert running.exit_code is None
        with pytest.raises(TimeoutError):
            running.wait(0.01)
    finally:
        exit_code = running.stop()
    assert exit_code == -signal.SIGTERM
    assert running.exit_code == exit_code
    assert log.read_text() == "out\nerr\n"


def test_started_program_that_ended_itself_has_its_exit_code(tmp_path: Path) -> None:
    """`wait` gives the exit code of a program that ends in time, and stopping it again is fine."""
    running = start(["sh", "-c", "exit 5"], ENV, tmp_path / "log")
    assert running.wait(30) == 5
    assert running.stop() == 5


def test_program_left_running_is_forgotten_in_silence(
    tmp_path: Path, leftover: list[int], recwarn: pytest.WarningsRecorder
) -> None:
    """What others end may run on when its starter lets go of it, without a warning."""
    running = start(["sleep", "600"], ENV, tmp_path / "log")
    leftover.append(running.pid)
    running.leave_running()
    del running
    gc.collect()
    assert is_alive(leftover[0])
    assert recwarn.list == []


def test_dialogue_answers_line_by_line(tmp_path: Path) -> None:
    """Each line told gets the next line said."""
    dialogue = Dialogue(["cat"], env=ENV, cwd=tmp_path)
    try:
        assert [dialogue.ask(line, 30) for line in ("one", "two")] == ["one", "two"]
    finally:
        dialogue.end()


def test_dialogue_with_a_program_that_ended_gets_no_answer(tmp_path: Path) -> None:
    """A program that is gone answers None, and its exit code is known."""
    dialogue = Dialogue(["sh"], env=ENV, cwd=tmp_path)
    assert dialogue.ask("exit 4", 30) is None
    assert dialogue.wait() == 4
    assert dialogue.end() == 4


def test_dialogue_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """After the timeout the program and what it runs are gone."""
    dialogue = Dialogue(["sh"], env=ENV, cwd=tmp_path)
    pid = dialogue.ask("echo $$", 30)
    assert pid is not None
    with pytest.raises(TimeoutError):
        dialogue.ask("sleep 600", 0.3)
    assert not is_alive(int(pid))
