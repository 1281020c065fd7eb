import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_codeartifact.tools.conversations import LINE_BYTES, Conversation, LineTooLong
from pytest_codeartifact.tools.process import (
    MissingTool,
    processes,
)
from pytest_codeartifact.tools.trees import alive

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans over")
ENV = {"PATH": os.defpath}

# Starts a sleeper in a session of its own whose parent is gone, which says who both are.
AGENT = """
import os, signal, subprocess, sys
from pytest_codeartifact.tools.process import processes
from pytest_codeartifact.tools.trees import go_on_as_child, take_in_orphans
if "kept" in sys.argv:
    go_on_as_child(processes)
take_in_orphans()
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
say = f"print(os.getpid(), {os.getpid()}, flush=True)"
inner = f"import os, time; os.setsid(); {say}; time.sleep(600)"
outer = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {inner!r}])"
subprocess.run([sys.executable, "-c", outer])
sys.stdin.read()
"""

Talk = Callable[..., Conversation]


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    """Begins conversations, and ends them."""
    begun: list[Conversation] = []

    def begin(*argv: str) -> Conversation:
        made = Conversation(argv, env=ENV, cwd=tmp_path, log_path=tmp_path / "log")
        begun.append(made)
        return made

    yield begin
    for each in begun:
        each.end()


def living(pids: set[int]) -> set[int]:
    return alive(processes()).keys() & pids


def test_lines_come_back_while_others_are_told(talk: Talk) -> None:
    """A listener hears all lines, in order, although nobody waits for one before the next."""
    conversation = talk("cat")
    heard: list[bytes] = []
    listener = threading.Thread(target=lambda: heard.extend(conversation.lines()))
    listener.start()
    told = [b"%d %s" % (number, b"x" * 1000) for number in range(2000)]
    for line in told:
        conversation.write_line(line)
    conversation.close_input()
    listener.join()
    assert heard == told
    assert conversation.wait(20) == 0
    assert conversation.end() == 0


def test_errors_go_to_the_log(talk: Talk, tmp_path: Path) -> None:
    """What a program writes to standard error is appended to the log, not heard as a line."""
    conversation = talk("sh", "-c", "echo heard; echo logged >&2")
    assert list(conversation.lines()) == [b"heard"]
    conversation.wait(20)
    assert (tmp_path / "log").read_text() == "logged\n"


def test_half_a_line_at_the_end_is_dropped(talk: Talk) -> None:
    """A line that its program did not end was not said."""
    assert list(talk("printf", "whole\\n\\nhalf").lines()) == [b"whole", b""]


def test_line_without_an_end_is_refused(talk: Talk) -> None:
    """A program cannot fill the memory with one line; the longest allowed one is heard."""
    conversation = talk("sh", "-c", f"head -c {LINE_BYTES} /dev/zero; echo; cat /dev/zero")
    lines = conversation.lines()
    assert len(next(lines)) == LINE_BYTES
    with pytest.raises(LineTooLong, match=str(LINE_BYTES)):
        next(lines)


def test_telling_a_program_that_is_gone_raises(talk: Talk) -> None:
    """A line that nobody reads is an error, as is one after the input was closed."""
    gone = talk("true")
    gone.wait(20)
    with pytest.raises(BrokenPipeError):
        gone.write_line(b"hello")
    closed = talk("cat")
    closed.close_input()
    closed.close_input()
    with pytest.raises(BrokenPipeError):
        closed.write_line(b"hello")


def test_line_with_an_end_within_is_refused(talk: Talk) -> None:
    """One line told is one line heard."""
    with pytest.raises(ValueError, match="end"):
        talk("cat").write_line(b"a\nb")


def test_waiting_too_long_raises(talk: Talk) -> None:
    """A program that runs on is not waited for forever."""
    with pytest.raises(TimeoutError):
        talk("cat").wait(0.01)


def test_missing_program_is_named(talk: Talk) -> None:
    """A conversation with nobody does not begin."""
    with pytest.raises(MissingTool):
        talk("no-such-program")


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        ([], -signal.SIGTERM),
        (["stubborn"], -signal.SIGKILL),
        (["kept"], 128 + signal.SIGTERM),
        (["kept", "stubborn"], -signal.SIGKILL),
    ],
)
@linux
def test_end_reaches_those_who_escaped(talk: Talk, arguments: list[str], exit_code: int) -> None:
    """An orphan in a session of its own dies too, whether its agent obeys or must be killed."""
    conversation = talk(sys.executable, "-c", AGENT, *arguments)
    everybody = {conversation.pid, *map(int, next(conversation.lines()).split())}
    assert living(everybody) == everybody
    # Who obeys may take its time on a busy machine; nobody waits for long who must be killed.
    grace_seconds = 0.2 if "stubborn" in arguments else 20
    assert conversation.end(grace_seconds) == exit_code
    assert living(everybody) == set()


@linux
def test_killed_agent_leaves_nobody_when_somebody_stays_behind(talk: Talk) -> None:
    """When the output ends, nothing lives that the agent started, though it was killed itself."""
    conversation = talk(sys.executable, "-c", AGENT, "kept")
    lines = conversation.lines()
    escaped, agent = map(int, next(lines).split())
    assert agent != conversation.pid
    os.kill(agent, signal.SIGKILL)
    assert list(lines) == []
    assert living({escaped, agent}) == set()
    assert conversation.wait(20) == 128 + signal.SIGKILL


def test_agent_has_time_to_end_by_itself(talk: Talk) -> None:
    """A program that is asked to end may finish what it does, and says its last words."""
    script = "trap 'echo bye; exit 7' TERM; echo ready; sleep 600 & wait"
    conversation = talk("sh", "-c", script)
    lines = conversation.lines()
    assert next(lines) == b"ready"
    heard: list[bytes] = []
    listener = threading.Thread(target=lambda: heard.extend(lines))
    listener.start()
    assert conversation.end(20) == 7
    listener.join()
    assert heard == [b"bye"]


def test_listener_is_released_by_the_end(talk: Talk) -> None:
    """Who listens to a program that says nothing gets the end of its lines."""
    conversation = talk("sleep", "600")
    listener = threading.Thread(target=lambda: list(conversation.lines()))
    listener.start()
    assert conversation.end() == -signal.SIGTERM
    listener.join()
    assert list(conversation.lines()) == []
