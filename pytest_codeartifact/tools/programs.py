"""The programs of the environment the plugin is installed in, made startable from elsewhere.

They get two private environments. The clean one is what `python3` and `pip` mean to a reader: it
holds pip and build alone, so nothing is "already satisfied". The other one sees everything that
is installed beside the plugin, and starts the remaining programs. Neither has a pip
configuration of its own, which pip would let win over the user's.
"""

import re
import shlex
import shutil
import site
import sysconfig
import venv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@dataclass(frozen=True, slots=True)
class Program:
    """A program, the distribution it comes with, and the function that is its main one."""

    name: str
    distribution: str
    entry: str | None = None


# The AWS CLI declares no entry point, its script imports this function.
AWS = Program("aws", "awscli", "awscli.clidriver:main")
TWINE = Program("twine", "twine")
PIP_COMPILE = Program("pip-compile", "pip-tools")
PIP_SYNC = Program("pip-sync", "pip-tools")
VIRTUALENV = Program("virtualenv", "virtualenv")
UV = Program("uv", "uv")
POETRY = Program("poetry", "poetry")
PDM = Program("pdm", "pdm")
PROGRAMS = (AWS, TWINE, PIP_COMPILE, PIP_SYNC, VIRTUALENV, UV, POETRY, PDM)

_CLEAN_DISTRIBUTIONS = ("pip", "build")
_START = """\
#!/bin/sh
'''exec' {python} "$0" "$@"
' '''
import re
import sys

from {module} import {function}

if __name__ == "__main__":
    sys.argv[0] = re.sub(r"-script\\.py$", "", sys.argv[0])
    sys.exit({function}())
"""


def distribution(name: str) -> metadata.Distribution | None:
    """An installed distribution, or None."""
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def site_packages(environment_path: Path) -> Path:
    """Where a virtual environment of this Python keeps its modules."""
    base = str(environment_path)
    return Path(sysconfig.get_path("purelib", "venv", {"base": base, "platbase": base}))


def make_environments(clean_path: Path, seeing_path: Path) -> None:
    """Make the clean environment (pip, build) and the one that sees what the plugin sees."""
    for path in (clean_path, seeing_path):
        venv.EnvBuilder(symlinks=True).create(path)
    for each in _with_requirements(_CLEAN_DISTRIBUTIONS):
        _copy(each, site_packages(clean_path))
        for entry in _console_scripts(each):
            _write_start(clean_path / "bin" / entry.name, clean_path, entry.value)
    folders = [*site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    lines = [f"import site; site.addsitedir({folder!r})\n" for folder in folders]
    (site_packages(seeing_path) / "pytest_codeartifact_seen.pth").write_text("".join(lines))


def install(program: Program, bin_path: Path, seeing_path: Path, machine_path: str) -> bool:
    """Put a program into `bin_path`: the one beside the plugin, else the machine's, else none."""
    target = bin_path / program.name
    found = distribution(program.distribution)
    if found is not None:
        entries = {entry.name: entry.value for entry in _console_scripts(found)}
        entry = entries.get(program.name, program.entry)
        if entry is not None:
            _write_start(target, seeing_path, entry)
            return True
        for file in found.files or ():
            if file.name == program.name and file.parent.name == "bin":
                target.symlink_to(Path(str(file.locate())).resolve())
                return True
    outside = shutil.which(program.name, path=machine_path)
    if outside is not None:
        target.symlink_to(Path(outside).absolute())
    return outside is not None


def _write_start(path: Path, environment_path: Path, entry: str) -> None:
    # Through sh, as a system limits the length of a first line and splits it at blanks.
    module, _, function = entry.partition(":")
    python = shlex.quote(str(environment_path / "bin" / "python3"))
    path.write_text(_START.format(python=python, module=module, function=function))
    path.chmod(0o755)


def _console_scripts(of: metadata.Distribution) -> Iterator[metadata.EntryPoint]:
    return (entry for entry in of.entry_points if entry.group == "console_scripts")


def _with_requirements(names: Iterable[str]) -> list[metadata.Distribution]:
    """The installed ones of these distributions and all they require."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        each = distribution(name)
        if each is None or name in found:
            continue
        found[name] = each
        requirements = [Requirement(text) for text in each.requires or ()]
        waiting += [
            canonicalize_name(requirement.name)
            for requirement in requirements
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        ]
    return list(found.values())


def _copy(each: metadata.Distribution, target: Path) -> None:
    """Copy a distribution's modules; its programs stay behind, they name another Python."""
    # Copied, not linked: whatever `pip uninstall` removes here must not be the user's.
    tops = {file.parts[0] for file in each.files or () if file.parts[0] not in {"..", "/"}}
    for top in sorted(tops - {"__pycache__"}):
        source = Path(str(each.locate_file(top)))
        if source.is_dir():
            shutil.copytree(source, target / top, dirs_exist_ok=True)
        elif source.is_file() and not re.search(r"\.pth$", top):
            shutil.copy2(source, target / top)
