"""Where projects keep what their builds are to find again."""

from pathlib import Path

from pytest_codeartifact.emulator.builds.builds import BuildId
from pytest_codeartifact.emulator.builds.folders import remove


class Caches:
    """A folder for each project, below one of them all; made by whoever keeps something there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, build: BuildId) -> Path:
        """The folder of a build's project."""
        return self._folder / build.account / build.region / build.project

    def reset(self, account: str | None = None) -> None:
        """Forget everything, or what one account owns."""
        remove(self._folder / account if account else self._folder)
