from typing import Any

import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser

from pytest_codeartifact.emulator.http import Response
from pytest_codeartifact.emulator.iam.refusals import (
    ExpiredAddress,
    ExpiredToken,
    IncompleteSignature,
    InvalidSignature,
    MissingAuthenticationToken,
    Refusal,
    SkewedClock,
    UnrecognizedClient,
    WrongSessionToken,
    refusal_response,
)

JSON_SERVICES = {"codeartifact": "rest-json", "logs": "json", "kms": "json", "codebuild": "json"}
XML_SERVICES = {"sts": "query", "iam": "query", "ec2": "ec2", "route53": "rest-xml"}


def read(response: Response, protocol: str) -> tuple[int, str, str, str]:
    """Status, code, message and request id as botocore's parser reads them."""
    assert isinstance(response.body, bytes)
    nothing: Any = None  # what botocore passes for an operation without output
    answer = create_parser(protocol).parse(
        {
            "status_code": response.status,
            "headers": HeadersDict(response.headers),
            "body": response.body,
        },
        nothing,
    )
    metadata = answer["ResponseMetadata"]
    error = answer["Error"]
    return metadata["HTTPStatusCode"], error["Code"], error["Message"], metadata["RequestId"]


@pytest.mark.parametrize(("service", "protocol"), JSON_SERVICES.items())
@pytest.mark.parametrize(
    ("refusal", "code", "status"),
    [
        (MissingAuthenticationToken(), "MissingAuthenticationTokenException", 403),
        (IncompleteSignature("It lacks <this>."), "IncompleteSignatureException", 400),
        (UnrecognizedClient(), "UnrecognizedClientException", 403),
        (WrongSessionToken(), "UnrecognizedClientException", 403),
        (InvalidSignature(), "InvalidSignatureException", 403),
        (SkewedClock("Signature expired: …"), "InvalidSignatureException", 403),
        (ExpiredToken(), "ExpiredTokenException", 403),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Refusal) else "",
)
def test_json_service_refuses_with_exception_names(
    service: str, protocol: str, refusal: Refusal, code: str, status: int
) -> None:
    """Clients of JSON services read code, message and request id of a refusal."""
    response = refusal_response(refusal, service, "request-1")
    assert read(response, protocol) == (status, code, refusal.message, "request-1")


@pytest.mark.parametrize(("service", "protocol"), XML_SERVICES.items())
@pytest.mark.parametrize(
    ("refusal", "code", "status"),
    [
        (MissingAuthenticationToken(), "MissingAuthenticationToken", 403),
        (IncompleteSignature("It lacks <this> & that."), "IncompleteSignature", 400),
        (UnrecognizedClient(), "InvalidClientTokenId", 403),
        (InvalidSignature(), "SignatureDoesNotMatch", 403),
        (SkewedClock("Signature expired: …"), "SignatureDoesNotMatch", 403),
        (ExpiredToken(), "ExpiredToken", 403),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Refusal) else "",
)
def test_xml_service_refuses_with_its_own_codes(
    service: str, protocol: str, refusal: Refusal, code: str, status: int
) -> None:
    """Clients of the older protocols read the older codes."""
    response = refusal_response(refusal, service, "request-1")
    assert read(response, protocol) == (status, code, refusal.message, "request-1")


@pytest.mark.parametrize(
    ("refusal", "code", "status"),
    [
        (UnrecognizedClient(), "InvalidAccessKeyId", 403),
        (WrongSessionToken(), "InvalidToken", 400),
        (InvalidSignature(), "SignatureDoesNotMatch", 403),
        (SkewedClock("…"), "RequestTimeTooSkewed", 403),
        (ExpiredAddress(), "AccessDenied", 403),
        (ExpiredToken(), "ExpiredToken", 400),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Refusal) else "",
)
def test_s3_refuses_with_its_own_codes(refusal: Refusal, code: str, status: int) -> None:
    """S3's clients read S3's codes."""
    response = refusal_response(refusal, "s3", "request-1")
    assert read(response, "rest-xml") == (status, code, refusal.message, "request-1")


@pytest.mark.parametrize("service", ["nowhere", "../codeartifact", ""])
def test_unknown_service_refuses_in_json(service: str) -> None:
    """A scope that names no service of AWS still gets an answer."""
    response = refusal_response(UnrecognizedClient(), service, "request-1")
    assert read(response, "rest-json")[1] == "UnrecognizedClientException"
