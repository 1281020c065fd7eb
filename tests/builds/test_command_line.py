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
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.durability.serving import NOWHERE, Server

if TYPE_CHECKING:
    from pytest_codeartifact.targets.emulator import EmulatorTarget

PROGRAM = [sys.executable, "-m", "pytest_codeartifact"]
# Whoever runs the tests in the background may have the signal ignored, which is inherited.
INTERRUPTIBLE = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
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
        [*PROGRAM, "build", *map(str, arguments)],
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
def on_a_terminal(
    home: Path, *arguments: str | Path
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command on a terminal, and the terminal's other end; the command ends with the block."""
    terminal, streams = pty.openpty()
    try:
        child = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, *PROGRAM, "build", *map(str, arguments)],
            env=environment(home),
            stdin=streams,
            stdout=streams,
            stderr=streams,
            start_new_session=True,
        )
    finally:
        os.close(streams)
    try:
        yield child, terminal
    finally:
        child.terminate()
        child.wait()
        os.close(terminal)


def read_until(terminal: int, text: str) -> str:
    """What is shown up to a text, or up to the end."""
    shown = b""
    while text.encode() not in shown:
        if not select.select([terminal], [], [], 60)[0]:
            break
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not chunk:  # and others say so
            break
        shown += chunk
    return shown.decode()


def test_interrupted_build_is_stopped_and_shown(
    project: Path, ready_file: Path, tmp_path: Path
) -> None:
    """Ctrl-C stops the build, whose phases are shown all the same; a terminal has colours."""
    words = (project, "--ready-file", ready_file, "--buildspec", "endless.yml")
    with on_a_terminal(tmp_path, *words) as (child, terminal):
        assert "ready" in read_until(terminal, "\nready")
        child.send_signal(signal.SIGINT)
        shown = read_until(terminal, "\x1b[33mSTOPPED\x1b[0m in ")
        assert child.wait(60) == 1

    assert re.search(r"BUILD +\x1b\[33mSTOPPED", shown)
    assert "Traceback" not in shown


@contextmanager
def serving(folder: Path, variables: dict[str, str]) -> Iterator[Path]:
    """A server that somebody with these variables runs: its ready file."""
    ready_path, state, error_path = (folder / name for name in ("ready.json", "state", "errors"))
    command = [*PROGRAM, "serve", "--ready-file", str(ready_path), "--state", str(state)]
    with error_path.open("w") as errors:
        child = subprocess.Popen(
            [*command, "--upstream", f"public:pypi={NOWHERE}"],
            env=environment(folder) | variables,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    with closing(Server(child, state, ready_path, error_path)) as server:
        server.wait_until_ready()
        yield ready_path
        assert server.tell(signal.SIGTERM) == 0


def test_server_keeps_its_callers_credentials_from_builds(project: Path, tmp_path: Path) -> None:
    """Neither a build's commands nor the process that runs them know who started the server."""
    (project / "telling.yml").write_text("""
version: 0.2
phases:
  build:
    commands:
      - env
      - cat /proc/$PPID/environ 2>/dev/null | tr '\\0' '\\n'
""")
    caller = {"AWS_ACCESS_KEY_ID": "marked-id", "AWS_SECRET_ACCESS_KEY": "marked-key"}
    with serving(tmp_path, caller) as ready_file:
        done = build(tmp_path, project, "--ready-file", ready_file, "--buildspec", "telling.yml")

    assert (done.returncode, done.stderr) == (0, "")
    assert "CODEBUILD_CI=true" in done.stdout
    assert "marked" not in done.stdout
    assert not [name for name in caller if name in done.stdout]
