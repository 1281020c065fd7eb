"""Checks of the buildspec that the article shows."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from pytest_codeartifact.article.checks import Observation, World, check
from pytest_codeartifact.article.checks.policies import BEARER_STATEMENT, PACKAGE_STATEMENT
from pytest_codeartifact.article.checks.reader import (
    PRIVATE_PACKAGE,
    Machine,
    ended,
    fact,
    files_of,
    make_repository,
    place_of,
)
from pytest_codeartifact.article.materials import BuildCommand, MaterialError
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.transcripts.session import ConsoleSession

_PHASE = "install"
_LOGIN = re.compile(r"\bcodeartifact\s+login\b")
# Keys of users begin so, those of sessions with ASIA (IAM User Guide: "IAM identifiers").
_LASTING_KEY = re.compile(r"AKIA[A-Z0-9]{16}")


@check
def buildspec_installs_with_the_role(world: World) -> Observation:
    """Run the commands of the article's install phase as the build's role."""
    repository = make_repository(world)
    repository.upload(world.package(PRIVATE_PACKAGE).wheel)
    try:
        buildspec = world.materials.buildspec
    except MaterialError as error:
        refused = {"login": False, "install": False, "long_lived_key": False}
        return Observation(refused, [fact(str(error))])
    machine = Machine(world, caller=world.role([PACKAGE_STATEMENT, BEARER_STATEMENT]))
    home = machine.tools.home
    (home.work_path / "requirements.txt").write_text(f"{PRIVATE_PACKAGE}\n", encoding="utf-8")
    ends = dict(_run(machine, buildspec.phases.get(_PHASE, ())))
    place = place_of(repository.endpoint("pypi"))
    looked = any(f"{place}simple/" in completed.stdout for completed in ends.values())
    owned = world.account.environment()
    lasting = [
        where
        for where, text in _texts(home.path, home.environment())
        if _LASTING_KEY.search(text) or owned["AWS_SECRET_ACCESS_KEY"] in text
    ]
    logins = [done for command, done in ends.items() if _LOGIN.search(command.text)]
    return Observation(
        {
            "login": bool(logins) and all(done.exit_code == 0 for done in logins),
            "install": looked and PRIVATE_PACKAGE in machine.installed(),
            "long_lived_key": bool(lasting),
        },
        [
            fact(f"version {buildspec.version}; phases: {', '.join(buildspec.phases)}"),
            *(ended(done, command.text) for command, done in ends.items()),
            fact(f"pip {'looked' if looked else 'did not look'} in {place}simple/"),
            fact(f"keys that do not end: {', '.join(lasting) or 'none'}"),
        ],
    )


def _run(
    machine: Machine, commands: tuple[BuildCommand, ...]
) -> Iterator[tuple[BuildCommand, Completed]]:
    """Run commands in one shell until one fails, as a build does with those of a phase."""
    home = machine.tools.home
    with closing(ConsoleSession(home.environment(), home.work_path, machine.tools.log)) as session:
        for command in commands:
            completed = session.run(command.text)
            yield command, completed
            if completed.exit_code != 0:
                return


def _texts(home_path: Path, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Everything a build could find a key in, and what it is called."""
    yield from environment.items()
    for path in files_of(home_path):
        yield f"~/{path.relative_to(home_path).as_posix()}", path.read_text("latin-1")
