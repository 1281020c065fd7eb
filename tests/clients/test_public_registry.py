"""What needs the real public registry: its packages, and clients in versions of their own."""

import contextlib
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact.targets.emulator import open_target
from pytest_codeartifact.targets.packages import make_package
from pytest_codeartifact.tools.toolbox import Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_codeartifact.settings import Settings
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.workspace import Repository
    from pytest_codeartifact.tools.virtualenv import Venv

pytestmark = pytest.mark.public_registry

NOWHERE = "http://127.0.0.1:9/simple/"
PUBLIC = ("idna", "six", "packaging", "certifi", "urllib3")
PROJECT = """
[build-system]
requires = ["flit_core>=3.2"]
build-backend = "flit_core.buildapi"

[project]
name = "published"
version = "1.0"
description = "Published by a tool of its own"
"""


@pytest.fixture
def outside_target(codeartifact_settings: "Settings") -> "Iterator[EmulatorTarget]":
    """A server whose external connections lead where the machine's own pip would go."""
    run = f"clients-{secrets.token_hex(4)}"
    with contextlib.closing(open_target(codeartifact_settings, run)) as target:
        yield target
        assert target.last_crash() == 0


@pytest.fixture
def repository(outside_target: "EmulatorTarget") -> "Repository":
    """A repository with an external connection to the real public registry."""
    workspace = outside_target.workspace()
    return workspace.repository(workspace.domain(), external="public:pypi")


@pytest.fixture
def tools(outside_target: "EmulatorTarget", repository: "Repository", tmp_path: Path) -> Tools:
    """All programs, connected to the repository."""
    tools = Tools.create(tmp_path / "home", account=outside_target.environment())
    tools.connect(repository.connection)
    return tools


@pytest.fixture
def make_environment(tools: Tools) -> "Callable[..., Venv]":
    """Make an environment with a client in a version of its own, fetched through the repository."""

    def make(*requirements: str) -> "Venv":
        environment = tools.virtualenv("client")
        environment.pip("install", *requirements)
        return environment

    return make


@pytest.fixture
def project(tools: Tools) -> Path:
    """A source tree that flit builds and publishes."""
    path = tools.home.work_path / "project"
    path.mkdir()
    (path / "pyproject.toml").write_text(PROJECT)
    (path / "published.py").write_text('"""A module."""\n')
    return path


def test_private_and_public_packages_install_together_and_again_without_the_public(
    tools: Tools, repository: "Repository", outside_target: "EmulatorTarget", tmp_path: Path
) -> None:
    """What was installed once installs into a new environment with the public registry away."""
    repository.upload(*make_package(tmp_path / "made", "cicddemo-hello", "0.1.0").paths)
    first = tools.virtualenv("first")
    first.pip("install", "--no-cache-dir", "cicddemo-hello", "idna")

    outside_target.control.set_upstream("public:pypi", NOWHERE)

    second = tools.virtualenv("second")
    second.pip("install", "--no-cache-dir", "cicddemo-hello", "idna")
    assert set(first.installed()) == {"cicddemo-hello", "idna"}
    assert second.installed() == first.installed()


def test_public_packages_reach_many_pips_at_once(
    tools: Tools, outside_target: "EmulatorTarget"
) -> None:
    """Pips that download the same public packages at once succeed with one fetch of each."""

    def download(number: int) -> set[str]:
        folder = tools.home.work_path / f"pip-{number}"
        tools.pip.run("download", "--no-cache-dir", "--no-deps", "--dest", str(folder), *PUBLIC)
        return {path.name for path in folder.iterdir()}

    with ThreadPoolExecutor(4) as threads:
        downloaded = list(threads.map(download, range(4)))

    assert len(downloaded[0]) == len(PUBLIC)
    assert downloaded == [downloaded[0]] * 4
    fetched = _fetches(outside_target)
    for name in downloaded[0]:
        assert sum(url.endswith(f"/{name}") for url in fetched) == 1


# Pip before 23.2 needs a part of the standard library that Python 3.12 no longer has.
OLD_PIPS = ["20.3.4", "21.3.1", "23.0"] if sys.version_info < (3, 12) else ["23.2.1", "24.0"]


@pytest.mark.parametrize("version", OLD_PIPS)
def test_old_pip_installs(
    version: str, make_environment: "Callable[..., Venv]", repository: "Repository"
) -> None:
    """A pip of years ago reads the repository's pages."""
    environment = make_environment(f"pip=={version}", "setuptools<81")
    told = environment.pip("--version").stdout

    environment.pip("install", "--no-cache-dir", "idna")

    assert told.startswith(f"pip {version} ")
    assert "idna" in environment.installed()
    assert repository.name


def test_twine_6_uploads(
    tools: Tools, make_environment: "Callable[..., Venv]", tmp_path: Path
) -> None:
    """The version of twine before the current one uploads, and once more the same."""
    environment = make_environment("twine==6.2.0")
    package = make_package(tmp_path / "made", "published", "1.0")

    for _ in range(2):
        environment.run("twine", "upload", "-r", "codeartifact", *map(str, package.paths))

    installing = tools.virtualenv("fresh")
    installing.pip("install", "published")
    assert installing.installed() == {"published": "1.0"}


def test_flit_publishes(
    tools: Tools, make_environment: "Callable[..., Venv]", project: Path, repository: "Repository"
) -> None:
    """`flit publish` builds and uploads wheel and sdist."""
    environment = make_environment("flit")
    connection = repository.connection

    environment.run(
        *("flit", "--ini-file", str(project / "pyproject.toml"), "publish"),
        env={
            "FLIT_INDEX_URL": connection.endpoint_url,
            "FLIT_USERNAME": "aws",
            "FLIT_PASSWORD": connection.token,
        },
    )

    installing = tools.virtualenv("fresh")
    installing.pip("install", "published")
    assert installing.installed() == {"published": "1.0"}


def _fetches(target: "EmulatorTarget") -> list[str]:
    """Every address the server has read from outside."""
    return [str(each["url"]) for each in target.control.fetches()]
