"""Projects as the service remembers them, in memory: what CreateProject made, and build numbers."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_codeartifact.emulator.builds.errors import ResourceAlreadyExists, ResourceNotFound

Settings = Mapping[str, Any]
"""A project's members as the model's structure `Project` has them, by member names."""


@dataclass(frozen=True, slots=True)
class ProjectId:
    """A project's name, unique in an account and region."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """As policies name it."""
        return f"arn:aws:codebuild:{self.region}:{self.account}:project/{self.name}"


@dataclass(frozen=True, slots=True)
class Project:
    """A project. Times are seconds since the epoch.

    `settings` are what requests set, with the service's defaults for what they left out.
    """

    id: ProjectId
    created: float
    modified: float
    settings: Settings

    def described(self) -> dict[str, Any]:
        """The project as BatchGetProjects shows it."""
        return {
            "name": self.id.name,
            "arn": self.id.arn,
            "created": self.created,
            "lastModified": self.modified,
            **self.settings,
        }


class Projects:
    """All projects of all accounts and regions; any thread may ask."""

    def __init__(self) -> None:
        self._projects: dict[ProjectId, Project] = {}
        self._numbers: dict[ProjectId, int] = {}
        self._lock = threading.Lock()

    def create(self, project: Project) -> None:
        """Remember a project; raises ResourceAlreadyExists."""
        with self._lock:
            if project.id in self._projects:
                raise ResourceAlreadyExists(f"Project already exists: {project.id.arn}")
            self._projects[project.id] = project

    def get(self, identity: ProjectId) -> Project | None:
        """The project, or None."""
        return self._projects.get(identity)

    def find(self, identity: ProjectId) -> Project:
        """The project; raises ResourceNotFound."""
        found = self._projects.get(identity)
        if found is None:
            raise ResourceNotFound(f"Project cannot be found: {identity.arn}")
        return found

    def change(
        self, identity: ProjectId, change: Callable[[Settings], Settings], now: float
    ) -> Project:
        """Give a project what `change` makes of its settings; raises ResourceNotFound."""
        with self._lock:
            before = self.find(identity)
            after = replace(before, settings=change(before.settings), modified=now)
            self._projects[identity] = after
        return after

    def delete(self, identity: ProjectId) -> None:
        """Forget a project and the number of its builds; one that is not there is no error."""
        with self._lock:
            self._projects.pop(identity, None)
            self._numbers.pop(identity, None)

    def of(self, account: str, region: str) -> list[Project]:
        """The projects of an account and region, oldest first."""
        with self._lock:
            known = list(self._projects.values())
        return [each for each in known if (each.id.account, each.id.region) == (account, region)]

    def next_number(self, identity: ProjectId) -> int:
        """The number of a project's next build, from 1; raises ResourceNotFound."""
        with self._lock:
            self.find(identity)
            number = self._numbers[identity] = self._numbers.get(identity, 0) + 1
        return number

    def reset(self, account: str | None = None) -> None:
        """Forget everything, or what one account owns."""
        with self._lock:
            for identity in [each for each in self._projects if account in {None, each.account}]:
                del self._projects[identity]
                self._numbers.pop(identity, None)
