"""Virtual environments with a pip of their own, made without any network."""

import os
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

from pytest_codeartifact.tools.home import Home
from pytest_codeartifact.tools.log import CommandLog
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.tools.programs import site_packages

# What a new environment has, or what tools put there before anything is installed.
SEEDS = frozenset({"pip", "setuptools", "wheel"})


class Venv:
    """A virtual environment, used as if it were activated."""

    def __init__(self, path: Path, home: Home, log: CommandLog) -> None:
        self.path = path
        self._home = home
        self._log = log

    @classmethod
    def create(cls, path: Path, home: Home, log: CommandLog) -> "Venv":
        """Make it in `path`; raises MissingTool without virtualenv."""
        # Virtualenv carries pip inside and unpacks it once a home: 0.2 s each time, which is why
        # there is no template to copy; `uv venv --seed` would ask an index for pip.
        log.run(
            ["virtualenv", "--quiet", str(path)],
            env=home.environment(),
            cwd=home.work_path,
            timeout=120.0,
        )
        return cls(path, home, log)

    @property
    def bin_path(self) -> Path:
        return self.path / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python_path(self) -> Path:
        return self.bin_path / "python"

    @property
    def site_packages_path(self) -> Path:
        """Where pip installs modules to."""
        return site_packages(self.path)

    def run(
        self,
        *argv: str,
        expect: int | None = 0,
        timeout: float = 120.0,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run `argv` as in the activated environment, in the home's work folder.

        `timeout` is in seconds and `expect=None` accepts any exit code. Raises CommandFailed and
        MissingTool, see `process.run`.
        """
        __tracebackhide__ = True
        environment = self._home.environment() | {"VIRTUAL_ENV": str(self.path)}
        environment["PATH"] = f"{self.bin_path}{os.pathsep}{environment['PATH']}"
        return self._log.run(
            argv,
            env=environment | self._home.reach.led(env or {}),
            cwd=self._home.work_path,
            timeout=timeout,
            expect=expect,
        )

    def pip(self, *args: str, expect: int | None = 0, timeout: float = 120.0) -> Completed:
        """Run this environment's pip."""
        __tracebackhide__ = True
        return self.run("pip", *args, expect=expect, timeout=timeout)

    def installed(self) -> dict[str, str]:
        """Versions by normalised name of all that was installed since it was made."""
        return {
            name: each.version
            for name, each in installed_distributions(self.site_packages_path).items()
            if name not in SEEDS
        }


def installed_distributions(site_packages_path: Path) -> dict[str, metadata.Distribution]:
    """All distributions in a folder, by normalised name."""
    found = metadata.distributions(path=[str(site_packages_path)])
    return {canonicalize_name(each.metadata["Name"]): each for each in found}
