"""botocore's own client code on one end, the wire layer on the other, for all 48 operations."""

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from urllib3 import HTTPResponse

from pytest_codeartifact.emulator import errors
from pytest_codeartifact.emulator.api.model import (
    Json,
    operations,
    route,
    service_model,
    snake_case,
)
from pytest_codeartifact.emulator.api.wire import NotEmulated, parse, serialise, serialise_error
from pytest_codeartifact.emulator.errors import ServiceError, Throttling
from pytest_codeartifact.emulator.http import Request, Response

OPERATIONS = sorted(operations())

MODELLED = {
    cls.code: cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, ServiceError) and cls is not ServiceError
}

STRINGS = {
    "[0-9]{12}": "111122223333",
    "[0-9a-f]+": "0a" * 32,
    r"[A-Za-z0-9][A-Za-z0-9._\-:]{1,99}": "public:pypi",
    r"[A-Za-z0-9][A-Za-z0-9._\-]{1,99}": "Team.repo-1",
    r"[\P{C}\s]+": '{\n\t"Sid": "é"}',
    r"[^#/\s]+": "näme+1&=%2F~",
    r"[^\p{C}\p{IsWhitespace}]+": "/npm/ü*~",
    r"[a-z][a-z0-9\-]{0,48}[a-z0-9]": "team-one",
    r"\P{C}*": "a ünïcode & + text",
    r"\P{C}+": "file name-1.0 (2).bin",
    r"\S+": "rEv+/=%20==",
}


def sample(shape: Shape, *, only_required: bool = False) -> Json:
    """A value that fulfils the shape, whole or with nothing that may be left out."""
    if isinstance(shape, StructureShape):
        return {
            name: sample(member, only_required=only_required)
            for name, member in shape.members.items()
            if name in shape.required_members or not only_required
        }
    if isinstance(shape, ListShape):
        return [sample(shape.member, only_required=only_required)] * 2
    if isinstance(shape, MapShape):
        return {sample(shape.key): sample(shape.value, only_required=only_required)}
    if shape.type_name == "string":
        words = shape.metadata.get("enum")
        pattern = shape.metadata.get("pattern")
        return words[-1] if words else STRINGS.get(pattern or "", "plain, but \U0001f4e6")
    return {
        "blob": b"\x00\xff raw",
        "boolean": False,
        "integer": 7,
        "long": 43200,
        "timestamp": 1566002944.273,
    }[shape.type_name]


@dataclass
class Line:
    """A client of the service whose requests end here, and are answered with `response`."""

    config: Config
    response: Response = field(default_factory=lambda: Response(200))
    requests: list[tuple[Request, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        session = botocore.session.Session()
        session.set_config_variable("config_file", os.devnull)
        session.set_config_variable("credentials_file", os.devnull)
        self.client: Any = session.create_client(
            "codeartifact",
            region_name="eu-west-1",
            endpoint_url="http://127.0.0.1:9",
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="not a secret",
            config=self.config,
        )
        events: Any = self.client.meta.events
        events.register("before-send.codeartifact", self._answer)

    def call(self, operation: str, **parameters: Json) -> dict[str, Any]:
        """Call by API name and return the parsed answer without its metadata."""
        answer: dict[str, Any] = getattr(self.client, snake_case(operation))(**parameters)
        del answer["ResponseMetadata"]
        return answer

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        url = urlsplit(request.url)
        sent: Any = request.body or b""
        content = sent.read() if hasattr(sent, "read") else bytes(sent)
        headers = {name.lower(): text(value) for name, value in request.headers.items()}
        received = Request(request.method, unquote(url.path), url.query, headers, io.BytesIO())
        self.requests.append((received, content))
        headers_out: Any = self.response.headers
        body = self.response.body
        raw = HTTPResponse(
            io.BytesIO(body if isinstance(body, bytes) else b"".join(body)), preload_content=False
        )
        return AWSResponse(request.url, self.response.status, headers_out, raw)


def text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


@pytest.fixture(scope="module")
def line() -> Line:
    return Line(Config(retries={"total_max_attempts": 1}))


def plain(value: Json) -> Json:
    """A parsed answer as the handler stated it: times as numbers, raw payloads as bytes."""
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.timestamp()
    return value.read() if hasattr(value, "read") else value


def least(operation: str) -> dict[str, Any]:
    """The smallest input the client lets through."""
    shape = operations()[operation].input_shape
    assert shape is not None
    found: dict[str, Any] = sample(shape, only_required=True)
    return found


def least_result(operation: str) -> dict[str, Any]:
    shape = operations()[operation].output_shape
    assert shape is not None
    found: dict[str, Any] = sample(shape, only_required=True)
    return found


@pytest.mark.parametrize("only_required", [False, True], ids=["every-member", "required-only"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_request_of_botocore_parses_to_its_input(
    line: Line, operation: str, *, only_required: bool
) -> None:
    """What a client sends is routed to its operation and parsed to what the caller passed."""
    model = operations()[operation]
    assert model.input_shape is not None
    given = sample(model.input_shape, only_required=only_required)
    line.response = serialise(model, least_result(operation))
    line.call(operation, **given)
    request, content = line.requests[-1]
    assert route(request.method, request.path) == operation
    assert plain(parse(model, request, io.BytesIO(content))) == given


@pytest.mark.parametrize("only_required", [False, True], ids=["every-member", "required-only"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_serialised_result_is_read_back_by_botocore(
    line: Line, operation: str, *, only_required: bool
) -> None:
    """What a handler returns is what the client's caller gets."""
    model = operations()[operation]
    assert model.output_shape is not None
    result = sample(model.output_shape, only_required=only_required)
    if operation == "GetPackageVersionAsset":
        # The headers that name the asset are taken as ASCII here: what AWS puts there for other
        # characters is not known.
        headers = {"assetName": "a b.whl", "packageVersion": "1.0", "packageVersionRevision": "r/="}
        result = {"asset": result.get("asset", b"")} | ({} if only_required else headers)
    line.response = serialise(model, result)
    assert line.response.status == 200
    assert plain(line.call(operation, **least(operation))) == result


def declared_errors() -> Iterator[tuple[str, str]]:
    for operation in OPERATIONS:
        for shape in operations()[operation].error_shapes:
            yield operation, shape.name


@pytest.mark.parametrize(("operation", "code"), list(declared_errors()))
def test_modelled_error_is_raised_by_botocore(line: Line, operation: str, code: str) -> None:
    """Every exception of every operation arrives as that exception, with its members."""
    shape = service_model().shape_for(code)
    assert isinstance(shape, StructureShape)
    members = {n: sample(member) for n, member in shape.members.items() if n != "message"}
    error = ServiceError.__new__(MODELLED[code])
    ServiceError.__init__(error, "It is so; see é.", **members)
    line.response = serialise_error(error, "request-1")
    with pytest.raises(getattr(line.client.exceptions, code)) as raised:
        line.call(operation, **least(operation))
    answer = raised.value.response
    assert answer["Error"]["Code"] == code
    assert answer["Error"]["Message"] == "It is so; see é."
    assert answer["ResponseMetadata"]["RequestId"] == "request-1"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == MODELLED[code].status
    assert {name: answer[name] for name in members} == members


def test_error_classes_are_the_modelled_exceptions() -> None:
    """There is one class for each exception of the model, with the model's status."""
    modelled = {
        shape.name: shape.metadata["error"]["httpStatusCode"]
        for shape in service_model().error_shapes
    }
    assert {code: cls.status for code, cls in MODELLED.items()} == modelled


def test_throttling_names_the_wait_in_a_header() -> None:
    """The seconds to wait travel in Retry-After and not in the body."""
    response = serialise_error(Throttling("Slow down.", 30), "request-1")
    assert response.headers["Retry-After"] == "30"
    assert response.body == b'{"message":"Slow down."}'


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_operation_without_handler_is_refused_once(mode: Literal["legacy", "standard"]) -> None:
    """A client shows code and message of a missing operation at once instead of repeating it."""
    line = Line(Config(retries={"mode": mode}))
    line.response = serialise_error(NotEmulated("CopyPackageVersions"), "request-1")
    with pytest.raises(ClientError, match="CopyPackageVersions is not emulated yet") as raised:
        line.call("CopyPackageVersions", **least("CopyPackageVersions"))
    assert raised.value.response["Error"]["Code"] == "InternalServerException"
    assert len(line.requests) == 1
