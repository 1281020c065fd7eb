"""Patterns of policies: wildcards, variables, ARNs."""

import fnmatch
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.iam.matching import (
    Context,
    arn_pattern,
    pattern,
    read_actions,
    read_resources,
    resource_pattern,
)

ARN = "arn:aws:codeartifact:eu-west-1:111122223333"
SIGNS = st.text("ab*?:[]!.\n$(", max_size=12)


def fits(text: str, resource: str, context: Context | None = None, **more: bool) -> bool:
    """Whether a Resource element describes a resource."""
    patterns = read_resources([text], **({"has_variables": True} | more))
    return patterns.fit(resource, context or {})


# --- Wildcards -------------------------------------------------------------------------------


@given(SIGNS, st.text("ab:[]!.\n$(", max_size=12))
@example("*a?", "aab")
@example("*a*b*", "ba\nba")
def test_wildcards_agree_with_the_shells(text: str, value: str) -> None:
    """`*` and `?` mean what they mean to a shell; brackets mean nothing."""
    expected = re.fullmatch(fnmatch.translate(text.replace("[", "[[]")), value) is not None
    assert (pattern((text,)).fullmatch(value) is not None) == expected


def reaches(text: str, value: str, colons: int = 0) -> bool:
    """The rule for resources, said once more: sign by sign and trying everything."""
    if not text:
        return not value
    sign, rest = text[0], text[1:]
    if sign == "*":
        crosses = colons >= 5 or rest[:1] in {"", ":"}
        starts = range(len(value) + 1)
        return any(
            reaches(rest, value[start:], colons)
            for start in starts
            if crosses or ":" not in value[:start]
        )
    if not value or sign not in {"?", value[0]} or (sign == "?" and ":" in value[0] and colons < 5):
        return False
    return reaches(rest, value[1:], colons + (sign == ":"))


@given(st.text("ab*?:", max_size=10), st.text("ab:", max_size=10))
@example("*:a*b:", ":a:ab:")
@example("a:*:*a*b", "a:b:b:ab")
def test_wildcards_of_resources_end_at_colons(text: str, value: str) -> None:
    """A wildcard stays in its field of the ARN, unless it is the star that ends the field."""
    assert (resource_pattern((text,)).fullmatch(value) is not None) == reaches(text, value)


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("1/test/object.jpg", True),
        ("1/2/test/object.jpg", True),
        ("1/2/test/3/object.jpg", True),
        ("1///test///object.jpg", True),
        ("1/test/.jpg", True),
        ("/test/object.jpg", True),
        ("1/test/", True),
        ("1-test/object.jpg", False),
        ("test/object.jpg", False),
        ("1/2/test.jpg", False),
    ],
)
def test_star_reaches_over_slashes(text: str, does: bool) -> None:  # noqa: FBT001 - expected value
    """The examples of the page "IAM JSON policy elements: Resource"."""
    assert (
        fits(
            "arn:aws:s3:::amzn-s3-demo-bucket/*/test/*", f"arn:aws:s3:::amzn-s3-demo-bucket/{text}"
        )
        == does
    )


@pytest.mark.parametrize(
    ("text", "resource", "does"),
    [
        ("*", f"{ARN}:domain/team", True),
        ("*", "*", True),
        (f"{ARN}:*", "*", False),
        (f"{ARN}:domain/team", f"{ARN}:domain/team", True),
        (f"{ARN}:domain/TEAM", f"{ARN}:domain/team", False),
        ("arn:aws:codeartifact:*", f"{ARN}:domain/team", True),
        ("arn:aws:codeartifact:*:domain/team", f"{ARN}:domain/team", True),
        ("arn:aws:codeartifact:eu-*-1:domain/team", f"{ARN}:domain/team", False),
        ("arn:aws:codeartifact:eu-*-1:*:domain/t??m", f"{ARN}:domain/team", True),
        ("arn:aws:codeartifact:eu-west-1?111122223333:domain/team", f"{ARN}:domain/team", False),
        (f"{ARN}:package/team/store/pypi//my*", f"{ARN}:package/team/store/pypi//mypack", True),
        (f"{ARN}:domain/te.m", f"{ARN}:domain/team", False),
    ],
)
def test_resource_is_compared_by_fields(text: str, resource: str, does: bool) -> None:  # noqa: FBT001 - expected value
    """Case counts, and only a star that ends its field reaches into the next one."""
    assert fits(text, resource) == does


def test_actions_have_no_case() -> None:
    """An action is compared in lower case, its service too."""
    patterns = read_actions(["CodeArtifact:get*", "sts:?ssumeRole"])
    assert patterns.fit("codeartifact:getauthorizationtoken", {})
    assert patterns.fit("sts:assumerole", {})
    assert not patterns.fit("codeartifact:forget", {})


def test_hostile_pattern_is_answered() -> None:
    """A pattern with many stars ends in time that a person does not notice."""
    assert not pattern(("*a" * 60 + "b",)).fullmatch("a" * 5000)
    assert not fits("arn:aws:s3:::" + "*a" * 60 + "b", "arn:aws:s3:::" + "a" * 5000)


# --- ARNs of conditions ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "does"),
    [
        # "IAM JSON policy elements: Condition operators" compares exactly these two.
        (
            "arn:aws:someservice:*:111122223333:finance/*",
            "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
            False,
        ),
        ("arn:aws:iam::*:user/ann", "arn:aws:iam::111122223333:user/ann", True),
        ("arn:aws:iam::*", "arn:aws:iam::111122223333:user/ann", None),
        ("arn:aws:iam::1?*:user/*", "arn:aws:iam::111122223333:user/a:b", True),
        ("arn:aws:iam::*:user/ann", "arn:aws:iam::1:2:user/ann", False),
        ("*", "arn:aws:iam::111122223333:user/ann", None),
    ],
)
def test_arn_is_compared_field_by_field(text: str, value: str, does: bool | None) -> None:  # noqa: FBT001 - expected value
    """No wildcard leaves its field; what has not six fields is no pattern of an ARN."""
    found = arn_pattern((text,))
    assert (found and found.fullmatch(value) is not None) is does


# --- Variables -------------------------------------------------------------------------------

CONTEXT: Context = {
    "aws:username": "ann",
    "aws:principaltag/cost center": "a*",
    "aws:tagkeys": ("stage",),
}


@pytest.mark.parametrize(
    ("text", "resource", "does"),
    [
        ("repository/d/${aws:username}", "repository/d/ann", True),
        ("repository/d/${aws:username}", "repository/d/bob", False),
        ("repository/d/${AWS:UserName}/*", "repository/d/ann/x", True),
        ("repository/d/${ aws:username }", "repository/d/ann", True),
        ("repository/d/${aws:userid}", "repository/d/${aws:userid}", False),
        ("repository/d/${aws:userid}", "repository/d/", False),
        ("repository/d/${aws:userid, 'all'}", "repository/d/all", True),
        ("repository/d/${aws:username, 'all'}", "repository/d/all", False),
        ("repository/d/${aws:userid,''}", "repository/d/", True),
        ("repository/d/${aws:tagkeys}", "repository/d/stage", False),
        ("repository/d/${aws:tagkeys, 'none'}", "repository/d/none", True),
        ("repository/d/${aws:PrincipalTag/cost center}", "repository/d/a*", True),
        ("repository/d/${aws:PrincipalTag/cost center}", "repository/d/abc", False),
        ("repository/d/a${*}c", "repository/d/a*c", True),
        ("repository/d/a${*}c", "repository/d/abc", False),
        ("repository/d/a${?}${$}{c}", "repository/d/a?${c}", True),
        ("repository/d/${", "repository/d/${", True),
    ],
)
def test_variable_stands_for_its_value(text: str, resource: str, does: bool) -> None:  # noqa: FBT001 - expected value
    """A value is literal text; a variable without a single value fits nothing."""
    assert fits(f"{ARN}:{text}", f"{ARN}:{resource}", CONTEXT) == does


def test_variable_is_text_in_the_old_version() -> None:
    """Without the version of 2012 nothing is replaced."""
    text = f"{ARN}:repository/d/${{aws:username}}"
    assert fits(text, text, CONTEXT, has_variables=False)
    assert not fits(text, f"{ARN}:repository/d/ann", CONTEXT, has_variables=False)


def test_variable_before_the_fifth_colon_is_none() -> None:
    """Only the last field of an ARN can have variables."""
    account = "arn:aws:codeartifact:eu-west-1:${aws:username}:domain/team"
    assert not fits(account, "arn:aws:codeartifact:eu-west-1:ann:domain/team", CONTEXT)
    assert not read_resources([account], has_variables=True).variables


def test_variables_are_known_by_their_keys() -> None:
    """Patterns tell which condition keys they ask for, in lower case."""
    patterns = read_resources(
        [f"{ARN}:a/${{AWS:UserName}}/${{aws:UserID, 'x'}}", "*"], has_variables=True
    )
    assert patterns.variables == {"aws:username", "aws:userid"}
