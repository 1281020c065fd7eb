import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pytest_codeartifact.errors import CleanupError, CodeArtifactError
from pytest_codeartifact.targets.roles import BotoRoles, Policy, document_of

LISTING = {"Effect": "Allow", "Action": "codeartifact:ListDomains", "Resource": "*"}
DOCUMENT = {"Version": "2012-10-17", "Statement": [LISTING]}


@pytest.mark.parametrize(
    "policy",
    [
        DOCUMENT,
        LISTING,
        [LISTING],
        json.dumps(DOCUMENT),
        json.dumps(LISTING),
        json.dumps([LISTING]),
    ],
    ids=str,
)
def test_every_form_is_the_same_policy(policy: Policy) -> None:
    """A document, its statement, a list of statements, and the text of each."""
    assert json.loads(document_of(policy) or "") == DOCUMENT


def test_actions_are_allowed_everywhere() -> None:
    """Names of actions make one statement, after the statements that are given with them."""
    document = json.loads(document_of([LISTING, "sts:TagSession", "iam:*"]) or "")
    assert document["Statement"] == [
        LISTING,
        {"Effect": "Allow", "Action": ["sts:TagSession", "iam:*"], "Resource": "*"},
    ]


def test_text_of_a_document_is_kept_as_it_is() -> None:
    """What somebody wrote is what IAM gets, blanks and order of members included."""
    text = json.dumps(DOCUMENT, indent=3)
    assert document_of(text) is text


@pytest.mark.parametrize("policy", [(), [], "[]"], ids=repr)
def test_nothing_is_no_policy_at_all(policy: Policy) -> None:
    """A role without permissions has no policy: one without statements is malformed."""
    assert document_of(policy) is None


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("codeartifact:ListDomains", "the text is not JSON: "),
        ("", "the text is not JSON: "),
        ('"codeartifact:ListDomains"', "neither a JSON object nor a list"),
        ("7", "neither a JSON object nor a list"),
        ([7], "its parts are neither statements nor names of actions"),
        (["iam:*", None], "its parts are neither statements nor names of actions"),
    ],
    ids=str,
)
def test_what_is_no_policy_is_refused(policy: Any, text: str) -> None:  # noqa: ANN401 - anything
    """The refusal says what is wrong and which forms there are."""
    with pytest.raises(CodeArtifactError) as refused:
        document_of(policy)
    assert text in str(refused.value)
    assert str(refused.value).endswith(
        "give a policy as a dict or JSON text, its statements, or a list of action names"
    )


class StubbornIam:
    """An IAM that makes roles and refuses to delete them."""

    exceptions = SimpleNamespace(NoSuchEntityException=KeyError)

    def create_role(self, **request: str) -> Mapping[str, Any]:
        return {"Role": {"Arn": f"arn:aws:iam::111122223333:role/{request['RoleName']}"}}

    def list_role_policies(self, **_: str) -> Mapping[str, Any]:
        return {"PolicyNames": []}

    def list_attached_role_policies(self, **_: str) -> Mapping[str, Any]:
        return {"AttachedPolicies": []}

    def delete_role_policy(self, **_: str) -> None:
        raise KeyError

    def delete_role(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteRole")


class Sts:
    """An STS that lets everybody become anybody."""

    def get_caller_identity(self) -> Mapping[str, str]:
        return {"Arn": "arn:aws:iam::111122223333:user/ann"}

    def assume_role(self, **_: str) -> Mapping[str, Any]:
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {"Credentials": dict.fromkeys(names, "made")}


class Account:
    """Fulfils `Caller` with services that are only notes."""

    def client(self) -> Any:  # noqa: ANN401 - nobody asks for it here
        raise NotImplementedError

    def boto3_client(self, service: str) -> Any:  # noqa: ANN401 - any service's
        return {"iam": StubbornIam(), "sts": Sts()}[service]

    def environment(self) -> dict[str, str]:
        return {}

    def with_key(self, *_: str | None) -> "Account":
        return self


def test_role_that_stays_is_told_with_the_command_that_removes_it() -> None:
    """All are tried, and whoever reads the error can finish by hand."""
    roles = BotoRoles(Account())
    made = [roles.role([]).name for _ in range(2)]
    with pytest.raises(CleanupError) as failed:
        roles.close()
    for name in made:
        assert f"aws iam delete-role --role-name {name}" in str(failed.value)
    roles.close()  # what could not be removed once is not tried again
