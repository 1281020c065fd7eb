"""Values of a botocore model: what arrived as JSON is checked, results are made into JSON."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from pytest_codeartifact.emulator.api.model import Json, enumeration
from pytest_codeartifact.emulator.errors import Validation

_INTEGERS = frozenset({"integer", "long"})
_FRACTIONS = frozenset({"float", "double"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")


class Unreadable(Validation):
    """What arrived is not JSON, or a value has another type than the model says."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "CANNOT_PARSE")


class ImpossibleResultError(Exception):
    """A handler returned what the model forbids: a defect of the emulator, never an answer."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


# --- Reading ---------------------------------------------------------------------------------


def read_members(shape: StructureShape, names: Iterable[str], content: bytes) -> dict[str, Any]:
    """The members of these names that a JSON object has, each of the type that the model says.

    No content counts as an empty object, a null as absent, and what the model does not know is
    dropped. Raises Unreadable, and Validation for a null where there must be a value.
    """
    if not content:
        return {}
    document = _json(content)
    if not isinstance(document, dict):
        raise Unreadable("The body must be a JSON object.")
    return {
        name: _from_json(shape.members[name], document[name], name)
        for name in names
        if document.get(name) is not None
    }


def from_text(shape: Shape, text: str, path: str) -> Json:
    """A value that travelled as text, in a query or a header; raises Unreadable."""
    if shape.type_name in _INTEGERS:
        if _INTEGER.fullmatch(text) is None:
            raise _wrong_type(path, "an integer")
        return int(text)
    if shape.type_name == "boolean":
        if text not in {"true", "false"}:
            raise _wrong_type(path, "true or false")
        return text == "true"
    return text


def _json(content: bytes) -> Json:
    try:
        return json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The body is not valid JSON.") from error


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
    if shape.type_name in _INTEGERS:
        if is_boolean or not isinstance(value, int):
            raise _wrong_type(path, "an integer")
        return value
    if shape.type_name in _FRACTIONS:
        if is_boolean or not isinstance(value, int | float):
            raise _wrong_type(path, "a number")
        return value
    return _string(value, path)


def _string(value: Json, path: str) -> str:
    # JSON's escapes can spell half of a surrogate pair, which is no text that could be stored.
    if not isinstance(value, str) or any("\ud800" <= character <= "\udfff" for character in value):
        raise _wrong_type(path, "a string")
    return value


def _wrong_type(path: str, expected: str) -> Unreadable:
    return Unreadable(f"The value at '{path}' must be {expected}.")


# --- Writing ---------------------------------------------------------------------------------


def to_json(shape: Shape, value: Json, path: str) -> Json:
    """A result as JSON can say it; None counts as absent, times are seconds since the epoch.

    `path` is what a mistake is called by. Raises ImpossibleResultError for what the model does not
    know or allow.
    """
    if isinstance(shape, StructureShape):
        return _structure_to_json(shape, value, path)
    if isinstance(shape, MapShape):
        expect(isinstance(value, Mapping), path, "must be a mapping")
        return {
            to_json(shape.key, key, f"{path} key"): to_json(shape.value, item, f"{path}.{key}")
            for key, item in value.items()
        }
    if isinstance(shape, ListShape):
        is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
        expect(is_list, path, "must be a list")
        return [
            to_json(shape.member, item, f"{path}.{number}") for number, item in enumerate(value)
        ]
    return _scalar_to_json(shape, value, path)


def _structure_to_json(shape: StructureShape, value: Json, path: str) -> dict[str, Any]:
    expect(isinstance(value, Mapping), path, "must be a mapping")
    present = {name: item for name, item in value.items() if item is not None}
    for name in present:
        expect(name in shape.members, f"{path}.{name}", "is unknown to the model")
    for name in shape.required_members:
        expect(name in present, f"{path}.{name}", "is required by the model")
    return {
        name: to_json(shape.members[name], item, f"{path}.{name}") for name, item in present.items()
    }


def _scalar_to_json(shape: Shape, value: Json, path: str) -> Json:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match shape.type_name:
        case "boolean":
            expect(isinstance(value, bool), path, "must be a boolean")
        case "integer" | "long":
            expect(is_number and isinstance(value, int), path, "must be an integer")
        case "float" | "double":
            expect(is_number and math.isfinite(value), path, "must be a number")
        case "timestamp":
            expect(is_number and math.isfinite(value), path, "must be seconds since the epoch")
            return round(value, 3)
        case _:
            expect(isinstance(value, str), path, "must be a string")
            words = enumeration(shape)
            expect(not words or value in words, path, f"must be one of {', '.join(words)}")
    return value


def expect(is_met: bool, path: str, problem: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Return when a result is as the model says; raise ImpossibleResultError otherwise."""
    if not is_met:
        raise ImpossibleResultError(path, problem)
