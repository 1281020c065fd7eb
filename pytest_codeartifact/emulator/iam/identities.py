"""What IAM knows of a principal today, whoever keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.iam.documents import Policy, read_identity_policy

ADMINISTRATOR_ACCESS = read_identity_policy(
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    "arn:aws:iam::aws:policy/AdministratorAccess",
)
"""What an account's administrator is attached."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Policies, boundary and tags of a user or role; `organization` is its account's."""

    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    username: str | None = None
    organization: str | None = None


class Identities(Protocol):
    """Where principals are looked up, at each request anew: what changes, changes their power."""

    @property
    def generation(self) -> int:
        """A number that grows whenever an identity may have changed."""
        ...

    def identity(self, caller: Caller) -> Identity | None:
        """The user or role behind a caller; None when it was deleted meanwhile."""
        ...
