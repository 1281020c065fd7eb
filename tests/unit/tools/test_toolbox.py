import base64
import hashlib
import stat
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from twine.utils import get_repository_from_config

from pytest_codeartifact.tools.base import Connection
from pytest_codeartifact.tools.process import CommandFailed
from pytest_codeartifact.tools.toolbox import Tools

TOKEN = "not-a-real-token-0123456789"


class Index:
    """A package index on this machine with one wheel, which notes who asks."""

    def __init__(self, wheel: Path) -> None:
        self.logins: set[str] = set()
        content = wheel.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        page = f'<a href="1.0/{wheel.name}#sha256={digest}">{wheel.name}</a>'.encode()
        logins = self.logins

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.answer(with_body=False)

            def do_GET(self) -> None:
                self.answer(with_body=True)

            def answer(self, *, with_body: bool) -> None:
                login = self.headers.get("Authorization", "").removeprefix("Basic ")
                logins.add(base64.b64decode(login).decode())
                answers = {
                    "/pypi/r/simple/demo/": ("text/html", page),
                    f"/pypi/r/simple/demo/1.0/{wheel.name}": ("application/zip", content),
                }
                kind, body = answers.get(self.path, ("text/plain", b""))
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if with_body:
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- ditto
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/pypi/r/"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("demo.py", "")
        archive.writestr(
            "demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
        )
        archive.writestr(
            "demo-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("demo-1.0.dist-info/RECORD", "")
    made = Index(wheel)
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def tools(tmp_path: Path, index: Index) -> Tools:
    """Tools that are connected to the index."""
    made = Tools.create(tmp_path / "home", account={})
    made.connect(Connection("d", "r", index.url, TOKEN))
    return made


@pytest.mark.parametrize("tool", ["pip", "uv", "pip_compile", "virtual environment"])
def test_connected_tool_asks_the_repository_with_the_token(
    tools: Tools, index: Index, tool: str
) -> None:
    """Once connected, a real client logs in as `aws` with the token, and finds the package."""
    match tool:
        case "pip":
            done = tools.pip.run("download", "--no-deps", "demo")
        case "uv":
            python = str(tools.home.python_path)
            done = tools.uv.run("pip", "install", "--dry-run", "--python", python, "demo")
        case "pip_compile":
            (tools.home.work_path / "requirements.in").write_text("demo\n")
            done = tools.pip_compile.run("-q", "requirements.in", "-o-")
        case _:
            clean = tools.virtualenv("clean")
            assert clean.installed() == {}
            done = clean.pip("install", "demo")
            assert clean.installed() == {"demo": "1.0"}
    assert index.logins == {f"aws:{TOKEN}"}
    assert "demo" in done.stdout + done.stderr
    assert TOKEN not in tools.log.text()


def test_pinned_requirements_hold_no_token(tools: Tools, index: Index) -> None:
    """Without being told, pip-compile keeps the index out of its file; asked for, it is there."""
    work = tools.home.work_path
    (work / "requirements.in").write_text("demo\n")
    tools.pip_compile.run("-q", "requirements.in")
    written = (work / "requirements.txt").read_text()
    assert "demo==1.0" in written
    assert TOKEN not in written
    assert index.url not in written
    tools.pip_compile.run("-q", "--emit-index-url", "requirements.in")
    assert TOKEN in (work / "requirements.txt").read_text()


def test_build_fetches_its_backend_from_the_repository(tools: Tools, index: Index) -> None:
    """An isolated build asks the connected repository for what it requires."""
    tools.home.work_path.joinpath("pyproject.toml").write_text(
        '[build-system]\nrequires = ["missing-backend"]\nbuild-backend = "missing_backend"\n'
    )
    with pytest.raises(CommandFailed, match="missing-backend"):
        tools.build.run("--wheel")
    assert f"aws:{TOKEN}" in index.logins
    assert "$ python3 -m build --wheel" in tools.log.text()


def test_twine_finds_repository_and_login(tools: Tools, index: Index) -> None:
    """Twine reads endpoint, user and token from a file that only its owner can read."""
    path = tools.home.path / ".pypirc"
    found = get_repository_from_config(str(path), "codeartifact")
    assert found["repository"] == index.url
    assert (found["username"], found["password"]) == ("aws", TOKEN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_version_is_known_without_starting_the_tool(tools: Tools) -> None:
    """Every tool that is installed says its version, and nothing was run for it."""
    assert all(tool.version for tool in tools.all())
    assert tools.log.entries == []


def test_token_is_not_shown_by_a_connection() -> None:
    """A connection's repr, which ends up in failures, has no token."""
    connection = Connection("d", "r", "https://host.invalid/pypi/r/", TOKEN)
    assert TOKEN not in repr(connection)
    assert connection.index_url == "https://host.invalid/pypi/r/simple/"
    assert connection.index_url_with_token == f"https://aws:{TOKEN}@host.invalid/pypi/r/simple/"


PLAIN = "http://127.0.0.1:80/team-111122223333.d.codeartifact.eu-west-1.amazonaws.com/pypi/r/"
BY_NAME = "https://team-111122223333.d.codeartifact.eu-west-1.amazonaws.com/pypi/r/"


@pytest.mark.parametrize(
    ("given", "by_name"),
    [
        (PLAIN, BY_NAME),
        (BY_NAME, BY_NAME),
        ("http://127.0.0.1:80/pypi/r/", "http://127.0.0.1:80/pypi/r/"),
    ],
    ids=["plain", "by name", "another's"],
)
def test_connection_has_a_form_by_host_name(given: str, by_name: str) -> None:
    """The plain form becomes the real address, any other stays, and the token goes along."""
    connection = Connection("team", "r", given, TOKEN).by_host_name()
    assert connection == Connection("team", "r", by_name, TOKEN)


@dataclass(frozen=True)
class FakeGateway:
    """A gateway with nothing behind it."""

    ca_file: Path

    def environment(self) -> dict[str, str]:
        return {"https_proxy": "http://127.0.0.1:9"}


def test_tools_behind_a_gateway_are_connected_by_host_name(tmp_path: Path) -> None:
    """What a tool reads names the repository as AWS does, each tool by itself, too."""
    tools = Tools.create(tmp_path / "home", account={}, gateway=FakeGateway(tmp_path / "ca.pem"))
    for tool in tools.all():
        tool.connect(Connection("team", "r", PLAIN, TOKEN))

    files = (tools.home.pip_settings_path, tools.home.path / ".pypirc")
    for file in (*files, tools.home.config_path / "uv" / "uv.toml"):
        text = file.read_text()
        assert "team-111122223333.d.codeartifact.eu-west-1.amazonaws.com/pypi/r/" in text
        assert "127.0.0.1" not in text
    for variables in (tools.poetry.environment(), tools.pdm.environment()):
        addresses = [value for value in variables.values() if "/pypi/r/" in value]
        assert addresses
        assert all(value.startswith(BY_NAME) for value in addresses)


def test_address_of_the_service_is_left_out_behind_a_gateway(tmp_path: Path) -> None:
    """A role's variables, given to one command, do not lead it around the gateway."""
    tools = Tools.create(tmp_path / "home", account={}, gateway=FakeGateway(tmp_path / "ca.pem"))
    more = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "of a role"}
    script = "import os; print([name for name in sorted(os.environ) if name.startswith('AWS_E')])"

    inside = tools.virtualenv("fresh").run("python", "-c", script, env=more)

    assert inside.stdout == "['AWS_EC2_METADATA_DISABLED']\n"


def test_activated_environment_is_first_on_path(tools: Tools) -> None:
    """Programs of a virtual environment win over the home's, as after its activation."""
    clean = tools.virtualenv("clean")
    done = clean.run("python", "-c", "import sys; print(sys.prefix)")
    assert done.stdout == f"{clean.path}\n"
    assert clean.path == tools.home.work_path / "clean"
