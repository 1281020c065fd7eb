"""CodeBuild's door: botocore's own client code on one end, AWS JSON 1.1 on the other."""

import io
import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Literal

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.emulator.api.json_protocol import JsonProtocol, Serialization
from pytest_codeartifact.emulator.api.model import Json, operations
from pytest_codeartifact.emulator.api.operation import NotEmulated
from pytest_codeartifact.emulator.api.values import ImpossibleResultError
from pytest_codeartifact.emulator.builds import errors
from pytest_codeartifact.emulator.builds.builds import Builds
from pytest_codeartifact.emulator.builds.calls import Call
from pytest_codeartifact.emulator.builds.operations import SERVICE, discover
from pytest_codeartifact.emulator.builds.projects import Projects
from pytest_codeartifact.emulator.builds.reports import Reports
from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.errors import InternalServer, ServiceError, Validation
from pytest_codeartifact.emulator.http import Request, Response
from pytest_codeartifact.emulator.iam.callers import Caller
from tests.support.wires import Line, plain, sample

WIRE = JsonProtocol(SERVICE)
OPERATIONS = sorted(operations(SERVICE))
STEM = "arn:aws:codebuild:eu-west-1:111122223333"
GROUP = f"{STEM}:report-group/demo-unit"
REPORT = f"{STEM}:report/demo-unit:0a0b0c0d-0000-4000-8000-000000000000"
BUILD = "demo:0a0b0c0d-0000-4000-8000-000000000000"
REQUEST: Mapping[str, Json] = {
    "name": "demo",
    "names": ["demo"],
    "projectName": "demo",
    "id": BUILD,
    "ids": [BUILD, f"{STEM}:build/{BUILD}"],
    "arn": GROUP,
    "reportGroupArn": GROUP,
    "reportGroupArns": [GROUP],
    "reportArn": REPORT,
    "reportArns": [REPORT],
}
RAISED = [
    cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, ServiceError) and hasattr(cls, "code")
]

# The reference of actions: what each operation of ours is granted on.
ON_NOTHING = {
    "ListBuilds",
    "ListProjects",
    "ListReportGroups",
    "ListReports",
    "ListSharedProjects",
    "ListSharedReportGroups",
}
ON_PROJECT = {
    "BatchDeleteBuilds",
    "BatchGetBuilds",
    "BatchGetProjects",
    "CreateProject",
    "DeleteProject",
    "InvalidateProjectCache",
    "ListBuildsForProject",
    "RetryBuild",
    "StartBuild",
    "StopBuild",
    "UpdateProject",
}
ON_REPORT_GROUP = {
    "BatchGetReportGroups",
    "BatchGetReports",
    "CreateReportGroup",
    "DeleteReport",
    "DeleteReportGroup",
    "DescribeCodeCoverages",
    "DescribeTestCases",
    "GetReportGroupTrend",
    "ListReportsForReportGroup",
    "UpdateReportGroup",
}
RESOURCES = [
    *((name, "*") for name in sorted(ON_NOTHING)),
    *((name, f"{STEM}:project/demo") for name in sorted(ON_PROJECT)),
    *((name, GROUP) for name in sorted(ON_REPORT_GROUP)),
]


@pytest.fixture(scope="module")
def line() -> Line:
    return Line(Config(retries={"total_max_attempts": 1}), SERVICE)


def asked(target: str = "CodeBuild_20161006.ListProjects", method: str = "POST") -> Request:
    return Request(method, "/", "", {"x-amz-target": target}, io.BytesIO())


def least(operation: str) -> dict[str, Any]:
    """The smallest input the client lets through."""
    shape = operations(SERVICE)[operation].input_shape
    assert shape is not None
    found: dict[str, Any] = sample(shape, only_required=True)
    return found


def body_of(response: Response) -> Json:
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


# --- The protocol ----------------------------------------------------------------------------


@pytest.mark.parametrize("only_required", [False, True], ids=["every-member", "required-only"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_request_of_botocore_parses_to_its_input(
    line: Line, operation: str, *, only_required: bool
) -> None:
    """What a client sends is led to its operation and parsed to what the caller passed."""
    shape = operations(SERVICE)[operation].input_shape
    assert shape is not None
    given = sample(shape, only_required=only_required)
    line.response = WIRE.serialise(operation, {})
    line.call(operation, **given)
    request, content = line.requests[-1]
    assert WIRE.operation(request) == operation
    assert WIRE.parse(operation, request, content) == given
    assert WIRE.parse(operation, request, io.BytesIO(content)) == given


@pytest.mark.parametrize("only_required", [False, True], ids=["every-member", "required-only"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_serialised_result_is_read_back_by_botocore(
    line: Line, operation: str, *, only_required: bool
) -> None:
    """What a handler returns is what the client's caller gets."""
    shape = operations(SERVICE)[operation].output_shape
    result = sample(shape, only_required=only_required) if shape else {}
    line.response = WIRE.serialise(operation, result)
    assert line.response.status == 200
    assert line.response.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert plain(line.call(operation, **least(operation))) == result


@pytest.mark.parametrize("cls", RAISED, ids=lambda cls: cls.code)
def test_error_is_raised_by_botocore(line: Line, cls: type[ServiceError]) -> None:
    """Each refusal is an exception of the model, and arrives as that with status 400."""
    line.response = WIRE.serialise_error(cls("It is so; see é."), "request-1")
    with pytest.raises(getattr(line.client.exceptions, cls.code)) as raised:
        line.call("ListProjects")
    answer = raised.value.response
    assert answer["Error"] == {"Code": cls.code, "Message": "It is so; see é."}
    assert answer["ResponseMetadata"]["RequestId"] == "request-1"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == cls.status == 400


def test_validation_error_has_its_code_and_status(line: Line) -> None:
    """A broken constraint is told as every service of the protocol does."""
    line.response = WIRE.serialise_error(Validation("Not so."), "request-1")
    with pytest.raises(ClientError) as raised:
        line.call("ListProjects")
    assert raised.value.response["Error"] == {"Code": "ValidationException", "Message": "Not so."}
    assert body_of(line.response) == {"__type": "ValidationException", "message": "Not so."}


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_operation_without_handler_is_refused_once(mode: Literal["legacy", "standard"]) -> None:
    """A client shows code and message of a missing operation at once instead of repeating it."""
    line = Line(Config(retries={"mode": mode}), SERVICE)
    line.response = WIRE.serialise_error(NotEmulated("ListFleets"), "request-1")
    with pytest.raises(ClientError, match="ListFleets is not emulated yet") as raised:
        line.call("ListFleets")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert len(line.requests) == 1


def test_defect_is_the_servers_fault() -> None:
    """A crash is a 500, as with any service."""
    response = WIRE.serialise_error(InternalServer("It failed."), "request-1")
    assert response.status == 500
    assert body_of(response)["__type"] == "InternalServerException"


@pytest.mark.parametrize(
    "request_",
    [
        asked("CodeBuild_20161006.ListProject"),
        asked("CodeBuild_20161006."),
        asked("CodeBuild_20170101.ListProjects"),
        asked("ListProjects"),
        asked(""),
        asked(method="GET"),
        Request("POST", "/", "", {}, io.BytesIO()),
    ],
    ids=lambda request: f"{request.method} {request.headers}",
)
def test_what_names_no_operation_is_none(request_: Request) -> None:
    """Only the service's own prefix and one of its names, posted, are an operation."""
    assert WIRE.operation(request_) is None
    error = WIRE.unknown_operation(request_)
    assert (error.code, error.status) == ("UnknownOperationException", 400)


def test_empty_body_counts_as_empty_object() -> None:
    """Lists need no members, and some clients send none."""
    assert WIRE.parse("ListProjects", asked(), b"") == {}


def test_unknown_members_and_nulls_are_dropped() -> None:
    """What the model does not know does not reach the handler."""
    body = b'{"name": "demo", "colour": "red", "source": {"type": "S3", "x": 1}, "tags": null}'
    request = asked("CodeBuild_20161006.UpdateProject")
    parsed = WIRE.parse("UpdateProject", request, body)
    assert parsed == {"name": "demo", "source": {"type": "S3"}}


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"\xff", b"NaN", b'{"sortBy": 1}', b'{"sortBy": "\\ud800"}', b"[" * 100_000],
)
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    """No JSON object, or a value of a wrong type."""
    with pytest.raises(Serialization) as refused:
        WIRE.parse("ListProjects", asked(), body)
    assert refused.value.code == "SerializationException"


def test_broken_constraint_is_told_in_the_services_words() -> None:
    """The sentence names the value, its place and the rule."""
    with pytest.raises(Validation) as refused:
        WIRE.parse("ListProjects", asked(), b'{"sortBy": "SIZE"}')
    assert refused.value.message == (
        "1 validation error detected: Value 'SIZE' at 'sortBy' failed to satisfy constraint:"
        " Member must satisfy enum value set: [NAME, CREATED_TIME, LAST_MODIFIED_TIME]"
    )


@settings(deadline=None)
@given(body=st.binary(max_size=64) | st.text(max_size=64).map(str.encode))
def test_any_body_is_parsed_or_refused(body: bytes) -> None:
    """Garbage never gets further than the parser."""
    for operation in ("CreateProject", "ListProjects"):
        with suppress(Serialization, Validation):
            WIRE.parse(operation, asked(), body)


@pytest.mark.parametrize(
    ("result", "path"),
    [
        ({"colour": "red"}, "colour"),
        ({"projects": "demo"}, "projects"),
        ({"projects": [1]}, "projects.0"),
    ],
)
def test_what_the_model_forbids_is_a_defect(result: dict[str, Any], path: str) -> None:
    """A handler's mistake is raised with its place instead of being sent to a client."""
    with pytest.raises(ImpossibleResultError) as raised:
        WIRE.serialise("ListProjects", result)
    assert raised.value.path.endswith(path)


# --- The operations --------------------------------------------------------------------------


def members_of(name: str) -> Collection[str]:
    shape = operations(SERVICE)[name].input_shape
    return shape.members if shape else ()


def grants_of(name: str, **more: Json) -> set[tuple[str, str]]:
    untouched: Any = None
    call = Call(
        caller=Caller("111122223333", "arn:aws:iam::111122223333:user/ann", "AIDA1", "AKIA1"),
        region="eu-west-1",
        base_url="",
        clock=untouched,
        projects=Projects(),
        builds=Builds(),
        reports=Reports(Clock()),
        caches=untouched,
        trust=untouched,
        schedule=None,
    )
    request = {key: value for key, value in REQUEST.items() if key in members_of(name)}
    if name == "CreateReportGroup":
        request["name"] = "demo-unit"
    if name == "DeleteReport":
        request["arn"] = REPORT
    grants = discover()[name].grants(call, request | more)
    return {(grant.action, grant.resource) for grant in grants}


@pytest.mark.parametrize(("name", "resource"), RESOURCES)
def test_operation_asks_for_its_own_action(name: str, resource: str) -> None:
    """Each operation needs the action of its name, on the kind of resource it acts on."""
    assert grants_of(name) == {(f"codebuild:{name}", resource)}


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("CreateProject", "serviceRole"),
        ("UpdateProject", "serviceRole"),
        ("StartBuild", "serviceRoleOverride"),
    ],
)
def test_service_role_must_be_passed(name: str, member: str) -> None:
    """Whoever names a role hands it to CodeBuild."""
    role = "arn:aws:iam::111122223333:role/builder"
    assert ("iam:PassRole", role) in grants_of(name, **{member: role})


def test_every_operation_is_known_by_its_resource() -> None:
    """Nothing is served that the lists above do not have, nor without its action."""
    assert set(discover()) == ON_NOTHING | ON_PROJECT | ON_REPORT_GROUP
