"""Roles for tests: made through boto3 alone, each with exactly one policy, and removed again."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from pytest_codeartifact.errors import CleanupError, CodeArtifactError
from pytest_codeartifact.targets.ownership import ANONYMOUS, ROLE_PATH, Naming
from pytest_codeartifact.targets.patience import Patience, at_once
from pytest_codeartifact.targets.workspace import code_of

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

    from pytest_codeartifact.targets.workspace import Domain, Repository
    from pytest_codeartifact.tools.base import Connection

Policy: TypeAlias = str | Mapping[str, Any] | Iterable[str | Mapping[str, Any]]
"""A policy as a dict or JSON text, its statements, or the names of actions allowed on `*`."""

_VERSION = "2012-10-17"
_POLICY_NAME = "allowed"
_SESSION_NAME = "pytest"


class Caller(Protocol):
    """Somebody who can call AWS, and can do so with another key."""

    def client(self) -> "CodeArtifactClient": ...
    def boto3_client(self, service: str) -> Any: ...  # noqa: ANN401 -- any service's
    def environment(self) -> dict[str, str]: ...
    def with_key(
        self, access_key_id: str, secret_access_key: str, session_token: str | None
    ) -> "Caller": ...


class Role:
    """A role that the test acts as; it may do what its one policy says."""

    name: str
    arn: str

    def __init__(
        self,
        name: str,
        arn: str,
        maker: Caller,
        session: Caller,
        on_token: Callable[[str], object],
        patience: Patience,
    ) -> None:
        self._patience = patience
        self.name = name
        self.arn = arn
        self._iam = maker.boto3_client("iam")
        self._session = session
        self._on_token = on_token

    def client(self) -> "CodeArtifactClient":
        """A boto3 CodeArtifact client that acts as this role."""
        return self._session.client()

    def boto3_client(self, service: str) -> Any:  # noqa: ANN401 -- any service's
        """A boto3 client of another AWS service, such as `sts`, that acts as this role."""
        return self._session.boto3_client(service)

    def environment(self) -> dict[str, str]:
        """The variables that let programs act as this role: `tools.aws.run(…, env=…)`."""
        return self._session.environment()

    def allow(self, policy: Policy) -> None:
        """Make this the role's only policy: from now on it may do this and nothing else."""
        document = document_of(policy)
        if document is None:
            self._forbid_everything()
        else:
            _put_policy(self._iam, self.name, _POLICY_NAME, document)
        self._patience.settle(f"what {self.name} may do to hold everywhere", time.monotonic())

    def token(self, domain: "Domain | str", duration_seconds: int | None = None) -> str:
        """An authorization token for a domain that acts as this role."""
        asked: dict[str, Any] = (
            {"domain": domain}
            if isinstance(domain, str)
            else {"domain": domain.name, "domainOwner": domain.owner}
        )
        if duration_seconds is not None:
            asked["durationSeconds"] = duration_seconds
        token = self.client().get_authorization_token(**asked)["authorizationToken"]
        self._on_token(token)
        return token

    def connection(self, repository: "Repository") -> "Connection":
        """What `codeartifact_tools.connect` takes, with a token that acts as this role."""
        # Tools and targets do not know each other otherwise.
        from pytest_codeartifact.tools.base import Connection  # noqa: PLC0415

        return Connection(
            domain=repository.domain.name,
            repository=repository.name,
            endpoint_url=repository.endpoint("pypi"),
            token=self.token(repository.domain),
        )

    def _forbid_everything(self) -> None:
        try:
            self._iam.delete_role_policy(RoleName=self.name, PolicyName=_POLICY_NAME)
        except self._iam.exceptions.NoSuchEntityException:
            return


class BotoRoles:
    """Makes roles with boto3, and removes them in reverse order.

    `on_token` is told every token that was handed out, so that it can be masked in reports.
    `boundary` is the ARN of the policy that bounds every role made, empty for none.
    """

    def __init__(
        self,
        maker: Caller,
        on_token: Callable[[str], object] = lambda _: None,
        *,
        naming: Naming = ANONYMOUS,
        patience: Patience | None = None,
        boundary: str = "",
    ) -> None:
        self._maker = maker
        self._on_token = on_token
        self._naming = naming
        self._patience = patience or at_once()
        self._boundary = boundary
        self._made: list[str] = []

    def role(self, policy: Policy) -> Role:
        """Make a role that only the caller may assume, with this policy, and assume it."""
        document_of(policy)  # before anything is made: it may be no policy
        sts = self._maker.boto3_client("sts")
        # Source: "Create a role for an IAM user" (IAM User Guide). The caller is named, not its
        # account, so that nobody else of the account can become the role.
        name, arn = self._make({"AWS": sts.get_caller_identity()["Arn"]})
        given = self._patience.until(
            f"{name} to be there for who assumes it",
            lambda: sts.assume_role(RoleArn=arn, RoleSessionName=_SESSION_NAME)["Credentials"],
            lambda error: code_of(error) == "AccessDenied",
        )
        session = self._maker.with_key(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        )
        role = Role(name, arn, self._maker, session, self._on_token, self._patience)
        role.allow(policy)
        return role

    def service_role(self, service: str, policies: Mapping[str, Policy]) -> str:
        """Make a role that only an AWS service may assume, with policies by name; its ARN.

        `service` is the service's principal, such as `codebuild.amazonaws.com`.
        """
        documents = {name: document_of(policy) for name, policy in policies.items()}
        role, arn = self._make({"Service": service})
        iam = self._maker.boto3_client("iam")
        for name, document in documents.items():
            if document is not None:
                _put_policy(iam, role, name, document)
        return arn

    def _make(self, principal: Mapping[str, str]) -> tuple[str, str]:
        """Make a role that this principal may assume: its name and ARN."""
        iam, name = self._maker.boto3_client("iam"), self._naming.name()
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        told = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=_document([trust]), **self._marks()
        )["Role"]
        self._made.append(name)
        return name, told["Arn"]

    def _marks(self) -> Mapping[str, Any]:
        """By what a role of a shared account is known, and bounded."""
        if not self._naming.tags:
            return {}
        tags = [{"Key": key, "Value": text} for key, text in self._naming.tags.items()]
        bound = {"PermissionsBoundary": self._boundary} if self._boundary else {}
        return {"Path": ROLE_PATH, "Tags": tags, **bound}

    def close(self) -> None:
        """Remove all that was made, newest first; raises CleanupError for what would not go."""
        failures = []
        while self._made:
            name = self._made.pop()
            try:
                self._remove(name)
            except (BotoCoreError, ClientError) as error:
                failures.append((name, error))
        if failures:
            names = ", ".join(name for name, _ in failures)
            commands = "; ".join(f"aws iam delete-role --role-name {name}" for name, _ in failures)
            raise CleanupError(
                f"roles not removed: {names}: {failures[0][1]}", hint=f"finish by hand: {commands}"
            )

    def _remove(self, name: str) -> None:
        iam = self._maker.boto3_client("iam")
        try:
            # A role goes only without its policies, also those that the test gave it by itself.
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                iam.delete_role_policy(RoleName=name, PolicyName=policy)
            for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
            iam.delete_role(RoleName=name)
        except iam.exceptions.NoSuchEntityException:
            # The test removed it itself, or the emulator forgot everything.
            return


def _put_policy(iam: Any, role: str, name: str, document: str) -> None:  # noqa: ANN401 -- a boto3 client
    try:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    except iam.exceptions.MalformedPolicyDocumentException as error:
        raise _no_policy(f"IAM says {error.response['Error']['Message']!r}") from error


def document_of(policy: Policy) -> str | None:
    """The policy as JSON text, None where it allows nothing; raises CodeArtifactError."""
    if isinstance(policy, str):
        return _document_of_text(policy)
    if isinstance(policy, Mapping):
        return json.dumps(policy) if "Statement" in policy else _document([policy])
    parts = list(policy)
    statements = [each for each in parts if isinstance(each, Mapping)]
    actions = [each for each in parts if isinstance(each, str)]
    if len(statements) + len(actions) < len(parts):
        raise _no_policy("its parts are neither statements nor names of actions")
    if actions:
        statements.append({"Effect": "Allow", "Action": actions, "Resource": "*"})
    return _document(statements) if statements else None


def _document_of_text(text: str) -> str | None:
    try:
        read = json.loads(text)
    except ValueError as error:
        raise _no_policy(f"the text is not JSON: {error}") from error
    if isinstance(read, Mapping) and "Statement" in read:
        return text
    if not isinstance(read, Mapping | list):
        raise _no_policy("the text is neither a JSON object nor a list")
    return document_of(read)


def _document(statements: Iterable[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": _VERSION, "Statement": list(statements)})


def _no_policy(reason: str) -> CodeArtifactError:
    return CodeArtifactError(
        f"this is no policy: {reason}",
        hint="give a policy as a dict or JSON text, its statements, or a list of action names",
    )
