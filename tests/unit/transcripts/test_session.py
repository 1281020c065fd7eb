import venv
from pathlib import Path

import pytest

from pytest_codeartifact.redaction import MASK
from pytest_codeartifact.tools import process
from pytest_codeartifact.tools.log import CommandLog
from pytest_codeartifact.tools.process import MissingTool
from pytest_codeartifact.tools.trees import alive
from pytest_codeartifact.transcripts.session import TIMED_OUT, ConsoleSession


def said(session: ConsoleSession, command: str) -> str:
    completed = session.run(command)
    assert completed.exit_code == 0, completed
    return completed.stdout


@pytest.mark.parametrize(
    ("first", "second", "output"),
    [
        ("export A=1", "sh -c 'echo $A'", "1\n"),
        ("A=1", "echo $A", "1\n"),
        ("greet() { echo hello $1; }", "greet you", "hello you\n"),
        ("mkdir sub && cd sub && touch here", "ls", "here\n"),
        ("umask 077", "umask", "0077\n"),
        ("echo 'A=2' > settings", "source ./settings; echo $A", "2\n"),
    ],
    ids=["exported", "variable", "function", "folder", "umask", "sourced"],
)
def test_command_finds_what_the_one_before_left(
    session: ConsoleSession, first: str, second: str, output: str
) -> None:
    """Variables, functions and the working folder carry over, as in a terminal."""
    session.run(first)
    assert said(session, second) == output


def test_virtual_environment_stays_activated(session: ConsoleSession) -> None:
    """Activation lasts until `deactivate`, which is a function of the shell."""
    venv.EnvBuilder(symlinks=True).create(session.cwd / "demo")
    before = session.run("command -v python3").stdout
    session.run(". demo/bin/activate")
    assert said(session, "command -v python3") == f"{session.cwd / 'demo' / 'bin' / 'python3'}\n"
    session.run("deactivate")
    assert session.run("command -v python3").stdout == before


def test_command_of_several_lines_is_one(session: ConsoleSession) -> None:
    """Continuations, here-documents and compound commands are the shell's own business."""
    assert said(session, "echo one \\\n  two") == "one two\n"
    assert said(session, "cat <<END\n$((1 + 1))\nEND") == "2\n"
    assert said(session, "for x in 1 2\ndo echo $x\ndone") == "1\n2\n"


def test_streams_are_kept_apart_or_joined(session: ConsoleSession) -> None:
    """Standard error is apart, or in its place within the output when asked for."""
    command = "echo 1; echo 2 >&2; echo 3"
    apart = session.run(command)
    assert (apart.stdout, apart.stderr) == ("1\n3\n", "2\n")
    joined = session.run(command, with_stderr=True)
    assert (joined.stdout, joined.stderr) == ("1\n2\n3\n", "")


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [("true", 0), ("false", 1), ("(exit 7)", 7), ("true | false", 1), ("no-such-program-9", 127)],
)
def test_exit_code_is_the_commands(session: ConsoleSession, command: str, exit_code: int) -> None:
    """The exit code is what `$?` would say, and the session goes on."""
    assert session.run(command).exit_code == exit_code
    assert said(session, "echo on") == "on\n"


@pytest.mark.parametrize("command", ["exit 3", "set -e; (exit 3)"])
def test_command_that_ends_the_shell_ends_it_alone(session: ConsoleSession, command: str) -> None:
    """After the shell's end comes a fresh one in the first folder, with nothing carried over."""
    session.run("A=1; cd /")
    assert session.run(command).exit_code == 3
    assert said(session, "echo ${A-unset}; pwd") == f"unset\n{session.cwd}\n"


def test_unreadable_command_is_a_failed_one(session: ConsoleSession) -> None:
    """A syntax error fails that command with the shell's own message."""
    completed = session.run("echo 'unterminated")
    assert completed.exit_code != 0
    assert completed.stderr != ""
    assert said(session, "echo on") == "on\n"


def test_command_that_asks_gets_no_answer(session: ConsoleSession) -> None:
    """Nothing is typed on standard input, and what follows is not taken for an answer."""
    assert session.run("read answer").exit_code == 1
    assert said(session, "echo on") == "on\n"


def test_background_job_does_not_hold_up_the_session(session: ConsoleSession) -> None:
    """A job in the background leaves the session free, and ends with it."""
    pid = int(said(session, "sleep 600 & echo $!"))
    assert pid in alive(process.processes())
    session.close()
    assert pid not in alive(process.processes())


def test_command_that_takes_too_long_is_ended(session: ConsoleSession) -> None:
    """A command over its time is gone with all it started, and the next one gets a new shell."""
    said(session, "A=1")
    completed = session.run("echo half; sleep 600", timeout=1)
    assert (completed.exit_code, completed.stdout) == (TIMED_OUT, "half\n")
    assert said(session, "echo ${A-unset}") == "unset\n"


def test_commands_are_logged_as_typed(session: ConsoleSession, log: CommandLog) -> None:
    """The log has each command the way it was typed, with what it printed, secrets masked."""
    completed = session.run("echo 'a  b' \\\n  correct-horse-battery")
    assert completed.stdout == f"a  b {MASK}\n"
    (entry,) = log.entries
    assert entry.command == f"echo 'a  b' \\\n  {MASK}"
    assert entry.stdout == completed.stdout
    assert "correct-horse-battery" not in repr(completed)


def test_folder_is_where_the_next_command_runs(session: ConsoleSession, log: CommandLog) -> None:
    """The session tells its working folder, without a trace in the log."""
    assert session.folder() == session.cwd
    session.run("mkdir sub; cd sub")
    assert session.folder() == session.cwd / "sub"
    assert len(log.entries) == 1


def test_missing_shell_is_a_missing_tool(tmp_path: Path, log: CommandLog) -> None:
    """Without a shell the error names it."""
    session = ConsoleSession({"PATH": "", "TMPDIR": str(tmp_path)}, tmp_path, log)
    with pytest.raises(MissingTool, match="sh is not installed"):
        session.run("true")
