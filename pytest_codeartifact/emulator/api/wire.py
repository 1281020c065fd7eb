"""Requests into values and values into responses, as the service's model says (REST-JSON).

Source: "AWS restJson1 protocol" (Smithy documentation), the protocol the model names.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO, Protocol, runtime_checkable
from urllib.parse import parse_qsl

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from pytest_codeartifact.emulator.api.model import Json, enumeration, service_model
from pytest_codeartifact.emulator.api.validation import validate
from pytest_codeartifact.emulator.errors import InternalServer, ServiceError, Validation
from pytest_codeartifact.emulator.http import Request, Response

# Far above the largest valid body: 200 tags with every character escaped are 0.5 MB.
_LONGEST_BODY_BYTES = 4 * 1024**2
_CHUNK_BYTES = 256 * 1024
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")


class NotEmulated(InternalServer):
    """The service has this operation, the emulator does not.

    501 instead of the model's 500: clients show code and message of either, but send a request
    that got 500 again and again before they do.
    """

    status = 501

    def __init__(self, operation_name: str) -> None:
        super().__init__(f"The operation {operation_name} is not emulated yet.")


class ImpossibleResultError(Exception):
    """A handler returned what the model forbids: a defect of the emulator, never an answer."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


# --- Requests --------------------------------------------------------------------------------


def parse(model: OperationModel, request: Request, body: bytes | BinaryIO) -> dict[str, Any]:
    """Return the operation's input by member name, checked against every constraint of the model.

    Unknown members are ignored, of a repeated query name the first value counts, and a raw
    payload stays the stream it is. Raises Validation: reason CANNOT_PARSE for what is not JSON or
    of a wrong type, else FIELD_VALIDATION_FAILED.
    """
    shape = model.input_shape
    if shape is None:
        return {}
    values = _from_query_and_headers(shape, request)
    payload = shape.serialization.get("payload")
    if payload is not None:
        values[payload] = BytesIO(body) if isinstance(body, bytes) else body
    else:
        values |= _from_body(shape, body)
    validate(shape, values)
    return values


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
            values[name] = _from_text(member, text, name)
    return values


def _query(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError as error:
        msg = "The query string is not valid UTF-8."
        raise _unreadable(msg) from error
    # dict() would keep the last of equal names.
    return dict(reversed(pairs))


def _from_text(shape: Shape, text: str, path: str) -> Json:
    if shape.type_name in {"integer", "long"}:
        if _INTEGER.fullmatch(text) is None:
            raise _wrong_type(path, "an integer")
        return int(text)
    if shape.type_name == "boolean":
        if text not in {"true", "false"}:
            raise _wrong_type(path, "true or false")
        return text == "true"
    return text


def _from_body(shape: StructureShape, body: bytes | BinaryIO) -> dict[str, Any]:
    members = [name for name, member in shape.members.items() if not _is_elsewhere(member)]
    content = _read(body) if members else b""
    if not content:
        return {}
    document = _json(content)
    if not isinstance(document, dict):
        msg = "The body must be a JSON object."
        raise _unreadable(msg)
    return {
        name: _from_json(shape.members[name], document[name], name)
        for name in members
        if document.get(name) is not None
    }


def _is_elsewhere(member: Shape) -> bool:
    """Whether a member travels outside the JSON body."""
    return "location" in member.serialization


def _read(body: bytes | BinaryIO) -> bytes:
    content = body if isinstance(body, bytes) else body.read(_LONGEST_BODY_BYTES + 1)
    if len(content) > _LONGEST_BODY_BYTES:
        msg = f"The body is longer than {_LONGEST_BODY_BYTES} bytes."
        raise _unreadable(msg)
    return content


def _json(content: bytes) -> Json:
    try:
        return json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        msg = "The body is not valid JSON."
        raise _unreadable(msg) from error


def _refuse_constant(name: str) -> None:
    msg = f"{name} is no JSON"
    raise ValueError(msg)


def _from_json(shape: Shape, value: Json, path: str) -> Json:
    """Check a value's type and drop what the model does not know; None is not a value."""
    if value is None:
        msg = (
            f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: "
            "Member must not be null"
        )
        raise Validation(msg)
    if isinstance(shape, StructureShape):
        members = _object(value, path)
        return {
            name: _from_json(member, members[name], f"{path}.{name}")
            for name, member in shape.members.items()
            if members.get(name) is not None
        }
    if isinstance(shape, MapShape):
        entries = _object(value, path).items()
        return {
            _string(key, path): _from_json(shape.value, item, f"{path}.{key}.member")
            for key, item in entries
        }
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise _wrong_type(path, "a list")
        return [
            _from_json(shape.member, item, f"{path}.{number}.member")
            for number, item in enumerate(value, start=1)
        ]
    return _scalar(shape, value, path)


def _object(value: Json, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(path, "an object")
    return value


def _scalar(shape: Shape, value: Json, path: str) -> Json:
    is_boolean = isinstance(value, bool)
    if shape.type_name == "boolean":
        if not is_boolean:
            raise _wrong_type(path, "true or false")
        return value
    if shape.type_name in {"integer", "long"}:
        if is_boolean or not isinstance(value, int):
            raise _wrong_type(path, "an integer")
        return value
    return _string(value, path)


def _string(value: Json, path: str) -> str:
    # JSON's escapes can spell half of a surrogate pair, which is no text that could be stored.
    if not isinstance(value, str) or any("\ud800" <= character <= "\udfff" for character in value):
        raise _wrong_type(path, "a string")
    return value


def _unreadable(message: str) -> Validation:
    return Validation(message, "CANNOT_PARSE")


def _wrong_type(path: str, expected: str) -> Validation:
    return _unreadable(f"The value at '{path}' must be {expected}.")


# --- Responses -------------------------------------------------------------------------------


def serialise(model: OperationModel, result: Mapping[str, Any]) -> Response:
    """Return the response (200) that carries a handler's result; None counts as absent.

    Times are seconds since the epoch; a raw payload may be bytes, chunks or an open file, which
    the response closes. Raises ImpossibleResultError for what the model does not know or allow.
    """
    shape = model.output_shape
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


def serialise_error(error: ServiceError, request_id: str) -> Response:
    """Return the response for a refusal, with the members its modelled exception declares."""
    shape = service_model().shape_for(error.code)
    if not isinstance(shape, StructureShape):
        raise ImpossibleResultError(error.code, "is no exception of the model")
    values = {name: value for name, value in error.members.items() if name in shape.members}
    response = _response(error.status, shape, {"message": error.message} | values)
    response.headers |= {"x-amzn-ErrorType": error.code, "x-amzn-RequestId": request_id}
    return response


def _response(status: int, shape: StructureShape, values: Mapping[str, Any]) -> Response:
    document = _to_json(shape, values, shape.name)
    headers = {"Content-Type": "application/json"}
    for name, member in shape.members.items():
        if _is_elsewhere(member) and name in document:
            text = str(document.pop(name))
            headers[member.serialization["name"]] = _header_value(text, f"{shape.name}.{name}")
    return Response(status, json.dumps(document, separators=(",", ":")).encode(), headers)


def _header_value(text: str, path: str) -> str:
    if not text.isprintable():
        raise ImpossibleResultError(path, "a header must not contain control characters")
    # PEP 3333: header strings stand for bytes. That these are UTF-8 is assumed.
    return text.encode().decode("latin-1")


def _to_json(shape: Shape, value: Json, path: str) -> Json:
    if isinstance(shape, StructureShape):
        return _structure_to_json(shape, value, path)
    if isinstance(shape, MapShape):
        _expect(isinstance(value, Mapping), path, "must be a mapping")
        return {
            _to_json(shape.key, key, f"{path} key"): _to_json(shape.value, item, f"{path}.{key}")
            for key, item in value.items()
        }
    if isinstance(shape, ListShape):
        is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
        _expect(is_list, path, "must be a list")
        return [
            _to_json(shape.member, item, f"{path}.{number}") for number, item in enumerate(value)
        ]
    return _scalar_to_json(shape, value, path)


def _structure_to_json(shape: StructureShape, value: Json, path: str) -> dict[str, Any]:
    _expect(isinstance(value, Mapping), path, "must be a mapping")
    present = {name: item for name, item in value.items() if item is not None}
    for name in present:
        _expect(name in shape.members, f"{path}.{name}", "is unknown to the model")
    for name in shape.required_members:
        _expect(name in present, f"{path}.{name}", "is required by the model")
    return {
        name: _to_json(shape.members[name], item, f"{path}.{name}")
        for name, item in present.items()
    }


def _scalar_to_json(shape: Shape, value: Json, path: str) -> Json:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match shape.type_name:
        case "boolean":
            _expect(isinstance(value, bool), path, "must be a boolean")
        case "integer" | "long":
            _expect(is_number and isinstance(value, int), path, "must be an integer")
        case "timestamp":
            _expect(is_number and math.isfinite(value), path, "must be seconds since the epoch")
            return round(value, 3)
        case _:
            _expect(isinstance(value, str), path, "must be a string")
            words = enumeration(shape)
            _expect(not words or value in words, path, f"must be one of {', '.join(words)}")
    return value


def _expect(is_met: bool, path: str, problem: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not is_met:
        raise ImpossibleResultError(path, problem)


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
    _expect(isinstance(value, Iterable) and not isinstance(value, str), path, "must be bytes")
    chunks: Iterable[bytes] = value
    return chunks
