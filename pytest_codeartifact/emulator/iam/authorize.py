"""Whether a caller may do a thing."""

from dataclasses import dataclass

from pytest_codeartifact.emulator.errors import AccessDenied
from pytest_codeartifact.emulator.iam.callers import Caller


@dataclass(frozen=True, slots=True)
class Grant:
    """An IAM action on a resource, such as `codeartifact:ReadFromRepository` on an ARN."""

    action: str
    resource: str

    @property
    def account(self) -> str | None:
        """The account the resource belongs to; None for `*`."""
        parts = self.resource.split(":", 5)
        return parts[4] if len(parts) > 5 else None  # noqa: PLR2004 - an ARN has six parts


def authorize(caller: Caller, grant: Grant) -> None:
    """Return when the caller may; raise AccessDenied otherwise.

    Differs: identity and resource policies are not evaluated yet: an account's administrator may
    do everything in that account, nobody else may do anything.
    """
    if grant.account not in {None, caller.account}:
        reason = f"no resource-based policy allows the {grant.action} action"
    elif not caller.is_administrator:
        reason = f"no identity-based policy allows the {grant.action} action"
    else:
        return
    raise AccessDenied(
        f"User: {caller.arn} is not authorized to perform: {grant.action} on resource:"
        f" {grant.resource} because {reason}"
    )
