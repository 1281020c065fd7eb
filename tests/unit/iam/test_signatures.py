import hashlib
import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote, unquote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.emulator.http import Request
from pytest_codeartifact.emulator.iam.callers import Caller, Credential, Scope, verify
from pytest_codeartifact.emulator.iam.refusals import (
    ExpiredToken,
    IncompleteSignature,
    InvalidSignature,
    MissingAuthenticationToken,
    Refusal,
    SkewedClock,
    UnrecognizedClient,
    WrongSessionToken,
)

ANN = Credential(
    "AKIDEXAMPLE",
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    Caller("111122223333", "arn:aws:iam::111122223333:user/ann", "AIDA1", "AKIDEXAMPLE"),
)
SESSION = Credential(
    "ASIAEXAMPLE",
    "another+secret",
    Caller(
        "111122223333",
        "arn:aws:sts::111122223333:assumed-role/build/b1",
        "AROA1:b1",
        "ASIAEXAMPLE",
        expires=4_000_000_000.0,
    ),
    "session/token+==",
)
URL = "http://127.0.0.1:8080/v1/domain?domain=team-one&domain-owner=111122223333"


@dataclass(frozen=True)
class Ring:
    """A keyring that holds the credentials it is given."""

    credentials: tuple[Credential, ...] = (ANN, SESSION)

    def find(self, access_key_id: str) -> Credential | None:
        keys = {credential.access_key_id: credential for credential in self.credentials}
        return keys.get(access_key_id)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def signed(
    url: str = URL,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    by: Credential = ANN,
    service: str = "codeartifact",
    signer: type[SigV4Auth] = SigV4Auth,
) -> Request:
    """A request as it arrives that botocore's signer has signed just now."""
    host = urlsplit(url).netloc
    outgoing = AWSRequest(method=method, url=url, headers={"Host": host, **(headers or {})})
    outgoing.data = body
    keys = Credentials(by.access_key_id, by.secret_access_key, by.session_token)
    signer(keys, service, "eu-west-1").add_auth(outgoing)
    parts = urlsplit(str(outgoing.url))
    arrived = {name.lower(): str(value) for name, value in outgoing.headers.items()}
    return Request(method, unquote(parts.path), parts.query, arrived, io.BytesIO(body))


def verified(request: Request, body: bytes = b"", *, now: float | None = None) -> Caller:
    moment = time.time() if now is None else now
    return verify(request, sha256(body), Ring(), moment)[0]


def with_header(request: Request, name: str, value: str) -> Request:
    return replace(request, headers={**request.headers, name: value})


def without_header(request: Request, name: str) -> Request:
    return replace(request, headers={k: v for k, v in request.headers.items() if k != name})


# --- What is accepted


def test_published_vector_is_accepted() -> None:
    """AWS's own example of a signed request has the signature it was published with."""
    authorization = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )
    headers = {
        "host": "example.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
        "authorization": authorization,
    }
    request = Request("GET", "/", "", headers, io.BytesIO())
    now = datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()
    caller, scope = verify(request, sha256(b""), Ring(), now)
    assert caller == ANN.caller
    assert scope == Scope("20150830", "us-east-1", "service")


def test_signer_and_scope_are_returned() -> None:
    """The caller is who owns the key, the scope what was signed."""
    caller, scope = verify(signed(by=SESSION), sha256(b""), Ring(), time.time())
    assert caller == SESSION.caller
    assert (scope.region, scope.service) == ("eu-west-1", "codeartifact")


def test_body_is_part_of_the_signature() -> None:
    """A body is accepted by its hash and no other body in its place."""
    request = signed(body=b'{"tags":[]}')
    assert verified(request, b'{"tags":[]}') == ANN.caller
    with pytest.raises(InvalidSignature):
        verified(request, b'{"tags":[1]}')


@pytest.mark.parametrize("service", ["sts", "iam", "logs", "kms", "codebuild"])
def test_signature_for_any_service_is_accepted(service: str) -> None:
    """Services beside CodeArtifact are called with the same kind of signature."""
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = signed("http://127.0.0.1:1/", body=body, service=service, headers=headers)
    assert verified(request, body) == ANN.caller


TEXT = st.text(st.characters(exclude_categories=["C"]), max_size=12)


@settings(deadline=None)
@given(segments=st.lists(TEXT, max_size=4), parameters=st.dictionaries(TEXT, TEXT, max_size=4))
@pytest.mark.parametrize(
    ("service", "signer"), [("codeartifact", SigV4Auth), ("s3", S3SigV4Auth)], ids=["api", "s3"]
)
def test_any_path_and_query_are_accepted(
    service: str, signer: type[SigV4Auth], segments: list[str], parameters: dict[str, str]
) -> None:
    """Whatever characters a client signs, it is recognised; S3 paths are encoded once."""
    # A slash within a segment is lost when a path is decoded; nobody but S3 gets such paths.
    path = "/".join(quote(segment.replace("/", ""), safe="~") for segment in segments)
    query = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in parameters.items())
    request = signed(f"http://127.0.0.1:1/{path}?{query}", service=service, signer=signer)
    assert verified(request) == ANN.caller


def test_blanks_in_headers_do_not_matter() -> None:
    """Runs of blanks count as one, and those at the ends not at all."""
    request = signed(headers={"X-Note": "  two   words "})
    assert verified(with_header(request, "x-note", "two words")) == ANN.caller
    with pytest.raises(InvalidSignature):
        verified(with_header(request, "x-note", "twowords"))


def test_header_that_was_not_signed_does_not_matter() -> None:
    """What a proxy adds or changes on the way is ignored."""
    request = with_header(signed(), "x-forwarded-for", "10.0.0.1")
    assert verified(with_header(request, "user-agent", "changed")) == ANN.caller


def test_signed_user_agent_counts() -> None:
    """A header that botocore never signs is checked when another client did sign it."""
    request = signed()
    stated = request.headers["authorization"].replace("host;", "host;user-agent;")
    with pytest.raises(InvalidSignature):
        verified(with_header(request, "authorization", stated))


def test_date_header_serves_as_well() -> None:
    """A request without x-amz-date is dated by its Date header."""
    request = signed(headers={"Date": format_datetime(datetime.now(UTC), usegmt=True)})
    assert "x-amz-date" not in request.headers
    assert verified(request) == ANN.caller


@pytest.mark.parametrize("hash_text", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_unsigned_payload_is_for_s3_only(hash_text: str) -> None:
    """S3 lets a client leave the body out of the signature, other services do not."""
    headers = {"X-Amz-Content-SHA256": hash_text}
    with pytest.raises(InvalidSignature):
        verified(signed(headers=headers, body=b"a"), b"a")
    outgoing = signed("https://127.0.0.1:1/b/k", headers=headers, body=b"a", service="s3")
    assert verified(outgoing, b"b") == ANN.caller


def test_stated_hash_must_be_that_of_the_body() -> None:
    """A signed hash does not vouch for another body."""
    headers = {"X-Amz-Content-SHA256": sha256(b"a")}
    request = signed(headers=headers, body=b"a")
    assert verified(request, b"a") == ANN.caller
    with pytest.raises(InvalidSignature):
        verified(request, b"b")


# --- What is refused


@pytest.mark.parametrize(
    "alter",
    [
        lambda: replace(signed(), query="domain=team-two&domain-owner=111122223333"),
        lambda: replace(signed(), query="domain=team-one"),
        lambda: replace(signed(), path="/v1/repository"),
        lambda: replace(signed(), method="DELETE"),
        lambda: with_header(signed(), "host", "127.0.0.1:8081"),
        lambda: without_header(signed(headers={"x-note": "a"}), "x-note"),
        lambda: signed(by=replace(ANN, secret_access_key="wrong")),
    ],
    ids=["query", "less-query", "path", "method", "host", "lost-header", "secret"],
)
def test_altered_request_is_refused(alter: Callable[[], Request]) -> None:
    """Nothing that was signed can be changed, and only the secret makes the signature."""
    with pytest.raises(InvalidSignature, match="Check your AWS Secret Access Key"):
        verified(alter())


@settings(deadline=None)
@given(place=st.integers(0, 63), digit=st.sampled_from("0123456789abcdef"))
def test_altered_signature_is_refused(place: int, digit: str) -> None:
    """No other signature is taken for the right one."""
    request = signed()
    stated, _, signature = request.headers["authorization"].rpartition("=")
    altered = signature[:place] + digit + signature[place + 1 :]
    changed = with_header(request, "authorization", f"{stated}={altered}")
    if altered == signature:
        assert verified(changed) == ANN.caller
    else:
        with pytest.raises(InvalidSignature):
            verified(changed)


def test_unknown_key_is_refused() -> None:
    """A key nobody has is refused in AWS's words."""
    with pytest.raises(UnrecognizedClient, match=r"^The security token included in the request is"):
        verified(signed(by=replace(ANN, access_key_id="AKIDNOBODY")))


@pytest.mark.parametrize(
    "by",
    [
        replace(SESSION, session_token="another"),
        replace(SESSION, session_token=None),
        replace(ANN, session_token="surplus"),
    ],
    ids=["wrong", "missing", "surplus"],
)
def test_wrong_session_token_is_refused(by: Credential) -> None:
    """Temporary keys go with their own session token, long-lived keys with none."""
    with pytest.raises(
        WrongSessionToken, match="security token included in the request is invalid"
    ):
        verified(signed(by=by))


def test_ended_credentials_are_refused() -> None:
    """Temporary keys stop at their expiry, to the second."""
    now = time.time()
    ring = Ring((replace(SESSION, caller=replace(SESSION.caller, expires=now)),))
    request = signed(by=SESSION)
    with pytest.raises(ExpiredToken, match="security token included in the request is expired"):
        verify(request, sha256(b""), ring, now)
    assert verify(request, sha256(b""), ring, now - 1)[0].principal_id == "AROA1:b1"


def at(timestamp: str) -> float:
    return datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def after(timestamp: str, seconds: int) -> str:
    return datetime.fromtimestamp(at(timestamp) + seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


@pytest.mark.parametrize("seconds", [-300, 300])
def test_clock_may_be_off_by_five_minutes(seconds: int) -> None:
    """A caller whose clock is a little wrong is served."""
    request = signed()
    assert verified(request, now=at(request.headers["x-amz-date"]) + seconds) == ANN.caller


def test_old_signature_is_refused() -> None:
    """A request that was signed too long ago is told both times."""
    request = signed()
    then = request.headers["x-amz-date"]
    with pytest.raises(SkewedClock) as raised:
        verified(request, now=at(then) + 301)
    assert raised.value.message == (
        f"Signature expired: {then} is now earlier than {after(then, 1)} "
        f"({after(then, 301)} - 5 min.)"
    )


def test_signature_of_the_future_is_refused() -> None:
    """A request that was signed in the future is told both times."""
    request = signed()
    then = request.headers["x-amz-date"]
    with pytest.raises(SkewedClock) as raised:
        verified(request, now=at(then) - 301)
    assert raised.value.message == (
        f"Signature not yet current: {then} is still later than {after(then, -1)} "
        f"({after(then, -301)} + 5 min.)"
    )


def test_unsigned_request_is_refused() -> None:
    """Without a signature there is nobody to serve."""
    with pytest.raises(MissingAuthenticationToken, match=r"^Missing Authentication Token$"):
        verified(without_header(signed(), "authorization"))
    with pytest.raises(MissingAuthenticationToken):
        verified(with_header(signed(), "authorization", "Basic YXdzOmE="))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Credential=", "Kredential=", "requires 'Credential' parameter"),
        ("Signature=", "Zignature=", "requires 'Signature' parameter"),
        ("SignedHeaders=", "Headers=", "requires 'SignedHeaders' parameter"),
        ("/eu-west-1/", "/", "exactly 5 slash-delimited elements"),
    ],
)
def test_incomplete_signature_is_refused(old: str, new: str, expected: str) -> None:
    """A header that lacks a part is told which one."""
    request = signed()
    stated = request.headers["authorization"].replace(old, new)
    with pytest.raises(IncompleteSignature, match=expected):
        verified(with_header(request, "authorization", stated))


def test_undated_request_is_refused() -> None:
    """A signature without a time could be used for ever."""
    with pytest.raises(IncompleteSignature, match="either a 'X-Amz-Date' or a 'Date' header"):
        verified(without_header(signed(), "x-amz-date"))


@pytest.mark.parametrize("date", ["yesterday", "20261301T000000Z", ""])
def test_unreadable_date_is_refused(date: str) -> None:
    """A time that is none is not guessed."""
    with pytest.raises(IncompleteSignature, match=r"^Date must be in ISO-8601"):
        verified(with_header(signed(), "x-amz-date", date))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("aws4_request", "aws5_request", "valid terminator"),
        ("AKIDEXAMPLE/20", "AKIDEXAMPLE/19", "Date in Credential scope does not match"),
        ("SignedHeaders=host;", "SignedHeaders=", "'Host' must be a 'SignedHeader'"),
        ("eu-west-1", "eu-west-2", "does not match the signature"),
    ],
)
def test_wrong_scope_is_refused(old: str, new: str, expected: str) -> None:
    """A signature holds for its day, its region, its service and the host it was sent to."""
    request = signed()
    stated = request.headers["authorization"].replace(old, new)
    with pytest.raises(InvalidSignature, match=expected):
        verified(with_header(request, "authorization", stated))


@settings(deadline=None)
@given(authorization=st.text(max_size=80), query=st.text(max_size=40), date=st.text(max_size=20))
def test_garbage_is_refused(authorization: str, query: str, date: str) -> None:
    """Whatever stands where a signature should, the outcome is a refusal."""
    headers = {"authorization": f"AWS4-HMAC-SHA256{authorization}", "host": "h", "date": date}
    with pytest.raises(Refusal):
        verified(Request("GET", "/", query, headers, io.BytesIO()))


def test_secrets_do_not_appear_in_reprs() -> None:
    """Neither the secret nor the session token can slip into a log."""
    assert "another+secret" not in repr(SESSION)
    assert "session/token" not in repr(SESSION)
