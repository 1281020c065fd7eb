"""Requests to IAM and STS: each is read once, and moto gets what was read and nothing else.

A request can say a thing twice, in its address, its body and its headers; whoever checks it and
whoever carries it out must not read two different requests. Source: "AWS Query protocol" (Smithy
documentation).
"""

import functools
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from pytest_codeartifact.emulator.neighbours.refusals import InvalidAction, InvalidRequest

SERVICES = frozenset({"iam", "sts"})
_LONGEST_BYTES = 1024 * 1024
_FORM = "application/x-www-form-urlencoded"
_SPOKEN_ASIDE = ("HTTP_X_AMZ_TARGET", "HTTP_CONTENT_ENCODING")
"""Headers in which moto looks for an action, or for another body."""
_DEEPEST = 16
"""More parts than any name of these services has."""
_MARKER = re.compile(r"[0-9]{1,18}")
"""Where a listing goes on; moto's are numbers."""
_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")


def read_form(service: str, environ: Mapping[str, Any]) -> dict[str, str]:
    """What a request says, by the name of the parameter; raises InvalidAction or InvalidRequest.

    Of a parameter that is there more than once the first value counts. Whatever the service's own
    description requires is there.
    """
    body = environ["wsgi.input"].read(_LONGEST_BYTES + 1)
    if len(body) > _LONGEST_BYTES:
        raise InvalidRequest(f"The request is longer than {_LONGEST_BYTES} bytes")
    try:
        text = f"{environ.get('QUERY_STRING', '')}&{body.decode()}"
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise InvalidRequest("The request is not valid UTF-8") from error
    # dict() would keep the last of equal names.
    form = dict(reversed(pairs))
    _check(service, form)
    return form


def put_form(environ: dict[str, Any], form: Mapping[str, str]) -> None:
    """Make this all that a request says."""
    content = urlencode(form).encode()
    for name in _SPOKEN_ASIDE:
        environ.pop(name, None)
    environ |= {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "",
        "CONTENT_TYPE": _FORM,
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": io.BytesIO(content),
    }


def _check(service: str, form: Mapping[str, str]) -> None:
    name, model = form.get("Action", ""), _model(service)
    if name not in model.operation_names:
        version = form.get("Version") or "NO_VERSION_SPECIFIED"
        raise InvalidAction(f"Could not find operation {name} for version {version}")
    if not _MARKER.fullmatch(form.get("Marker", "0")):
        raise InvalidRequest("Invalid Marker.")
    shape = model.operation_model(name).input_shape
    problems = list(_problems(shape, _tree(form), "")) if shape else []
    if problems:
        plural = "error" if len(problems) == 1 else "errors"
        found = "; ".join(problems)
        raise InvalidRequest(f"{len(problems)} validation {plural} detected: {found}")


def _tree(form: Mapping[str, str]) -> dict[str, Any]:
    """The parameters by the parts of their names; the value of one is below the empty part."""
    root: dict[str, Any] = {}
    for name, value in form.items():
        node = root
        for part in name.split(".", _DEEPEST):
            node = node.setdefault(part, {})
        node[""] = value
    return root


def _problems(shape: Shape, given: Mapping[str, Any], path: str) -> Iterator[str]:
    """What of a shape is missing or of a wrong type, in AWS's words.

    Lengths and patterns are left to those who know what the parameter is for.
    """
    value = given.get("", "")
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            below = f"{path}.{_camel(name)}" if path else _camel(name)
            if name in given:
                yield from _problems(member, given[name], below)
            elif name in shape.required_members:
                yield _sentence("null", below, "Member must not be null")
    elif isinstance(shape, ListShape):
        for number, member in given.get("member", {}).items():
            if number:
                yield from _problems(shape.member, member, f"{path}.{number}.member")
    elif shape.type_name == "integer" and not _INTEGER.fullmatch(value):
        yield _sentence(f"'{value}'", path, "Member must be an integer")
    elif shape.type_name == "boolean" and value not in {"true", "false"}:
        yield _sentence(f"'{value}'", path, "Member must be true or false")


def _sentence(value: str, path: str, constraint: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: {constraint}"


def _camel(member: str) -> str:
    return member[:1].lower() + member[1:]


@functools.lru_cache(maxsize=2)
def _model(service: str) -> ServiceModel:
    # Without botocore's default search paths: the user's own models must not change an answer.
    loader = Loader(
        extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False
    )
    return ServiceModel(loader.load_service_model(service, "service-2"), service)
