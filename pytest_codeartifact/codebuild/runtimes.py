"""Runtimes that a buildspec selects: those that this machine has, and no others.

Source: "Specify runtime versions in the buildspec file" (AWS CodeBuild User Guide).

Differs: AWS's images bring versions along; here a version is there, or the build fails and says
which ones are.
"""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template

from pytest_codeartifact.codebuild.buildspec import Buildspec
from pytest_codeartifact.codebuild.log import Log
from pytest_codeartifact.emulator.builds.machine import BuildProblem
from pytest_codeartifact.tools import process

_SECONDS = 60.0
# How each runtime is called, and how it tells its version.
_PROGRAMS = {
    "dotnet": ("dotnet", "--version"),
    "golang": ("go", "version"),
    "java": ("java", "-version"),
    "nodejs": ("node", "--version"),
    "php": ("php", "--version"),
    "ruby": ("ruby", "--version"),
}
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_PYTHON = re.compile(r"python3\.\d+")


def select(buildspec: Buildspec, folder: Path, variables: Mapping[str, str], log: Log) -> str:
    """The PATH with the runtimes that the buildspec selects in front; raises BuildProblem.

    Versions may name variables of the build; `folder` is for what has to be made.
    """
    path = variables["PATH"]
    install = buildspec.phases.get("install")
    wanted = install.runtimes if install else {}
    if not wanted:
        log.say("No runtime version selected in buildspec.")
    for name, stated in wanted.items():
        version = Template(stated).safe_substitute(variables)
        log.say(f"Selecting '{name}' runtime version '{version}' based on manual selections...")
        if name == "python":
            path = _python(version, folder, path)
        elif name in _PROGRAMS:
            _other(name, version, path)
        else:
            known = ", ".join(sorted([*_PROGRAMS, "python"]))
            raise _problem(f"Unknown runtime named '{name}'. This build image has: {known}")
    return path


def _python(version: str, folder: Path, path: str) -> str:
    """PATH with this Python in front, unless it is the one that is there anyway."""
    own = ".".join(map(str, sys.version_info[:3]))
    if _fits(version, own):
        return path
    found = {own: Path(sys.executable), **_pythons()}
    for number in sorted(found, key=_order, reverse=True):
        if _fits(version, number):
            target = folder / f"python-{number}"
            process.run(
                [str(found[number]), "-m", "venv", str(target)],
                env={"PATH": path, "HOME": str(folder.parent)},
                cwd=folder.parent,
                timeout=_SECONDS,
            )
            return os.pathsep.join([str(target / "bin"), path])
    raise _unknown("python", version, sorted(found, key=_order))


def _pythons() -> Mapping[str, Path]:
    """The Pythons of this machine's PATH that work, by version."""
    found: dict[str, Path] = {}
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        for candidate in sorted(Path(folder).glob("python3.*")):
            # What a version manager puts there may only say that the version is not active.
            if _PYTHON.fullmatch(candidate.name):
                version = _version_of([str(candidate), "--version"], os.defpath)
                found.setdefault(version, candidate)
    found.pop("", None)
    return found


def _other(name: str, version: str, path: str) -> None:
    program, argument = _PROGRAMS[name]
    if shutil.which(program, path=path) is None:
        raise _problem(
            f"Unknown runtime version named '{version}' of {name}. {program} is not installed here."
        )
    there = _version_of([program, argument], path)
    if not _fits(version, there):
        raise _unknown(name, version, [there])


def _version_of(command: list[str], path: str) -> str:
    """The version that a program tells, empty where it tells none."""
    try:
        told = process.run(
            command, env={"PATH": path}, cwd=Path("/"), timeout=_SECONDS, expect=None
        )
    except (OSError, process.MissingTool, process.CommandFailed):
        return ""
    match = _NUMBER.search(told.stdout or told.stderr) if told.exit_code == 0 else None
    return match[0] if match else ""


def _fits(wanted: str, there: str) -> bool:
    """Whether a version is what was asked for: `latest`, `3.x`, `3`, `corretto17` or exactly it."""
    number = _NUMBER.search(wanted)
    if number is None:
        return wanted == "latest" and bool(there)
    return f"{there}.".startswith(f"{number[0]}.")


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _unknown(name: str, version: str, there: list[str]) -> BuildProblem:
    return _problem(
        f"Unknown runtime version named '{version}' of {name}. This build image has the following"
        f" versions: {', '.join(there)}"
    )


def _problem(message: str) -> BuildProblem:
    return BuildProblem("YAML_FILE_ERROR", message)
