"""The emulator without a socket: boto3 and plain HTTP requests go straight into its WSGI app.

Every request and answer passes `wsgiref.validate`, so that what a server would trip over fails.
"""

import base64
import functools
import io
import json
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.validate import InputWrapper, validator

import boto3
import pytest
import urllib3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from pypi_simple import ProjectPage

from pytest_codeartifact.emulator import Emulator
from pytest_codeartifact.emulator.configuration import Configuration
from pytest_codeartifact.emulator.iam.accounts import Account
from pytest_codeartifact.emulator.neighbours.forgetting import forget
from pytest_codeartifact.emulator.quotas import Quotas
from tests.support.distributions import Distribution

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
REGION = "eu-west-1"
BASE_URL = "http://127.0.0.1:8080"
API_URL = f"https://codeartifact.{REGION}.amazonaws.com"
_SEARCHED = ("application/vnd.pypi.simple.v1+json", "text/html")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - whatever JSON can say
        """The body read as JSON."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """What a refusal says."""
        return str(self.json()["message"])


class Emulation:
    """An emulator of a test's own in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        *,
        quotas: Quotas | None = None,
        upstreams: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.emulator = Emulator(
            Configuration(
                state_path=folder,
                region=REGION,
                account=ACCOUNT,
                # Port 9 answers nobody: a test that forgets its registry stays on this machine.
                upstreams={"public:pypi": "http://127.0.0.1:9/simple/", **(upstreams or {})},
                quotas=quotas or Quotas(),
            )
        )
        self._app = validator(self.emulator.app)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the state folder back, once nothing works on it any more."""
        self.settle()
        self.emulator.close()
        # Moto's state is the process's: the next test would meet this one's users by name.
        if "moto.core" in sys.modules:
            forget(None)

    def settle(self) -> None:
        """Wait until listings that are read again in the background have been."""
        for thread in threading.enumerate():
            if thread.name.startswith("refresh "):
                thread.join()

    @property
    def stored(self) -> list[str]:
        """Every file below the state folder that holds package bytes, kept or half received."""
        return sorted(
            path.name
            for kind in ("blobs", "incoming")
            for path in (self.folder / kind).rglob("*")
            if path.is_file()
        )

    @property
    def owner(self) -> Account:
        """The administrator's key of the configured account."""
        return self.emulator.owner

    def client(
        self, account: Account | None = None, *, region: str = REGION, url: str = BASE_URL
    ) -> "CodeArtifactClient":
        """A boto3 client of an account, by default the configured one."""
        account = account or self.owner
        client: CodeArtifactClient = self.boto3_client(
            "codeartifact",
            account.access_key_id,
            account.secret_access_key,
            region=region,
            url=url,
        )
        return client

    def boto3_client(
        self,
        service: str,
        access_key_id: str,
        secret_access_key: str,
        session_token: str | None = None,
        *,
        region: str = REGION,
        url: str = BASE_URL,
    ) -> Any:  # noqa: ANN401 - any service's client
        """A boto3 client of any service, with any key."""
        make: Callable[..., Any] = _session().client  # its types name every service, one by one
        client = make(
            service,
            region_name=region,
            endpoint_url=url,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            aws_session_token=session_token,
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register(f"before-send.{service}.*", self._send)
        return client

    def other_account(self) -> Account:
        """The administrator's key of another account."""
        return self.account()

    def account(self, number: str | None = None) -> Account:
        """The administrator's key of the account of this number, or of a fresh one."""
        document = self.control("POST", "accounts", number and {"account": number}).json()
        return Account(
            document["account"], document["access_key_id"], document["secret_access_key"]
        )

    def control(self, method: str, name: str, document: object = None) -> Answer:
        """Ask the emulator itself, as its owner."""
        user = f"{self.owner.access_key_id}:{self.owner.secret_access_key}"
        body = b"" if document is None else json.dumps(document).encode()
        headers = {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}
        return self.request(method, f"/_emulator/{name}", headers, body)

    def travel(self, seconds: float) -> None:
        """Move the emulator's clock forward."""
        assert self.control("POST", "clock", {"advance_seconds": seconds}).status == 200

    def crashes(self) -> list[str]:
        """The requests that met a defect so far."""
        return [entry["request"] for entry in self.control("GET", "crashes").json()["crashes"]]

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | BinaryIO = b"",
    ) -> Answer:
        """Send a plain HTTP request; `url` may be a path below the base address."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> Any:  # noqa: ANN401 - the write callable that nobody uses
            assert not exc_info
            started.append((status, headers))

        environ = _environ(method, url, headers or {}, body)
        chunks: Iterable[bytes] = self._app(environ, start_response)
        with closing(chunks):  # type: ignore[type-var]  # the validator's iterator has a close
            content = b"".join(chunks)
        # The app may have put a stream of its own into the environment for a neighbour.
        if not isinstance(environ["wsgi.input"], InputWrapper):
            environ["wsgi.input"].close()
        [(status, pairs)] = started
        found = {name.lower(): value for name, value in pairs}
        assert len(found) == len(pairs), f"a header is sent twice: {pairs}"
        return Answer(int(status[:3]), found, content)

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        headers = {
            name: bytes(value).decode() if isinstance(value, bytes) else str(value)
            for name, value in cast("Mapping[str, object]", request.headers).items()
        }
        sent: Any = request.body or b""
        body = sent.encode() if isinstance(sent, str) else sent
        answer = self.request(str(request.method), str(request.url), headers, body)
        raw = urllib3.HTTPResponse(
            io.BytesIO(answer.body), answer.headers, answer.status, preload_content=False
        )
        received = HTTPHeaders.from_pairs(answer.headers.items())
        return AWSResponse(str(request.url), answer.status, received, raw)


@functools.cache
def _session() -> boto3.Session:
    """One session for all: the service model is read once."""
    return boto3.Session()


def _environ(
    method: str, url: str, headers: Mapping[str, str], body: bytes | BinaryIO
) -> dict[str, Any]:
    parts = urlsplit(url if "//" in url.partition("?")[0] and url[0] != "/" else BASE_URL + url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path).decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body) if isinstance(body, bytes) else body,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if isinstance(body, bytes) and body:
        environ["CONTENT_LENGTH"] = str(len(body))
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ["CONTENT_TYPE"] = value
        elif key != "CONTENT_LENGTH":
            environ[f"HTTP_{key}"] = value
    return environ


def refusal(error: pytest.ExceptionInfo[Any]) -> dict[str, Any]:
    """What a refused boto3 call got, with the members that botocore's types do not know."""
    return dict(error.value.response)


def basic(user: str, password: str) -> str:
    """The value of an Authorization header."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A repository's endpoint for Python clients, asked with a token."""

    emulation: Emulation
    domain: str
    repository: str
    token: str = field(repr=False)
    owner: str = ACCOUNT

    @property
    def path(self) -> str:
        """The endpoint below the server's base address, with a trailing slash."""
        host = f"{self.domain}-{self.owner}.d.codeartifact.{REGION}.amazonaws.com"
        return f"/{host}/pypi/{self.repository}/"

    def get(self, below: str = "", *, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path below the endpoint; keywords are headers (`accept="text/html"`)."""
        sent = {"Authorization": basic("aws", self.token)} | headers
        return self.emulation.request(method, self.path + below, sent)

    def page(self, project: str = "demo") -> ProjectPage:
        """The project page, read by another program's parser from JSON and compared with HTML."""
        as_json = self.get(f"simple/{project}/", accept=_SEARCHED[0])
        as_html = self.get(f"simple/{project}/", accept=_SEARCHED[1])
        assert (as_json.status, as_html.status) == (200, 200), as_json.body
        base = f"{BASE_URL}{self.path}simple/{project}/"
        found = ProjectPage.from_json_data(as_json.json(), base)
        shown = ProjectPage.from_html(project, as_html.body, base)
        for one, other in zip(found.packages, shown.packages, strict=True):
            for name in ("filename", "url", "requires_python", "is_yanked", "yanked_reason"):
                values = [str(getattr(package, name)).partition("#")[0] for package in (one, other)]
                assert values[0] == values[1], f"the pages differ in {name}: {values}"
        return found

    def files(self, project: str = "demo") -> list[str]:
        """The names of the files on the project page."""
        return [package.filename for package in self.page(project).packages]

    def download(self, distribution: Distribution) -> Answer:
        """Ask for a distribution's file under its own address."""
        name, version = distribution.name, distribution.version
        return self.get(f"simple/{name}/{version}/{distribution.filename}")

    def upload(
        self,
        distribution: Distribution,
        *,
        omit: Iterable[str] = (),
        **fields: str,
    ) -> Answer:
        """Upload a distribution as twine does; keywords change fields, `omit` leaves some out."""
        form: dict[str, Any] = {**distribution.fields, **fields}
        form["content"] = (distribution.filename, distribution.content)
        for name in omit:
            del form[name]
        return self.post(form)

    def post(self, form: Mapping[str, Any] | list[tuple[str, Any]]) -> Answer:
        """Post a form to the endpoint."""
        body, content_type = urllib3.encode_multipart_formdata(form)
        headers = {"Authorization": basic("aws", self.token), "Content-Type": content_type}
        return self.emulation.request("POST", self.path, headers, body)
