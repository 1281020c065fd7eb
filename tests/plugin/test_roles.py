"""Acting as a role that may do exactly what its policy says."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.roles import Role
    from pytest_codeartifact.targets.workspace import Repository
    from pytest_codeartifact.tools.toolbox import Tools

    MakeRole = Callable[..., Role]

Statement = Mapping[str, Any]
LISTING: Statement = {"Effect": "Allow", "Action": "codeartifact:ListDomains", "Resource": "*"}
BEARER = "sts:GetServiceBearerToken"
ACTIONS = [
    "codeartifact:GetAuthorizationToken",
    "codeartifact:GetRepositoryEndpoint",
    "codeartifact:ReadFromRepository",
]


def build_policy(dropped: str = "") -> list[Statement]:
    """What the article grants to the service role of a build, less one action."""
    for_packages = {
        "Effect": "Allow",
        "Action": [action for action in ACTIONS if action != dropped],
        "Resource": "*",
    }
    for_tokens = {
        "Effect": "Allow",
        "Action": BEARER,
        "Resource": "*",
        "Condition": {"StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}},
    }
    return [for_packages] if dropped == BEARER else [for_packages, for_tokens]


def read_page(repository: "Repository", token: str) -> tuple[int, str]:
    """Status and text of a project page of the repository."""
    headers = urllib3.make_headers(basic_auth=f"aws:{token}")
    with urllib3.PoolManager(retries=False) as pool:
        url = f"{repository.endpoint('pypi')}simple/sample-package/"
        answer = pool.request("GET", url, headers=headers)
    return answer.status, answer.data.decode()


def do_what_a_build_does(role: "Role", repository: "Repository") -> None:
    """Ask for the endpoint and a token, and read with it; raises ClientError, or fails."""
    role.client().get_repository_endpoint(
        domain=repository.domain.name, repository=repository.name, format="pypi"
    )
    status, text = read_page(repository, role.token(repository.domain))
    if status != 200:
        raise ClientError({"Error": {"Code": str(status), "Message": text}}, "GET")


@pytest.fixture
def repository(
    codeartifact_repository: "Repository", codeartifact_package: "SamplePackage"
) -> "Repository":
    """A repository with a package in it."""
    codeartifact_repository.upload(codeartifact_package.wheel)
    return codeartifact_repository


# --- The article's policy --------------------------------------------------------------------


def test_policy_of_the_article_is_enough(
    codeartifact_role: "MakeRole", repository: "Repository"
) -> None:
    """With all four actions a build gets its endpoint, its token and its packages."""
    do_what_a_build_does(codeartifact_role(build_policy()), repository)


@pytest.mark.parametrize("dropped", [*ACTIONS, BEARER])
def test_dropped_action_is_named_in_the_denial(
    codeartifact_role: "MakeRole", repository: "Repository", dropped: str
) -> None:
    """No action of the article's policy can be left out, and the denial says which one was."""
    role = codeartifact_role(build_policy(dropped))
    with pytest.raises(ClientError) as denied:
        do_what_a_build_does(role, repository)
    error = denied.value.response["Error"]
    assert error["Code"] in {"AccessDeniedException", "403"}
    session = role.arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
    assert f"User: {session}/pytest is not authorized to perform: {dropped} " in error["Message"]


def test_condition_of_the_article_keeps_other_services_out(
    codeartifact_role: "MakeRole", repository: "Repository"
) -> None:
    """A permission for the tokens of another service is none for this one's."""
    packages, tokens = build_policy()
    wrong = {"StringEquals": {"sts:AWSServiceName": "ecr.amazonaws.com"}}
    role = codeartifact_role([packages, {**tokens, "Condition": wrong}])
    with pytest.raises(ClientError, match=f"not authorized to perform: {BEARER}"):
        role.token(repository.domain)


def test_login_without_the_bearer_permission_changes_nothing(
    codeartifact_role: "MakeRole", repository: "Repository", codeartifact_tools: "Tools"
) -> None:
    """The easy-to-forget piece: `aws codeartifact login` fails, says so, and configures nothing."""
    before = codeartifact_tools.pip.run("config", "list").stdout
    place = ("--domain", repository.domain.name, "--repository", repository.name)
    login = ("codeartifact", "login", "--tool", "pip", *place)
    role = codeartifact_role(build_policy(BEARER))
    refused = codeartifact_tools.aws.run(*login, env=role.environment(), expect=None)
    assert refused.exit_code != 0
    assert f"is not authorized to perform: {BEARER}" in refused.stderr
    assert codeartifact_tools.pip.run("config", "list").stdout == before
    role.allow(build_policy())
    codeartifact_tools.aws.run(*login, env=role.environment())
    assert codeartifact_tools.pip.run("config", "list").stdout != before


# --- The fixture -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy",
    [
        {"Version": "2012-10-17", "Statement": [LISTING]},
        LISTING,
        json.dumps({"Version": "2012-10-17", "Statement": LISTING}),
        json.dumps([LISTING]),
        ("codeartifact:ListDomains",),
        {"codeartifact:ListDomains", "codeartifact:DescribeDomain"},
    ],
    ids=["document", "statement", "text", "text of statements", "action", "actions"],
)
def test_policy_may_be_given_in_every_form(codeartifact_role: "MakeRole", policy: object) -> None:
    """Each form lets the role list domains, and do nothing else."""
    client = codeartifact_role(policy).client()
    client.list_domains()
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.list_repositories()


def test_policy_can_be_replaced_and_taken_away(codeartifact_role: "MakeRole") -> None:
    """The last policy is the only one; the role's client stays the same."""
    role = codeartifact_role(["codeartifact:ListDomains"])
    client = role.client()
    client.list_domains()
    role.allow(["codeartifact:ListRepositories"])
    client.list_repositories()
    with pytest.raises(client.exceptions.AccessDeniedException, match="ListDomains"):
        client.list_domains()
    role.allow([])
    role.allow([])
    with pytest.raises(client.exceptions.AccessDeniedException, match="ListRepositories"):
        client.list_repositories()


def test_role_is_who_it_says(
    codeartifact_role: "MakeRole", codeartifact_target: "EmulatorTarget"
) -> None:
    """STS names the role's session; its credentials are temporary and of its own."""
    role = codeartifact_role([])
    told = role.boto3_client("sts").get_caller_identity()
    assert told["Arn"].endswith(f":assumed-role/{role.name}/pytest")
    environment = role.environment()
    assert environment["AWS_SESSION_TOKEN"]
    assert {environment["AWS_SECRET_ACCESS_KEY"], environment["AWS_SESSION_TOKEN"]} <= (
        codeartifact_target.secrets
    )
    assert environment["AWS_ENDPOINT_URL"] == codeartifact_target.endpoint_url


def test_token_of_a_role_reaches_tools_and_is_masked(
    codeartifact_role: "MakeRole",
    repository: "Repository",
    codeartifact_target: "EmulatorTarget",
) -> None:
    """What tools are connected with acts as the role: it may not read, so the page is refused."""
    role = codeartifact_role(build_policy("codeartifact:ReadFromRepository"))
    token = role.connection(repository).token
    assert token in codeartifact_target.secrets
    status, text = read_page(repository, token)
    assert (status, "codeartifact:ReadFromRepository" in text) == (403, True)
    role.allow(build_policy())
    assert read_page(repository, token)[0] == 200
    short = role.token(repository.domain.name, duration_seconds=900)
    assert read_page(repository, short)[0] == 200


@pytest.fixture
def stranger(codeartifact_target: "EmulatorTarget") -> Iterator[Any]:
    """STS as a user of the account sees it who may do everything."""
    iam = codeartifact_target.boto3_client("iam")
    iam.create_user(UserName="roles-stranger")
    everything = "arn:aws:iam::aws:policy/AdministratorAccess"
    iam.attach_user_policy(UserName="roles-stranger", PolicyArn=everything)
    key = iam.create_access_key(UserName="roles-stranger")["AccessKey"]
    caller = codeartifact_target.with_key(key["AccessKeyId"], key["SecretAccessKey"], None)
    yield caller.boto3_client("sts")
    iam.delete_access_key(UserName="roles-stranger", AccessKeyId=key["AccessKeyId"])
    iam.detach_user_policy(UserName="roles-stranger", PolicyArn=everything)
    iam.delete_user(UserName="roles-stranger")


def test_role_trusts_only_who_made_it(codeartifact_role: "MakeRole", stranger: Any) -> None:  # noqa: ANN401 - boto3's
    """Another administrator of the same account cannot become the role."""
    role = codeartifact_role(["codeartifact:ListDomains"])
    with pytest.raises(ClientError, match=re.escape(role.arn)) as denied:
        stranger.assume_role(RoleArn=role.arn, RoleSessionName="stranger")
    assert denied.value.response["Error"]["Code"] == "AccessDenied"


def test_roles_are_removed_after_the_test(pytester: pytest.Pytester) -> None:
    """Also after a failure, with policies the test attached, or without what it removed itself."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def iam(codeartifact_target):
            return codeartifact_target.boto3_client("iam")

        def test_fails(codeartifact_role, iam):
            first, second = codeartifact_role(["sts:*"]), codeartifact_role([])
            iam.attach_role_policy(
                RoleName=first.name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
            assert {each["RoleName"] for each in iam.list_roles()["Roles"]} == {
                first.name, second.name}
            raise AssertionError(second.environment())

        def test_removes_it_itself(codeartifact_role, iam):
            iam.delete_role(RoleName=codeartifact_role([]).name)

        def test_is_no_policy(codeartifact_role):
            codeartifact_role("codeartifact:ListDomains")

        def test_is_refused_by_iam(codeartifact_role):
            codeartifact_role([{"Effect": "Maybe", "Action": "*", "Resource": "*"}])

        def test_nothing_is_left(iam):
            assert iam.list_roles()["Roles"] == []
        """
    )
    result = pytester.runpytest_inprocess("-l")
    result.assert_outcomes(passed=2, failed=3)
    result.stdout.fnmatch_lines(
        [
            "E*'AWS_SECRET_ACCESS_KEY': '[*][*][*][*][*][*]'*",
            "this is no policy: the text is not JSON: *; give a policy as a dict or JSON text,*",
            # What IAM says, and not the insides of its client.
            "this is no policy: IAM says 'Statement 1: Effect *'; give a policy as a dict or*",
        ]
    )
    result.stdout.no_fnmatch_line("*_make_api_call*")
