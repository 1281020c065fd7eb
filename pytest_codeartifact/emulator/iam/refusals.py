"""Why a signature was refused, in the words and the envelope of the service that was called.

Sources: "Common Errors" (of the AWS STS and AWS CodeArtifact API references) and "Error
Responses" (Amazon S3 API Reference).
"""

import functools
import json
import re
from typing import ClassVar
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from pytest_codeartifact.emulator.http import Response

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)
# XML 1.0, "Characters": a client cannot read an answer with any other.
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refusal(Exception):
    """The caller could not be authenticated; one class for each reason AWS gives.

    `code` and `status` are what JSON services answer, `query_code` what services of the query
    protocol and other XML services say, `s3_code` and `s3_status` Amazon S3's own.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    query_code: ClassVar[str]
    s3_code: ClassVar[str]
    s3_status: ClassVar[int]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class MissingAuthenticationToken(Refusal):
    """The request is not signed at all."""

    code = "MissingAuthenticationTokenException"
    status = 403
    query_code = "MissingAuthenticationToken"
    s3_code = "AccessDenied"
    s3_status = 403

    def __init__(self, message: str = "Missing Authentication Token") -> None:
        super().__init__(message)


class IncompleteSignature(Refusal):
    """What should be a signature cannot be read as one."""

    code = "IncompleteSignatureException"
    status = 400
    query_code = "IncompleteSignature"
    s3_code = "AuthorizationHeaderMalformed"
    s3_status = 400


class UnrecognizedClient(Refusal):
    """Nobody has this access key."""

    code = "UnrecognizedClientException"
    status = 403
    query_code = "InvalidClientTokenId"
    s3_code = "InvalidAccessKeyId"
    s3_status = 403

    def __init__(
        self, message: str = "The security token included in the request is invalid."
    ) -> None:
        super().__init__(message)


class WrongSessionToken(UnrecognizedClient):
    """The access key exists and this is not its session token."""

    s3_code = "InvalidToken"
    s3_status = 400


class InvalidSignature(Refusal):
    """The signature is not the one this request has under that key."""

    code = "InvalidSignatureException"
    status = 403
    query_code = "SignatureDoesNotMatch"
    s3_code = "SignatureDoesNotMatch"
    s3_status = 403

    def __init__(self, message: str = _MISMATCH) -> None:
        super().__init__(message)


class SkewedClock(InvalidSignature):
    """The request was signed too long ago, or in the future."""

    s3_code = "RequestTimeTooSkewed"


class ExpiredAddress(InvalidSignature):
    """A presigned address has outlived its `X-Amz-Expires`."""

    s3_code = "AccessDenied"

    def __init__(self, message: str = "Request has expired") -> None:
        super().__init__(message)


class ExpiredToken(Refusal):
    """The temporary credentials have ended."""

    code = "ExpiredTokenException"
    status = 403
    query_code = "ExpiredToken"
    s3_code = "ExpiredToken"
    s3_status = 400

    def __init__(
        self, message: str = "The security token included in the request is expired"
    ) -> None:
        super().__init__(message)


def refusal_response(refusal: Refusal, service: str, request_id: str) -> Response:
    """The refusal as clients of `service` (its signing name) read it.

    The protocol of botocore's model of the service decides; an unknown service gets JSON.
    """
    protocol, namespace = _protocol(service)
    headers = {"x-amzn-RequestId": request_id}
    if protocol not in {"query", "ec2", "rest-xml"}:
        headers |= {"Content-Type": "application/json", "x-amzn-ErrorType": refusal.code}
        # Clients of the plain JSON protocol look for the code in the body, others in the header.
        document = {"__type": refusal.code, "message": refusal.message}
        return Response(refusal.status, json.dumps(document).encode(), headers)
    if service == "s3":
        headers["x-amz-request-id"] = request_id
    headers["Content-Type"] = "text/xml"
    body = _xml(protocol, service, namespace, refusal, request_id)
    status = refusal.s3_status if service == "s3" else refusal.status
    return Response(status, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode(), headers)


def _xml(protocol: str, service: str, namespace: str, refusal: Refusal, request_id: str) -> str:
    code = refusal.s3_code if service == "s3" else refusal.query_code
    message = escape(_NOT_IN_XML.sub("\ufffd", refusal.message))
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    identity = escape(request_id)
    if service == "s3":
        return f"<Error>{error}<RequestId>{identity}</RequestId></Error>"
    if protocol == "ec2":
        return (
            f"<Response><Errors><Error>{error}</Error></Errors>"
            f"<RequestID>{identity}</RequestID></Response>"
        )
    return (
        f'<ErrorResponse xmlns="{escape(namespace)}"><Error><Type>Sender</Type>{error}</Error>'
        f"<RequestId>{identity}</RequestId></ErrorResponse>"
    )


@functools.lru_cache(maxsize=64)
def _protocol(service: str) -> tuple[str, str]:
    """The protocol of a service and the XML namespace of its answers."""
    try:
        description = _loader().load_service_model(service, "service-2")
    except UnknownServiceError:
        return "rest-json", ""
    model = ServiceModel(description, service)
    return model.resolved_protocol, model.metadata.get("xmlNamespace", "")


@functools.lru_cache(maxsize=1)
def _loader() -> Loader:
    # Without botocore's default search paths: the user's own models must not change an answer.
    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
