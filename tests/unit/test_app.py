"""The order of the steps: which door, whose signature, what happens to a defect."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from pytest_codeartifact.emulator.iam.accounts import Account
from tests.support.emulation import ACCOUNT, REGION, Emulation, refusal

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient


@pytest.fixture
def emulation(tmp_path: Path) -> Iterator[Emulation]:
    with Emulation(tmp_path / "state") as emulation:
        yield emulation


@pytest.fixture
def client(emulation: Emulation) -> "CodeArtifactClient":
    return emulation.client()


def test_unknown_key_is_refused(emulation: Emulation) -> None:
    """A key that the emulator never made opens nothing."""
    stranger = Account(ACCOUNT, "AKIAIOSFODNN7EXAMPLE", "secret")
    with pytest.raises(ClientError) as refused:
        emulation.client(stranger).list_domains()
    assert refusal(refused)["Error"]["Code"] == "UnrecognizedClientException"
    assert refusal(refused)["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_wrong_secret_is_refused(emulation: Emulation) -> None:
    """The right key with another secret makes no good signature."""
    wrong = Account(ACCOUNT, emulation.owner.access_key_id, "not-the-secret")
    with pytest.raises(ClientError) as refused:
        emulation.client(wrong).create_domain(domain="team")
    assert refusal(refused)["Error"]["Code"] == "InvalidSignatureException"
    assert "not-the-secret" not in str(refused.value)
    assert emulation.client().list_domains()["domains"] == []


def test_unsigned_call_is_refused(emulation: Emulation) -> None:
    """An operation's path without a signature is answered as the service does."""
    answer = emulation.request("POST", "/v1/domains")
    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"].startswith("MissingAuthenticationToken")


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/v2/domains", "/v1/domains/", "//", "/%ff"])
def test_address_of_no_service_is_not_found(emulation: Emulation, path: str) -> None:
    """What is no path of ours and is not signed for anybody is not found."""
    assert emulation.request("GET", path).status == 404


def test_operation_that_is_missing_says_so(
    emulation: Emulation, client: "CodeArtifactClient"
) -> None:
    """An operation that a newer model of the service has is no silent success."""
    door = emulation.emulator.app._doors[0]
    door.operations = {"CreateDomain": door.operations["CreateDomain"]}
    client.create_domain(domain="team")
    with pytest.raises(ClientError) as refused:
        client.list_package_groups(domain="team")
    assert refusal(refused)["ResponseMetadata"]["HTTPStatusCode"] >= 500
    assert "ListPackageGroups" in str(refused.value)


def test_too_large_body_is_refused(emulation: Emulation) -> None:
    """An API request has a limit, so that it cannot fill the memory."""
    answer = emulation.request("POST", "/v1/domain?domain=team", body=b"x" * (5 * 1024 * 1024))
    assert answer.status == 400


def test_every_answer_has_a_request_id(emulation: Emulation) -> None:
    """Each answer can be named, the refused ones too, and no two are the same."""
    paths = ["/v1/domains", "/nonsense", f"/team-{ACCOUNT}.d.codeartifact.{REGION}.amazonaws.com/"]
    answers = [emulation.request("GET", path) for path in (*paths, *paths)]
    assert len({answer.headers["x-amzn-requestid"] for answer in answers}) == 6


def test_defect_is_answered_and_told(
    emulation: Emulation, client: "CodeArtifactClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception of ours is a 500 with the id under which the crash is told, and no more."""

    def broken() -> float:
        msg = "the clock stands still"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr(emulation.emulator.clock, "machine_now", broken)
    with pytest.raises(ClientError) as failed:
        client.list_domains()
    monkeypatch.undo()
    assert refusal(failed)["Error"]["Code"] == "InternalServerException"
    assert "the clock stands still" not in str(failed.value)
    [crash] = emulation.control("GET", "crashes").json()["crashes"]
    assert "the clock stands still" in crash["traceback"]
    assert crash["request_id"] == refusal(failed)["ResponseMetadata"]["RequestId"]


def test_defect_is_answered_as_the_service_does(
    emulation: Emulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client of another protocol can read that the emulator failed."""
    owner = emulation.owner
    codebuild = emulation.boto3_client("codebuild", owner.access_key_id, owner.secret_access_key)
    monkeypatch.setattr(emulation.emulator.clock, "machine_now", None)
    with pytest.raises(ClientError) as failed:
        codebuild.list_projects()
    monkeypatch.undo()
    assert refusal(failed)["Error"]["Code"] == "InternalServerException"
    assert refusal(failed)["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_target_without_a_signature_is_refused(emulation: Emulation) -> None:
    """An operation that a header names is known without a signature, and refused for want of it."""
    headers = {"X-Amz-Target": "CodeBuild_20161006.ListProjects"}
    answer = emulation.request("POST", "/", headers, b"{}")
    assert (answer.status, answer.json()["__type"]) == (403, "MissingAuthenticationTokenException")
    headers = {"X-Amz-Target": "CodeBuild_20161006.ListProject"}
    assert emulation.request("POST", "/", headers, b"{}").status == 404


def test_target_that_is_not_known_is_refused(
    emulation: Emulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is signed for a service and names no operation of it is no silent success."""
    owner = emulation.owner
    codebuild = emulation.boto3_client("codebuild", owner.access_key_id, owner.secret_access_key)
    monkeypatch.setitem(codebuild.meta.service_model.metadata, "targetPrefix", "CodeBuild_1")
    with pytest.raises(ClientError) as refused:
        codebuild.list_projects()
    assert refusal(refused)["Error"]["Code"] == "UnknownOperationException"
    assert refusal(refused)["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_defect_behind_a_request_is_told(
    emulation: Emulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that dies, such as one that refreshes a listing, is among the crashes."""
    monkeypatch.setattr(threading, "excepthook", emulation.emulator.app.thread_crashed)

    def broken() -> None:
        msg = "nothing to refresh"
        raise LookupError(msg)

    thread = threading.Thread(target=broken, name="refresh demo")
    thread.start()
    thread.join()
    [crash] = emulation.control("GET", "crashes").json()["crashes"]
    assert crash["request"] == "refresh demo"
    assert "nothing to refresh" in crash["traceback"]


def test_moved_clock_leaves_signatures_good(
    emulation: Emulation, client: "CodeArtifactClient"
) -> None:
    """Clients sign with the machine's time, however far the emulator's own clock was moved."""
    emulation.travel(24 * 3600)
    assert client.create_domain(domain="team")["domain"]["name"] == "team"


def test_request_is_logged_with_host_and_bytes(
    emulation: Emulation, client: "CodeArtifactClient"
) -> None:
    """Where a request was addressed to, and how long both bodies were, stands in the journal."""
    client.create_domain(domain="team")
    client.list_domains(maxResults=1)
    created, listed = emulation.control("GET", "requests").json()["requests"][-2:]
    assert created["host"] == client.meta.endpoint_url.partition("://")[2]
    assert created["sent_bytes"] > 100
    assert listed["received_bytes"] == len(b'{"maxResults": 1}')


def test_denied_request_is_logged_with_whom_and_what(
    emulation: Emulation, client: "CodeArtifactClient"
) -> None:
    """Who was refused which operation stands in the journal as if it had been allowed."""
    with pytest.raises(ClientError):
        client.describe_domain(domain="missing", domainOwner="444455556666")
    logged = emulation.control("GET", "requests").json()["requests"][-1]
    assert logged["status"] == 403
    assert logged["operation"] == "DescribeDomain"
    assert logged["account"] == ACCOUNT
    assert logged["principal"] == f"arn:aws:iam::{ACCOUNT}:user/administrator"
