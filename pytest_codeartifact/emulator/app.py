"""The steps of a request, in order: which door, whose signature, which operation, what answer."""

import hashlib
import logging
import random
import tempfile
import threading
import traceback
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import parse_qs

from pytest_codeartifact.emulator.api.door import Door
from pytest_codeartifact.emulator.builds.credentials import PREFIX as CREDENTIALS
from pytest_codeartifact.emulator.builds.credentials import ContainerCredentials
from pytest_codeartifact.emulator.control import PREFIX as CONTROL
from pytest_codeartifact.emulator.control import Control
from pytest_codeartifact.emulator.endpoint import Endpoint
from pytest_codeartifact.emulator.errors import InternalServer
from pytest_codeartifact.emulator.formats.base import message_response
from pytest_codeartifact.emulator.http import ClosingChunks, Request, Response
from pytest_codeartifact.emulator.iam.authorize import circumstances_of
from pytest_codeartifact.emulator.iam.gate import Gate
from pytest_codeartifact.emulator.iam.refusals import Refusal, refusal_response
from pytest_codeartifact.emulator.names import EndpointHost, read_host
from pytest_codeartifact.emulator.neighbours import Neighbours
from pytest_codeartifact.emulator.request_log import Journal
from pytest_codeartifact.redaction import redact

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SPOOLED_BYTES = 8 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
log = logging.getLogger(__name__)


class App:
    """The WSGI callable."""

    def __init__(
        self,
        doors: Sequence[Door[Any]],
        endpoint: Endpoint,
        control: Control,
        credentials: ContainerCredentials,
        neighbours: Neighbours,
        gate: Gate,
        journals: Mapping[str, Journal],
    ) -> None:
        """`doors` are the services that are emulated here; others are the neighbours'."""
        self._doors = doors
        self._endpoint = endpoint
        self._control = control
        self._credentials = credentials
        self._neighbours = neighbours
        self._gate = gate
        self._requests = journals["requests"]
        self._crashes = journals["crashes"]

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        request = Request.of(environ)
        # Not uuid4: asking the system for randomness lets go of the interpreter's lock, which
        # costs more than the rest of a request on a hot path. Nobody relies on these being secret.
        request_id = str(uuid.UUID(int=random.getrandbits(128), version=4))
        try:
            response = self._answer(request, request_id)
            if response is None:
                return self._ask_neighbours(request, request_id, environ, start_response)
        except Exception as error:  # noqa: BLE001 - the last line: a crash is answered and reported
            response = self._crash(request, request_id, error)
        return self._send(request, response, request_id, start_response)

    def _answer(self, request: Request, request_id: str) -> Response | None:
        """The answer of one of our doors; None when the request is for another service."""
        if request.path.startswith(CONTROL):
            return self._control.answer(request)
        if request.path.startswith(CREDENTIALS):
            return self._credentials.answer(request)
        first, _, rest = request.path.lstrip("/").partition("/")
        host = read_host(first)
        if host is None:
            host, rest = _addressed_host(request), request.path.lstrip("/")
        if host is not None:
            return self._endpoint.answer(host, rest, request)
        service = _signed_service(request)
        door = self._door_for(service, request)
        if door is not None:
            return door.answer(request, request_id)
        if service is None:
            return message_response(404, "this address belongs to no service here")
        return None

    def _door_for(self, service: str | None, request: Request) -> Door[Any] | None:
        return next((door for door in self._doors if door.is_meant(service, request)), None)

    def _ask_neighbours(
        self,
        request: Request,
        request_id: str,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        """Pass a request to another service, once its signature holds."""
        spooled, payload_sha256 = _spooled(request.body)
        notes: dict[str, str] = {}

        def recorded(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:  # noqa: ANN401 - PEP 3333
            self._record(request, int(status.split(maxsplit=1)[0]), _length(dict(headers)), notes)
            # Moto repeats the status as a header, which WSGI (PEP 3333) does not allow.
            # A 204 has no content that could have a type (RFC 9110).
            dropped = {"status", "content-type"} if status.startswith("204") else {"status"}
            allowed = [pair for pair in headers if pair[0].lower() not in dropped]
            return start_response(status, allowed, *exc_info)

        try:
            caller, scope = self._gate.admit(request, payload_sha256)
            notes |= {"principal": caller.arn, "account": caller.account}
            environ["wsgi.input"] = spooled
            circumstances = circumstances_of(request, scope.region)
            answer = self._neighbours.answer(
                caller, scope, circumstances, environ, cast("StartResponse", recorded)
            )
        except Refusal as error:
            spooled.close()
            refused = refusal_response(error, _signed_service(request) or "", request_id)
            refused.notes |= notes
            return self._send(request, refused, request_id, start_response)
        return ClosingChunks(answer, spooled)

    def _send(
        self,
        request: Request,
        response: Response,
        request_id: str,
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        body = response.body
        headers = {"x-amzn-RequestId": request_id} | response.headers
        if isinstance(body, bytes):
            headers.setdefault("Content-Length", str(len(body)))
        sent = 0 if request.method == "HEAD" else _length(headers)
        self._record(request, response.status, sent, response.notes)
        start_response(response.status_line, list(headers.items()))
        if request.method == "HEAD":
            close = getattr(body, "close", None)
            if close is not None:
                close()
            return [b""]
        return [body] if isinstance(body, bytes) else body

    def _record(self, request: Request, status: int, sent: int, notes: Mapping[str, str]) -> None:
        if not request.path.startswith(CONTROL):
            self._requests.add(
                method=request.method,
                host=request.headers.get("host", ""),
                path=request.path,
                status=status,
                received_bytes=_number(request.headers.get("content-length")),
                sent_bytes=sent,
                **notes,
            )

    def thread_crashed(self, crash: threading.ExceptHookArgs) -> None:
        """What `threading.excepthook` is set to: work behind a request must not fail unseen."""
        name = crash.thread.name if crash.thread else "a thread"
        self._tell_crash(name, "", crash.exc_value or crash.exc_type())

    def _tell_crash(self, what: str, request_id: str, error: BaseException) -> None:
        text = redact("".join(traceback.format_exception(error)))
        log.error("%s failed, request %s\n%s", what, request_id, text)
        self._crashes.add(request=what, request_id=request_id, traceback=text)

    def _crash(self, request: Request, request_id: str, error: Exception) -> Response:
        """A defect of ours: never hidden, and told to whoever asks for crashes."""
        self._tell_crash(f"{request.method} {redact(request.path)}", request_id, error)
        failure = InternalServer("The emulator failed; its log has the reason under the request id")
        door = self._door_for(_signed_service(request), request) or self._doors[0]
        return door.refuse(failure, request_id)


def _length(headers: Mapping[str, str]) -> int:
    """How long a body is by its headers; 0 where they do not say."""
    return _number(headers.get("Content-Length"))


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _addressed_host(request: Request) -> EndpointHost | None:
    return read_host(request.headers.get("host", "").partition(":")[0])


def _signed_service(request: Request) -> str | None:
    """The signing name in the credential scope; None for what is not signed."""
    _, found, credential = request.headers.get("authorization", "").partition("Credential=")
    scope = credential.partition(",")[0] if found else _presigned_scope(request.query)
    parts = scope.strip().split("/")
    return parts[3] if len(parts) == 5 else None  # noqa: PLR2004 - key/date/region/name/end


def _presigned_scope(query: str) -> str:
    return parse_qs(query).get("X-Amz-Credential", [""])[-1]


def _spooled(body: BinaryIO) -> tuple[BinaryIO, str]:
    """The body where it can be read again, with its SHA-256."""
    digest = hashlib.sha256()
    spooled = tempfile.SpooledTemporaryFile(SPOOLED_BYTES)  # noqa: SIM115 - read by the neighbour
    while chunk := body.read(CHUNK_BYTES):
        digest.update(chunk)
        spooled.write(chunk)
    spooled.seek(0)
    return cast("BinaryIO", spooled), digest.hexdigest()
