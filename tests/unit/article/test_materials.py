import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.article.materials import (
    Material,
    MaterialError,
    Materials,
    actions_of,
    without_action,
)
from pytest_codeartifact.codebuild.buildspec import Command

LINE = 106
POLICY = """\
{
  "Effect": "Allow",
  "Action": ["codeartifact:GetAuthorizationToken","codeartifact:ReadFromRepository"],
  "Resource": "*"
},
{
  "Effect": "Allow", "Action": "sts:GetServiceBearerToken", "Resource": "*",
  "Condition": { "StringEquals": { "sts:AWSServiceName": "codeartifact.amazonaws.com" } }
}
"""
BUILDSPEC = """\
phases:
  install:
    commands:
      - aws codeartifact login --tool pip --domain awscicd --repository demo-repo
      - pip install -r requirements.txt   # from the repository
"""
STATEMENTS = json.loads(f"[{POLICY}]")


def with_policy(text: str) -> Materials:
    return Materials({"policy": Material(text, 94)})


def with_buildspec(text: str) -> Materials:
    return Materials({"buildspec": Material(text, LINE)})


# --- The policy ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        POLICY,
        json.dumps(STATEMENTS[0]) + ",\n" + json.dumps(STATEMENTS[1]),
        json.dumps({"Version": "2012-10-17", "Statement": STATEMENTS}),
    ],
    ids=["fragment", "statements", "document"],
)
def test_statements_are_read_in_every_form(text: str) -> None:
    """Bare statements and a whole document say the same."""
    assert with_policy(text).statements == STATEMENTS


def test_single_statement_of_a_document_is_read() -> None:
    """A document may have a statement where others have a list."""
    text = json.dumps({"Version": "2012-10-17", "Statement": STATEMENTS[0]})
    assert with_policy(text).statements == STATEMENTS[:1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "the policy is not JSON"),
        ("", "the policy has no statements"),
        ("1", "the policy has no statements"),
        ('{"Statement": []}', "the policy has no statements"),
        ('{"Statement": ["Allow"]}', "the policy has no statements"),
    ],
)
def test_policy_that_cannot_be_read_says_why(text: str, reason: str) -> None:
    """What is wrong with the policy is in the message."""
    with pytest.raises(MaterialError, match=reason):
        _ = with_policy(text).statements


def test_missing_material_is_named() -> None:
    """An article may show neither a policy nor a buildspec."""
    with pytest.raises(MaterialError, match="shows no policy"):
        _ = Materials({}).statements
    with pytest.raises(MaterialError, match="shows no buildspec"):
        _ = Materials({}).buildspec


def test_package_statements_say_nothing_but_what_packages_need() -> None:
    """Actions of other services, and what else a statement says, are left out."""
    statement = {**STATEMENTS[0], "Sid": "Packages", "Action": ["s3:Get*", "CodeArtifact:Read*"]}
    found = with_policy(json.dumps(statement)).package_statements
    assert found == [{"Effect": "Allow", "Resource": "*", "Action": ["CodeArtifact:Read*"]}]
    assert with_policy(POLICY).package_statements == STATEMENTS[:1]


def test_bearer_statement_is_that_of_sts() -> None:
    """The statement about tokens is found by its action."""
    assert with_policy(POLICY).bearer_statement == STATEMENTS[1]


def test_bearer_statement_is_that_with_a_condition() -> None:
    """A misspelt action does not hide the statement: its condition tells it."""
    altered = POLICY.replace("sts:GetServiceBearerToken", "stss:GetServiceBearerToken")
    assert "Condition" in with_policy(altered).bearer_statement


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"Action": "s3:GetObject"}, "no statement of the policy has an action codeartifact:"),
        ({"Action": 1}, "a statement's Action is neither text nor a list of texts: 1"),
        ({"Action": [1]}, "a statement's Action is neither text nor a list of texts"),
    ],
)
def test_policy_without_package_actions_says_so(policy: dict[str, Any], reason: str) -> None:
    """A policy that is about something else is not taken for an empty one."""
    with pytest.raises(MaterialError, match=reason):
        _ = with_policy(json.dumps(policy)).package_statements


def test_policy_without_a_bearer_statement_says_so() -> None:
    """There is nothing to be found in the packages' statement."""
    with pytest.raises(MaterialError, match=r"has an action sts:\.\.\. or a condition"):
        _ = with_policy(json.dumps(STATEMENTS[0])).bearer_statement


def test_action_is_taken_from_every_statement() -> None:
    """A statement whose last action goes, goes with it."""
    read = "codeartifact:ReadFromRepository"
    left = without_action([*STATEMENTS, {"Effect": "Allow", "Action": read}], read)
    assert [actions_of(each) for each in left] == [
        ["codeartifact:GetAuthorizationToken"],
        ["sts:GetServiceBearerToken"],
    ]


@given(st.text())
def test_any_text_is_a_policy_or_said_to_be_none(text: str) -> None:
    """Nothing but MaterialError comes of a text that is no policy."""
    materials = with_policy(text)
    with contextlib.suppress(MaterialError):
        assert materials.statements


# --- The buildspec ---------------------------------------------------------------------------


def test_buildspec_is_read_with_the_lines_of_its_commands() -> None:
    """Commands are those of YAML, without comments; a missing version is completed."""
    login, install = "aws codeartifact login --tool pip", "pip install -r requirements.txt"
    found = with_buildspec(BUILDSPEC).buildspec
    assert found.version == "0.2"
    assert found.phases.keys() == {"install"}
    assert found.phases["install"].commands == (
        Command(LINE + 3, f"{login} --domain awscicd --repository demo-repo"),
        Command(LINE + 4, install),
    )


def test_whole_buildspec_is_read() -> None:
    """All keys that CodeBuild knows are let through, and block texts stay whole."""
    text = """\
version: 0.1
env:
  variables: {NAME: value}
phases:
  install:
    runtime-versions: {python: 3.12}
  build:
    on-failure: ABORT
    commands:
      - |
        echo one
        echo two
    finally: [echo done]
cache:
  paths: ["cache/pip/**/*"]
"""
    found = with_buildspec(text).buildspec
    assert found.version == "0.1"
    assert found.phases["install"].commands == ()
    assert found.phases["build"].commands == (Command(LINE + 9, "echo one\necho two\n"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("phases: [", "line 106: the buildspec is not YAML: "),
        ("version: 0.2\nversion: 0.2\n", "line 107: 'version' stands in line 106 already"),
        ("\0", "line 106: the buildspec is not YAML: "),
        ("._", "line 106: the buildspec is no mapping"),
        ("? : :", "line 106: 'a key' has no value"),
        ("", "line 106: the buildspec is no mapping"),
        ("- phases\n", "line 106: the buildspec is no mapping"),
        ("version: 0.2\n", "line 106: the buildspec has no phases"),
        ("phases: {}\nversion: 0.3\n", "line 107: 'version' is one of 0.1, 0.2, not '0.3'"),
        ("version: 0.2\nphases:\n", "line 107: 'phases' is no mapping"),
        ("version: 0.2\nphase:\n", "line 107: 'phase' is no key of a buildspec"),
        ("phases:\n  instal:\n", "line 107: Invalid buildspec phase name: instal. Expecting: "),
        ("phases:\n  install:\n", "line 107: 'install' is no mapping"),
        ("phases:\n  install:\n    command: []\n", "line 108: 'command' is no key of a phase"),
        ("phases:\n  install:\n    commands: {a: b}\n", "line 108: 'commands' is no list"),
        ("phases:\n  install:\n    commands:\n", "line 108: 'commands' is no list"),
        (
            "phases:\n  install:\n    commands:\n      - a\n      - echo: b\n",
            "line 110: Expected Commands[1] to be of string type: found subkeys instead",
        ),
    ],
)
def test_buildspec_that_is_none_is_refused_by_line(text: str, message: str) -> None:
    """The message names the article's line and what is wrong there."""
    with pytest.raises(MaterialError) as refused:
        _ = with_buildspec(text).buildspec
    assert str(refused.value).startswith(message)


# Text that often is YAML, and often nearly a buildspec.
_PIECES = st.sampled_from(
    ["phases:", "install:", "commands:", "- a", "&x", "*x", "!!set {a}", "{", "]", "'", "\t", "? "]
)
_NEARLY = st.lists(st.tuples(st.integers(0, 4), _PIECES)).map(
    lambda lines: "\n".join(f"{' ' * 2 * depth}{piece}" for depth, piece in lines)
)


@given(st.one_of(st.text(), _NEARLY))
def test_any_text_is_a_buildspec_or_refused(text: str) -> None:
    """Nothing but MaterialError comes of a text that is no buildspec."""
    with contextlib.suppress(MaterialError):
        assert with_buildspec(text).buildspec.version == "0.2"
