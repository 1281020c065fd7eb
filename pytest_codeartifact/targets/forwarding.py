"""What answers behind the gateway of a real account: AWS itself, and a journal of what was asked.

Requests are passed on as they were signed, by this machine's own way out: its proxies, and the
certificates that it trusts. Only the journal is made here: which operation or path, how it was
answered, how many bytes, and the SHA-256 of what came. Bodies are neither kept nor changed.
"""

import contextlib
import hashlib
import json
import re
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from itertools import chain
from typing import Any, BinaryIO, TypeAlias, cast
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import urllib3

from pytest_codeartifact.emulator.api import model
from pytest_codeartifact.targets.gateway import Conversation
from pytest_codeartifact.targets.gateway_relay import Waiting
from pytest_codeartifact.targets.ledger import BudgetReached, Ledger, Spent

Entry: TypeAlias = dict[str, Any]
Pools: TypeAlias = Callable[[str], urllib3.PoolManager]
"""The connections that lead to a host."""

MAKING = frozenset({"CreateDomain", "CreateRepository", "CreateProject", "CreateRole"})
"""Operations that make what somebody has to remove again."""

_KEPT = 20_000
_PIECE_BYTES = 64 * 1024
_FORM_BYTES = 256 * 1024
_TOLD_BYTES = 2048
_IDLE_SECONDS = 120.0
_ANSWER_SECONDS = 120.0
_TARGET = re.compile(r"[\w.]*\.(\w+)")
_NOT_ASKED = "NotAsked"
_ENDPOINT_HOST = ".d.codeartifact."
_THROTTLED = re.compile(rb"Throttl|TooManyRequests|Rate exceeded", re.IGNORECASE)
# What is about one connection, and not about what is passed on (RFC 9110, section 7.6.1).
_OF_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "expect"}
    | {"trailer", "transfer-encoding", "upgrade", "proxy-authenticate"}
)


class Journal:
    """What was asked of AWS, numbered; the oldest entries fall out."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._last = 0
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Keep an entry, with its number and the time in seconds since the epoch."""
        with self._lock:
            self._last += 1
            self._entries.append({"number": self._last, "time": time.time(), **entry})

    def entries(self) -> Sequence[Entry]:
        """All that is kept, oldest first."""
        with self._lock:
            return list(self._entries)


class Aws:
    """Passes on to AWS what programs say to its hosts; fulfils the gateway's `Beyond`."""

    def __init__(self, pools: Pools, ledger: Ledger) -> None:
        """`pools` has the connections to a host, made the way this machine makes them."""
        self.journal = Journal()
        self.ledger = ledger
        self._pools = pools
        self._open: set[ssl.SSLSocket] = set()
        self._lock = threading.Lock()

    @contextmanager
    def reached(self, host: str, waiting: Waiting) -> Iterator[Conversation]:
        """The conversation with a host, which is connected to once something is asked of it."""
        del waiting  # sockets are shut down when the gateway closes
        yield partial(self._converse, host)

    def close(self) -> None:
        """End all conversations."""
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(2)

    def send(
        self,
        method: str,
        host: str,
        path: str,
        headers: Mapping[str, str],
        body: BinaryIO | bytes | None,
    ) -> urllib3.BaseHTTPResponse:
        """Ask AWS; raises urllib3's errors. The answer is yet to be read."""
        return self._pools(host).request(
            method,
            f"https://{host}{path}",
            headers=headers,
            body=body,
            preload_content=False,
            decode_content=False,
            redirect=False,
            retries=False,
            timeout=_ANSWER_SECONDS,
        )

    def _converse(self, host: str, tls: ssl.SSLSocket) -> None:
        tls.settimeout(_IDLE_SECONDS)
        with self._lock:
            self._open.add(tls)
        try:
            _Exchange(tls, host, self)
        finally:
            with self._lock:
                self._open.discard(tls)


class _Exchange(BaseHTTPRequestHandler):
    """The requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: ssl.SSLSocket, host: str, aws: Aws) -> None:
        self._host = host
        self._aws = aws
        self.rfile = connection.makefile("rb")
        self.wfile = connection.makefile("wb", buffering=0)  # type: ignore[assignment]  # as its own
        self.client_address = ("127.0.0.1", 0)
        self.request = connection
        try:
            self.handle()
        finally:
            self.rfile.close()
            self.wfile.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name there
        """Say nothing: there is the journal."""

    def _forward(self) -> None:
        body, size = self._body()
        operation = self._operation(body)
        entry: Entry = {
            "method": self.command,
            "host": self._host,
            "path": self.path.partition("?")[0],
            "received_bytes": size,
            "sent_bytes": 0,
        }
        if operation:
            entry["operation"] = operation
        try:
            self._aws.ledger.ask(_spent_by(operation, size))
            self._answer(body, entry)
        except BudgetReached as reached:
            _drain(body)
            self._refuse(HTTPStatus.FORBIDDEN, f"Not asked: {reached}", entry)
        except urllib3.exceptions.HTTPError as error:
            reason = f"{self._host} could not be reached: {type(error).__name__}"
            self._give_up(reason, entry)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = _forward  # noqa: N815 -- its names

    def _give_up(self, reason: str, entry: Entry) -> None:
        """End the connection without an answer, or amid it: clients know how to try again."""
        self.close_connection = True
        self._aws.journal.add(
            entry
            | {"status": HTTPStatus.BAD_GATEWAY.value, "message": reason, "is_unreached": True}
        )

    def _body(self) -> tuple[BinaryIO | bytes | None, int]:
        """The request's body, to be read once, and its length."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            content = b"".join(self._pieces())
            return content, len(content)
        size = int(self.headers.get("Content-Length") or 0)
        if size == 0:
            return None, 0
        if size <= _FORM_BYTES:
            return self.rfile.read(size), size
        return _Limited(cast("BinaryIO", self.rfile), size), size

    def _pieces(self) -> Iterator[bytes]:
        while length := self._length_of_piece():
            yield self.rfile.read(length)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _length_of_piece(self) -> int:
        try:
            return int(self.rfile.readline().partition(b";")[0], 16)
        except ValueError:
            # The client has left amid its request.
            raise ConnectionAbortedError from None

    def _operation(self, body: BinaryIO | bytes | None) -> str:
        """The operation of an API, empty where a package endpoint is asked."""
        if _ENDPOINT_HOST in self._host:
            return ""
        target = _TARGET.fullmatch(self.headers.get("X-Amz-Target", ""))
        if target:
            return target[1]
        if "form-urlencoded" in self.headers.get("Content-Type", "") and isinstance(body, bytes):
            return parse_qs(body.decode("latin-1")).get("Action", [""])[0]
        return _operations().get((self.command, self.path.partition("?")[0]), "")

    def _answer(self, body: BinaryIO | bytes | None, entry: Entry) -> None:
        headers = {
            name: text for name, text in self.headers.items() if name.lower() not in _OF_CONNECTION
        }
        # What the program did not say is not said for it.
        for name in ("User-Agent", "Accept-Encoding"):
            if name not in self.headers:
                headers[name] = urllib3.util.SKIP_HEADER
        if isinstance(body, bytes):
            headers["Content-Length"] = str(len(body))
        answer = self._aws.send(self.command, self._host, self.path, headers, body)
        # AWS may refuse before it has read all of it.
        _drain(body)
        try:
            self._pass_back(answer, entry)
        finally:
            answer.release_conn()

    def _pass_back(self, answer: urllib3.BaseHTTPResponse, entry: Entry) -> None:
        has_body = self.command != "HEAD" and answer.status not in {
            HTTPStatus.NO_CONTENT,
            HTTPStatus.NOT_MODIFIED,
        }
        in_pieces = has_body and "Content-Length" not in answer.headers
        pieces = answer.stream(_PIECE_BYTES, decode_content=False) if has_body else ()
        measured = self._measured(pieces, entry | {"status": answer.status})
        # Before anything is said: what fails here is no answer.
        first = next(measured, b"")
        self.send_response_only(answer.status, answer.reason)
        for name, text in answer.headers.items():
            if name.lower() not in _OF_CONNECTION:
                self.send_header(name, text)
        if in_pieces:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in chain((first,), measured):
            self._write(piece, in_pieces=in_pieces)
        if in_pieces:
            self.wfile.write(b"0\r\n\r\n")

    def _measured(self, pieces: Iterable[bytes], entry: Entry) -> Iterator[bytes]:
        """The pieces of an answer, which is in the journal before the client has its last one."""
        digest, size, told, last = hashlib.sha256(), 0, b"", b""
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            told = told or piece[:_TOLD_BYTES]
            if last:
                yield last
            last = piece
        status = entry["status"]
        entry["sent_bytes"] = size
        if status == HTTPStatus.OK and self.command == "GET":
            entry["sha256"] = digest.hexdigest()
        if status >= HTTPStatus.BAD_REQUEST and (
            status == HTTPStatus.TOO_MANY_REQUESTS or _THROTTLED.search(told)
        ):
            entry["is_throttled"] = True
        self._aws.ledger.moved(size)
        self._aws.journal.add(entry)
        if last:
            yield last

    def _write(self, piece: bytes, *, in_pieces: bool) -> None:
        if piece:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if in_pieces else piece)

    def _refuse(self, status: HTTPStatus, message: str, entry: Entry) -> None:
        """Answer instead of AWS, in a form that its clients can read."""
        self.close_connection = True
        self._aws.journal.add(entry | {"status": status.value, "message": message})
        content_type, content = "application/json", json.dumps({"message": message})
        if "form-urlencoded" in self.headers.get("Content-Type", ""):
            # IAM and STS speak XML (AWS: "Query protocol").
            content_type = "text/xml"
            content = f"<ErrorResponse><Error><Code>{_NOT_ASKED}</Code><Message>{escape(message)}"
            content += "</Message></Error></ErrorResponse>"
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("x-amzn-ErrorType", _NOT_ASKED)
        self.send_header("Content-Length", str(len(content.encode())))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content.encode())


class _Limited(BytesIO):
    """So many bytes of a stream, read as they are asked for."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        super().__init__()
        self._stream = stream
        self._left = size

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        found = self._stream.read(wanted) if wanted else b""
        self._left -= len(found)
        return found


def _drain(body: BinaryIO | bytes | None) -> None:
    """Read what is left of a request, or its client would not hear the answer."""
    if isinstance(body, _Limited):
        while body.read(_PIECE_BYTES):
            pass


def _spent_by(operation: str, size: int) -> Spent:
    return Spent(
        requests=1,
        bytes_moved=size,
        resources=int(operation in MAKING),
        builds=int(operation == "StartBuild"),
    )


@cache
def _operations() -> Mapping[tuple[str, str], str]:
    """CodeArtifact's operations by method and path: no path of its API has a parameter."""
    return {
        (each.http["method"], each.http["requestUri"].partition("?")[0]): name
        for name, each in model.operations().items()
    }
