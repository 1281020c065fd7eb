"""Who is calling: the signature of every API request is verified before anything else.

Source: "Signature Version 4 for API requests" (AWS Identity and Access Management User Guide).
The signature is made again with botocore's own signer and compared.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import quote, unquote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import ReadOnlyCredentials

from pytest_codeartifact.emulator.http import Request
from pytest_codeartifact.emulator.iam.refusals import (
    ExpiredAddress,
    ExpiredToken,
    IncompleteSignature,
    InvalidSignature,
    MissingAuthenticationToken,
    SkewedClock,
    UnrecognizedClient,
    WrongSessionToken,
)

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_SECONDS = 5 * 60
"""How far a caller's clock may be off, either way."""

LONGEST_PRESIGNED_SECONDS = 7 * 24 * 3600

_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_SCOPE_NAME = re.compile(r"[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Session:
    """What an assumed role's session adds to its role.

    `policies` are the documents of session policies; `tags` are those the session was given, of
    which `transitive` keys pass on to the next role. Times are seconds since the epoch.
    """

    role_arn: str
    issued: float
    policies: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated principal. `expires` is the end of temporary credentials, or None."""

    account: str
    arn: str
    principal_id: str
    access_key_id: str
    is_administrator: bool = False
    expires: float | None = None
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key and whom it stands for; `session_token` only with temporary credentials."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    caller: Caller
    session_token: str | None = field(default=None, repr=False)


class Keyring(Protocol):
    """Where access keys are looked up."""

    def find(self, access_key_id: str) -> Credential | None: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature was made for: the day (`20261130`), the region and the signing name."""

    date: str
    region: str
    service: str


@dataclass(frozen=True, slots=True)
class _Claim:
    """A signature as the request states it, from its headers or from a presigned address."""

    access_key_id: str
    scope: Scope
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    session_token: str | None = field(repr=False)
    lifetime_seconds: int | None
    query: tuple[tuple[str, str], ...]


def verify(
    request: Request, payload_sha256: str, keyring: Keyring, now: float
) -> tuple[Caller, Scope]:
    """Return who signed the request and for what, or raise a Refusal.

    `payload_sha256` is the lower-case hex hash of the body as it arrived, `now` is seconds since
    the epoch. Source: "Create a signed AWS API request" (IAM User Guide).
    Differs: the chunk signatures of S3's streamed uploads are not verified, and S3's older
    signatures (version 2) count as none.
    """
    claim = _claim(request)
    credential = keyring.find(claim.access_key_id)
    if credential is None:
        raise UnrecognizedClient
    if not _same(credential.session_token or "", claim.session_token or ""):
        raise WrongSessionToken
    _check_clock(claim, now)
    expected = _signature(request, claim, payload_sha256, credential)
    if not _same(expected, claim.signature):
        raise InvalidSignature
    expires = credential.caller.expires
    if expires is not None and now >= expires:
        raise ExpiredToken
    return credential.caller, claim.scope


def _same(one: str, other: str) -> bool:
    """Compare in constant time, so that a secret cannot be guessed piece by piece."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


# --- What the request states -----------------------------------------------------------------


def _claim(request: Request) -> _Claim:
    query = _pairs(request.query)
    header = request.headers.get("authorization", "")
    if header.startswith(ALGORITHM):
        return _header_claim(request, header.removeprefix(ALGORITHM), query)
    parameters = dict(query)
    if parameters.get("X-Amz-Algorithm") == ALGORITHM:
        return _presigned_claim(parameters, query)
    raise MissingAuthenticationToken


def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    """The query's decoded names and values; a plus sign is a plus sign to a signer."""
    found = (pair.partition("=") for pair in query.split("&") if pair)
    return tuple((unquote(name), unquote(value)) for name, _, value in found)


def _header_claim(request: Request, header: str, query: tuple[tuple[str, str], ...]) -> _Claim:
    parts = [part.partition("=") for part in header.split(",")]
    stated = {name.strip(): value.strip() for name, _, value in parts}
    if len(stated) < len(parts):
        # What stands there twice, two readers may read differently.
        raise IncompleteSignature("Authorization header has a parameter more than once.")
    required = ("Credential", "Signature", "SignedHeaders")
    missing = [name for name in required if not stated.get(name)]
    timestamp = _header_timestamp(request.headers)
    if missing or timestamp is None:
        sentences = [f"Authorization header requires '{name}' parameter." for name in missing]
        if timestamp is None:
            sentences.append(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
                "header."
            )
        raise IncompleteSignature(" ".join(sentences))
    access_key_id, scope = _credential_scope(stated["Credential"])
    return _Claim(
        access_key_id=access_key_id,
        scope=scope,
        timestamp=timestamp,
        signed_headers=_signed_headers(stated["SignedHeaders"]),
        signature=stated["Signature"],
        session_token=request.headers.get("x-amz-security-token"),
        lifetime_seconds=None,
        query=query,
    )


def _presigned_claim(parameters: Mapping[str, str], query: tuple[tuple[str, str], ...]) -> _Claim:
    required = ("Credential", "Date", "Expires", "SignedHeaders", "Signature")
    missing = [name for name in required if not parameters.get(f"X-Amz-{name}")]
    if missing:
        sentences = [f"Query string requires 'X-Amz-{name}' parameter." for name in missing]
        raise IncompleteSignature(" ".join(sentences))
    lifetime = parameters["X-Amz-Expires"]
    if not re.fullmatch("[0-9]{1,6}", lifetime) or int(lifetime) > LONGEST_PRESIGNED_SECONDS:
        msg = f"X-Amz-Expires must be a number of seconds up to {LONGEST_PRESIGNED_SECONDS}."
        raise IncompleteSignature(msg)
    access_key_id, scope = _credential_scope(parameters["X-Amz-Credential"])
    return _Claim(
        access_key_id=access_key_id,
        scope=scope,
        timestamp=parameters["X-Amz-Date"],
        signed_headers=_signed_headers(parameters["X-Amz-SignedHeaders"]),
        signature=parameters["X-Amz-Signature"],
        session_token=parameters.get("X-Amz-Security-Token"),
        lifetime_seconds=int(lifetime),
        query=tuple(pair for pair in query if pair[0] != "X-Amz-Signature"),
    )


def _header_timestamp(headers: Mapping[str, str]) -> str | None:
    if "x-amz-date" in headers:
        return headers["x-amz-date"]
    if "date" not in headers:
        return None
    try:
        moment = parsedate_to_datetime(headers["date"])
        # A date without a zone is read as UTC, which is what HTTP dates are in.
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).strftime(_TIMESTAMP)
    except (ValueError, OverflowError):
        return headers["date"]


def _credential_scope(text: str) -> tuple[str, Scope]:
    parts = text.split("/")
    if len(parts) != 5:  # noqa: PLR2004 - key id, date, region, service and the terminator
        msg = (
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            "keyid/date/region/service/term"
        )
        raise IncompleteSignature(msg)
    access_key_id, date, region, service, terminator = parts
    if terminator != "aws4_request":
        msg = "Credential should be scoped with a valid terminator: 'aws4_request'."
        raise InvalidSignature(msg)
    if not (_SCOPE_NAME.fullmatch(region) and _SCOPE_NAME.fullmatch(service)):
        msg = "Credential should be scoped to a valid region and to the correct service."
        raise InvalidSignature(msg)
    return access_key_id, Scope(date, region, service)


def _signed_headers(text: str) -> tuple[str, ...]:
    names = tuple(text.split(";"))
    if "host" not in names:
        msg = "'Host' must be a 'SignedHeader' in the AWS Authorization."
        raise InvalidSignature(msg)
    return names


# --- Whether that is so ----------------------------------------------------------------------


def _check_clock(claim: _Claim, now: float) -> None:
    try:
        signed = datetime.strptime(claim.timestamp, _TIMESTAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        msg = "Date must be in ISO-8601 'basic format'."
        raise IncompleteSignature(msg) from None
    if claim.scope.date != claim.timestamp[:8]:
        msg = (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
            f"HTTP: '{claim.scope.date}' != '{claim.timestamp[:8]}', from '{claim.timestamp}'."
        )
        raise InvalidSignature(msg)
    oldest, newest = now - SKEW_SECONDS, now + SKEW_SECONDS
    if signed > newest:
        msg = (
            f"Signature not yet current: {claim.timestamp} is still later than {_text(newest)} "
            f"({_text(now)} + 5 min.)"
        )
        raise SkewedClock(msg)
    if claim.lifetime_seconds is not None:
        if now >= signed + claim.lifetime_seconds:
            raise ExpiredAddress
    elif signed < oldest:
        msg = (
            f"Signature expired: {claim.timestamp} is now earlier than {_text(oldest)} "
            f"({_text(now)} - 5 min.)"
        )
        raise SkewedClock(msg)


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime(_TIMESTAMP)


def _signature(request: Request, claim: _Claim, payload_sha256: str, credential: Credential) -> str:
    """The signature this request must have; raise InvalidSignature where it can have none."""
    if any(name not in request.headers for name in claim.signed_headers):
        raise InvalidSignature
    # Only what was signed goes in: a proxy may add headers of its own.
    headers = {name: request.headers[name] for name in claim.signed_headers}
    keys = ReadOnlyCredentials(credential.access_key_id, credential.secret_access_key, None)
    payload = _signed_payload(claim, headers, payload_sha256)
    signer_class = _S3Signer if claim.scope.service == "s3" else _Signer
    signer = signer_class(keys, claim.scope, payload)
    again = AWSRequest(method=request.method, url=_address(request, claim), headers=headers)
    again.context["timestamp"] = claim.timestamp
    to_sign = signer.string_to_sign(again, signer.canonical_request(again))
    return signer.signature(to_sign, again)


def _address(request: Request, claim: _Claim) -> str:
    """An address with the canonical path and query; its host does not take part."""
    path = quote(request.path, safe="/~")
    pairs = (f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in claim.query)
    return f"http://signed{path}?{'&'.join(pairs)}"


def _signed_payload(claim: _Claim, headers: Mapping[str, str], payload_sha256: str) -> str:
    """The payload hash that was signed; raise InvalidSignature when the body has another."""
    is_s3 = claim.scope.service == "s3"
    stated = headers.get("x-amz-content-sha256")
    if stated is None:
        return _UNSIGNED if is_s3 and claim.lifetime_seconds is not None else payload_sha256
    if is_s3 and (stated == _UNSIGNED or stated.startswith("STREAMING-")):
        return stated
    if not _same(stated, payload_sha256):
        raise InvalidSignature
    return stated


class _Signer(SigV4Auth):
    """botocore's signer, told which headers and which payload hash to sign."""

    def __init__(self, credentials: ReadOnlyCredentials, scope: Scope, payload: str) -> None:
        super().__init__(credentials, scope.service, scope.region)
        self._payload = payload

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.headers

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002 - as botocore calls it
        return self._payload


class _S3Signer(_Signer, S3SigV4Auth):
    """The same with S3's rule for paths: encoded once, never normalised."""
