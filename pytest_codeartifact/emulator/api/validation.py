"""Whether a request's values are what the model allows, said in AWS's words.

botocore checks required members, types and minima only; everything else reaches the service.
The wording is that of the framework behind AWS's services, as their answers show it.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from pytest_codeartifact.emulator.api.model import Json, enumeration
from pytest_codeartifact.emulator.errors import Validation


def validate(shape: StructureShape, values: Mapping[str, Any]) -> None:
    """Return when the values fulfil the shape; raise Validation that lists all that do not.

    Types must have been checked before, as `values.read_members` does.
    """
    found = list(_structure(shape, values, ""))
    if found:
        plural = "error" if len(found) == 1 else "errors"
        msg = f"{len(found)} validation {plural} detected: {'; '.join(found)}"
        raise Validation(msg)


def violations(shape: Shape, value: Json) -> list[str]:
    """The constraints of its own that a value breaks, what it contains not looked at."""
    constraints = _constraints(shape)
    return [text for text, is_met in constraints if not is_met(value)]


# --- Walking ---------------------------------------------------------------------------------


def _structure(shape: StructureShape, values: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        place = f"{path}{name}"
        value = values.get(name)
        if value is not None:
            yield from _value(member, value, place)
        elif name in shape.required_members:
            yield _sentence("null", place, "Member must not be null")


def _value(shape: Shape, value: Json, path: str) -> Iterator[str]:
    for text in violations(shape, value):
        yield _sentence(f"'{_shown(value)}'", path, text)
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, f"{path}.")
    elif isinstance(shape, ListShape):
        yield from _list(shape, value, path)
    elif isinstance(shape, MapShape):
        yield from _map(shape, value, path)


def _list(shape: ListShape, values: list[Any], path: str) -> Iterator[str]:
    if isinstance(shape.member, StructureShape):
        for number, value in enumerate(values, start=1):
            yield from _value(shape.member, value, f"{path}.{number}.member")
    elif any(violations(shape.member, value) for value in values):
        yield _collection(values, path, "Member", shape.member)


def _map(shape: MapShape, values: Mapping[str, Any], path: str) -> Iterator[str]:
    if any(violations(shape.key, key) for key in values):
        yield _collection(values, path, "Map keys", shape.key)
    if any(violations(shape.value, value) for value in values.values()):
        yield _collection(values, path, "Map value", shape.value)


def _sentence(value: str, path: str, constraint: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: {constraint}"


def _collection(values: Json, path: str, who: str, shape: Shape) -> str:
    """AWS does not say which element is wrong: it lists all that elements must fulfil."""
    constraints = ", ".join(text for text, _ in _constraints(shape))
    return _sentence(f"'{_shown(values)}'", path, f"{who} must satisfy constraint: [{constraints}]")


def _shown(value: Json) -> str:
    """A value as Java prints it, which is how AWS's messages show it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- Constraints -----------------------------------------------------------------------------

_Constraint = tuple[str, Callable[[Any], bool]]


@functools.lru_cache(maxsize=1024)
def _constraints(shape: Shape) -> tuple[_Constraint, ...]:
    """What the shape itself asks for, in the order in which AWS names it."""
    return (*_bounds(shape), *_pattern(shape), *_words(shape))


def _bounds(shape: Shape) -> Iterator[_Constraint]:
    is_number = shape.type_name in {"integer", "long", "float", "double"}
    what = "value" if is_number else "length"
    measure: Callable[[Any], float] = (lambda value: value) if is_number else len
    longest, shortest = shape.metadata.get("max"), shape.metadata.get("min")
    if longest is not None:
        text = f"Member must have {what} less than or equal to {longest}"
        yield text, lambda value: measure(value) <= longest
    if shortest is not None:
        text = f"Member must have {what} greater than or equal to {shortest}"
        yield text, lambda value: measure(value) >= shortest


def _pattern(shape: Shape) -> Iterator[_Constraint]:
    pattern = shape.metadata.get("pattern")
    if pattern is not None:
        yield f"Member must satisfy regular expression pattern: {pattern}", matcher(pattern)


def _words(shape: Shape) -> Iterator[_Constraint]:
    words = enumeration(shape)
    if words:
        text = f"Member must satisfy enum value set: [{', '.join(words)}]"
        yield text, lambda value: value in words


# --- Patterns --------------------------------------------------------------------------------


def _is_other(character: str) -> bool:
    r"""Unicode category C (`\p{C}`): control, format, surrogate, private use, unassigned."""
    return unicodedata.category(character)[0] == "C"


def _is_policy_character(character: str) -> bool:
    return not _is_other(character) or character in "\t\n\v\f\r "


def _is_group_pattern_character(character: str) -> bool:
    # Of the characters with the property White_Space, all but those of categories C and Z
    # (separators) are ruled out by `\p{C}` already; and every Z has the property.
    return unicodedata.category(character)[0] not in "CZ"


def _is_tag_character(character: str) -> bool:
    return unicodedata.category(character)[0] in "LZN" or character in "_.:/=@+-"


# Five patterns use Unicode properties, which Python's `re` does not have. Each repeats one set of
# characters: how often at least, and which.
_UNICODE_PATTERNS: Mapping[str, tuple[int, Callable[[str], bool]]] = MappingProxyType(
    {
        r"\P{C}*": (0, lambda character: not _is_other(character)),
        r"\P{C}+": (1, lambda character: not _is_other(character)),
        r"[\P{C}\s]+": (1, _is_policy_character),
        r"[^\p{C}\p{IsWhitespace}]+": (1, _is_group_pattern_character),
        r"^([\p{L}\p{Z}\p{N}_.:/=@+\-]*)$": (0, _is_tag_character),
    }
)


@functools.lru_cache(maxsize=128)
def matcher(pattern: str) -> Callable[[str], bool]:
    r"""A function that says whether a whole string matches a pattern of the model.

    The model's patterns are Java's, whose `\s` and `\d` mean ASCII. Raises re.error for a pattern
    that Python's `re` cannot read and that has no translation here.
    """
    if pattern in _UNICODE_PATTERNS:
        shortest, is_allowed = _UNICODE_PATTERNS[pattern]
        return lambda text: len(text) >= shortest and all(map(is_allowed, text))
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None
