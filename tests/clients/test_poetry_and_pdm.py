"""Poetry and PDM publish, lock and install, and keep the token out of what is shared."""

import hashlib
import stat
from typing import TYPE_CHECKING

import pytest

from tests.support.installed import installed_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from types_boto3_codeartifact import CodeArtifactClient

    from pytest_codeartifact.targets.gateway import Gateway
    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.workspace import Repository
    from pytest_codeartifact.tools.base import Tool
    from pytest_codeartifact.tools.toolbox import Tools
    from tests.support.public_registry import PublicRegistry

WRONG_TOKEN = "wrong-token-" + "x" * 1000
BACKENDS = {
    "poetry": 'requires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"',
    "pdm": 'requires = ["flit-core"]\nbuild-backend = "flit_core.buildapi"',
}
SOURCES = {
    "poetry": '[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = "codeartifact"\n'
    'priority = "primary"\n',
    "pdm": '[tool.pdm]\ndistribution = false\n[[tool.pdm.source]]\nname = "pypi"\n',
}
LOCKS = {"poetry": "poetry.lock", "pdm": "pdm.lock"}

both = pytest.mark.parametrize("program", ["poetry", "pdm"])


@pytest.fixture
def tool(program: str, tools: "Tools") -> "Tool":
    """The program, connected to the empty repository of the test."""
    found: Tool = getattr(tools, program)
    return found


def write_library(program: str, folder: "Path", greeting: str = "hello") -> None:
    """A package `demo-lib` that the program can build."""
    text = '[project]\nname = "demo-lib"\nversion = "0.1.0"\ndescription = "A library"\n'
    text += f'requires-python = ">=3.9"\n[build-system]\n{BACKENDS[program]}\n'
    (folder / "pyproject.toml").write_text(text)
    module = folder / "src" / "demo_lib"
    module.mkdir(parents=True, exist_ok=True)
    (module / "__init__.py").write_text(f'"""A library."""\n\nGREETING = "{greeting}"\n')


def write_application(program: str, folder: "Path", requirement: str, index_url: str) -> None:
    """A project that requires one thing, and names the index where it is."""
    text = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\n'
    text += f'dependencies = ["{requirement}"]\n{SOURCES[program]}url = "{index_url}"\n'
    (folder / "pyproject.toml").write_text(text)


def stored(client: "CodeArtifactClient", repository: "Repository") -> set[str]:
    """Names of the assets of the library's version."""
    assets = client.list_package_version_assets(
        domain=repository.domain.name,
        repository=repository.name,
        format="pypi",
        package="demo-lib",
        packageVersion="0.1.0",
    )["assets"]
    return {each["name"] for each in assets}


def files_with(token: str, folder: "Path") -> set[str]:
    """Names of the files below a folder that hold the token."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if token.encode() in path.read_bytes()}


def test_poetry_builds_and_publishes(
    tools: "Tools",
    codeartifact_client: "CodeArtifactClient",
    codeartifact_repository: "Repository",
) -> None:
    """Wheel and sdist arrive; the same once more is a success, too."""
    write_library("poetry", tools.home.work_path)

    tools.poetry.run("build")
    for _ in range(2):
        tools.poetry.run("publish", "--repository", "codeartifact")

    assert stored(codeartifact_client, codeartifact_repository) == {
        "demo_lib-0.1.0-py3-none-any.whl",
        "demo_lib-0.1.0.tar.gz",
    }


def test_pdm_publishes_with_a_backend_from_the_repository(
    codeartifact_tools: "Tools",
    codeartifact_client: "CodeArtifactClient",
    connected_repository: "Repository",
    public_registry: "PublicRegistry",
) -> None:
    """One command builds and uploads; the build backend is pulled through the repository."""
    public_registry.add(installed_wheel("flit-core"))
    codeartifact_tools.connect(connected_repository.connection)
    write_library("pdm", codeartifact_tools.home.work_path)

    codeartifact_tools.pdm.run("publish")

    assert stored(codeartifact_client, connected_repository) == {
        "demo_lib-0.1.0-py3-none-any.whl",
        "demo_lib-0.1.0.tar.gz",
    }
    packages = codeartifact_client.list_packages(
        domain=connected_repository.domain.name, repository=connected_repository.name
    )["packages"]
    assert {each["package"] for each in packages} == {"demo-lib", "flit-core"}


@both
def test_other_bytes_are_a_conflict(
    program: str, tool: "Tool", codeartifact_repository: "Repository", tools: "Tools"
) -> None:
    """Other bytes under a published name are refused, and both programs show the status."""
    work = tools.home.work_path
    for greeting in ("hello", "good day"):
        write_library("poetry", work, greeting)
        tools.poetry.run("build", "--format", "wheel")
        if greeting == "hello":
            codeartifact_repository.upload(*(work / "dist").glob("*.whl"))

    where = ("--repository", "codeartifact") if program == "poetry" else ("--no-build",)
    refused = tool.run("publish", *where, expect=1)

    assert "409" in refused.stdout + refused.stderr


@both
def test_lock_has_the_hash_and_no_token(
    program: str,
    tool: "Tool",
    tools: "Tools",
    codeartifact_repository: "Repository",
    codeartifact_package: "SamplePackage",
) -> None:
    """A project is locked and installed by its source alone; no file holds the token."""
    codeartifact_repository.upload(*codeartifact_package.paths)
    work, connection = tools.home.work_path, codeartifact_repository.connection
    write_application(program, work, codeartifact_package.name, connection.index_url)

    tool.run("lock")
    tool.run("sync")

    digest = hashlib.sha256(codeartifact_package.wheel.read_bytes()).hexdigest()
    assert digest in (work / LOCKS[program]).read_text()
    script = f"import {codeartifact_package.module} as m; print(m.hello())"
    assert codeartifact_package.name in tool.run("run", "python", "-c", script).stdout
    assert files_with(connection.token, work) == set()


@both
def test_wrong_token_is_refused_without_showing_it(
    program: str,
    tool: "Tool",
    tools: "Tools",
    codeartifact_repository: "Repository",
    codeartifact_package: "SamplePackage",
) -> None:
    """Poetry says that it is not authorised, PDM only when asked; neither shows the token."""
    codeartifact_repository.upload(codeartifact_package.wheel)
    index_url = codeartifact_repository.connection.index_url
    write_application(program, tools.home.work_path, codeartifact_package.name, index_url)
    variable, option, said = {
        "poetry": (
            "POETRY_HTTP_BASIC_CODEARTIFACT_PASSWORD",
            "--no-cache",
            "Authorization error accessing",
        ),
        "pdm": ("PDM_PYPI_PASSWORD", "-vv", "401 Error"),
    }[program]

    refused = tool.run("lock", option, env={variable: WRONG_TOKEN}, expect=1)

    assert said in refused.stdout + refused.stderr
    assert WRONG_TOKEN not in refused.stdout + refused.stderr


@pytest.mark.parametrize(
    ("program", "options", "holding"),
    [
        ("poetry", (), {"pyproject.toml", "poetry.lock"}),
        ("pdm", ("--static-urls",), {"pyproject.toml"}),
    ],
    ids=["poetry", "pdm"],
)
def test_token_in_an_address_is_found_where_it_went(
    program: str,
    options: tuple[str, ...],
    holding: set[str],
    tool: "Tool",
    tools: "Tools",
    codeartifact_repository: "Repository",
    codeartifact_package: "SamplePackage",
) -> None:
    """Poetry copies a token from the source's address into its lock file, PDM does not."""
    codeartifact_repository.upload(codeartifact_package.wheel)
    work, connection = tools.home.work_path, codeartifact_repository.connection
    with_token = connection.index_url_with_token
    write_application(program, work, codeartifact_package.name, with_token)

    tool.run("lock", *options)

    assert codeartifact_package.wheel.name in (work / LOCKS[program]).read_text()
    assert files_with(connection.token, work) == holding


def test_configured_token_lies_in_a_file(tools: "Tools") -> None:
    """Without a keyring Poetry writes into the user's folder; PDM, told so, into the project."""
    work, config = tools.home.work_path, tools.home.config_path
    write_library("pdm", work)

    tools.poetry.run("config", "http-basic.codeartifact", "aws", WRONG_TOKEN)
    tools.pdm.run("config", "--local", "pypi.extra.password", WRONG_TOKEN)

    assert files_with(WRONG_TOKEN, config) == {"auth.toml"}
    assert stat.S_IMODE((config / "pypoetry" / "auth.toml").stat().st_mode) == 0o600
    assert files_with(WRONG_TOKEN, work) == {"pdm.toml"}


@both
def test_keyring_stands_in_for_the_token(
    program: str,
    codeartifact_tools: "Tools",
    codeartifact_gateway: "Gateway",
    codeartifact_client: "CodeArtifactClient",
    codeartifact_repository: "Repository",
    make_codeartifact_package: "Callable[..., SamplePackage]",
) -> None:
    """With the backend for CodeArtifact nobody hands over a token, to install or to publish."""
    package = make_codeartifact_package("demo-lib", "0.1.0")
    codeartifact_repository.upload(package.sdist)
    work = codeartifact_tools.home.work_path
    connection = codeartifact_repository.connection.by_host_name()
    write_application(program, work, package.name, connection.index_url)
    (work / "dist").mkdir()
    (work / "dist" / package.wheel.name).write_bytes(package.wheel.read_bytes())
    env = {"PYTHON_KEYRING_BACKEND": "keyrings.codeartifact.CodeArtifactBackend"}
    publish: tuple[str, ...]
    if program == "poetry":
        env["POETRY_REPOSITORIES_CODEARTIFACT_URL"] = connection.endpoint_url
        publish = ("publish", "--repository", "codeartifact")
    else:
        publish = ("publish", "--no-build", "--repository", connection.endpoint_url)
    tool: Tool = getattr(codeartifact_tools, program)

    tool.run("lock", env=env)
    locked = (work / LOCKS[program]).read_text()
    write_library(program, work)
    tool.run(*publish, env=env)

    assert package.sdist.name in locked
    assert package.wheel.name in stored(codeartifact_client, codeartifact_repository)
    assert all(each.host.endswith(".amazonaws.com") for each in codeartifact_gateway.connections())
