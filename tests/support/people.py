"""Users, roles and sessions of an account, made through IAM and STS as anybody makes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_codeartifact.emulator.iam.accounts import Account
from tests.support.emulation import Emulation, Shelf, refusal

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient
    from types_boto3_iam import IAMClient
    from types_boto3_sts import STSClient

Document = Mapping[str, Any]
BEARER: Document = {
    "Effect": "Allow",
    "Action": "sts:GetServiceBearerToken",
    "Resource": "*",
    "Condition": {"StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}},
}
"""The statement that everybody forgets."""


def policy(*statements: Document) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str | Sequence[str] = "*", **more: Any) -> Document:  # noqa: ANN401 - JSON
    """A statement that allows actions of CodeArtifact; keywords are further elements."""
    return {"Effect": "Allow", "Action": _prefixed(actions), "Resource": resource, **more}


def deny(*actions: str, resource: str | Sequence[str] = "*", **more: Any) -> Document:  # noqa: ANN401 - JSON
    """A statement that denies actions of CodeArtifact; keywords are further elements."""
    return {"Effect": "Deny", "Action": _prefixed(actions), "Resource": resource, **more}


def _prefixed(actions: Sequence[str]) -> list[str]:
    return [action if ":" in action else f"codeartifact:{action}" for action in actions]


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key, of a session with its token."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class People:
    """The people of one account of an emulator."""

    emulation: Emulation
    account: Account

    @property
    def administrator(self) -> Keys:
        """The key of the account's administrator."""
        return Keys(self.account.access_key_id, self.account.secret_access_key)

    @property
    def iam(self) -> "IAMClient":
        """IAM, asked by the administrator."""
        return cast("IAMClient", self.ask("iam"))

    def sts(self, keys: Keys | None = None) -> "STSClient":
        """STS, by default asked by the administrator."""
        return cast("STSClient", self.ask("sts", keys))

    def codeartifact(self, keys: Keys | None = None) -> "CodeArtifactClient":
        """CodeArtifact, by default asked by the administrator."""
        return cast("CodeArtifactClient", self.ask("codeartifact", keys))

    def ask(self, service: str, keys: Keys | None = None) -> Any:  # noqa: ANN401 - any service's client
        """A boto3 client whose requests go straight into the emulator."""
        keys = keys or self.administrator
        return self.emulation.boto3_client(
            service, keys.access_key_id, keys.secret_access_key, keys.session_token
        )

    def user(self, name: str, *statements: Document) -> Keys:
        """A new user with these statements as its only policy."""
        self.iam.create_user(UserName=name)
        if statements:
            document = policy(*statements)
            self.iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return Keys(key["AccessKeyId"], key["SecretAccessKey"])

    def role(self, name: str, *statements: Document, trust: str = "", **more: Any) -> str:  # noqa: ANN401 - boto3's
        """A new role, by default trusting its account; returns its ARN."""
        trust = trust or trusting(f"arn:aws:iam::{self.account.number}:root")
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)
        if statements:
            document = policy(*statements)
            self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        return role["Role"]["Arn"]

    def assume(self, arn: str, keys: Keys | None = None, **more: Any) -> Keys:  # noqa: ANN401 - boto3's
        """Become a role, as session `tests` unless named otherwise."""
        asked = {"RoleSessionName": "tests"} | more
        made = self.sts(keys).assume_role(RoleArn=arn, **asked)["Credentials"]
        return Keys(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])

    def in_role(self, *statements: Document, name: str = "worker") -> Keys:
        """A session of a new role with these statements as its only policy."""
        return self.assume(self.role(name, *statements))

    def shelf(self, keys: Keys | None = None, repository: str = "store") -> Shelf:
        """The Python endpoint of a repository of the domain `team`, with a token of these keys."""
        answer = self.codeartifact(keys).get_authorization_token(domain="team")
        return Shelf(
            self.emulation,
            "team",
            repository,
            answer["authorizationToken"],
            owner=self.account.number,
        )


def trusting(*principals: str, **more: Any) -> str:  # noqa: ANN401 - JSON
    """A trust policy; keywords are further elements of its statement, or replace some."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": "sts:AssumeRole",
        **more,
    }
    return policy(statement)


def denied(client: "CodeArtifactClient", operation: str, **request: Any) -> str:  # noqa: ANN401 - boto3's
    """The sentence with which an operation is denied."""
    with pytest.raises(client.exceptions.AccessDeniedException) as refused:
        getattr(client, operation)(**request)
    assert refusal(refused)["ResponseMetadata"]["HTTPStatusCode"] == 403
    return str(refusal(refused)["Error"]["Message"])
