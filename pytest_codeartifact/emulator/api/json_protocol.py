"""Requests into values and values into responses, as a model of AWS JSON 1.1 says.

Source: "AWS JSON 1.1 protocol" (Smithy documentation). Everything is posted to one address, and a
header names the operation.
Differs: newer models also know the protocol RPC v2 CBOR, which some clients prefer; it is not
served.
"""

import json
from collections.abc import Mapping
from typing import Any, BinaryIO

from pytest_codeartifact.emulator.api.model import operations, service_model
from pytest_codeartifact.emulator.api.validation import validate
from pytest_codeartifact.emulator.api.values import Unreadable, read_members, to_json
from pytest_codeartifact.emulator.errors import ServiceError
from pytest_codeartifact.emulator.http import Request, Response

CONTENT_TYPE = "application/x-amz-json-1.1"
_TARGET = "x-amz-target"
_SERVERS_FAULT = 500


class UnknownOperation(ServiceError):
    """The request names no operation of the service."""

    code = "UnknownOperationException"
    status = 400


class Serialization(ServiceError):
    """The body is not JSON, or a value in it has a wrong type."""

    code = "SerializationException"
    status = 400


class JsonProtocol:
    """Fulfils `Wire` of the API's door, for a service by its signing name.

    The service's model is read when a request names an operation.
    """

    def __init__(self, service: str) -> None:
        self.service = service

    def operation(self, request: Request) -> str | None:
        """The operation that a request's header names, or None."""
        prefix, _, name = request.headers.get(_TARGET, "").rpartition(".")
        if request.method != "POST" or not prefix:
            return None
        is_of_service = prefix == service_model(self.service).metadata["targetPrefix"]
        return name if is_of_service and name in operations(self.service) else None

    def unknown_operation(self, request: Request) -> ServiceError:
        """The refusal of a request that is signed for the service and no operation of it."""
        named = request.headers.get(_TARGET, "")
        return UnknownOperation(f"{named!r} is no operation of this service")

    def takes_stream(self, operation: str) -> bool:  # noqa: ARG002 - as every protocol
        """Whether the operation's body is a raw payload: this protocol has none."""
        return False

    def parse(
        self,
        operation: str,
        request: Request,  # noqa: ARG002 - as every protocol
        body: bytes | BinaryIO,
    ) -> dict[str, Any]:
        """Return the operation's input by member name, checked against the model's constraints.

        Unknown members are ignored. Raises Serialization for what is not JSON or of a wrong type,
        Validation for what breaks a constraint.
        """
        shape = operations(self.service)[operation].input_shape
        if shape is None:
            return {}
        content = body if isinstance(body, bytes) else body.read()
        try:
            values = read_members(shape, shape.members, content)
        except Unreadable as error:
            raise Serialization(error.message) from error
        validate(shape, values)
        return values

    def serialise(self, operation: str, result: Mapping[str, Any]) -> Response:
        """Return the response (200) that carries a handler's result; None counts as absent.

        Times are seconds since the epoch. Raises ImpossibleResultError for what the model does not
        know or allow.
        """
        shape = operations(self.service)[operation].output_shape
        return _response(200, {} if shape is None else to_json(shape, result, shape.name))

    def serialise_error(self, error: ServiceError, request_id: str) -> Response:
        """Return the response for a refusal: 400 for whatever the caller did wrong."""
        status = error.status if error.status >= _SERVERS_FAULT else 400
        response = _response(status, {"__type": error.code, "message": error.message})
        response.headers["x-amzn-RequestId"] = request_id
        return response


def _response(status: int, document: Mapping[str, Any]) -> Response:
    content = json.dumps(document, separators=(",", ":")).encode()
    return Response(status, content, {"Content-Type": CONTENT_TYPE})
