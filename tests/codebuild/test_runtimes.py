"""Runtimes: what is there is selected, and everything else is refused with what is there."""

import platform
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_codeartifact.codebuild import runtimes
from pytest_codeartifact.codebuild.buildspec import read
from pytest_codeartifact.codebuild.log import Log
from pytest_codeartifact.emulator.builds.machine import BuildProblem

OWN = platform.python_version()
# Answers as Python does; `-m venv FOLDER` makes what counts of an environment.
OTHER_PYTHON = """#!/bin/sh
case "$1" in
    --version) echo "Python 3.99.4" ;;
    -m) mkdir -p "$3/bin" && cp "$0" "$3/bin/python3" ;;
esac
"""
INACTIVE = """#!/bin/sh
echo "python3.98: not active here" >&2
exit 127
"""
NODE = """#!/bin/sh
echo v22.11.0
"""
JAVA = """#!/bin/sh
echo 'openjdk version "17.0.9" 2023-10-17' >&2
"""

Select = Callable[..., str]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs, which is the whole PATH of the machine but for the system's."""
    folder = tmp_path / "machine"
    folder.mkdir()
    for name, text in {
        "python3.99": OTHER_PYTHON,
        "python3.98": INACTIVE,
        "python3.99-config": OTHER_PYTHON,
        "node": NODE,
        "java": JAVA,
    }.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def said() -> list[str]:
    """What the log says."""
    return []


@pytest.fixture
def select(machine: Path, tmp_path: Path, said: list[str]) -> Iterator[Select]:
    """Selects runtimes, and gives the PATH of the build."""
    with Log(said.append, lambda: 0.0) as log:

        def selected(**wanted: str) -> str:
            lines = "".join(f"      {name}: {version}\n" for name, version in wanted.items())
            spec = read(
                "version: 0.2\nphases:\n  install:\n"
                + (f"    runtime-versions:\n{lines}" if wanted else "    commands: []\n")
            )
            variables = {"PATH": f"{machine}:/usr/bin:/bin", "WANTED": "3.99"}
            return runtimes.select(spec, tmp_path / "runtimes", variables, log)

        yield selected


def test_nothing_wanted_changes_nothing(select: Select, machine: Path, said: list[str]) -> None:
    """Without a selection the machine's programs are there as they are."""
    assert select() == f"{machine}:/usr/bin:/bin"
    assert said[0].endswith("No runtime version selected in buildspec.\n")


@pytest.mark.parametrize("version", ["latest", "3.x", "3", ".".join(OWN.split(".")[:2]), OWN])
def test_own_python_is_there_anyway(select: Select, machine: Path, version: str) -> None:
    """The Python of the plugin needs nothing in front of it."""
    assert select(python=f'"{version}"') == f"{machine}:/usr/bin:/bin"


@pytest.mark.parametrize("version", ["3.99", "3.99.4", "$WANTED", "${WANTED}"])
def test_other_python_comes_first(select: Select, tmp_path: Path, version: str) -> None:
    """Another one of the machine gets an environment of the build's own, in front of PATH."""
    first, _, _ = select(python=f'"{version}"').partition(":")

    assert first == str(tmp_path / "runtimes" / "python-3.99.4" / "bin")
    assert (Path(first) / "python3").exists()


@pytest.mark.parametrize("version", ["3.98", "2.7", "4", "3.99.5", "oldest"])
def test_python_that_is_missing_is_refused_with_those_that_are_there(
    select: Select, version: str
) -> None:
    """One that a version manager only knows of is not there."""
    with pytest.raises(BuildProblem) as refused:
        select(python=f'"{version}"')

    told = refused.value.message
    assert told.startswith(f"Unknown runtime version named '{version}' of python.")
    assert re.search(rf"following versions: .*\b{re.escape(OWN)}, 3\.99\.4$", told)


@pytest.mark.parametrize(
    ("name", "version"), [("nodejs", "22"), ("nodejs", "latest"), ("java", "corretto17")]
)
def test_other_runtime_that_fits_is_used(
    select: Select, machine: Path, name: str, version: str
) -> None:
    """The machine's own program counts where its version is the one wanted."""
    assert select(**{name: version}) == f"{machine}:/usr/bin:/bin"


@pytest.mark.parametrize(
    ("name", "version", "told"),
    [
        ("nodejs", "18", "Unknown runtime version named '18' of nodejs. This build image has the"),
        ("java", "corretto21", "following versions: 17.0.9"),
        ("dotnet", "8.0", "dotnet is not installed here"),
        ("cobol", "85", "Unknown runtime named 'cobol'"),
    ],
)
def test_other_runtime_that_does_not_fit_is_refused(
    select: Select, name: str, version: str, told: str
) -> None:
    """What is there, if anything, is said."""
    with pytest.raises(BuildProblem, match=re.escape(told)) as refused:
        select(**{name: version})

    assert refused.value.code == "YAML_FILE_ERROR"
