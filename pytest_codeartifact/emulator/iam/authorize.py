"""Whether a caller may do a thing."""

from dataclasses import dataclass

from pytest_codeartifact.emulator.errors import AccessDenied
from pytest_codeartifact.emulator.iam.callers import Caller


@dataclass(frozen=True, slots=True)
class Grant:
    """An IAM action on a resource, such as `codeartifact:ReadFromRepository` on an ARN."""

    action: str
    resource: str


def authorize(caller: Caller, grant: Grant) -> None:
    """Return when the caller may; raise AccessDenied otherwise.

    Differs: identity and resource policies are not evaluated yet, so only the account's
    administrator is granted anything.
    """
    if not caller.is_administrator:
        msg = (
            f"User: {caller.arn} is not authorized to perform: {grant.action} on resource: "
            f"{grant.resource} because no policy is evaluated yet: this emulator grants its "
            "administrator key only"
        )
        raise AccessDenied(msg)
