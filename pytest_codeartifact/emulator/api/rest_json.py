"""Requests into values and values into responses, as a model of REST-JSON says.

Source: "AWS restJson1 protocol" (Smithy documentation), the protocol that CodeArtifact's model
names. No path of that API has a parameter.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from io import BytesIO
from typing import Any, BinaryIO, Protocol, runtime_checkable
from urllib.parse import parse_qsl

from botocore.model import Shape, StructureShape

from pytest_codeartifact.emulator.api.model import Json, operations, service_model
from pytest_codeartifact.emulator.api.validation import validate
from pytest_codeartifact.emulator.api.values import (
    ImpossibleResultError,
    Unreadable,
    expect,
    from_text,
    read_members,
    to_json,
)
from pytest_codeartifact.emulator.errors import ServiceError, Validation
from pytest_codeartifact.emulator.http import Request, Response

# Far above the largest valid body: 200 tags with every character escaped are 0.5 MB.
_LONGEST_BODY_BYTES = 4 * 1024**2
_CHUNK_BYTES = 256 * 1024


class RestJson:
    """Fulfils `Wire` of the API's door, for a service by its signing name."""

    def __init__(self, service: str) -> None:
        self.service = service

    def operation(self, request: Request) -> str | None:
        """The operation behind a request's method and path, or None."""
        return self._routes.get((request.method, request.path))

    @cached_property
    def _routes(self) -> Mapping[tuple[str, str], str]:
        return {
            (model.http["method"], model.http["requestUri"]): name
            for name, model in operations(self.service).items()
        }

    def unknown_operation(self, request: Request) -> ServiceError:
        """The refusal of a request that is signed for the service and no operation of it."""
        return Validation(
            f"{request.method} {request.path} is no operation of this service", "UNKNOWN_OPERATION"
        )

    def takes_stream(self, operation: str) -> bool:
        """Whether the operation's body is a raw payload."""
        return operations(self.service)[operation].has_streaming_input

    # --- Requests ---

    def parse(self, operation: str, request: Request, body: bytes | BinaryIO) -> dict[str, Any]:
        """Return the operation's input by member name, checked against the model's constraints.

        Unknown members are ignored, of a repeated query name the first value counts, and a raw
        payload stays the stream it is. Raises Validation: reason CANNOT_PARSE for what is not JSON
        or of a wrong type, else FIELD_VALIDATION_FAILED.
        """
        shape = operations(self.service)[operation].input_shape
        if shape is None:
            return {}
        values = _from_query_and_headers(shape, request)
        payload = shape.serialization.get("payload")
        if payload is not None:
            values[payload] = BytesIO(body) if isinstance(body, bytes) else body
        else:
            names = [name for name, member in shape.members.items() if not _is_elsewhere(member)]
            values |= read_members(shape, names, _read(body) if names else b"")
        validate(shape, values)
        return values

    # --- Responses ---

    def serialise(self, operation: str, result: Mapping[str, Any]) -> Response:
        """Return the response (200) that carries a handler's result; None counts as absent.

        Times are seconds since the epoch; a raw payload may be bytes, chunks or an open file, which
        the response closes. Raises ImpossibleResultError for what the model does not know or allow.
        """
        shape = operations(self.service)[operation].output_shape
        if shape is None:
            return Response(200)
        payload = shape.serialization.get("payload")
        if payload is None:
            return _response(200, shape, result)
        rest = {name: value for name, value in result.items() if name != payload}
        response = _response(200, shape, rest)
        response.headers["Content-Type"] = "application/octet-stream"
        response.body = _payload(result.get(payload), payload)
        return response

    def serialise_error(self, error: ServiceError, request_id: str) -> Response:
        """Return the response for a refusal, with the members its modelled exception declares."""
        shape = service_model(self.service).shape_for(error.code)
        if not isinstance(shape, StructureShape):
            raise ImpossibleResultError(error.code, "is no exception of the model")
        values = {name: value for name, value in error.members.items() if name in shape.members}
        response = _response(error.status, shape, {"message": error.message} | values)
        response.headers |= {"x-amzn-ErrorType": error.code, "x-amzn-RequestId": request_id}
        return response


# --- Where members travel --------------------------------------------------------------------


def _from_query_and_headers(shape: StructureShape, request: Request) -> dict[str, Any]:
    query = _query(request.query)
    values = {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        text = None
        if location == "querystring":
            text = query.get(wire_name)
        elif location == "header":
            text = request.headers.get(wire_name.lower())
        if text is not None:
            values[name] = from_text(member, text, name)
    return values


def _query(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise Unreadable("The query string is not valid UTF-8.") from error
    # dict() would keep the last of equal names.
    return dict(reversed(pairs))


def _is_elsewhere(member: Shape) -> bool:
    """Whether a member travels outside the JSON body."""
    return "location" in member.serialization


def _read(body: bytes | BinaryIO) -> bytes:
    content = body if isinstance(body, bytes) else body.read(_LONGEST_BODY_BYTES + 1)
    if len(content) > _LONGEST_BODY_BYTES:
        raise Unreadable(f"The body is longer than {_LONGEST_BODY_BYTES} bytes.")
    return content


def _response(status: int, shape: StructureShape, values: Mapping[str, Any]) -> Response:
    document = to_json(shape, values, shape.name)
    headers = {"Content-Type": "application/json"}
    for name, member in shape.members.items():
        if _is_elsewhere(member) and name in document:
            text = str(document.pop(name))
            headers[member.serialization["name"]] = _header_value(text, f"{shape.name}.{name}")
    return Response(status, json.dumps(document, separators=(",", ":")).encode(), headers)


def _header_value(text: str, path: str) -> str:
    expect(text.isprintable(), path, "a header must not contain control characters")
    # PEP 3333: header strings stand for bytes. That these are UTF-8 is assumed.
    return text.encode().decode("latin-1")


# --- Raw payloads ----------------------------------------------------------------------------


@runtime_checkable
class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...
    def close(self) -> None: ...


class _FileBody:
    """An open file as a response's body: read in large pieces, closed by the server."""

    def __init__(self, file: _Readable) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        yield from iter(partial(self._file.read, _CHUNK_BYTES), b"")

    def close(self) -> None:
        self._file.close()


def _payload(value: Json, path: str) -> bytes | Iterable[bytes]:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, _Readable):
        return _FileBody(value)
    expect(isinstance(value, Iterable) and not isinstance(value, str), path, "must be bytes")
    chunks: Iterable[bytes] = value
    return chunks
