"""What must be true before anything is made on a real account; nothing here writes.

Each guard refuses with a sentence that says what was found and what to do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)

from pytest_codeartifact.errors import GuardError
from pytest_codeartifact.targets.ownership import Claim
from pytest_codeartifact.targets.workspace import code_of

if TYPE_CHECKING:
    from boto3.session import Session

DOMAINS_OF_A_RUN = 3
"""How many domains a run has at once: the fixtures' one, the article's, and that of a check."""

_SHOWN_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls: the account's id, and the ARN of the user or the role's session."""

    account: str
    arn: str

    @property
    def owner(self) -> str:
        """The name of who calls, without the account."""
        return self.arn.rpartition(":")[2].partition("/")[2] or "root"


@dataclass(frozen=True, slots=True)
class Room:
    """How many domains there are in the Region, and how many there may be.

    `left_over` are those of earlier runs that have expired.
    """

    domains: int
    quota: int
    left_over: tuple[str, ...] = ()

    @property
    def free(self) -> int:
        return max(0, self.quota - self.domains)


def masked(account: str) -> str:
    """An account's id with only its last digits."""
    return "*" * (len(account) - _SHOWN_DIGITS) + account[-_SHOWN_DIGITS:]


def refuse_redirection(session: "Session") -> None:
    """Refuse a profile that sends calls elsewhere; raises GuardError.

    Source: "Service-specific endpoints" (AWS SDKs and Tools Reference Guide).
    """
    core: Any = session._session  # noqa: SLF001 -- boto3 has no other way to its configuration
    profile: Mapping[str, Any] = core.get_scoped_config()
    services: Mapping[str, Any] = core.full_config.get("services", {})
    named = str(profile.get("services", ""))
    found = [name for name in ("endpoint_url",) if profile.get(name)]
    found += [
        f"endpoint_url of {service} in services {named}"
        for service, settings in services.get(named, {}).items()
        if isinstance(settings, Mapping) and settings.get("endpoint_url")
    ]
    if found:
        raise GuardError(
            f"the profile {session.profile_name!r} would lead calls away from AWS: {found[0]}",
            hint="take it out of the AWS configuration file, or use another profile",
        )


def identify(sts: Any, allowed: Sequence[str], named_by: str) -> Identity:  # noqa: ANN401 -- a boto3 client
    """Who calls, if the account is one of those `allowed`; raises GuardError.

    `named_by` is the option by which accounts are allowed.
    """
    try:
        told = sts.get_caller_identity()
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        raise GuardError(
            f"no AWS credentials: {error}",
            hint="log in (such as by aws sso login), set AWS_PROFILE, or give the job a role",
        ) from None
    except (BotoCoreError, ClientError) as error:
        raise GuardError(
            f"AWS does not say who calls: {error}", hint="check credentials, network and proxy"
        ) from None
    identity = Identity(told["Account"], told["Arn"])
    if identity.account not in allowed:
        raise GuardError(
            f"the credentials are of account {masked(identity.account)}, and only "
            f"{', '.join(masked(each) for each in allowed)} may be worked in",
            hint=f"use other credentials, or name the account by {named_by} if it is one for tests",
        )
    return identity


def room_for_domains(client: Any, quota: int, prefix: str, now: datetime) -> Room:  # noqa: ANN401 -- a boto3 client
    """How many domains there are; raises GuardError for what the caller may not list."""
    try:
        pages = client.get_paginator("list_domains").paginate()
        found = [domain for page in pages for domain in page["domains"]]
        ours = [each for each in found if each["name"].startswith(f"{prefix}-")]
        expired = [each["name"] for each in ours if _has_expired(client, each["arn"], now)]
    except (BotoCoreError, ClientError) as error:
        raise GuardError(
            f"the domains of the account cannot be listed: {error}",
            hint="the policies that the gate needs are in examples/nightly/iam",
        ) from None
    return Room(len(found), quota, tuple(expired))


def refuse_short_room(room: Room, wanted: int = DOMAINS_OF_A_RUN) -> None:
    """Refuse an account that has no room for a run's domains; raises GuardError."""
    if room.free >= wanted:
        return
    left = ""
    if room.left_over:
        left = f"; left over and expired: {_named(room.left_over)}"
    raise GuardError(
        f"the account has {room.domains} of {room.quota} domains, and a run needs room for "
        f"{wanted}{left}",
        hint="remove what is left over by `pytest-codeartifact sweep --delete`, delete others, or "
        "name a raised quota by --codeartifact-domain-quota",
    )


def _has_expired(client: Any, arn: str, now: datetime) -> bool:  # noqa: ANN401 -- a boto3 client
    try:
        told = client.list_tags_for_resource(resourceArn=arn)["tags"]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            # It was deleted a moment ago, and is listed still.
            return False
        raise
    claim = Claim.read({each["key"]: each["value"] for each in told})
    return claim is not None and claim.expires <= now


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
