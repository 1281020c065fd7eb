"""The steps of a request, in order: which door, whose signature, which operation, what answer."""

import hashlib
import logging
import random
import tempfile
import threading
import traceback
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import parse_qs

from pytest_codeartifact.emulator.api import model, wire
from pytest_codeartifact.emulator.api.operation import Call, Operation
from pytest_codeartifact.emulator.control import PREFIX as CONTROL
from pytest_codeartifact.emulator.control import Control
from pytest_codeartifact.emulator.endpoint import Endpoint
from pytest_codeartifact.emulator.errors import InternalServer, ServiceError, Validation
from pytest_codeartifact.emulator.formats.base import message_response
from pytest_codeartifact.emulator.http import ClosingChunks, Request, Response
from pytest_codeartifact.emulator.iam.authorize import Authorizer, circumstances_of
from pytest_codeartifact.emulator.iam.gate import Gate
from pytest_codeartifact.emulator.iam.refusals import (
    InvalidSignature,
    Refusal,
    refusal_response,
)
from pytest_codeartifact.emulator.names import EndpointHost, read_host
from pytest_codeartifact.emulator.neighbours import Neighbours
from pytest_codeartifact.emulator.request_log import Journal
from pytest_codeartifact.redaction import redact

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVICE = "codeartifact"
API_BODY_BYTES = 4 * 1024 * 1024
SPOOLED_BYTES = 8 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
log = logging.getLogger(__name__)


class App:
    """The WSGI callable."""

    def __init__(
        self,
        template: Call,
        operations: Mapping[str, Operation],
        endpoint: Endpoint,
        control: Control,
        neighbours: Neighbours,
        gate: Gate,
        authorizer: Authorizer,
        journals: Mapping[str, Journal],
    ) -> None:
        """`template` is a call without its caller; each request gets a copy with its own."""
        self._template = template
        self._operations = operations
        self._endpoint = endpoint
        self._control = control
        self._neighbours = neighbours
        self._gate = gate
        self._authorizer = authorizer
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
        first, _, rest = request.path.lstrip("/").partition("/")
        host = read_host(first)
        if host is not None:
            return self._endpoint.answer(host, rest, request)
        host = _addressed_host(request)
        if host is not None:
            return self._endpoint.answer(host, request.path.lstrip("/"), request)
        service = _signed_service(request)
        operation_name = model.route(request.method, request.path)
        if service == SERVICE or (service is None and operation_name is not None):
            return self._call(operation_name, request, request_id)
        if service is None:
            return message_response(404, "this address belongs to no service here")
        return None

    def _call(self, name: str | None, request: Request, request_id: str) -> Response:
        """An operation of the API, or why not."""
        notes: dict[str, str] = {}
        try:
            body, payload_sha256 = self._body(name, request)
            caller, scope = self._gate.admit(request, payload_sha256)
            notes |= {"principal": caller.arn, "account": caller.account}
            if scope.service != SERVICE:
                raise InvalidSignature(
                    f"Credential should be scoped to correct service: '{SERVICE}'."
                )
            if name is None:
                raise Validation(
                    f"{request.method} {request.path} is no operation of this service",
                    "UNKNOWN_OPERATION",
                )
            notes["operation"] = name
            call = self._template.made_by(caller, scope.region, request.base_url)
            response = self._operate(name, call, request, body)
            response.headers["x-amzn-RequestId"] = request_id
        except (Refusal, ServiceError) as error:
            # Many clients send all of a body before they look for an answer.
            while request.body.read(CHUNK_BYTES):
                pass
            response = (
                refusal_response(error, SERVICE, request_id)
                if isinstance(error, Refusal)
                else wire.serialise_error(error, request_id)
            )
        response.notes |= notes
        return response

    def _operate(self, name: str, call: Call, request: Request, body: bytes | BinaryIO) -> Response:
        operation_model = model.operations()[name]
        operation = self._operations.get(name)
        if operation is None:
            raise wire.NotEmulated(name)
        values = wire.parse(operation_model, request, body)
        circumstances = circumstances_of(request, call.region)
        for grant in operation.grants(call, values):
            self._authorizer.require(call.caller, grant, circumstances)
        return wire.serialise(operation_model, operation.handler(call, values))

    def _body(self, name: str | None, request: Request) -> tuple[bytes | BinaryIO, str]:
        """The body and its SHA-256; a raw payload stays a stream under the hash it claims."""
        if name is not None and model.operations()[name].has_streaming_input:
            # The operation reads the stream and refuses it when the bytes have another hash.
            return request.body, request.headers.get("x-amz-content-sha256", "")
        body = request.body.read(API_BODY_BYTES + 1)
        if len(body) > API_BODY_BYTES:
            raise Validation("The request body is too large", "OTHER")
        return body, hashlib.sha256(body).hexdigest()

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
            allowed = [pair for pair in headers if pair[0].lower() != "status"]
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
        return wire.serialise_error(failure, request_id)


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
