"""The files by which editors and services open the project: they do what the pages say."""

import json
import re
import tomllib
from pathlib import Path

import pytest

PROJECT_PATH = Path(__file__).parents[2]
README = (PROJECT_PATH / "README.md").read_text(encoding="utf-8")
LAUNCHING = (PROJECT_PATH / "docs" / "how-to" / "run-the-lessons.md").read_text(encoding="utf-8")
NOTEBOOKS_README = (PROJECT_PATH / "notebooks" / "README.md").read_text(encoding="utf-8")


def test_devcontainer_installs_as_the_readme_says_and_asks_for_no_secret() -> None:
    """Its one command is the beginning of README's, so what is green here is green there."""
    path = PROJECT_PATH / ".devcontainer" / "devcontainer.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    [tests] = re.findall(r"^(python3 -m venv .+) && .+pytest -n auto$", README, re.MULTILINE)
    assert told["postCreateCommand"] == tests
    assert {"secrets", "remoteEnv", "containerEnv", "mounts", "runArgs"}.isdisjoint(told)


def test_binder_installs_the_extra_that_the_lessons_need() -> None:
    """It installs the project itself with an extra that exists, on a Python that is supported."""
    requirements = (PROJECT_PATH / "binder" / "requirements.txt").read_text(encoding="utf-8")
    [extra] = re.findall(r"^-e \.\[(\w+)\]$", requirements, re.MULTILINE)
    project = tomllib.loads((PROJECT_PATH / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    assert extra in project["optional-dependencies"]
    runtime = (PROJECT_PATH / "binder" / "runtime.txt").read_text(encoding="utf-8").strip()
    version = runtime.removeprefix("python-")
    assert f"Programming Language :: Python :: {version}" in project["classifiers"]


@pytest.mark.parametrize("text", [LAUNCHING, NOTEBOOKS_README], ids=["guide", "notebooks"])
def test_command_to_open_the_lessons_is_the_same_everywhere(text: str) -> None:
    """README, the guide and the folder's own page tell the same line."""
    [line] = re.findall(r"^python3 -m venv .+jupyter lab notebooks$", README, re.MULTILINE)
    assert line in text.splitlines()


def test_guide_names_every_way_in() -> None:
    """Each file that launches something is explained, and each heading has something to launch."""
    headings = re.findall(r"^## (.+)$", LAUNCHING, re.MULTILINE)
    assert headings[:4] == ["JupyterLab", "VS Code", "Devcontainer", "Binder"]
