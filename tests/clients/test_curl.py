"""Curl signs requests to the API, and reads the package endpoint."""

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact import cli

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.roles import Role
    from pytest_codeartifact.targets.workspace import Domain, Repository
    from pytest_codeartifact.tools.process import Completed
    from pytest_codeartifact.tools.toolbox import Tools

PAGE_PATH = Path(__file__).parents[2] / "docs" / "how-to" / "from-other-languages.md"


@pytest.fixture(scope="session", autouse=True)
def curl_signs() -> None:
    """Skips where there is no curl, or one that cannot sign for AWS."""
    try:
        known = subprocess.run(
            ["curl", "--help", "all"], capture_output=True, text=True, timeout=10, check=False
        )
    except FileNotFoundError:
        pytest.skip("curl is not installed here")
    if "--aws-sigv4" not in known.stdout:
        pytest.skip("the curl that is installed here does not know --aws-sigv4")


@pytest.fixture
def store(
    make_codeartifact_domain: "Callable[..., Domain]",
    make_codeartifact_repository: "Callable[..., Repository]",
    make_codeartifact_package: "Callable[..., SamplePackage]",
) -> "Repository":
    """The repository that the page speaks of, with the package that it asks for."""
    repository = make_codeartifact_repository("store", domain=make_codeartifact_domain("demo"))
    repository.upload(make_codeartifact_package("demo-hello").wheel)
    return repository


def shown(section: str) -> list[str]:
    """The shell blocks of a section of the page."""
    text = PAGE_PATH.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2]
    return re.findall(r"^```sh\n(.*?)^```$", text.partition("\n## ")[0], re.DOTALL | re.MULTILINE)


def in_shell(tools: "Tools", script: str, **more: str) -> "Completed":
    return tools.log.run(
        ["sh", "-euc", script],
        env=tools.home.environment() | more,
        cwd=tools.home.work_path,
        timeout=60,
        expect=0,
    )


def answers(done: "Completed") -> list[dict[str, object]]:
    """The JSON documents that were printed, whatever stands between them."""
    decoder, text, found = json.JSONDecoder(), done.stdout.strip(), []
    while text:
        answer, end = decoder.raw_decode(text)
        found.append(answer)
        text = text[end:].strip()
    return found


@pytest.mark.usefixtures("store")
def test_signed_requests_are_answered(codeartifact_tools: "Tools") -> None:
    """The lines that the page shows list the domain and the package."""
    done = in_shell(codeartifact_tools, shown("curl")[0])

    domains, packages = answers(done)
    assert '"name": "demo"' in json.dumps(domains)
    assert '"package": "demo-hello"' in json.dumps(packages)


@pytest.mark.usefixtures("store")
def test_temporary_credentials_need_their_token(
    codeartifact_tools: "Tools", codeartifact_role: "Callable[..., Role]"
) -> None:
    """With the header that the page shows a role's session is known, and without it is not."""
    environment = codeartifact_role(["codeartifact:ListDomains"]).environment()
    script = shown("curl")[1]

    [listed] = answers(in_shell(codeartifact_tools, script, **environment))
    without = re.sub(r' -H "X-Amz-Security-Token: \S+"', "", script)
    [refused] = answers(in_shell(codeartifact_tools, without, **environment))

    assert '"name": "demo"' in json.dumps(listed)
    assert "UnrecognizedClientException" in json.dumps(refused)


def test_wrong_secret_is_refused(codeartifact_tools: "Tools") -> None:
    """A signature with another key's secret is not accepted."""
    line = shown("curl")[0].splitlines()[0]

    [refused] = answers(in_shell(codeartifact_tools, line, AWS_SECRET_ACCESS_KEY="wrong"))

    assert refused["__type"] == "InvalidSignatureException"


@pytest.mark.usefixtures("store")
def test_package_endpoint_takes_the_token_as_password(codeartifact_tools: "Tools") -> None:
    """The lines that the page shows end with the package's page in JSON."""
    [script] = shown("The package endpoint")

    [page] = answers(in_shell(codeartifact_tools, script))

    assert (page["name"], page["versions"]) == ("demo-hello", ["1.0.0"])


def test_variables_of_the_page_are_those_that_are_set() -> None:
    """The table names what `pytest-codeartifact env` sets, no more and no less."""
    table = PAGE_PATH.read_text(encoding="utf-8").partition("\nSome SDKs")[0]
    assert set(re.findall(r"`(AWS_\w+)`", table)) == set(cli._VARIABLES)
