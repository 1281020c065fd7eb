import hashlib
import io
import time
from dataclasses import replace
from urllib.parse import unquote, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pytest_codeartifact.emulator.http import Request
from pytest_codeartifact.emulator.iam.callers import Caller, Credential, verify
from pytest_codeartifact.emulator.iam.refusals import (
    ExpiredAddress,
    IncompleteSignature,
    InvalidSignature,
)

BUILD = Caller("111122223333", "arn:aws:sts::111122223333:assumed-role/b/1", "AROA1:1", "ASIA1")
SESSION = Credential("ASIA1", "another+secret", BUILD, "session/token+==")


class Ring:
    """A keyring with one pair of temporary keys."""

    def find(self, access_key_id: str) -> Credential | None:
        return SESSION if access_key_id == SESSION.access_key_id else None


def presigned(service: str = "s3", signer: type[SigV4QueryAuth] = S3SigV4QueryAuth) -> Request:
    """A request by an address that botocore has signed just now, for an hour."""
    address = "http://127.0.0.1:1/bucket/a%20b?versionId=1"
    outgoing = AWSRequest(method="GET", url=address, headers={"Host": "127.0.0.1:1"})
    keys = Credentials(SESSION.access_key_id, SESSION.secret_access_key, SESSION.session_token)
    signer(keys, service, "eu-west-1").add_auth(outgoing)
    parts = urlsplit(str(outgoing.url))
    return Request("GET", unquote(parts.path), parts.query, {"host": "127.0.0.1:1"}, io.BytesIO())


def verified(request: Request, *, now: float | None = None) -> Caller:
    empty = hashlib.sha256().hexdigest()
    return verify(request, empty, Ring(), time.time() if now is None else now)[0]


@pytest.mark.parametrize(("service", "signer"), [("sts", SigV4QueryAuth), ("s3", S3SigV4QueryAuth)])
def test_presigned_address_is_accepted_until_it_expires(
    service: str, signer: type[SigV4QueryAuth]
) -> None:
    """An address signed by botocore opens for an hour, and not once that is over."""
    request = presigned(service, signer)
    then = time.time()
    assert verified(request, now=then + 3590) == BUILD
    with pytest.raises(ExpiredAddress, match="Request has expired"):
        verified(request, now=then + 3601)


@pytest.mark.parametrize(
    ("old", "new"), [("versionId=1", "versionId=2"), ("Expires=3600", "Expires=7200")]
)
def test_altered_presigned_address_is_refused(old: str, new: str) -> None:
    """Neither what is asked for nor how long it is valid can be changed."""
    request = presigned()
    assert old in request.query
    with pytest.raises(InvalidSignature):
        verified(replace(request, query=request.query.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new"), [("X-Amz-Signature", "X-Amz-Sig"), ("Expires=3600", "Expires=604801")]
)
def test_incomplete_presigned_address_is_refused(old: str, new: str) -> None:
    """An address that lacks a part, or asks for more than a week, is told so."""
    request = presigned()
    assert old in request.query
    with pytest.raises(IncompleteSignature):
        verified(replace(request, query=request.query.replace(old, new)))
