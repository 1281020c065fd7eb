"""How a denial says which policy it comes from."""

import pytest

from pytest_codeartifact.emulator.iam.documents import read_identity_policy
from pytest_codeartifact.emulator.iam.policy import Applicable, Question, Verdict, decide
from tests.support.policy_cases import (
    ABROAD,
    CI,
    CODEBUILD,
    EXPLICIT,
    IMPLICIT,
    OWN,
    READ,
    REPOSITORY,
    ROLE_ARN,
    ROOT,
    Case,
    Statement,
    allow,
    deny,
    document,
    to,
)

SILENT: dict[str, tuple[Case, str]] = {
    "nothing": (Case(), "identity-based policy"),
    "delegated": (Case(attached=[to(ROOT)]), "identity-based policy"),
    "boundary": (Case(own=[allow()], boundary=[allow("s3:*")]), "permissions boundary"),
    "boundary of a role": (
        Case(principal=CI, attached=[to(ROLE_ARN)], boundary=[allow("s3:*")]),
        "permissions boundary",
    ),
    "session": (Case(principal=CI, own=[allow()], session=[allow("s3:*")]), "session policy"),
    "other account": (Case(accounts=ABROAD, own=[allow()]), "resource-based policy"),
    "other account, own side": (
        Case(accounts=ABROAD, attached=[to(ROOT)]),
        "identity-based policy",
    ),
    "service": (Case(principal=CODEBUILD), "resource-based policy"),
}


@pytest.mark.parametrize(("case", "kind"), SILENT.values(), ids=SILENT)
def test_silence_is_told_with_the_kind_of_policy(case: Case, kind: str) -> None:
    """The sentence names the kind of policy that would have to allow the action."""
    assert case.verdict == Verdict(IMPLICIT, f"because no {kind} allows the {READ} action")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("own", "an identity-based policy"),
        ("boundary", "a permissions boundary"),
        ("session", "a session policy"),
        ("attached", "a resource-based policy"),
    ],
)
def test_explicit_deny_is_told_with_its_place(place: str, told: str) -> None:
    """The sentence names the kind of policy that denies."""
    statements: dict[str, list[Statement]] = {
        "own": [allow()],
        "boundary": [allow()],
        "session": [allow()],
        "attached": [],
    }
    denying = deny(Principal="*") if place == "attached" else deny()
    statements[place] = [*statements[place], denying]
    verdict = Case(principal=CI, **statements).verdict  # type: ignore[arg-type]  # by name
    assert verdict == Verdict(EXPLICIT, f"with an explicit deny in {told}")


def test_explicit_deny_of_a_trust_policy_is_told_so() -> None:
    """A role's policy has a name of its own in the sentence."""
    trust = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    verdict = Case("sts:AssumeRole", ROLE_ARN, own=[allow()], attached=[trust]).verdict
    assert verdict.reason == "with an explicit deny in the role trust policy"


def test_managed_policy_that_denies_is_named() -> None:
    """The ARN of a managed policy ends the sentence; that of one that only allows does not."""
    arn = f"arn:aws:iam::{OWN}:policy/fence"
    allowing = read_identity_policy(document([allow()]), f"arn:aws:iam::{OWN}:policy/all")
    denying = read_identity_policy(document([deny("codeartifact:Delete*"), deny(READ)]), arn)
    question = Question(CI, READ, REPOSITORY)
    for applicable, told in (
        (Applicable((allowing, denying)), "an identity-based policy"),
        (Applicable((allowing,), boundary=denying), "a permissions boundary"),
        (Applicable((allowing,), session=(allowing, denying)), "a session policy"),
    ):
        reason = decide(question, applicable).reason
        assert reason == f"with an explicit deny in {told}: {arn}"
