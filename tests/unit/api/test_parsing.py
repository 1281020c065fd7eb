import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.emulator.api.model import CODEARTIFACT, Json
from pytest_codeartifact.emulator.api.rest_json import RestJson
from pytest_codeartifact.emulator.errors import Validation
from pytest_codeartifact.emulator.http import Request

WIRE = RestJson(CODEARTIFACT)


def parsed(operation: str, query: str = "", body: bytes = b"", **headers: str) -> dict[str, Any]:
    """Parse as the API door does."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request("POST", "/", query, named, io.BytesIO())
    return WIRE.parse(operation, request, io.BytesIO(body))


def test_query_is_decoded_once() -> None:
    """A percent-encoded percent sign stays one."""
    values = parsed("DescribePackageGroup", "domain=team-one&package-group=%2Fpypi%2F%2525")
    assert values == {"domain": "team-one", "packageGroup": "/pypi/%25"}


def test_unknown_members_are_ignored() -> None:
    """What the model does not know, in query or body, does not reach the handler."""
    body = b'{"description": "d", "colour": "red", "upstreams": [{"repositoryName": "rr", "x": 1}]}'
    values = parsed("CreateRepository", "domain=team-one&repository=repo&colour=red", body)
    assert values == {
        "domain": "team-one",
        "repository": "repo",
        "description": "d",
        "upstreams": [{"repositoryName": "rr"}],
    }


def test_first_of_repeated_names_counts() -> None:
    """A query that names a member twice means the first."""
    assert parsed("DescribeDomain", "domain=first&domain=second") == {"domain": "first"}


def test_null_member_counts_as_absent() -> None:
    """A JSON null is what older clients send for nothing."""
    assert parsed("ListDomains", body=b'{"maxResults": null}') == {}


def test_empty_body_counts_as_empty_object() -> None:
    """Most requests with optional body members have no body at all."""
    assert parsed("ListDomains") == {}


def test_body_of_operation_without_body_members_is_not_read() -> None:
    """Whatever a client attaches to a request that has no body is not its input."""
    assert parsed("DescribeDomain", "domain=team-one", b"\xff not JSON") == {"domain": "team-one"}


def test_raw_payload_stays_the_stream_it_is() -> None:
    """A file to publish is handed on unread, however large it is."""
    query = "domain=team-one&repository=repo&format=generic&package=p&version=1&asset=f.bin"
    content = io.BytesIO(b"raw")
    request = Request("POST", "/", query, {"x-amz-content-sha256": "0a" * 32}, content)
    values = WIRE.parse("PublishPackageVersion", request, content)
    assert values["assetContent"] is content
    assert content.tell() == 0
    assert values["assetSHA256"] == "0a" * 32


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"\xff",
        b"NaN",
        b'{"maxResults": NaN}',
        b'{"maxResults": "7"}',
        b'{"maxResults": 7.5}',
        b'{"maxResults": true}',
        b'{"maxResults": ' + b"9" * 5000 + b"}",
        b'{"nextToken": 7}',
        b'{"nextToken": "\\ud800"}',
        b"[" * 200_000,
    ],
    ids=range(13),
)
def test_unreadable_body_is_refused(body: bytes) -> None:
    """What is no JSON object with values of the right types cannot be parsed."""
    with pytest.raises(Validation) as raised:
        parsed("ListDomains", body=body)
    assert raised.value.members == {"reason": "CANNOT_PARSE"}


@pytest.mark.parametrize(
    "query",
    [
        "domain=team-one&repository=rr&max-results=ten",
        "domain=team-one&repository=rr&max-results=%D9%A3",
        "domain=team-one&repository=rr&max-results=",
        "domain=%FF&repository=rr",
    ],
)
def test_unreadable_query_is_refused(query: str) -> None:
    """Numbers are ASCII digits and text is UTF-8."""
    with pytest.raises(Validation) as raised:
        parsed("ListPackages", query)
    assert raised.value.members == {"reason": "CANNOT_PARSE"}


@pytest.mark.parametrize("word", ["True", "1", "yes", ""])
def test_boolean_other_than_true_and_false_is_refused(word: str) -> None:
    """Only the two lower-case words are booleans in a query."""
    with pytest.raises(Validation, match="'preview' must be true or false"):
        parsed("ListAssociatedPackages", f"domain=team-one&package-group=/*&preview={word}")


def test_too_large_body_is_refused() -> None:
    """A body is not read into memory without end."""
    with pytest.raises(Validation, match="longer than 4194304 bytes"):
        parsed("ListDomains", body=b" " * (4 * 1024**2 + 1))


def test_null_in_a_list_is_refused() -> None:
    """A hole in a list is named with its place."""
    body = b'{"tags": [{"key": "a", "value": "b"}, null]}'
    with pytest.raises(Validation, match=r"Value null at 'tags\.2\.member' failed"):
        parsed("CreateDomain", "domain=team-one", body)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def outcome(operation: str, query: str, body: bytes) -> dict[str, Any] | Validation:
    try:
        return parsed(operation, query, body)
    except Validation as error:
        return error


@settings(deadline=None)
@given(value=ANY_JSON, query=st.text(max_size=30), name=st.sampled_from(["tags", "encryptionKey"]))
def test_any_document_is_parsed_or_refused(value: Json, query: str, name: str) -> None:
    """Whatever JSON and query arrive, the outcome is an input or a Validation."""
    body = json.dumps({name: value}).encode()
    found = outcome("CreateDomain", f"domain=team-one&{query}", body)
    if isinstance(found, Validation):
        assert found.members["reason"] in {"CANNOT_PARSE", "FIELD_VALIDATION_FAILED"}
    else:
        assert found["domain"] == "team-one"
        assert found.get(name) == value or isinstance(value, list)


@settings(deadline=None)
@given(query=st.binary(max_size=40), body=st.binary(max_size=40))
def test_any_bytes_are_parsed_or_refused(query: bytes, body: bytes) -> None:
    """Garbage never gets further than the parser."""
    found = outcome("ListDomains", query.decode("latin-1"), body)
    assert isinstance(found, Validation) or set(found) <= {"maxResults", "nextToken"}
