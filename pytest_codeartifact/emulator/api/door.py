"""The door of a service's API: the steps from a request to its answer, the same for each service.

Signature, parsing by the model, the operation's declared grants, its function, serialising by the
model; every refusal becomes an answer here.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, BinaryIO, Generic, Protocol

from pytest_codeartifact.emulator.api.operation import AnyCall, NotEmulated, Operation
from pytest_codeartifact.emulator.errors import ServiceError, Validation
from pytest_codeartifact.emulator.http import Request, Response
from pytest_codeartifact.emulator.iam.authorize import Authorizer, circumstances_of
from pytest_codeartifact.emulator.iam.gate import Gate
from pytest_codeartifact.emulator.iam.refusals import InvalidSignature, Refusal, refusal_response

BODY_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 256 * 1024


class Wire(Protocol):
    """How requests and answers of a service travel: `RestJson` or `JsonProtocol`."""

    service: str

    def operation(self, request: Request) -> str | None: ...
    def unknown_operation(self, request: Request) -> ServiceError: ...
    def takes_stream(self, operation: str) -> bool: ...
    def parse(self, operation: str, request: Request, body: bytes | BinaryIO) -> dict[str, Any]: ...
    def serialise(self, operation: str, result: Mapping[str, Any]) -> Response: ...
    def serialise_error(self, error: ServiceError, request_id: str) -> Response: ...


class Door(Generic[AnyCall]):
    """Answers the requests of one service."""

    def __init__(
        self,
        wire: Wire,
        discover: Callable[[], Mapping[str, Operation[AnyCall]]],
        template: AnyCall,
        gate: Gate,
        authorizer: Authorizer,
    ) -> None:
        """`template` is a call without its caller; each request gets a copy with its own.

        What `discover` finds is not asked for before the first request.
        """
        self._wire = wire
        self._discover = discover
        self._template = template
        self._gate = gate
        self._authorizer = authorizer

    @cached_property
    def operations(self) -> Mapping[str, Operation[AnyCall]]:
        """The operations that are served, by API name."""
        return self._discover()

    def is_meant(self, service: str | None, request: Request) -> bool:
        """Whether a request is for this door; `service` is what it is signed for, if it is."""
        if service is None:
            return self._wire.operation(request) is not None
        return service == self._wire.service

    def answer(self, request: Request, request_id: str) -> Response:
        """The answer of an operation, or why there is none."""
        notes: dict[str, str] = {}
        try:
            name = self._wire.operation(request)
            body, payload_sha256 = self._body(name, request)
            caller, scope = self._gate.admit(request, payload_sha256)
            notes |= {"principal": caller.arn, "account": caller.account}
            if scope.service != self._wire.service:
                raise InvalidSignature(
                    f"Credential should be scoped to correct service: '{self._wire.service}'."
                )
            if name is None:
                raise self._wire.unknown_operation(request)
            notes["operation"] = name
            call = self._template.made_by(caller, scope.region, request.base_url)
            response = self._operate(name, call, request, body)
            response.headers["x-amzn-RequestId"] = request_id
        except (Refusal, ServiceError) as error:
            # Many clients send all of a body before they look for an answer.
            while request.body.read(CHUNK_BYTES):
                pass
            response = (
                refusal_response(error, self._wire.service, request_id)
                if isinstance(error, Refusal)
                else self.refuse(error, request_id)
            )
        response.notes |= notes
        return response

    def refuse(self, error: ServiceError, request_id: str) -> Response:
        """The answer to a request that is refused."""
        return self._wire.serialise_error(error, request_id)

    def _operate(
        self, name: str, call: AnyCall, request: Request, body: bytes | BinaryIO
    ) -> Response:
        operation = self.operations.get(name)
        if operation is None:
            raise NotEmulated(name)
        values = self._wire.parse(name, request, body)
        circumstances = circumstances_of(request, call.region)
        for grant in operation.grants(call, values):
            self._authorizer.require(call.caller, grant, circumstances)
        return self._wire.serialise(name, operation.handler(call, values))

    def _body(self, name: str | None, request: Request) -> tuple[bytes | BinaryIO, str]:
        """The body and its SHA-256; a raw payload stays a stream under the hash it claims."""
        if name is not None and self._wire.takes_stream(name):
            # The operation reads the stream and refuses it when the bytes have another hash.
            return request.body, request.headers.get("x-amz-content-sha256", "")
        body = request.body.read(BODY_BYTES + 1)
        if len(body) > BODY_BYTES:
            raise Validation("The request body is too large", "OTHER")
        return body, hashlib.sha256(body).hexdigest()
