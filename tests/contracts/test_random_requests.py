"""Requests that nobody thought of: every constraint broken in turn, and values at random.

The shapes come from botocore's model; what comes back is judged by botocore's own parser and
validator, so that nothing of ours says what is right here.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_codeartifact.emulator.api.model import operations, snake_case
from pytest_codeartifact.emulator.operations import discover
from pytest_codeartifact.emulator.quotas import Quotas
from tests.support.emulation import BASE_URL, REGION, Emulation

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

STEM = f"arn:aws:codeartifact:{REGION}:111122223333"
CONTENT = b"content of an asset"
POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
    '"Action":"codeartifact:ReadFromRepository","Resource":"*"}]}'
)
KNOWN: dict[str, list[Any]] = {
    "domain": ["team", "empty", "nobody"],
    "domainOwner": ["111122223333", "444455556666"],
    "repository": ["store", "base", "missing"],
    "sourceRepository": ["store", "base"],
    "destinationRepository": ["store", "base"],
    "repositoryName": ["store", "base", "missing"],
    "format": ["generic", "pypi", "npm"],
    "namespace": ["space"],
    "package": ["demo", "other"],
    "packageVersion": ["1.0", "2.0"],
    "packageGroup": ["/*", "/generic/*", "/generic/space/demo$", "/npm/space~", "/x"],
    "externalConnection": ["public:pypi", "public:npmjs", "public:nothing"],
    "assetName": ["file.bin"],
    "asset": ["file.bin", "missing.bin"],
    "resourceArn": [f"{STEM}:domain/team", f"{STEM}:repository/team/store", f"{STEM}:domain/x"],
    "policyDocument": [POLICY, "{}"],
    "targetStatus": ["Archived", "Published", "Unlisted"],
    "assetSHA256": [hashlib.sha256(CONTENT).hexdigest()],
}


@pytest.fixture(scope="module")
def emulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulation]:
    """One for all requests: what earlier ones left behind is part of the surprise."""
    folder = tmp_path_factory.mktemp("state")
    with Emulation(folder, quotas=Quotas(domains=50)) as emulation:
        client = emulation.client()
        client.create_domain(domain="team")
        client.create_domain(domain="empty")
        for repository in ("base", "store"):
            client.create_repository(domain="team", repository=repository)
        yield emulation


@pytest.fixture(scope="module")
def unchecked(emulation: Emulation) -> "CodeArtifactClient":
    """A client that sends whatever it is given: without botocore's own checks."""
    client: CodeArtifactClient = boto3.client(
        "codeartifact",
        region_name=REGION,
        endpoint_url=BASE_URL,
        aws_access_key_id=emulation.owner.access_key_id,
        aws_secret_access_key=emulation.owner.secret_access_key,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return emulation._send(request)

    client.meta.events.register("before-send.codeartifact.*", cast("Any", send))
    return client


def input_of(name: str) -> StructureShape:
    shape = operations()[name].input_shape
    assert isinstance(shape, StructureShape)
    return shape


# --- Every constraint broken in turn ---------------------------------------------------------


def minimal(shape: Shape, name: str = "") -> Any:  # noqa: ANN401 - any value of the model
    """A valid value with nothing optional in it."""
    if isinstance(shape, StructureShape):
        return {member: minimal(shape.members[member], member) for member in shape.required_members}
    if isinstance(shape, ListShape):
        return [minimal(shape.member, name)]
    words = KNOWN.get(name) or shape.metadata.get("enum")
    plain = {"integer": 1, "long": 900, "boolean": True, "blob": CONTENT, "map": {}}
    return words[0] if words else plain.get(shape.type_name, "value")


def broken(shape: Shape) -> Iterator[tuple[str, Any]]:
    """Values that break one constraint each, with what they break."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    is_number = shape.type_name in {"integer", "long"}
    if is_number and least is not None:
        yield "too small", least - 1
    if is_number and most is not None:
        yield "too large", most + 1
    if shape.type_name == "string":
        yield from _broken_texts(shape, most)
    if isinstance(shape, ListShape) and most is not None:
        member = "value" if shape.member.type_name == "string" else minimal(shape.member)
        yield "too many", [member] * (most + 1)
    if isinstance(shape, StructureShape):
        for required in shape.required_members:
            yield f"without {required}", {k: v for k, v in minimal(shape).items() if k != required}


def _broken_texts(shape: Shape, most: int | None) -> Iterator[tuple[str, str]]:
    if shape.metadata.get("enum"):
        yield "no such word", "bogus"
        return
    if most is not None:
        yield "too long", "a" * (most + 1)
    # Control characters break every pattern there is, blanks and number signs most of them.
    if shape.metadata.get("pattern"):
        yield "wrong characters", "\u0001 #"


def broken_requests() -> Iterator[Any]:
    for name in sorted(operations()):
        shape = input_of(name)
        for member, member_shape in shape.members.items():
            if member_shape.type_name == "blob":
                continue
            for what, value in broken(member_shape):
                yield pytest.param(name, member, value, id=f"{name}-{member}-{what}")
            if member in shape.required_members:
                yield pytest.param(name, member, None, id=f"{name}-{member}-missing")


@pytest.mark.parametrize(("name", "member", "value"), list(broken_requests()))
def test_broken_constraint_is_refused_by_name(
    unchecked: "CodeArtifactClient",
    name: str,
    member: str,
    value: Any,  # noqa: ANN401 - what the model forbids
) -> None:
    """Whatever constraint a request breaks, the answer is 400 and names the member."""
    request = minimal(input_of(name)) | {member: value}
    if value is None:
        del request[member]
    with pytest.raises(ClientError) as refused:
        getattr(unchecked, snake_case(name))(**request)
    error = refused.value.response
    if member == "assetSHA256":
        # The hash is part of what is signed, so a wrong one is a wrong signature first.
        assert error["ResponseMetadata"]["HTTPStatusCode"] in {400, 403}
        return
    assert error["Error"]["Code"] == "ValidationException", error
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert f"'{member}" in error["Error"]["Message"]


# --- Values at random ------------------------------------------------------------------------


def values(shape: Shape, name: str = "") -> st.SearchStrategy[Any]:
    """Values that botocore lets pass: mostly known names, some valid ones, some wild."""
    if isinstance(shape, StructureShape):
        members = {member: values(each, member) for member, each in shape.members.items()}
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if isinstance(shape, ListShape):
        inner = "packageVersion" if name == "versions" else name
        return st.lists(values(shape.member, inner), max_size=4)
    if isinstance(shape, MapShape):
        return st.dictionaries(values(shape.key, "packageVersion"), values(shape.value), max_size=3)
    plain: dict[str, st.SearchStrategy[Any]] = {
        "blob": st.just(CONTENT),
        "boolean": st.booleans(),
        "integer": st.sampled_from([1, 2, 1000, 1001]),
        "long": st.sampled_from([0, 1, 900, 43_200, 43_201]),
    }
    return plain[shape.type_name] if shape.type_name in plain else _texts(shape, name)


def _texts(shape: Shape, name: str) -> st.SearchStrategy[str]:
    known = KNOWN.get(name) or shape.metadata.get("enum")
    wild = st.text(min_size=shape.metadata.get("min") or 0, max_size=30)
    if name == "assetSHA256" or known is None:
        return st.sampled_from(known) if known else wild
    # Most of them are names that exist, or handlers would never get past the first look-up.
    return st.one_of(*[st.sampled_from(known)] * 5, wild)


@pytest.mark.parametrize("name", sorted(discover()))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_random_request_is_answered_as_the_model_says(
    emulation: Emulation, unchecked: "CodeArtifactClient", name: str, data: st.DataObject
) -> None:
    """No request makes the emulator fail; every answer is one of the model, refusals included."""
    operation = operations()[name]
    request = data.draw(values(input_of(name)))
    crashes = len(emulation.crashes())
    try:
        answer = getattr(unchecked, snake_case(name))(**request)
    except ClientError as error:
        told = error.response
        assert told["ResponseMetadata"]["HTTPStatusCode"] < 500, told
        assert told["Error"]["Code"] in {shape.name for shape in operation.error_shapes}, told
        assert told["Error"]["Message"]
    else:
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
        if "asset" in answer and operation.has_streaming_output:
            answer["asset"] = answer["asset"].read()
        assert operation.output_shape is not None
        report = ParamValidator().validate(_as_sent(answer), operation.output_shape)
        assert not report.has_errors(), report.generate_report()
    assert len(emulation.crashes()) == crashes


def _as_sent(value: Any) -> Any:  # noqa: ANN401 - any answer
    """The answer as botocore's validator of requests reads it."""
    if isinstance(value, dict):
        return {key: _as_sent(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_sent(item) for item in value]
    return value.astimezone(UTC) if isinstance(value, datetime) else value
