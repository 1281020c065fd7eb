"""Unmodified programs use the service under its real host names."""

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact.redaction import MASK
from pytest_codeartifact.targets.gateway import hosts_in

if TYPE_CHECKING:
    from pytest_codeartifact.targets.control import Control
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.gateway import Gateway
    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.workspace import Repository
    from pytest_codeartifact.tools.process import Completed
    from pytest_codeartifact.tools.toolbox import Tools

pytestmark = pytest.mark.usefixtures("codeartifact_gateway")


@pytest.fixture
def endpoint_host(codeartifact_repository: "Repository") -> str:
    """The real host name of the repository's endpoints."""
    domain, region = codeartifact_repository.domain, codeartifact_repository.arn.split(":")[3]
    return f"{domain.name}-{domain.owner}.d.codeartifact.{region}.amazonaws.com"


@pytest.fixture
def place(codeartifact_repository: "Repository") -> Sequence[str]:
    """The options that name the repository."""
    repository = codeartifact_repository
    return ("--domain", repository.domain.name, "--repository", repository.name)


def served_hosts(gateway: "Gateway") -> set[str]:
    return {each.host for each in gateway.connections() if not each.is_refused}


def refused_hosts(gateway: "Gateway") -> list[str]:
    return [each.host for each in gateway.connections() if each.is_refused]


def in_shell(tools: "Tools", *argv: str, **more: str) -> "Completed":
    return tools.log.run(
        argv,
        env=tools.home.environment() | more,
        cwd=tools.home.work_path,
        timeout=60,
        expect=None,
    )


def test_login_prints_the_real_address(
    codeartifact_tools: "Tools",
    codeartifact_repository: "Repository",
    codeartifact_gateway: "Gateway",
    endpoint_host: str,
    place: Sequence[str],
) -> None:
    """What `login` prints and writes for pip is what it is with the real service."""
    told = codeartifact_tools.aws.run("codeartifact", "login", "--tool", "pip", *place)

    path = f"{endpoint_host}/pypi/{codeartifact_repository.name}/"
    assert told.stdout.splitlines()[0] == (
        f"Successfully configured pip to use AWS CodeArtifact repository https://{path} "
    )
    written = codeartifact_tools.pip.run("config", "get", "global.index-url").stdout
    assert written == f"https://aws:{MASK}@{path}simple/\n"
    region = codeartifact_repository.arn.split(":")[3]
    assert served_hosts(codeartifact_gateway) == {f"codeartifact.{region}.amazonaws.com"}


def test_pip_is_back_where_it_was_after_unsetting_the_index(
    codeartifact_tools: "Tools", place: Sequence[str]
) -> None:
    """Taking back what `login` set leaves pip with the settings that it had before."""
    before = codeartifact_tools.pip.run("config", "list").stdout
    codeartifact_tools.aws.run("codeartifact", "login", "--tool", "pip", *place)
    assert codeartifact_tools.pip.run("config", "list").stdout != before

    codeartifact_tools.pip.run("config", "unset", "global.index-url")

    assert codeartifact_tools.pip.run("config", "list").stdout == before


def test_caller_identity_is_told_by_the_real_host(
    codeartifact_tools: "Tools",
    codeartifact_gateway: "Gateway",
    codeartifact_target: "EmulatorTarget",
) -> None:
    """Other services of AWS are reached under their own names, too."""
    told = codeartifact_tools.aws.run(
        "sts", "get-caller-identity", "--query", "Account", "--output", "text"
    )

    assert told.stdout == f"{codeartifact_target.account}\n"
    [host] = served_hosts(codeartifact_gateway)
    assert host.startswith("sts.")


def test_twine_uploads_and_pip_installs(
    tools: "Tools",
    codeartifact_package: "SamplePackage",
    codeartifact_gateway: "Gateway",
    endpoint_host: str,
) -> None:
    """Connected tools name the real host, and everything goes there and nowhere else."""
    tools.twine.run("upload", "-r", "codeartifact", *map(str, codeartifact_package.paths))
    environment = tools.virtualenv("fresh")
    done = environment.pip("install", "--no-cache-dir", codeartifact_package.name)

    assert environment.installed() == {codeartifact_package.name: codeartifact_package.version}
    assert f"@{endpoint_host}/pypi/" in done.stdout
    assert served_hosts(codeartifact_gateway) == {endpoint_host}
    assert refused_hosts(codeartifact_gateway) == []


def test_uv_publishes_and_installs(
    tools: "Tools",
    codeartifact_package: "SamplePackage",
    codeartifact_gateway: "Gateway",
    endpoint_host: str,
) -> None:
    """Uv, which brings its own TLS, trusts the gateway as well."""
    tools.uv.run("publish", "--index", "codeartifact", *map(str, codeartifact_package.paths))
    environment = tools.virtualenv("fresh")
    python = str(environment.python_path)
    tools.uv.run("pip", "install", "--no-cache", "--python", python, codeartifact_package.name)

    assert environment.installed() == {codeartifact_package.name: codeartifact_package.version}
    assert served_hosts(codeartifact_gateway) == {endpoint_host}
    assert refused_hosts(codeartifact_gateway) == []


def test_keyring_gets_a_token_by_the_host_name(
    codeartifact_tools: "Tools", codeartifact_repository: "Repository", endpoint_host: str
) -> None:
    """The backend that reads domain, owner and region from the host finds them there."""
    address = f"https://{endpoint_host}/pypi/{codeartifact_repository.name}/simple/"
    python = codeartifact_tools.home.path / "tools" / "bin" / "python3"
    backend = {"PYTHON_KEYRING_BACKEND": "keyrings.codeartifact.CodeArtifactBackend"}

    told = in_shell(
        codeartifact_tools, str(python), "-m", "keyring", "get", address, "aws", **backend
    )

    assert (told.exit_code, told.stdout) == (0, f"{MASK}\n"), told.stderr


def test_npm_reaches_the_real_host(
    codeartifact_tools: "Tools",
    codeartifact_emulator: "Control",
    codeartifact_repository: "Repository",
    endpoint_host: str,
    place: Sequence[str],
) -> None:
    """After `login --tool npm`, what npm asks for arrives with the emulator."""
    if shutil.which("npm", path=codeartifact_tools.home.environment()["PATH"]) is None:
        pytest.skip("npm is not installed here")
    codeartifact_tools.aws.run("codeartifact", "login", "--tool", "npm", *place)

    told = in_shell(codeartifact_tools, "npm", "view", "left", "--fetch-retries=0")

    assert "404" in told.stderr
    asked = [(each["host"], each["path"]) for each in codeartifact_emulator.requests()]
    assert (endpoint_host, f"/npm/{codeartifact_repository.name}/left") in asked


def test_other_hosts_are_refused_and_remembered(
    tools: "Tools", codeartifact_gateway: "Gateway"
) -> None:
    """A program that asks for anything but AWS is told why it does not get it."""
    index = ("--index-url", "https://elsewhere.invalid/simple/", "--retries", "1")

    refused = tools.pip.run("download", *index, "demo", expect=1)

    assert "403 Forbidden: only AWS is reached through here" in refused.stderr
    assert set(refused_hosts(codeartifact_gateway)) == {"elsewhere.invalid"}


def test_program_that_ignores_the_proxy_is_found_out(
    codeartifact_tools: "Tools", codeartifact_gateway: "Gateway", endpoint_host: str
) -> None:
    """Its output names a host of AWS to which no connection was made."""
    said = f"Could not connect to the endpoint URL: https://{endpoint_host}/"

    done = in_shell(codeartifact_tools, "python3", "-c", f"import sys; sys.exit({said!r})")

    assert done.exit_code == 1
    met = {each.host for each in codeartifact_gateway.connections()}
    assert hosts_in(done.stdout + done.stderr) - met == {endpoint_host}
