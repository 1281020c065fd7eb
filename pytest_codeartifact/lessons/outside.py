"""The public registry of the lessons: played by this machine, with a handful of packages.

So lessons work without a network, show the same to everybody, and may break the registry. It is a
repository in another account; `public:pypi` of the lesson's account leads there.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

from urllib3.exceptions import HTTPError

from pytest_codeartifact.errors import ControlError
from pytest_codeartifact.targets.packages import make_package

if TYPE_CHECKING:
    from pytest_codeartifact.targets.emulator import EmulatorTarget

CONNECTION = "public:pypi"
_PACKAGES = (("sunflower", "1.0.0"), ("daisy", "1.0.0"))
_BUILD_BACKEND = "flit_core"
_INSTALLER_FILES = frozenset({"INSTALLER", "REQUESTED", "direct_url.json"})


class Mirror:
    """The real public registry, by a repository in another account that is connected to it.

    Programs of a lesson reach nothing outside of this machine but through the service.
    """

    def __init__(self, target: "EmulatorTarget") -> None:
        self._target = target
        self.open_again()

    def open_again(self) -> None:
        """Begin again, once the server has forgotten all."""
        account = self._target.new_account()
        self._account = account.account
        workspace = account.workspace()
        domain = workspace.domain("outside")
        self._repository = workspace.repository(domain, "mirror", external=CONNECTION)

    def close(self) -> None:
        """Leave nothing of this on a server that goes on; one that is gone needs nothing."""
        with suppress(ControlError, HTTPError):
            self._target.control.reset(self._account)

    @property
    def index_url(self) -> str:
        """The address for pip; it holds a secret of its own."""
        return self._repository.index_url


class Outside:
    """The public registry; opened anew after everything was forgotten."""

    def __init__(self, target: "EmulatorTarget") -> None:
        self._target = target
        self.open_again()

    def open_again(self) -> None:
        """Begin again with the packages of the beginning, once the server has forgotten all."""
        workspace = self._target.new_account().workspace()
        self._repository = workspace.repository(workspace.domain("outside"), "registry")
        with _folder() as folder:
            for name, version in _PACKAGES:
                self._repository.upload(make_package(folder, name, version).wheel)
            backend = repacked(_BUILD_BACKEND, folder)
            if backend is not None:
                self._repository.upload(backend)
        self.connect()

    def connect(self) -> None:
        """Let `public:pypi` lead here, with an address that is good for another twelve hours."""
        self._target.control.configure_upstream(CONNECTION, self.index_url)

    @property
    def index_url(self) -> str:
        """The address for pip; it holds a secret of its own."""
        return self._repository.index_url

    def publish(self, name: str, version: str) -> None:
        """Let a stranger publish a package here."""
        with _folder() as folder:
            self._repository.upload(make_package(folder, name, version).wheel)

    @staticmethod
    def packages() -> Sequence[str]:
        """The names of its packages."""
        return [name for name, _ in _PACKAGES]

    @staticmethod
    def replacement(package: str) -> tuple[str, bytes]:
        """The file of a package, and other bytes for it that install and greet all the same."""
        with _folder() as folder:
            made = make_package(folder, package, dict(_PACKAGES)[package], ["packaging"])
            return made.wheel.name, made.wheel.read_bytes()


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="codeartifact-outside-") as name:
        yield Path(name)


def repacked(name: str, folder: Path) -> Path | None:
    """A wheel made again of a pure Python distribution that is installed here, or None."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    wheel = folder / f"{name.replace('-', '_')}-{found.version}-py3-none-any.whl"
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for file in found.files or ():
            is_inside = ".." not in file.parts and file.suffix != ".pyc"
            if is_inside and file.name not in _INSTALLER_FILES:
                archive.writestr(file.as_posix(), file.read_binary())
    return wheel
