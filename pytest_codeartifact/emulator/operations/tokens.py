"""Authorization tokens. Source: "AWS CodeArtifact authentication and tokens" (User Guide)."""

from collections.abc import Mapping
from typing import Any

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.calls import Call, on_domain
from pytest_codeartifact.emulator.iam.grants import Grant
from pytest_codeartifact.emulator.iam.tokens import DEFAULT_SECONDS
from pytest_codeartifact.emulator.operations.lookups import find_domain


def _bearer(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:  # noqa: ARG001 - a rule
    """A token is a bearer token of STS, so its permission is needed too, after our own.

    Source: "Service bearer tokens" (IAM User Guide); only the caller's own policies can grant it.
    """
    # An omitted duration counts as the twelve hours it means.
    seconds = request.get("durationSeconds", DEFAULT_SECONDS)
    facts = (
        ("sts:AWSServiceName", "codeartifact.amazonaws.com"),
        ("sts:DurationSeconds", str(seconds)),
    )
    return [Grant.anywhere("sts:GetServiceBearerToken", facts=facts)]


@operation(on_domain, _bearer)
def get_authorization_token(
    call: Call, request: shapes.GetAuthorizationTokenRequest
) -> shapes.GetAuthorizationTokenResult:
    """Make a token for the package endpoints of a domain; by default it lives 12 hours."""
    domain = call.domain_id(request)
    with call.store.read() as tx:
        find_domain(tx, domain)
    token, expires = call.tokens.mint(call.caller, domain, request.get("durationSeconds"))
    return {"authorizationToken": token, "expiration": expires}
