"""The journal of a real account: requests go to AWS as they are, and are counted on the way."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from pytest_codeartifact.targets.forwarding import Aws
from pytest_codeartifact.targets.gateway import Gateway
from pytest_codeartifact.targets.ledger import Ledger, Spent

REGION = "eu-west-1"
HOST = f"demo-210987654321.d.codeartifact.{REGION}.amazonaws.com"
API = f"codeartifact.{REGION}.amazonaws.com"
WHEEL = bytes(range(256)) * 1000


@dataclass
class FakeAws:
    """What it was asked, and what it answers: status, headers and body by path."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)


@pytest.fixture
def fake() -> Iterator[FakeAws]:
    made = FakeAws()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(size, 1000) if "early" in self.path else size)
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            made.asked.append((self.command, self.path, dict(self.headers.items()), body))
            status, headers, content = made.answers.get(self.path, (404, {}, b"{}"))
            self.send_response_only(status)
            for name, text in headers.items():
                self.send_header(name, text)
            in_pieces = "Transfer-Encoding" in headers
            if not in_pieces and "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if in_pieces:
                half = len(content) // 2
                for piece in (content[:half], content[half:]):
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")
            elif self.command != "HEAD":
                self.wfile.write(content)
            self.close_connection |= not {"Content-Length", "Connection"}.isdisjoint(headers)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 -- its names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Way:
    """The way of a run: its gateway, and what is behind it."""

    gateway: Gateway
    aws: Aws

    def pool(self) -> urllib3.ProxyManager:
        return urllib3.ProxyManager(self.gateway.url, ca_certs=str(self.gateway.ca_file))

    def client(self, service: str = "codeartifact") -> Any:  # noqa: ANN401 -- a boto3 client
        return boto3.client(
            service,  # type: ignore[call-overload]  # any of them
            region_name=REGION,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="secret",
            verify=str(self.gateway.ca_file),
            config=Config(proxies={"https": self.gateway.url}, retries={"total_max_attempts": 1}),
        )


@pytest.fixture
def way(fake: FakeAws, tmp_path: Path, budget: float | None) -> Iterator[Way]:
    """A gateway to what plays AWS, which is reached by real host names through a proxy."""
    outer, inner = tmp_path / "outer", tmp_path / "inner"
    outer.mkdir()
    inner.mkdir()
    with contextlib.closing(Gateway.open(fake.url, outer)) as playing:
        pool = urllib3.ProxyManager(playing.url, ca_certs=str(playing.ca_file))
        aws = Aws(lambda _: pool, Ledger(tmp_path, budget))
        with contextlib.closing(Gateway.before(aws, inner)) as gateway:
            yield Way(gateway, aws)


@pytest.fixture
def budget() -> float | None:
    return None


def test_download_comes_as_it_is_and_is_known_by_its_digest(way: Way, fake: FakeAws) -> None:
    """A file of a package endpoint arrives whole, and the journal has its SHA-256 and size."""
    fake.answers["/pypi/store/demo.whl"] = (200, {"ETag": "one", "X-Own": "kept"}, WHEEL)
    answer = way.pool().request("GET", f"https://{HOST}/pypi/store/demo.whl")
    assert (answer.status, answer.data, answer.headers["x-own"]) == (200, WHEEL, "kept")
    [entry] = way.aws.journal.entries()
    assert entry["sha256"] == hashlib.sha256(WHEEL).hexdigest()
    assert (entry["host"], entry["path"]) == (HOST, "/pypi/store/demo.whl")
    assert (entry["number"], entry["status"], entry["sent_bytes"]) == (1, 200, len(WHEEL))
    assert "operation" not in entry


def test_answer_in_pieces_arrives_whole(way: Way, fake: FakeAws) -> None:
    """What AWS sends without saying how long it is arrives, and the connection goes on."""
    fake.answers["/page"] = (200, {"Transfer-Encoding": "chunked"}, WHEEL)
    pool = way.pool()
    for _ in range(2):
        assert pool.request("GET", f"https://{HOST}/page").data == WHEEL
    assert [each["sent_bytes"] for each in way.aws.journal.entries()] == [len(WHEEL)] * 2


@pytest.mark.parametrize("size", [0, 10, 300_000])
@pytest.mark.parametrize("in_pieces", [False, True], ids=["whole", "pieces"])
def test_upload_is_passed_on_whole(way: Way, fake: FakeAws, size: int, *, in_pieces: bool) -> None:
    """A body reaches AWS byte for byte, however long it is and however it is sent."""
    fake.answers["/pypi/store/"] = (200, {}, b"")
    body = WHEEL[:size] * 2 if size < len(WHEEL) else WHEEL + WHEEL
    sent: Any = iter([body[:7], body[7:]]) if in_pieces and body else body
    way.pool().request("POST", f"https://{HOST}/pypi/store/", body=sent)
    [(method, _, headers, received)] = fake.asked
    assert (method, received) == ("POST", body)
    assert headers["Host"] == HOST
    assert way.aws.journal.entries()[0]["received_bytes"] == len(body)


def test_signature_and_operation_survive(way: Way, fake: FakeAws) -> None:
    """A call of boto3 reaches AWS as it was signed, and is counted by its operation."""
    told = {"domain": {"name": "demo", "owner": "210987654321"}}
    fake.answers["/v1/domain?domain=demo"] = (200, {}, json.dumps(told).encode())
    assert way.client().describe_domain(domain="demo")["domain"]["name"] == "demo"
    [(method, _, headers, _)] = fake.asked
    assert method == "GET"
    assert "Credential=AKIAIOSFODNN7EXAMPLE/" in headers["Authorization"]
    assert headers["User-Agent"].startswith("Boto3/")
    [entry] = way.aws.journal.entries()
    assert (entry["operation"], entry["path"]) == ("DescribeDomain", "/v1/domain")
    assert "AKIA" not in json.dumps(entry)


def test_what_is_not_aws_is_not_reached(way: Way, fake: FakeAws) -> None:
    """Another host is refused, and nobody is asked."""
    with pytest.raises(urllib3.exceptions.MaxRetryError, match="403"):
        way.pool().request("GET", "https://example.com/", retries=0)
    assert fake.asked == []
    assert [(each.host, each.is_refused) for each in way.gateway.connections()] == [
        ("example.com", True)
    ]


def test_throttled_answer_is_marked(way: Way, fake: FakeAws) -> None:
    """The journal tells throttling from other refusals, by status or by what is said."""
    fake.answers["/one"] = (429, {}, b"")
    fake.answers["/two"] = (400, {}, b"<Error><Code>Throttling</Code></Error>")
    fake.answers["/three"] = (400, {}, b"<Error><Code>NoSuchEntity</Code></Error>")
    for path in fake.answers:
        way.pool().request("GET", f"https://{API}{path}", retries=False)
    found = [bool(each.get("is_throttled")) for each in way.aws.journal.entries()]
    assert found == [True, True, False]


def test_aws_that_cannot_be_reached_ends_the_connection(tmp_path: Path) -> None:
    """Where there is no way to AWS, the client may try again, and the journal says which host."""
    pool = urllib3.ProxyManager("http://127.0.0.1:1")
    aws = Aws(lambda _: pool, Ledger(tmp_path, None))
    with (
        contextlib.closing(Gateway.before(aws, tmp_path)) as gateway,
        pytest.raises(urllib3.exceptions.HTTPError, match="closed connection without"),
    ):
        Way(gateway, aws).pool().request("GET", f"https://{HOST}/x", retries=False)
    [entry] = aws.journal.entries()
    assert entry["is_unreached"] is True
    assert HOST in entry["message"]


def test_answer_that_breaks_off_is_not_made_whole(way: Way, fake: FakeAws) -> None:
    """Half of a file is no file: the client sees that its answer ended too early."""
    fake.answers["/half"] = (200, {"Content-Length": str(2 * len(WHEEL))}, WHEEL)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        way.pool().request("GET", f"https://{HOST}/half", retries=False)


def test_refusal_amid_a_long_upload_is_heard(way: Way, fake: FakeAws) -> None:
    """AWS may answer before it has all of a file; the client reads why, and not a broken pipe."""
    fake.answers["/pypi/early/"] = (401, {"X-Early": "yes", "Connection": "close"}, b"no")
    answer = way.pool().request("POST", f"https://{HOST}/pypi/early/", body=WHEEL * 20)
    assert (answer.status, answer.data) == (401, b"no")


@pytest.mark.parametrize("budget", [0.00001])
def test_budget_ends_before_it_is_passed(way: Way, fake: FakeAws) -> None:
    """The request that would cost too much is not made; once released, all are."""
    client = way.client()
    fake.answers["/v1/domain?domain=demo"] = (200, {}, b'{"domain": {}}')
    client.describe_domain(domain="demo")
    client.describe_domain(domain="demo")
    with pytest.raises(ClientError, match=r"budget is 0\.0000 USD"):
        client.describe_domain(domain="demo")
    assert len(fake.asked) == 2
    assert way.aws.ledger.is_reached
    way.aws.ledger.release()
    client.describe_domain(domain="demo")
    assert len(fake.asked) == 3


@pytest.mark.parametrize("budget", [0.0])
@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sts", "get_caller_identity"),
        ("iam", "list_roles"),
        ("logs", "describe_log_groups"),
        ("codebuild", "list_projects"),
        ("codeartifact", "list_domains"),
    ],
)
def test_budget_is_told_to_clients_of_every_protocol(
    way: Way, service: str, operation: str
) -> None:
    """IAM's and STS's clients read XML, the others JSON; all hear why."""
    with pytest.raises(ClientError, match=r"Not asked: .*its budget is 0\.0000 USD"):
        getattr(way.client(service), operation)()


def test_closing_ends_idle_connections(way: Way, fake: FakeAws) -> None:
    """A program that keeps its connection open does not keep the run from ending."""
    fake.answers["/x"] = (200, {}, b"x")
    assert way.pool().request("GET", f"https://{HOST}/x").data == b"x"
    way.gateway.close()
    assert not way.gateway._clients
    assert not way.gateway._accepting.is_alive()


def test_processes_of_a_run_share_one_budget(tmp_path: Path) -> None:
    """What another process of the run spent counts, and a build by the time it may take."""
    ledger = Ledger(tmp_path, 0.06)
    ledger.ask(Spent(requests=1, resources=1))
    (tmp_path / "spent-1.json").write_text(
        json.dumps({"requests": 2, "bytes_moved": 5, "resources": 0, "builds": 1})
    )
    assert ledger.total() == Spent(requests=3, bytes_moved=5, resources=1, builds=1)
    assert ledger.total().usd == pytest.approx(0.05 + 3 * 0.05 / 10_000, abs=1e-6)
    with pytest.raises(Exception, match=r"bring the run to 0\.1"):
        ledger.ask(Spent(builds=1))
