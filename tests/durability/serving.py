"""A server of a test's own, run as its users run it, and ended in every way there is."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3

from pytest_codeartifact.targets.emulator import boto3_client
from pytest_codeartifact.targets.leases import Access
from tests.support.distributions import Distribution

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

PROGRAM = (sys.executable, "-P", "-m", "pytest_codeartifact")
NOWHERE = "http://127.0.0.1:9/simple/"
PATIENCE_SECONDS = 30.0
DOMAIN, REPOSITORY = "team", "store"


def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; fails when it does not within `PATIENCE_SECONDS`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.005)


def is_running(pid: int) -> bool:
    """Whether a process exists and is more than an entry that nobody has fetched yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of a test: a home for programs, one for temporary files, one for states."""

    path: Path

    @property
    def environment(self) -> dict[str, str]:
        """All that a program is told of the machine."""
        folders = {"HOME": self.path / "home", "TMPDIR": self.path / "tmp"}
        for folder in folders.values():
            folder.mkdir(exist_ok=True)
        return {name: str(folder) for name, folder in folders.items()} | {"PATH": os.defpath}

    def run(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the program to its end."""
        return subprocess.run(
            [*PROGRAM, *arguments],
            env=self.environment | dict(environment or {}),
            cwd=self.path,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )


@dataclass(slots=True)
class Server:
    """A running server, started in a process group of its own."""

    child: subprocess.Popen[str]
    state: Path
    ready_path: Path
    error_path: Path
    said: list[str] = field(default_factory=list)
    access: Access = field(init=False, repr=False)

    def wait_until_ready(self) -> None:
        """Read the announcement, which ends with how to stop; fails when the server gave up."""
        output: IO[str] | None = self.child.stdout
        assert output is not None
        while not self.said or "Stop" not in self.said[-1]:
            line = output.readline()
            assert line, f"the server did not come up: {self.error_path.read_text()}"
            self.said.append(line)
        ready = json.loads(self.ready_path.read_text())
        names = ("endpoint_url", "account", "region", "access_key_id", "secret_access_key")
        self.access = Access(**{name: ready[name] for name in names})

    @property
    def port(self) -> int:
        return urlsplit(self.access.endpoint_url).port or 0

    def client(self) -> "CodeArtifactClient":
        """A boto3 client of the server's owner."""
        client: CodeArtifactClient = boto3_client("codeartifact", self.access)
        return client

    @property
    def workers(self) -> list[int]:
        """The children of the server's main process."""
        pid = self.child.pid
        return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    @property
    def incoming(self) -> list[Path]:
        """Bytes that were not yet received whole."""
        return list((self.state / "incoming").iterdir())

    @property
    def blobs(self) -> set[str]:
        """The SHA-256 of all that is kept."""
        return {path.name for path in (self.state / "blobs").glob("??/*")}

    def tell(self, number: signal.Signals) -> int:
        """Send the main process a signal; returns its exit code."""
        self.child.send_signal(number)
        return self.child.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """End all its processes at once, as a machine that loses power does."""
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        """End what still runs."""
        if self.child.poll() is None:
            self.kill()
        if self.child.stdout is not None:
            self.child.stdout.close()


class Shelf:
    """The pypi endpoint of one repository, asked as package managers ask."""

    def __init__(self, server: Server, token: str | None = None) -> None:
        client = server.client()
        self.url = client.get_repository_endpoint(
            domain=DOMAIN, repository=REPOSITORY, format="pypi"
        )["repositoryEndpoint"]
        self.token = token or client.get_authorization_token(domain=DOMAIN)["authorizationToken"]
        self.headers = {"Authorization": f"Bearer {self.token}"}

    def upload(self, distribution: Distribution) -> int:
        """Upload a file; returns the status."""
        content = (distribution.filename, distribution.content, "application/octet-stream")
        fields: dict[str, Any] = {**distribution.fields, "content": content}
        return urllib3.request("POST", self.url, fields=fields, headers=self.headers).status

    def begin_upload(self, distribution: Distribution) -> http.client.HTTPConnection:
        """Send an upload but for its last bytes; the caller closes the connection."""
        content = (distribution.filename, distribution.content, "application/octet-stream")
        fields: dict[str, Any] = {**distribution.fields, "content": content}
        body, media_type = urllib3.encode_multipart_formdata(fields)
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.netloc)
        connection.putrequest("POST", parts.path)
        headers = {"Content-Type": media_type, "Content-Length": str(len(body))}
        for name, value in (self.headers | headers).items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(body[:-1000])
        return connection

    def download(self, distribution: Distribution) -> urllib3.BaseHTTPResponse:
        """Ask for a file."""
        path = f"simple/{distribution.name}/{distribution.version}/{distribution.filename}"
        return urllib3.request("GET", f"{self.url}{path}", headers=self.headers, retries=False)


def make_repository(server: Server, *, connected: bool = False) -> Shelf:
    """Make the domain and the repository of a test, with a connection to public:pypi or none."""
    client = server.client()
    client.create_domain(domain=DOMAIN)
    client.create_repository(domain=DOMAIN, repository=REPOSITORY)
    if connected:
        client.associate_external_connection(
            domain=DOMAIN, repository=REPOSITORY, externalConnection="public:pypi"
        )
    return Shelf(server)


def package_names(server: Server) -> set[str]:
    """Every package the repository shows."""
    pages = server.client().get_paginator("list_packages")
    found = pages.paginate(domain=DOMAIN, repository=REPOSITORY)
    return {each["package"] for page in found for each in page["packages"]}
