"""Moto's users, roles and sessions as principals of ours: who they are and what IAM says of them.

Nothing is kept here: each look reads what moto has at that moment.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pytest_codeartifact.emulator.iam.accounts import ADMINISTRATOR
from pytest_codeartifact.emulator.iam.callers import Caller, Credential, Session
from pytest_codeartifact.emulator.iam.documents import (
    MalformedPolicy,
    Policy,
    read_identity_policy,
)
from pytest_codeartifact.emulator.iam.identities import ADMINISTRATOR_ACCESS, Identity

if TYPE_CHECKING:
    from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User
    from moto.sts.models import AssumedRole

PARTITION = "aws"
_UNREADABLE = read_identity_policy(
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
)
_SESSION_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class _Made:
    """A session as it was made, with the unique id of its role and its own name."""

    principal_id: str
    session: Session


class MotoIdentities:
    """Fulfils `Keyring` and `Identities` for what was made through IAM and STS.

    Importing moto takes half a second, so before `open` is called there is nobody but the
    administrators.
    """

    def __init__(self) -> None:
        self._is_open = False
        self._generation = 0
        self._changing = threading.Lock()
        self._sessions: WeakKeyDictionary[AssumedRole, _Made] = WeakKeyDictionary()
        self.making = threading.Lock()
        """Held while moto makes a session and until that is remembered."""

    @property
    def generation(self) -> int:
        """A number that grows whenever an identity may have changed."""
        return self._generation

    def open(self) -> None:
        """From now on moto may have users, roles and sessions."""
        self._is_open = True

    def changed(self) -> None:
        """Say that something in moto may have changed."""
        # Two at once must not bring an old number back, under which old decisions are remembered.
        with self._changing:
            self._generation += 1

    def remember(self, assumed: "AssumedRole", session: Session) -> None:
        """Keep what moto does not know of a session: its policies, tags and beginning.

        And whose it is: moto looks the role up by its name each time, and may find a namesake.
        """
        self._sessions[assumed] = _Made(assumed.user_id, session)

    # --- Keyring ---

    def find(self, access_key_id: str) -> Credential | None:
        """The credential of a user or session; None for a key that is unknown or inactive."""
        if not self._is_open:
            return None
        return self._session_credential(access_key_id) or self._user_credential(access_key_id)

    def _session_credential(self, access_key_id: str) -> Credential | None:
        from moto.sts.models import sts_backends  # noqa: PLC0415 - heavy, so only once in use

        for account, backends in list(sts_backends.items()):
            assumed = backends[PARTITION].get_assumed_role_from_access_key(access_key_id)
            if assumed is not None:
                expires = assumed.expiration.replace(tzinfo=UTC).timestamp()
                made = self._sessions.get(assumed) or _made_by_others(assumed, expires)
                caller = Caller(
                    account=account,
                    arn=assumed.arn,
                    principal_id=made.principal_id,
                    access_key_id=access_key_id,
                    expires=expires,
                    session=made.session,
                )
                return Credential(
                    access_key_id, assumed.secret_access_key, caller, assumed.session_token
                )
        return None

    def _user_credential(self, access_key_id: str) -> Credential | None:
        for account, backend in _iam():
            user = backend.get_user_from_access_key_id(access_key_id)
            if user is None:
                continue
            key = user.get_access_key_by_id(access_key_id)
            if key.status == "Active":
                caller = Caller(account, user.arn, user.id, access_key_id)
                return Credential(access_key_id, key.secret_access_key, caller)
        return None

    # --- Identities ---

    def identity(self, caller: Caller) -> Identity | None:
        """The user or role behind a caller; None when it was deleted meanwhile."""
        if caller.is_administrator:
            return self._administrator(caller)
        if not self._is_open:
            return None
        if caller.session is None:
            user = self._user(caller)
            return _identity_of_user(user, caller.account) if user else None
        role = self.role(caller.session.role_arn)
        # A namesake made later is another role: the unique id in the session tells them apart.
        if role is None or role.id != caller.principal_id.partition(":")[0]:
            return None
        return _identity_of_role(role)

    def role(self, arn: str) -> "Role | None":
        """The role of this ARN, in whatever account."""
        if not self._is_open:
            return None
        for _, backend in _iam():
            for role in list(backend.roles.values()):
                if role.arn == arn:
                    return role
        return None

    def managed_policy(self, arn: str, account: str) -> Policy | None:
        """A managed policy as an account sees it."""
        for number, backend in _iam():
            if number == account:
                return _managed_policy(backend, arn)
        return None

    def _administrator(self, caller: Caller) -> Identity:
        if not self._is_open:
            return Identity((ADMINISTRATOR_ACCESS,), username=ADMINISTRATOR)
        # Moto knows an account only once that has asked one of moto's services.
        known = self._user(caller)
        given = _identity_of_user(known, caller.account) if known else Identity()
        return Identity(
            policies=(ADMINISTRATOR_ACCESS, *given.policies),
            tags=given.tags,
            username=ADMINISTRATOR,
            organization=_organization(caller.account),
        )

    def _user(self, caller: Caller) -> "User | None":
        for account, backend in _iam():
            if account == caller.account:
                users = list(backend.users.values())
                return next((user for user in users if user.id == caller.principal_id), None)
        return None


def _iam() -> "Iterator[tuple[str, IAMBackend]]":
    from moto.iam.models import iam_backends  # noqa: PLC0415 - heavy, so only once in use

    for account, backends in list(iam_backends.items()):
        yield account, backends[PARTITION]


def _made_by_others(assumed: "AssumedRole", expires: float) -> _Made:
    """A session that somebody else let moto make."""
    policies = (assumed.policy,) if assumed.policy else ()
    session = Session(assumed.role_arn, expires - _SESSION_SECONDS, policies)
    return _Made(assumed.user_id, session)


def _identity_of_user(user: "User", account: str) -> Identity:
    from moto.iam.models import iam_backends  # noqa: PLC0415 - heavy, so only once in use

    backend = iam_backends[account][PARTITION]
    # Not asked for by the user's name: the user may be deleted meanwhile, which is no error here.
    groups: list[Group] = [each for each in list(backend.groups.values()) if user in each.users]
    return Identity(
        # Differs: moto keeps no permissions boundaries of users, only those of roles.
        policies=(*_policies_of(user), *(p for group in groups for p in _policies_of(group))),
        tags={tag["Key"]: tag["Value"] for tag in user.tags or []},
        username=user.name,
        organization=_organization(account),
    )


def _identity_of_role(role: "Role") -> Identity:
    from moto.iam.models import iam_backends  # noqa: PLC0415 - heavy, so only once in use

    boundary = role.permissions_boundary_arn
    return Identity(
        policies=tuple(_policies_of(role)),
        boundary=_boundary(iam_backends[role.account_id][PARTITION], boundary)
        if boundary
        else None,
        tags={tag["Key"]: tag["Value"] for tag in role.tags},
        organization=_organization(role.account_id),
    )


def _policies_of(holder: "User | Group | Role") -> Iterator[Policy]:
    for document in list(holder.policies.values()):
        yield _readable(document)
    for policy in list(holder.managed_policies.values()):
        yield _read(policy)


def _managed_policy(backend: "IAMBackend", arn: str) -> Policy | None:
    found = backend.managed_policies.get(arn)
    return _read(found) if found else None


def _boundary(backend: "IAMBackend", arn: str) -> Policy:
    """The policy that caps a role; moto lets go of one in use, and then it must not be as none."""
    return _managed_policy(backend, arn) or _UNREADABLE


def _read(policy: "ManagedPolicy") -> Policy:
    versions = policy.versions
    document = next(v.document for v in versions if v.version_id == policy.default_version_id)
    return _readable(document, policy.arn)


def _readable(document: str, arn: str | None = None) -> Policy:
    """The policy, or one that denies everything where nobody can read it.

    IAM's own operations refuse such a document; other services of moto can bring one in.
    """
    try:
        return read_identity_policy(document, arn)
    except MalformedPolicy:
        return _UNREADABLE


def _organization(account: str) -> str | None:
    """The id of the organization that moto's Organizations has put an account into."""
    from moto.organizations.models import organizations_backends  # noqa: PLC0415 - likewise

    for _, backends in list(organizations_backends.items()):
        backend = backends[PARTITION]
        if backend.org and any(member.id == account for member in backend.accounts):
            return str(backend.org.id)
    return None
