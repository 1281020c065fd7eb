"""Builds end when they are told to, when their time is over, and with the emulator."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact.settings import Settings
from pytest_codeartifact.targets.builds import BotoBuilds, Build, RunningBuild
from pytest_codeartifact.targets.emulator import open_private_target

if TYPE_CHECKING:
    from pytest_codeartifact.targets.emulator import EmulatorTarget

# Children of every kind: plain, without a hang-up, in a session of their own, forked twice.
LEAVING_MANY = """
version: 0.2
phases:
  build:
    commands:
      - sleep 1000.{mark} &
      - nohup sleep 1000.{mark} > /dev/null 2>&1 &
      - setsid sleep 1000.{mark} &
      - (setsid sh -c 'sleep 1000.{mark} & sleep 1000.{mark}' &)
      - echo ready
      - {last}
"""


@pytest.fixture
def mark(request: pytest.FixtureRequest) -> str:
    """Digits that only the processes of this test have."""
    return f"{os.getpid()}{abs(hash(request.node.nodeid)) % 10**6}"


@pytest.fixture
def builds(codeartifact_target: "EmulatorTarget") -> Iterator[BotoBuilds]:
    with closing(codeartifact_target.builds()) as builds:
        yield builds


def living(mark: str) -> list[str]:
    """Command lines of the processes that have the mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"1000.{mark}" in line:
            found.append(line)
    return found


def wait_until(happened: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something that is about to happen."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_output(running: RunningBuild, text: str) -> None:
    """Wait until the build has printed the line."""
    for line in running.output():
        if line.strip() == text:
            return
    pytest.fail(f"{text!r} was never printed")


linux_only = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@linux_only
@pytest.mark.documented("StopBuild")
def test_stopped_build_leaves_no_process(builds: BotoBuilds, mark: str) -> None:
    """StopBuild ends commands and all they have started, and the build is STOPPED."""
    running = builds.start(
        LEAVING_MANY.format(mark=mark, last=f"sleep 1000.{mark}"), role_policy=[]
    )
    wait_for_output(running, "ready")
    wait_until(lambda: len(living(mark)) >= 5)

    running.stop()
    build = running.wait()

    assert build.status == "STOPPED"
    assert build.phases["BUILD"].status == "STOPPED"
    assert "POST_BUILD" not in build.phases
    assert "FINALIZING" not in build.phases
    assert living(mark) == []


@linux_only
@pytest.mark.documented("StopBuild")
def test_build_that_ends_by_itself_leaves_no_process(builds: BotoBuilds, mark: str) -> None:
    """What commands left in the background ends with the build."""
    build = builds.build(LEAVING_MANY.format(mark=mark, last="echo done"), role_policy=[])

    assert build.succeeded
    assert living(mark) == []


@linux_only
@pytest.mark.documented("Project timeoutInMinutes")
def test_build_that_takes_too_long_is_ended(
    codeartifact_private: "EmulatorTarget", mark: str
) -> None:
    """After the project's time the build is TIMED_OUT, and nothing of it is left."""
    with closing(codeartifact_private.builds()) as builds:
        running = builds.start(
            LEAVING_MANY.format(mark=mark, last=f"sleep 1000.{mark}"),
            role_policy=[],
            timeout_minutes=5,
        )
        wait_for_output(running, "ready")
        codeartifact_private.control.advance(299)
        assert not running.described()["buildComplete"]
        codeartifact_private.control.advance(60)
        build = running.wait()

    assert build.status == "TIMED_OUT"
    failed = build.phases["BUILD"]
    assert (failed.status, failed.code) == ("TIMED_OUT", "BUILD_TIMED_OUT")
    assert living(mark) == []


@linux_only
def test_emulator_that_ends_takes_its_builds_along(
    codeartifact_settings: Settings, mark: str
) -> None:
    """Builds watch the emulator: when it is gone, so are they."""
    with closing(open_private_target(codeartifact_settings)) as target:
        running = target.builds().start(
            LEAVING_MANY.format(mark=mark, last=f"sleep 1000.{mark}"), role_policy=[]
        )
        wait_for_output(running, "ready")

    wait_until(lambda: living(mark) == [])


@linux_only
def test_endless_forks_end_and_harm_nobody(builds: BotoBuilds, mark: str) -> None:
    """A build that starts processes in a loop is ended with all of them; the emulator answers."""
    build = builds.build(
        f"""
version: 0.2
phases:
  build:
    commands:
      - while true; do sleep 1000.{mark} & done
""",
        role_policy=[],
    )

    assert build.status == "FAILED"
    assert "processes" in build.phases["BUILD"].message
    assert living(mark) == []
    assert builds.build("version: 0.2\nphases: {build: {commands: [ls]}}", role_policy=[]).succeeded


def test_huge_log_is_cut_and_said_to_be(builds: BotoBuilds) -> None:
    """A build may print 200 MB: the log keeps its beginning, and tells that there was more."""
    build = builds.build(
        """
version: 0.2
phases:
  build:
    commands:
      - echo first
      - yes 'a line of forty characters, again and again' | head -c 200000000
      - echo last
  post_build:
    commands:
      - echo afterwards
""",
        role_policy=[],
    )

    assert build.succeeded
    assert len(build.log) < 12_000_000
    assert re.search(r"^first$", build.log, re.MULTILINE)
    assert "Phase complete: POST_BUILD State: SUCCEEDED" in build.log
    assert re.search(r"\[Container\] .* what they print from here on is not logged", build.log)


def test_empty_lines_without_end_are_cut_as_well(builds: BotoBuilds) -> None:
    """A million empty lines are no million events."""
    build = builds.build(
        "version: 0.2\nphases: {build: {commands: [\"yes '' | head -c 1000000\"]}}", role_policy=[]
    )

    assert build.succeeded
    assert build.log.count("\n") < 200_000
    assert "what they print from here on is not logged" in build.log


@linux_only
def test_build_that_kills_its_own_process_is_a_fault(builds: BotoBuilds, mark: str) -> None:
    """Whatever a build does to its process and its folder, it ends, and the emulator goes on."""
    build = builds.build(
        f"""
version: 0.2
phases:
  build:
    commands:
      - sleep 1000.{mark} &
      - LOG="$(dirname "$HOME")/agent.log"; rm -f "$LOG"; mkfifo "$LOG"; kill -9 $PPID
""",
        role_policy=[],
    )

    assert build.status == "FAULT"
    assert build.phases["BUILD"].code == "INTERNAL_ERROR"
    assert living(mark) == []


@linux_only
def test_build_that_writes_to_its_process_s_pipes_is_a_fault(builds: BotoBuilds) -> None:
    """A line that nobody understands ends the build, and is no crash of the emulator."""
    build = builds.build(
        """
version: 0.2
phases:
  build:
    commands:
      - for pipe in /proc/$PPID/fd/*; do test -p $pipe && echo nonsense > $pipe; done; sleep 5
""",
        role_policy=[],
    )

    assert build.status == "FAULT"
    assert "was not understood" in build.phases["BUILD"].message


FORGED = (
    """{"call": "completed", "with": {"phase": "BUILD", "status": "WHATEVER", "context": {}}}"""
)


@linux_only
def test_build_that_forges_what_its_process_says_is_a_fault(builds: BotoBuilds) -> None:
    """What is said for it must be what can be said of a build, or nobody could be shown it."""
    build = builds.build(
        f"""
version: 0.2
phases:
  build:
    commands:
      - |
        for pipe in /proc/$PPID/fd/*; do
          test -p $pipe && echo '{FORGED}' > $pipe
        done
        sleep 5
""",
        role_policy=[],
    )

    assert build.status == "FAULT"
    assert "FAILED, STOPPED, SUCCEEDED, TIMED_OUT is expected" in build.phases["BUILD"].message


@linux_only
def test_reset_ends_builds_and_forgets_them(
    codeartifact_target: "EmulatorTarget", mark: str
) -> None:
    """After a reset of the account nothing runs for it, and nothing is known of it."""
    account = codeartifact_target.new_account()
    running = account.builds().start(
        LEAVING_MANY.format(mark=mark, last=f"sleep 1000.{mark}"), role_policy=[]
    )
    wait_for_output(running, "ready")
    wait_until(lambda: len(living(mark)) >= 5)

    codeartifact_target.control.reset(account.account)

    assert living(mark) == []
    again = codeartifact_target.new_account(account.account).boto3_client("codebuild")
    assert again.list_builds()["ids"] == []
    assert again.list_projects()["projects"] == []


def test_failure_of_one_build_is_none_of_another(builds: BotoBuilds) -> None:
    """Builds side by side have folders, homes and logs of their own."""
    spec = "version: 0.2\nphases: {build: {commands: [echo $NAME > here, cat here, $LAST]}}"
    started = [
        builds.start(spec, role_policy=[], variables={"NAME": name, "LAST": last})
        for name, last in (("one", "true"), ("two", "false"), ("three", "true"))
    ]
    ended: list[Build] = [each.wait() for each in started]

    assert [each.status for each in ended] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    for build, name in zip(ended, ("one", "two", "three"), strict=True):
        assert re.findall(r"^(one|two|three)$", build.log, re.MULTILINE) == [name]
