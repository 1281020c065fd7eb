import io
import json
from typing import Any

import pytest

from pytest_codeartifact.emulator.api.model import CODEARTIFACT, Json
from pytest_codeartifact.emulator.api.operation import NotEmulated
from pytest_codeartifact.emulator.api.rest_json import RestJson
from pytest_codeartifact.emulator.api.values import ImpossibleResultError
from pytest_codeartifact.emulator.errors import AccessDenied, Conflict
from pytest_codeartifact.emulator.http import Response

WIRE = RestJson(CODEARTIFACT)


def serialised(operation: str, result: dict[str, Any]) -> Response:
    return WIRE.serialise(operation, result)


def document(response: Response) -> Json:
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


def test_time_is_a_number_of_seconds() -> None:
    """Timestamps go out as epoch seconds with at most three decimals."""
    response = serialised("DescribeDomain", {"domain": {"createdTime": 1566002944.2731}})
    assert response.body == b'{"domain":{"createdTime":1566002944.273}}'
    assert response.headers["Content-Type"] == "application/json"


def test_none_is_absent_and_empty_list_is_not() -> None:
    """A handler may pass None for what a resource does not have."""
    result: Json = {"repository": {"name": "r", "description": None, "upstreams": []}}
    assert document(serialised("DescribeRepository", result)) == {
        "repository": {"name": "r", "upstreams": []}
    }


def test_connection_status_may_be_in_upper_case() -> None:
    """The service answers AVAILABLE although its model says Available."""
    connection = {"externalConnectionName": "public:pypi", "status": "AVAILABLE"}
    result = {"repository": {"externalConnections": [connection]}}
    assert document(serialised("DescribeRepository", result)) == result


@pytest.mark.parametrize(
    ("operation", "result", "path"),
    [
        ("DescribeDomain", {"domian": {}}, "DescribeDomainResult.domian"),
        ("DescribeDomain", {"domain": {"colour": "red"}}, "DescribeDomainResult.domain.colour"),
        ("DescribeDomain", {"domain": {"status": "Gone"}}, "DescribeDomainResult.domain.status"),
        ("DescribeDomain", {"domain": {"createdTime": "now"}}, "createdTime"),
        ("DescribeDomain", {"domain": {"createdTime": float("nan")}}, "createdTime"),
        ("DescribeDomain", {"domain": {"repositoryCount": 1.0}}, "repositoryCount"),
        ("DescribeDomain", {"domain": {"repositoryCount": True}}, "repositoryCount"),
        ("DescribeDomain", {"domain": {"name": 7}}, "name"),
        ("DescribeDomain", {"domain": []}, "domain"),
        ("DescribePackage", {}, "DescribePackageResult.package"),
        ("ListDomains", {"domains": "team-one"}, "ListDomainsResult.domains"),
        ("ListDomains", {"domains": [None]}, "ListDomainsResult.domains.0"),
        ("CopyPackageVersions", {"failedVersions": {"1": {"errorCode": "BAD"}}}, "errorCode"),
        ("GetPackageVersionAsset", {"asset": "text"}, "asset"),
        ("GetPackageVersionAsset", {"assetName": "a\r\nSet-Cookie: b"}, "assetName"),
    ],
)
def test_what_the_model_forbids_is_a_defect(
    operation: str, result: dict[str, Any], path: str
) -> None:
    """A handler's mistake is raised with its place instead of being sent to a client."""
    with pytest.raises(ImpossibleResultError) as raised:
        serialised(operation, result)
    assert raised.value.path.endswith(path)
    assert raised.value.path in str(raised.value)


@pytest.mark.parametrize("kind", ["bytes", "chunks", "file"])
def test_raw_payload_is_the_body(kind: str) -> None:
    """Content goes out as it is, with what is known of it in headers."""
    content = b"a" * 300_000 + b"\n\x00"
    asset = {"bytes": content, "chunks": iter([content]), "file": io.BytesIO(content)}[kind]
    response = serialised("GetPackageVersionAsset", {"asset": asset, "packageVersion": "1.0"})
    body = response.body
    assert (body if isinstance(body, bytes) else b"".join(body)) == content
    assert response.headers["X-PackageVersion"] == "1.0"
    assert response.headers["Content-Type"] == "application/octet-stream"


def test_file_is_closed_with_the_response() -> None:
    """Closing the body, as WSGI servers do, closes the file, sent or not."""
    file = io.BytesIO(b"raw")
    body: Any = serialised("GetPackageVersionAsset", {"asset": file}).body
    body.close()
    assert file.closed


def test_error_carries_only_modelled_members() -> None:
    """Members that the exception does not declare stay at home."""
    error = AccessDenied("No.", resourceId="team-one")
    assert document(WIRE.serialise_error(error, "request-1")) == {"message": "No."}


def test_error_with_impossible_member_is_a_defect() -> None:
    """A resource type that the model does not know is not sent."""
    with pytest.raises(ImpossibleResultError, match="resourceType: must be one of domain"):
        WIRE.serialise_error(Conflict("No.", "team-one", "galaxy"), "request-1")


def test_missing_operation_is_not_implemented() -> None:
    """An operation without handler says so, under a code that clients know."""
    response = WIRE.serialise_error(NotEmulated("CopyPackageVersions"), "request-1")
    assert response.status_line == "501 Not Implemented"
    assert response.headers["x-amzn-ErrorType"] == "InternalServerException"
    assert response.headers["x-amzn-RequestId"] == "request-1"
