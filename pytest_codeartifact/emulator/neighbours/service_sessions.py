"""Service roles: what AWS CodeBuild becomes to run a project's builds.

Sources: "Allow CodeBuild to interact with other AWS services", "Cross-service confused deputy
prevention" (AWS CodeBuild User Guide).
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.iam.authorize import about_moment
from pytest_codeartifact.emulator.iam.callers import Caller, Session
from pytest_codeartifact.emulator.iam.documents import MalformedPolicy
from pytest_codeartifact.emulator.iam.policy import Applicable, Principal, Question, decide
from pytest_codeartifact.emulator.neighbours import Neighbours
from pytest_codeartifact.emulator.neighbours.identities import PARTITION, MotoIdentities
from pytest_codeartifact.emulator.neighbours.policies import read_trust_policy

if TYPE_CHECKING:
    from moto.iam.models import Role
    from moto.sts.models import AssumedRole

SERVICE = "codebuild.amazonaws.com"
SECONDS = 3600
"""How long a session lasts unless asked otherwise."""

_ACTION = "sts:AssumeRole"
_REGION = "us-east-1"
"""Where moto's partition `aws` is at home; a session is good everywhere."""

# As seen in answers of CreateProject and StartBuild since 2024.
_REFUSAL = (
    "CodeBuild is not authorized to perform: sts:AssumeRole on service role. Please verify that: 1)"
    " The provided service role exists, 2) The role name is case-sensitive and matches exactly, and"
    " 3) The role has the necessary trust policy configured."
)


class NotTrusted(Exception):
    """There is no such role, or it does not trust CodeBuild; the text is CodeBuild's sentence."""

    def __init__(self) -> None:
        super().__init__(_REFUSAL)


@dataclass(frozen=True, slots=True)
class Issued:
    """The credentials of a session; `expires` is in seconds since the epoch."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    caller: Caller
    expires: float


class ServiceSessions:
    """Lets CodeBuild become roles that trust it."""

    def __init__(self, neighbours: Neighbours, identities: MotoIdentities, clock: Clock) -> None:
        self._neighbours = neighbours
        self._identities = identities
        self._clock = clock

    def check(self, role_arn: str, source_arn: str) -> None:
        """Return when the role trusts CodeBuild; raise NotTrusted otherwise.

        `source_arn` is the project for which it would be assumed, as trust policies may ask.
        """
        with self._neighbours.visit():
            self._trusting(role_arn, source_arn)

    def assume(
        self, role_arn: str, session_name: str, *, source_arn: str, seconds: int = SECONDS
    ) -> Issued:
        """A new session of the role, for as long as asked for and the role allows.

        Its key works at once, and ends by the emulator's clock. Raises NotTrusted.
        """
        with self._neighbours.visit():
            role = self._trusting(role_arn, source_arn, ("sts:RoleSessionName", session_name))
            seconds = min(seconds, int(role.max_session_duration or seconds))
            with self._identities.making:
                made = self._make(role, session_name, seconds)
                self._identities.remember(made, Session(role.arn, self._clock.now()))
            known = self._identities.find(made.access_key_id)
        if known is None or known.session_token is None or known.caller.expires is None:
            msg = f"moto lost a session of {role_arn} that it has just made"
            raise RuntimeError(msg)
        return Issued(
            known.access_key_id,
            known.secret_access_key,
            known.session_token,
            known.caller,
            known.caller.expires,
        )

    def _make(self, role: "Role", session_name: str, seconds: int) -> "AssumedRole":
        from moto.sts.models import sts_backends  # noqa: PLC0415 - heavy, so only once in use

        # Moto counts from the machine's time; the session is to end by the emulator's.
        ahead = int(self._clock.now() - self._clock.machine_now())
        return sts_backends[role.account_id][PARTITION].assume_role(
            region_name=_REGION,
            role_session_name=session_name,
            role_arn=role.arn,
            policy="",
            duration=seconds + ahead,
            external_id="",
        )

    def _trusting(self, role_arn: str, source_arn: str, *facts: tuple[str, str]) -> "Role":
        role = self._identities.role(role_arn)
        if role is None:
            raise NotTrusted
        try:
            trust = read_trust_policy(role.assume_role_policy_document)
        except MalformedPolicy as error:
            # A role that another service of moto made, with a policy that IAM refuses.
            raise NotTrusted from error
        question = Question(
            principal=Principal(account="", arn="", service=SERVICE),
            action=_ACTION,
            resource=role.arn,
            accounts=frozenset({role.account_id}),
            context={
                "aws:PrincipalIsAWSService": "true",
                "aws:PrincipalServiceName": SERVICE,
                "aws:SourceArn": source_arn,
                "aws:SourceAccount": source_arn.split(":")[4],
                "aws:SecureTransport": "true",
                "aws:ViaAWSService": "false",
                "aws:ResourceAccount": role.account_id,
                **{f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in role.tags},
                **about_moment(self._clock.now()),
                **dict(facts),
            },
        )
        if not decide(question, Applicable(resource=(trust,))).is_allowed:
            raise NotTrusted
        return role
