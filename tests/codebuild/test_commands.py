import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.codebuild.commands import Shell, TooManyProcesses
from pytest_codeartifact.tools.process import MissingTool, find_program, processes
from pytest_codeartifact.tools.trees import alive

ENV = {"PATH": os.defpath, "LANG": "C.UTF-8", "GREETING": 'it\'s "so" $far\n'}
PROGRAMS = ("sh", "bash")
# Whatever a variable can hold: no end of string, and nothing that is no text.
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans over")


@dataclass
class Bench:
    """A shell, and all that its commands have written."""

    shell: Shell
    output_path: Path

    def run(self, command: str) -> str:
        """What a command that succeeds writes."""
        before = len(self.output)
        status = self.shell.run(command)
        assert status == 0, self.output[before:]
        return self.output[before:]

    @property
    def output(self) -> str:
        return self.output_path.read_text()


@contextlib.contextmanager
def bench(
    program: str,
    folder: Path,
    most_processes: int = 100,
    environment: Mapping[str, str] = ENV,
) -> Iterator[Bench]:
    """A bench in an empty folder, and the end of whatever its commands started."""
    for name in ("scratch", "work"):
        (folder / name).mkdir()
    path = folder / "output"
    with path.open("ab") as output:
        shell = Shell(
            program,
            folder=folder / "scratch",
            environment=environment,
            cwd=folder / "work",
            output=output.fileno(),
            most_processes=most_processes,
        )
        try:
            yield Bench(shell, path)
        finally:
            shell.end()


@pytest.fixture(params=PROGRAMS)
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A bench with each shell."""
    with contextlib.suppress(MissingTool):
        find_program(request.param, ENV, tmp_path)
        with bench(request.param, tmp_path) as made:
            yield made
        return
    pytest.skip(f"no {request.param} here")


def pids(path: Path, count: int) -> list[int]:
    """The numbers that processes write to a file, when they all have."""
    deadline = time.monotonic() + 20
    while not path.exists() or path.read_text().count("\n") < count:
        assert time.monotonic() < deadline, "the processes never came up"
        os.sched_yield()
    return [int(line) for line in path.read_text().split()]


def children() -> set[int]:
    """The living children of this process, which gets the orphans below it."""
    return {pid for pid, seen in alive(processes()).items() if seen.parent == os.getpid()}


def living(found: Sequence[int]) -> list[int]:
    return sorted(alive(processes()).keys() & set(found))


def test_variables_and_folder_carry_over(at: Bench) -> None:
    """The next command finds variables, exported or not, and the folder as they were left."""
    at.run("mkdir sub; cd sub; PLAIN='a  b'; export SHOWN=c; unset GREETING")
    told = at.run('pwd; echo "$PLAIN|$SHOWN|${GREETING-unset}"; sh -c \'echo "$PLAIN|$SHOWN"\'')
    assert told == f"{at.shell.cwd}\na  b|c|unset\n|c\n"
    assert at.shell.cwd.name == "sub"
    assert (at.shell.value("PLAIN"), at.shell.value("SHOWN")) == ("a  b", "c")
    assert at.shell.value("GREETING") is None


def test_environment_is_the_given_one(at: Bench) -> None:
    """Nothing of this process's environment reaches a command, and nothing of ours is added."""
    shells_own = {"PWD", "OLDPWD", "SHLVL", "_"}
    names = {line.partition("=")[0] for line in at.run("unset GREETING; env").splitlines()}
    assert names - shells_own == {"PATH", "LANG"}
    assert at.shell.value("LANG") == "C.UTF-8"


def test_previous_folder_is_found_again(at: Bench) -> None:
    """`cd -` goes to where an earlier command was, and nowhere when none was elsewhere."""
    assert at.run('echo "${OLDPWD-none}"') == "none\n"
    at.run("cd /")
    assert at.run("cd -").strip() == str(at.shell.cwd)
    assert at.shell.cwd.name == "work"


def test_link_to_a_folder_keeps_its_name(at: Bench) -> None:
    """A folder that was entered by a link is called by it in the next command."""
    at.run("mkdir real; ln -s real link; cd link")
    assert at.run("pwd").endswith("/link\n")


@pytest.mark.parametrize("program", PROGRAMS)
@given(value=VALUES, other=VALUES)
@settings(max_examples=25, deadline=None)
def test_any_value_comes_back(program: str, value: str, other: str) -> None:
    """A variable has the same value after any number of commands, for programs and for us."""
    with tempfile.TemporaryDirectory() as name, bench(program, Path(name)) as at:
        assert at.shell.run("plain=$given; export other=$given", {"given": value}) == 0
        assert at.shell.run(":", {"other": other}) == 0
        assert at.shell.run('printf %s "$plain" >plain; printenv other >other') == 0
        work = at.shell.cwd
        assert (work / "plain").read_bytes() == value.encode()
        assert (work / "other").read_bytes() == f"{other}\n".encode()
        assert [at.shell.value(each) for each in ("plain", "given", "other")] == [
            value,
            value,
            other,
        ]


def test_shell_that_calls_itself_sh_is_no_matter(tmp_path: Path) -> None:
    """Where `sh` is bash, as on Amazon Linux, it is treated as what it is, in any locale."""
    (tmp_path / "sh").symlink_to(find_program("bash", ENV, tmp_path))
    path = f"{tmp_path}{os.pathsep}{os.defpath}"
    with bench("sh", tmp_path, environment={"PATH": path, "LC_ALL": "C"}) as at:
        value = 'it\'s "é" $\n`\\\t'
        assert at.shell.run("a=(1 2); f() { :; }; plain=$given", {"given": value}) == 0
        assert at.shell.run(": ${BASH_VERSION:?}") == 0
        assert at.run('printf "%s|" "$plain" "${a[1]}"') == f"{value}|2|"
        assert at.shell.value("plain") == value
        assert at.output == f"{value}|2|"


def test_value_that_is_no_text_comes_back(at: Bench) -> None:
    """Bytes that are not UTF-8 are kept for commands, and replaced for everybody else."""
    at.run("V=$(printf '\\377\\001\\201x')")
    assert at.shell.run('printf %s "$V" >bytes') == 0
    assert (at.shell.cwd / "bytes").read_bytes() == b"\xff\x01\x81x"
    assert at.shell.value("V") == "\ufffd\x01\ufffdx"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("V=new; exit 3", 3),
        ("set -eu; V=new; false; V=never", 1),
        ("set -x; V=new; set -C", 0),
        ("V=new; (exit 9)", 9),
        ("V=new; readonly V", 0),
        ("V=new; false | true", 0),
    ],
)
def test_state_is_kept_however_a_command_ends(at: Bench, command: str, status: int) -> None:
    """The status is the command's, and what it set is kept, also when it gives up."""
    assert at.shell.run(command) == status
    assert at.shell.value("V") == "new"
    before = at.output
    assert at.run('V=$V-changed; echo "$V" >|file; cat file') == "new-changed\n"
    assert "given.sh" not in before


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("V=lost; exec sh -c 'exit 4'", 4),
        ("V=lost; trap 'echo bye' EXIT; cd /", 0),
        ("V=lost; kill -9 $$", -signal.SIGKILL),
        ("V=lost; if", 2),
    ],
)
def test_state_stays_when_a_command_leaves_none(at: Bench, command: str, status: int) -> None:
    """A command that ends in its own way leaves variables and folder as they were before."""
    at.run("V=old")
    assert at.shell.run(command) == status
    assert at.run('echo "$V"') == "old\n"
    assert at.shell.cwd.name == "work"


def test_options_do_not_carry_over(at: Bench) -> None:
    """`set -e` as a command of its own ends nothing later."""
    at.run("set -e")
    assert at.run("false; echo on") == "on\n"


def test_errors_name_the_script_and_line_four(at: Bench) -> None:
    """The shell's complaints look as in AWS's logs."""
    assert at.shell.run("nosuchthing\nneither") == 127
    script = at.output.splitlines()[0].partition("script.sh: ")
    assert script[1]
    assert script[2].removeprefix("line ").startswith("4: nosuchthing")
    assert "5: neither" in at.output


def test_multiline_commands_and_documents_run_unchanged(at: Bench) -> None:
    """Quotes, here-documents, continued lines and comments mean what they mean in a script."""
    command = (
        "cat <<'E' |\n  $x \\\n`'\"\nE\ncat  # all\nif true\nthen echo \\\n  'a\n b'\nfi # end"
    )
    assert at.run(command) == "  $x \\\n`'\"\na\n b\n"


def test_standard_input_is_empty(at: Bench) -> None:
    """A command that reads gets an end of file."""
    assert at.run("cat; echo done") == "done\n"


def test_folder_that_is_gone_fails_the_next_command(at: Bench) -> None:
    """A command does not run elsewhere when its folder was removed."""
    at.run("mkdir gone; cd gone; rmdir ../gone")
    assert at.shell.run("echo elsewhere") != 0
    assert "elsewhere" not in at.output


def test_arrays_and_functions_of_bash_disturb_nothing(tmp_path: Path) -> None:
    """Arrays, integers and references carry over; functions do not, and nothing complains."""
    with bench("bash", tmp_path) as at:
        at.run(
            "a=(1 '2 )\n3' $'\\'\\t'); declare -A m=([k\\ \\\"]=v)\n"
            "declare -i n=5; declare -n r=a\n"
            "f() { echo ')'; }; export -f f; declare -rx K=k; BASH_ENV=b; local_only=1"
        )
        assert at.run('printf "%s|" "${a[@]}" "${m[@]}" "${r[1]}"') == "1|2 )\n3|'\t|v|2 )\n3|"
        assert at.run("n=n+1; echo $n; K=other; type f || true; env | grep K") == (
            f"6\n{at.shell.cwd.parent}/scratch/script.sh: line 4: type: f: not found\nK=other\n"
        )
        assert at.shell.value("a") is None
        assert at.shell.value("n") == "6"


def test_missing_shell_is_named(tmp_path: Path) -> None:
    """A shell that is not on the PATH is refused when it is asked for."""
    with pytest.raises(MissingTool):
        Shell(
            "bash",
            folder=tmp_path,
            environment={"PATH": str(tmp_path)},
            cwd=tmp_path,
            output=1,
            most_processes=9,
        )


def test_much_output_goes_through_a_pipe(tmp_path: Path) -> None:
    """Ten megabytes reach whoever reads the other end, while the command runs."""
    hear, tell = os.pipe()
    received: list[int] = []

    def listen() -> None:
        while chunk := os.read(hear, 1 << 16):
            received.append(len(chunk))

    listener = threading.Thread(target=listen)
    listener.start()
    shell = Shell(
        "sh",
        folder=tmp_path,
        environment=ENV,
        cwd=tmp_path,
        output=tell,
        most_processes=100,
    )
    try:
        assert shell.run("head -c 10000000 /dev/zero") == 0
    finally:
        shell.end()
        os.close(tell)
        listener.join()
        os.close(hear)
    assert sum(received) == 10_000_000


def test_background_process_lives_until_the_end(at: Bench) -> None:
    """What a command leaves running is there for the next one, and is gone after the end."""
    started = int(at.run("sleep 600 & echo $!"))
    at.run(f"kill -0 {started}")
    assert living([started]) == [started]
    at.shell.end()
    assert living([started]) == []


ESCAPES = {
    "nohup": "nohup sh -c 'trap \"\" TERM HUP; echo $$ >>pids; exec sleep 600' &",
    "setsid": "setsid sh -c 'echo $$ >>pids; exec sleep 600' &",
    "twice": "(setsid sh -c '(setsid sh -c \"echo \\$\\$ >>pids; exec sleep 600\" &)' &)",
    "no variables": "(env -i PATH=$PATH setsid sh -c 'cd /; exec sleep 600' & echo $! >>pids) &",
}


@linux
@pytest.mark.parametrize("escape", ESCAPES.values(), ids=list(ESCAPES))
def test_escaped_process_is_ended(at: Bench, escape: str) -> None:
    """A process that left its session, its parent and its environment dies with the others."""
    assert at.shell.run(escape) == 0
    found = pids(at.shell.cwd / "pids", 1)
    at.shell.end()
    assert living(found) == []


@linux
def test_process_that_starts_itself_again_and_again_is_ended(tmp_path: Path) -> None:
    """One that is another process at each look does not get away."""
    script = "import os\nwhile True:\n    os.fork() and os._exit(0)\n    os.setsid()\n"
    with bench("sh", tmp_path) as at:
        path = at.shell.cwd / "hop.py"
        path.write_text(script)
        assert at.shell.run(f"{sys.executable} {path}") == 0
        at.shell.end()
    commands = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            commands.append(each.read_bytes())
    assert commands
    assert not [command for command in commands if bytes(path) in command]


BOMBS = {
    "loop": ("sh", "while true; do sleep 600 & done"),
    "sessions": ("sh", "while true; do setsid sleep 600 & done"),
    "doubling": ("bash", ":() { : | : & }; :; sleep 600"),
}


@linux
@pytest.mark.parametrize(("program", "bomb"), BOMBS.values(), ids=list(BOMBS))
def test_too_many_processes_are_ended(tmp_path: Path, program: str, bomb: str) -> None:
    """A build that multiplies is ended as a whole, and everybody who runs a command is told."""
    before = children()
    with bench(program, tmp_path, most_processes=30) as at:
        with pytest.raises(TooManyProcesses, match="more than 30 processes"):
            at.shell.run(bomb)
        assert children() <= before
        with pytest.raises(TooManyProcesses):
            at.shell.run(":")


def test_growth_between_two_commands_is_ended(tmp_path: Path) -> None:
    """What multiplies in the background is ended while no command runs, and the next one fails."""
    with bench("sh", tmp_path, most_processes=30) as at:
        assert (
            at.shell.run(
                "(until [ -e go ]; do :; done; while true; do sleep 600 & done) & echo $! >pids"
            )
            == 0
        )
        [leader] = pids(at.shell.cwd / "pids", 1)
        (at.shell.cwd / "go").touch()
        deadline = time.monotonic() + 20
        while living([leader]):
            assert time.monotonic() < deadline, "it was not ended"
            os.sched_yield()
        with pytest.raises(TooManyProcesses):
            at.shell.run(":")


def test_end_from_another_thread_ends_the_running_command(at: Bench) -> None:
    """A command that runs is killed, its `run` returns, and later ones return at once."""
    work = at.shell.cwd

    def end() -> None:
        pids(work / "pids", 2)
        at.shell.end()

    ending = threading.Thread(target=end)
    ending.start()
    command = "trap '' TERM; sleep 600 & echo $$ >>pids; echo $! >>pids; wait; sleep 600"
    assert at.shell.run(command) == -signal.SIGKILL
    ending.join()
    assert living(pids(work / "pids", 2)) == []
    assert at.shell.run("echo never") == -signal.SIGKILL
    at.shell.end()
    assert "never" not in at.output


@linux
def test_ended_orphans_are_let_go_of(at: Bench) -> None:
    """What dies after its parent does not stay in the list of processes."""
    at.run("for i in 1 2 3 4 5 6 7 8 9; do (sh -c 'echo $$ >>pids' &); done")
    found = pids(at.shell.cwd / "pids", 9)
    at.shell.end()
    assert not processes().keys() & set(found)


def test_processes_from_before_are_spared(tmp_path: Path) -> None:
    """A shell ends nothing that this process had before."""
    with bench("sh", tmp_path) as at:
        (tmp_path / "second").mkdir()
        started = int(at.run("sleep 600 & echo $!"))
        with bench("sh", tmp_path / "second") as other:
            other.run("sleep 600 &")
        assert living([started]) == [started]


@pytest.mark.skipif(sys.platform != "linux", reason="only GNU's nice says how nice it is")
def test_commands_let_others_go_first(at: Bench) -> None:
    """Commands are nicer than this process, and so is what they start."""
    assert int(at.run("nice")) > os.getpriority(os.PRIO_PROCESS, 0)
