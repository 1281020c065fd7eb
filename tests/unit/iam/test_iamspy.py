"""The questions of IAMSpy's own tests (tests/data/iamspy/README.md)."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact.emulator.iam.documents import (
    Policy,
    read_identity_policy,
    read_resource_policy,
)
from pytest_codeartifact.emulator.iam.policy import (
    Applicable,
    ContextValue,
    Principal,
    Question,
    decide,
)

DATA_PATH = Path(__file__).parents[2] / "data" / "iamspy"
FUNCTION = "arn:aws:lambda:eu-west-1:{}:function:helloworld"
INVOKE, LIST = "lambda:InvokeFunction", "s3:ListBucket"
OWN, OTHER = "123456789012", "111111111111"
BUCKET = "arn:aws:s3:::bucket"
NAME, CAPPED = f"arn:aws:iam::{OWN}:role/name", f"arn:aws:iam::{OWN}:user/PermissionBoundaryAllow"
TESTING, TESTING2 = (f"arn:aws:iam::{OTHER}:role/testing{end}" for end in ("", "2"))
REFERER: Mapping[str, ContextValue] = {"aws:referer": "bobby.tables"}


@cache
def load(name: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads((DATA_PATH / f"{name}.json").read_text(encoding="utf-8"))


def people(name: str) -> dict[str, Applicable]:
    """The users and roles of an account, with the policies they bring along."""
    details = load(name)
    managed = {
        each["Arn"]: read_identity_policy(
            json.dumps(
                next(v["Document"] for v in each["PolicyVersionList"] if v["IsDefaultVersion"])
            ),
            each["Arn"],
        )
        for each in details["Policies"]
    }
    found = {}
    for kind in ("User", "Role"):
        for each in details[f"{kind}DetailList"]:
            inline = each.get(f"{kind}PolicyList", ())
            own = [read_identity_policy(json.dumps(policy["PolicyDocument"])) for policy in inline]
            own += [managed[policy["PolicyArn"]] for policy in each["AttachedManagedPolicies"]]
            boundary = each.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
            found[each["Arn"]] = Applicable(tuple(own), managed.get(boundary))
    return found


def attached(name: str, resource: str) -> tuple[tuple[Policy, ...], frozenset[str]]:
    """The policy of a resource, or of the bucket it is in, and who owns it."""
    account = resource.split(":")[4]
    for each in load(name) if name else ():
        if resource == each["Resource"] or resource.startswith(f"{each['Resource']}/"):
            policy = each["Policy"]
            # AWS takes neither a principal as a bare text nor a policy without statements.
            for statement in policy["Statement"]:
                principal = statement["Principal"]
                if principal != "*" and isinstance(principal, str):
                    statement["Principal"] = {"AWS": principal}
            policies = (read_resource_policy(json.dumps(policy)),) if policy["Statement"] else ()
            return policies, frozenset({each["Account"]})
    return (), frozenset({account} if account else ())


def allowed(
    details: str,
    attachments: str,
    action: str,
    resource: str,
    context: Mapping[str, ContextValue] | None = None,
) -> set[str]:
    """Everybody of an account who may do a thing; for a role a session of it asks."""
    policies, owners = attached(attachments, resource)
    may = set()
    for arn, own in people(details).items():
        account, (kind, *_, name) = arn.split(":")[4], arn.split(":")[5].split("/")
        principal = Principal(account, arn)
        if kind == "role":
            session = f"arn:aws:sts::{account}:assumed-role/{name}/session"
            principal = Principal(account, session, arn)
        question = Question(principal, action, resource, owners, context or {})
        if decide(question, Applicable(own.identity, own.boundary, resource=policies)).is_allowed:
            may.add(arn)
    return may


Asked = tuple[str, str, str, str, Mapping[str, ContextValue]]
FIRST, ABROAD = FUNCTION.format(OWN), FUNCTION.format(OTHER)
CASES: list[tuple[Asked, Iterable[str]]] = [
    (("role-boundary-no-policies", "", INVOKE, FIRST, {}), ()),
    (("user-allow-check", "", INVOKE, FIRST, {}), [CAPPED]),
    (("user-boundary-allow", "", INVOKE, FIRST, {}), [CAPPED]),
    (("user-boundary-deny", "", INVOKE, FIRST, {}), ()),
    (("role-boundary-allow", "", INVOKE, FIRST, {}), [NAME]),
    (("role-boundary-deny", "", INVOKE, FIRST, {}), ()),
    (("basic-deny", "", INVOKE, FIRST, {}), ()),
    (("basic-allow", "", INVOKE, FIRST, {}), [NAME]),
    (("basic-allow", "", INVOKE, ABROAD, {}), ()),
    (("basic-allow", "cross-account-rp", INVOKE, ABROAD, {}), [NAME]),
    (("allow-with-conditions", "", INVOKE, FIRST, {}), ()),
    (("allow-with-conditions", "", INVOKE, FIRST, REFERER), [NAME]),
    (("allow-testing-s3", "resource-s3-allow-testing", LIST, BUCKET, {}), [TESTING, TESTING2]),
    (("allow-testing-s3", "resource-s3-deny-testing2", LIST, BUCKET, {}), ()),
    (("allow-testing-s3", "resource-s3-allow-all", LIST, BUCKET, {}), [TESTING, TESTING2]),
    *(
        (
            (
                "batch-allow",
                "batch-resource",
                "s3:GetObject",
                f"arn:aws:s3:::bucket{number}/foo",
                {},
            ),
            [f"arn:aws:iam::{OWN}:role/name{each}" for each in who],
        )
        for number, who in ((1, "1"), (2, "12"), (3, ""), (4, "3"))
    ),
]


@pytest.mark.parametrize(("asked", "who"), CASES, ids=lambda each: "-".join(map(str, each))[:60])
def test_everybody_who_may_is_found(asked: Asked, who: Iterable[str]) -> None:
    """Of all users and roles, exactly those may that IAMSpy finds too."""
    assert allowed(*asked) == set(who)


def test_every_file_is_asked() -> None:
    """No file of the data is left out."""
    used = {name for asked, _ in CASES for name in asked[:2]} - {""}
    assert used == {path.stem for path in DATA_PATH.glob("*.json")}
