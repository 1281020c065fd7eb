"""What `pytest-codeartifact build` does: run a buildspec by CodeBuild, and show how it goes."""

import os
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from pytest_codeartifact.redaction import redact
from pytest_codeartifact.targets.builds import BotoBuilds, Build, RunningBuild, build_of
from pytest_codeartifact.targets.emulator import Account
from pytest_codeartifact.targets.policies import BEARER_STATEMENT, PACKAGE_STATEMENT
from pytest_codeartifact.targets.roles import Policy

READING_POLICY: Policy = (PACKAGE_STATEMENT, BEARER_STATEMENT)
"""The build's permissions where nobody names others."""

_CONTAINER = re.compile(r"(\[Container\] \S+ \S+ )(.*)\n")
_STATE = re.compile(r"(?<=State: )[A-Z_]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A build as somebody asked for it on the command line."""

    folder: Path
    role_policy: Policy
    buildspec: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout_minutes: int = 60


def run(account: Account, wanted: Wanted, screen: "Screen") -> Build:
    """Run a build to its end and show it; Ctrl-C stops it, and its end is shown, too."""
    with closing(account.builds()) as builds:
        return _shown(_started(builds, wanted), screen)


def _started(builds: BotoBuilds, wanted: Wanted) -> RunningBuild:
    return builds.start(
        wanted.buildspec,
        role_policy=wanted.role_policy,
        source=wanted.folder,
        variables=wanted.variables,
        timeout_minutes=wanted.timeout_minutes,
    )


def _shown(running: RunningBuild, screen: "Screen") -> Build:
    lines: list[str] = []

    def follow() -> None:
        for line in running.output():
            lines.append(line)
            screen.log(line)

    try:
        follow()
    except KeyboardInterrupt:
        running.stop()
        follow()
    build = build_of(running.described(), "".join(lines))
    screen.summary(build)
    return build


class Screen:
    """Where a build is shown: in colours on a terminal, plain anywhere else."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._has_colours = out.isatty() and not os.environ.get("NO_COLOR")

    def say(self, text: str) -> None:
        """A line of ours."""
        self._out.write(f"{text}\n")
        self._out.flush()

    def log(self, text: str) -> None:
        """A line of the build's log, with its end."""
        match = _CONTAINER.fullmatch(text)
        if match is not None:
            text = f"{self._in('2', match[1])}{self._told(match[2])}\n"
        self._out.write(text)
        self._out.flush()

    def summary(self, build: Build) -> None:
        """The phases of a build, and how it ended."""
        width = max(map(len, build.phases), default=0)
        self.say("")
        for phase in build.phases.values():
            status = self._in(_COLOURS.get(phase.status, "1"), f"{phase.status:<11}")
            self.say(f"  {phase.name:<{width}}  {status}  {phase.seconds:6.1f} s")
            if phase.code or phase.message:
                self.say(f"  {'':<{width}}  {phase.code}: {phase.message.strip()}")
        seconds = sum(phase.seconds for phase in build.phases.values())
        for name, value in build.exported.items():
            self.say(f"  exported {name}={redact(value)}")
        status = self._in(_COLOURS.get(build.status, "1"), build.status)
        self.say(f"\n{build.id}: {status} in {seconds:.1f} s")

    def _told(self, text: str) -> str:
        if text.startswith("Running command "):
            return self._in("1", text)
        return _STATE.sub(lambda match: self._in(_COLOURS.get(match[0], "1"), match[0]), text)

    def _in(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._has_colours else text


_COLOURS = {
    "SUCCEEDED": "32",
    "FAILED": "1;31",
    "FAULT": "1;31",
    "TIMED_OUT": "33",
    "STOPPED": "33",
}
