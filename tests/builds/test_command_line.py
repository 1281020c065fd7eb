"""`pytest-codeartifact build`, as somebody types it."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_codeartifact.targets.emulator import EmulatorTarget

PROGRAM = [sys.executable, "-m", "pytest_codeartifact", "build"]
SPEC = """
version: 0.2
env:
  exported-variables: [MADE]
phases:
  build:
    commands:
      - ls
      - MADE="by $WHO"
      - {last}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a buildspec that succeeds."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "buildspec.yml").write_text(SPEC.format(last="true"))
    (folder / "failing.yml").write_text(SPEC.format(last="exit 7"))
    (folder / "endless.yml").write_text(SPEC.format(last="echo ready; sleep 1000"))
    return folder


@pytest.fixture
def ready_file(codeartifact_target: "EmulatorTarget", tmp_path: Path) -> Path:
    """The ready file of the server of this run."""
    access = codeartifact_target.environment()
    path = tmp_path / "server.json"
    path.write_text(
        json.dumps(
            {
                "endpoint_url": access["AWS_ENDPOINT_URL"],
                "account": codeartifact_target.account,
                "region": codeartifact_target.region,
                "access_key_id": access["AWS_ACCESS_KEY_ID"],
                "secret_access_key": access["AWS_SECRET_ACCESS_KEY"],
            }
        )
    )
    return path


def environment(home: Path) -> dict[str, str]:
    """The environment of somebody with a home folder that is empty."""
    kept = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE") if name in os.environ}
    return kept | {"HOME": str(home), "PYTHONUTF8": "1"}


def build(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_build_is_shown_with_its_phases(project: Path, ready_file: Path, tmp_path: Path) -> None:
    """The log, then each phase with its status and time; plain where it is no terminal."""
    done = build(tmp_path, project, "--ready-file", ready_file, "--env", "WHO=me")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Running command ls\nbuildspec.yml\nendless.yml\nfailing.yml\n" in done.stdout
    assert re.search(r"^  BUILD +SUCCEEDED +\d+\.\d s$", done.stdout, re.MULTILINE)
    assert "  exported MADE=by me\n" in done.stdout
    assert re.search(r"^\S+: SUCCEEDED in \d+\.\d s$", done.stdout, re.MULTILINE)
    assert "\x1b" not in done.stdout


def test_failed_build_is_an_exit_code(project: Path, ready_file: Path, tmp_path: Path) -> None:
    """What failed stands below its phase."""
    done = build(tmp_path, project, "--ready-file", ready_file, "--buildspec", "failing.yml")

    assert done.returncode == 1
    assert re.search(
        r"^  BUILD +FAILED .*\n +COMMAND_EXECUTION_ERROR: Error while executing command: exit 7\.",
        done.stdout,
        re.MULTILINE,
    )


def test_build_may_do_what_the_policy_says(
    project: Path, ready_file: Path, codeartifact_target: "EmulatorTarget", tmp_path: Path
) -> None:
    """With a policy of its own, a build may do that and no more."""
    del codeartifact_target
    (project / "listing.yml").write_text(
        "version: 0.2\nphases: {build: {commands: [aws codeartifact list-domains --output text]}}"
    )
    policy = tmp_path / "policy.json"
    policy.write_text(
        json.dumps({"Effect": "Allow", "Action": "codeartifact:ListDomains", "Resource": "*"})
    )
    place = ("--ready-file", ready_file, "--buildspec", "listing.yml")

    assert build(tmp_path, project, *place, "--role-policy", policy).returncode == 0
    refused = build(tmp_path, project, *place)
    assert refused.returncode == 1
    assert "is not authorized to perform: codeartifact:ListDomains" in refused.stdout


def test_build_without_a_server_brings_its_own(project: Path, tmp_path: Path) -> None:
    """Nobody has to start anything, and nothing is left in the folder."""
    done = build(tmp_path, project)

    assert done.returncode == 0
    assert done.stdout.startswith("No server is running, so this build meets an empty CodeArtifact")
    assert sorted(path.name for path in project.iterdir()) == [
        "buildspec.yml",
        "endless.yml",
        "failing.yml",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["missing"], "'missing' is no folder"),
        ([".", "--role-policy", "missing.json"], "cannot read 'missing.json'"),
        ([".", "--role-policy", __file__], "this is no policy"),
        ([".", "--env", "1=2"], "say NAME=VALUE"),
        ([".", "--timeout", "1"], "minutes are a number from 5 to 2160"),
    ],
)
def test_wrong_words_are_refused_in_one_line(
    arguments: list[str], told: str, tmp_path: Path
) -> None:
    """Usage errors name what is wrong, and end with 2."""
    done = build(tmp_path, *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_server_that_is_gone_is_said_to_be(project: Path, tmp_path: Path) -> None:
    """A ready file of no server is an error of one line."""
    path = tmp_path / "gone.json"
    path.write_text("{}")

    done = build(tmp_path, project, "--ready-file", path)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"pytest-codeartifact: {path} is no ready file of a server\n"


@contextmanager
def on_a_terminal(home: Path, *arguments: str | Path) -> Iterator[tuple[int, int]]:
    """The command on a terminal: its process id, and the terminal's other end."""
    pid, terminal = pty.fork()
    if pid == 0:
        # Whoever runs the tests in the background may have it ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execve(sys.executable, [*PROGRAM, *map(str, arguments)], environment(home))
    try:
        yield pid, terminal
    finally:
        os.close(terminal)


def read_until(terminal: int, text: str) -> str:
    """What is shown up to a text, or up to the end."""
    shown = b""
    while text.encode() not in shown:
        if not select.select([terminal], [], [], 60)[0]:
            break
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
    return shown.decode()


def test_interrupted_build_is_stopped_and_shown(
    project: Path, ready_file: Path, tmp_path: Path
) -> None:
    """Ctrl-C stops the build, whose phases are shown all the same; a terminal has colours."""
    words = (project, "--ready-file", ready_file, "--buildspec", "endless.yml")
    with on_a_terminal(tmp_path, *words) as (pid, terminal):
        assert "ready" in read_until(terminal, "\nready")
        os.kill(pid, signal.SIGINT)
        shown = read_until(terminal, "\x1b[33mSTOPPED\x1b[0m in ")
        _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 1
    assert re.search(r"BUILD +\x1b\[33mSTOPPED", shown)
    assert "Traceback" not in shown
