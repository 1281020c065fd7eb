"""Where projects keep what their builds are to find again."""

from pathlib import Path

from pytest_codeartifact.emulator.builds.folders import remove
from pytest_codeartifact.emulator.builds.projects import ProjectId


class Caches:
    """A folder for each project, below one of them all; made by whoever keeps something there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, project: ProjectId) -> Path:
        """The folder of a project."""
        return self._folder / project.account / project.region / project.name

    def forget(self, project: ProjectId) -> None:
        """Let the next build of a project find nothing."""
        remove(self.of(project))

    def reset(self, account: str | None = None) -> None:
        """Forget everything, or what one account owns."""
        remove(self._folder / account if account else self._folder)
