"""What earlier lessons have made, for a lesson that begins without them."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pytest_codeartifact.lessons.checks.asking import versions
from pytest_codeartifact.lessons.names import (
    DOMAIN,
    MODULE,
    PACKAGE,
    PYPROJECT,
    REPOSITORY,
    SOURCE,
    VERSION,
)
from pytest_codeartifact.lessons.outside import CONNECTION
from pytest_codeartifact.lessons.room import Room
from pytest_codeartifact.tools import process

if TYPE_CHECKING:
    from pytest_codeartifact.targets.workspace import Repository

_BUILD = "from flit_core.buildapi import *; build_wheel('dist'); build_sdist('dist')"
_BUILD_SECONDS = 60.0


def provision(room: Room, lesson: int) -> Sequence[str]:
    """Make what the lessons before this one have made; says what that is, piece by piece.

    What is there already is left as it is.
    """
    if lesson < _FIRST_WITH_REPOSITORY and lesson != _TOUR:
        return []
    repository = _repository(room)
    said = f"the repository {REPOSITORY} in the domain {DOMAIN}, connected to {CONNECTION}"
    pieces = [make for first, make in _PIECES if lesson == _TOUR or lesson >= first]
    return [said, *(make(room, repository) for make in pieces)]


def _repository(room: Room) -> "Repository":
    """The repository of the lessons, which is made where it is missing."""
    workspace = room.target.workspace()
    if not room.is_provisioned():
        domain = workspace.domain(DOMAIN)
        return workspace.repository(domain, REPOSITORY, external=CONNECTION)
    client = room.target.client()
    domain = workspace.existing_domain(DOMAIN)
    pages = client.get_paginator("list_repositories_in_domain").paginate(domain=DOMAIN)
    names = [each["name"] for page in pages for each in page["repositories"]]
    if REPOSITORY in names:
        return workspace.existing_repository(domain, REPOSITORY)
    return workspace.repository(domain, REPOSITORY, external=CONNECTION)


def _logins(room: Room, repository: "Repository") -> str:
    connection = repository.connection
    room.tools.twine.connect(connection)
    room.tools.pip.connect(connection)
    return "twine and pip, logged in"


def _package(room: Room, repository: "Repository") -> str:
    project = room.tools.home.work_path
    room.write("pyproject.toml", PYPROJECT)
    room.write(f"{MODULE}/__init__.py", SOURCE)
    (project / "dist").mkdir(exist_ok=True)
    command = [sys.executable, "-P", "-c", _BUILD]
    process.run(command, env=room.tools.home.environment(), cwd=project, timeout=_BUILD_SECONDS)
    # Each build makes other bytes, and a version never changes.
    if VERSION not in versions(room, PACKAGE, REPOSITORY):
        repository.upload(*sorted((project / "dist").iterdir()))
    # The build of lesson 4 asked for it, so the repository has kept it.
    kept = str(room.tools.home.path / "tmp" / "kept")
    room.tools.pip.run("download", "--quiet", "--no-deps", "--dest", kept, "flit_core")
    return f"the package {PACKAGE}, built and uploaded"


_Piece = Callable[[Room, "Repository"], str]
_TOUR = 1
"""The first lesson looks at what the others make."""
_FIRST_WITH_REPOSITORY = 3
_PIECES: Sequence[tuple[int, _Piece]] = ((4, _logins), (5, _package))
"""Each further piece, and the first lesson that begins with it."""
