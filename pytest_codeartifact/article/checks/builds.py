"""Checks of the buildspec that the article shows, and what checks see of a build."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_codeartifact.article.checks import Observation, World, check_with
from pytest_codeartifact.article.checks.reader import (
    PRIVATE_PACKAGE,
    Machine,
    fact,
    make_repository,
    place,
    place_of,
    refusal_in,
)
from pytest_codeartifact.article.materials import MaterialError
from pytest_codeartifact.findings import Evidence
from pytest_codeartifact.targets import Capability
from pytest_codeartifact.targets.policies import BEARER_STATEMENT, PACKAGE_STATEMENT

if TYPE_CHECKING:
    from pytest_codeartifact.codebuild.buildspec import Buildspec
    from pytest_codeartifact.targets.builds import Build

_FAILED_COMMAND = re.compile(
    r"Error while executing command: (.*)\. Reason: exit status -?[0-9]+", re.DOTALL
)
_LOGIN = re.compile(r"\bcodeartifact\s+login\b")
_PHASES = ("install", "pre_build", "build", "post_build")
_PHASE, _LAST_PHASE = _PHASES[0], _PHASES[-1]
_FOUND_KEY = "a key that does not end:"
# Keys of users begin so, those of sessions with ASIA (IAM User Guide: "IAM identifiers").
_LOOK_FOR_KEYS = (
    r"{ env; find \"$HOME\" -type f ! -name '*.pyc' -exec cat {} +; }"
    f" | grep -aoE 'AKIA[A-Z0-9]{{16}}' | sort -u | sed 's/^/{_FOUND_KEY} /'"
)


def login_command(world: World) -> str:
    """What the article's install phase logs in with."""
    return " ".join(("aws codeartifact login --tool pip", *place(world)))


def buildspec_of(phases: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """A buildspec with these phases."""
    # What is JSON is YAML, too.
    return json.dumps({"version": "0.2", "phases": phases}, indent=1)


def printed(build: "Build", command: str) -> str:
    """What a build's log has between the start of a command and the next line of CodeBuild's."""
    _, _, after = build.log.partition(f"Running command {command}\n")
    return after.partition("[Container]")[0]


def seen(build: "Build") -> Evidence:
    """How a build ended, and why."""
    failed = build.failed_phase
    if failed is None:
        return Evidence("output", f"the build {build.id} succeeded")
    return Evidence(
        "output",
        f"the build {build.id} failed in {failed.name}: {why(build)} ({failed.code}:"
        f" {failed.message})",
    )


def why(build: "Build") -> str:
    """The line of a failed build's log, or its service's sentence, that tells why."""
    message = build.failed_phase.message if build.failed_phase else ""
    command = _FAILED_COMMAND.fullmatch(message)
    output = printed(build, command[1]) if command else ""
    return refusal_in(output) or message


@check_with(Capability.IDENTITIES)
def buildspec_installs_with_the_role(world: World) -> Observation:
    """Run the article's install phase in a build, with requirements that pip-compile pinned."""
    repository = make_repository(world)
    repository.upload(world.package(PRIVATE_PACKAGE).wheel)
    try:
        buildspec = world.materials.buildspec
    except MaterialError as error:
        refused = {"login": False, "install": False, "long_lived_key": False}
        return Observation(refused, [fact(str(error))])
    ready = world.prepare_build(
        _looking_for_keys(buildspec, _pinned(Machine(world, repository))),
        [PACKAGE_STATEMENT, BEARER_STATEMENT],
    )
    build = ready.start().wait()
    index = f"{place_of(repository.endpoint('pypi'))}simple/"
    looked = index in build.log
    install = buildspec.phases.get(_PHASE)
    commands = [command.text for command in install.commands] if install else []
    logins = [command for command in commands if _LOGIN.search(command)]
    keys = printed(build, _LOOK_FOR_KEYS).count(_FOUND_KEY)
    return Observation(
        {
            "login": bool(logins) and all(_has_succeeded(build, each) for each in logins),
            "install": looked and f"Successfully installed {PRIVATE_PACKAGE}" in build.log,
            "long_lived_key": keys > 0,
        },
        [
            fact(f"version {buildspec.version}; phases: {', '.join(buildspec.phases)}"),
            seen(build),
            fact(f"pip {'looked' if looked else 'did not look'} in {index}"),
            fact(f"keys that do not end, in the build's environment and home: {keys}"),
        ],
    )


def _pinned(machine: Machine) -> str:
    """The text of a requirements.txt that pins the package, made by pip-compile."""
    folder = machine.tools.home.work_path
    (folder / "requirements.in").write_text(f"{PRIVATE_PACKAGE}\n", encoding="utf-8")
    machine.tools.pip_compile.run("--quiet", "--no-emit-index-url", "requirements.in")
    return (folder / "requirements.txt").read_text(encoding="utf-8")


def _looking_for_keys(buildspec: "Buildspec", requirements: str) -> str:
    """The buildspec's commands, before them the source, and after them one that looks for keys.

    A build of CodeBuild has its source in a bucket or a repository of code; here it is one file.
    """
    phases: dict[str, dict[str, list[str]]] = {
        name: {
            "commands": [command.text for command in phase.commands],
            "finally": [command.text for command in phase.finally_],
        }
        for name, phase in buildspec.phases.items()
    }
    lines = " ".join(shlex.quote(line) for line in requirements.splitlines())
    first = min(phases, key=_PHASES.index, default=_PHASE)
    written = f"printf '%s\\n' {lines} > requirements.txt"
    phases.setdefault(first, {"commands": []})["commands"].insert(0, written)
    phases.setdefault(_LAST_PHASE, {"commands": []})["commands"].append(_LOOK_FOR_KEYS)
    return buildspec_of(phases)


def _has_succeeded(build: "Build", command: str) -> bool:
    began = f"Running command {command}\n" in build.log
    return began and f"Command did not exit successfully {command} exit status" not in build.log
