"""botocore's own client code on one end, the wire layer on the other, for all 48 operations."""

import io
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import StructureShape

from pytest_codeartifact.emulator import errors
from pytest_codeartifact.emulator.api.model import CODEARTIFACT, operations, service_model
from pytest_codeartifact.emulator.api.operation import NotEmulated
from pytest_codeartifact.emulator.api.rest_json import RestJson
from pytest_codeartifact.emulator.errors import ServiceError, Throttling
from tests.support.wires import Line, plain, sample

WIRE = RestJson(CODEARTIFACT)
OPERATIONS = sorted(operations())

MODELLED = {
    cls.code: cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, ServiceError) and cls is not ServiceError
}


@pytest.fixture(scope="module")
def line() -> Line:
    return Line(Config(retries={"total_max_attempts": 1}))


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
    line.response = WIRE.serialise(operation, least_result(operation))
    line.call(operation, **given)
    request, content = line.requests[-1]
    assert WIRE.operation(request) == operation
    assert plain(WIRE.parse(operation, request, io.BytesIO(content))) == given


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
    line.response = WIRE.serialise(operation, result)
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
    line.response = WIRE.serialise_error(error, "request-1")
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
    response = WIRE.serialise_error(Throttling("Slow down.", 30), "request-1")
    assert response.headers["Retry-After"] == "30"
    assert response.body == b'{"message":"Slow down."}'


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_operation_without_handler_is_refused_once(mode: Literal["legacy", "standard"]) -> None:
    """A client shows code and message of a missing operation at once instead of repeating it."""
    line = Line(Config(retries={"mode": mode}))
    line.response = WIRE.serialise_error(NotEmulated("CopyPackageVersions"), "request-1")
    with pytest.raises(ClientError, match="CopyPackageVersions is not emulated yet") as raised:
        line.call("CopyPackageVersions", **least("CopyPackageVersions"))
    assert raised.value.response["Error"]["Code"] == "InternalServerException"
    assert len(line.requests) == 1
