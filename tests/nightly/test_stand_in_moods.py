"""What plays AWS in these tests does so: by its host names, with its moods, and to its end."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.distributions import make_wheel
from tests.support.stand_in import BOUNDARY, PROJECT_PATH, RUNNER, StandIn

LONG_SECONDS = 600.0
BUILDSPEC = 'version: 0.2\nphases: {build: {commands: ["true"]}}\n'
PATIENCE_SECONDS = 20.0
ANYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


@pytest.fixture(autouse=True)
def quiet_again(stand_in: StandIn) -> Iterator[None]:
    """Each test meets it as it was in the beginning."""
    stand_in.quiet()
    stand_in.reset_journal()
    yield
    stand_in.quiet()


def allowing(*actions: str, **more: object) -> str:
    """A policy that allows actions."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trusting(stand_in: StandIn, **principal: str) -> str:
    """A trust policy: of the account itself, or of somebody else."""
    trusted = principal or {"AWS": stand_in.account}
    statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def once(stand_in: StandIn, service: str, credentials: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 -- a boto3 client
    """A client that tries everything once: as the administrator, or with a session's variables."""
    given = credentials or {}
    key = {name.lower(): value for name, value in given.items()} or dict(stand_in.key)
    return boto3.client(
        service,  # type: ignore[call-overload]  # any of them
        region_name=stand_in.region,
        verify=str(stand_in.gateway.ca_file),
        config=Config(proxies={"https": stand_in.gateway.url}, retries={"total_max_attempts": 1}),
        **key,
    )


def refusal(call: Callable[..., Any], **values: object) -> tuple[int, str, str]:
    """Status, code and message of a call that is refused."""
    with pytest.raises(ClientError) as caught:
        call(**values)
    answer = caught.value.response
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def page(stand_in: StandIn, url: str, token: str = "") -> urllib3.BaseHTTPResponse:
    """What a package endpoint answers through the proxy."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib3.ProxyManager(stand_in.gateway.url, ca_certs=str(stand_in.gateway.ca_file)) as pool:
        return pool.request("GET", url, headers=headers, retries=False, redirect=False)


def publish(stand_in: StandIn, url: str, token: str) -> str:
    """The address of the page of a package that is uploaded to a repository."""
    distribution = make_wheel()
    content = (distribution.filename, distribution.content)
    with urllib3.ProxyManager(stand_in.gateway.url, ca_certs=str(stand_in.gateway.ca_file)) as pool:
        answer = pool.request(
            "POST",
            url,
            headers={"Authorization": f"Bearer {token}"},
            fields={**distribution.fields, "content": content},
        )
    assert answer.status == 200, answer.data
    return f"{url}simple/{distribution.name}/"


# --- By AWS's host names -------------------------------------------------------------------------


def test_aws_cli_reaches_it_with_a_proxy_and_a_certificate_alone(
    stand_in: StandIn, tmp_path: Path
) -> None:
    """The real CLI knows no endpoint, and still its answers come from here."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_DEFAULT_REGION": stand_in.region,
        **{name.upper(): value for name, value in stand_in.key.items()},
        **stand_in.environment(),
    }
    before = len(stand_in.gateway.connections())
    done = subprocess.run(
        [Path(sys.executable).with_name("aws"), "sts", "get-caller-identity"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Account"] == stand_in.account
    hosts = {each.host for each in stand_in.gateway.connections()[before:]}
    assert hosts == {f"sts.{stand_in.region}.amazonaws.com"}


def test_environment_names_no_endpoint_and_no_key(stand_in: StandIn) -> None:
    """Programs are told of a proxy and whom to trust; the rest is theirs."""
    variables = stand_in.environment()
    assert {name for name in variables if name.startswith("AWS_")} == {"AWS_CA_BUNDLE"}
    assert {"HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"} <= set(variables)


def test_package_endpoint_has_its_real_host_name(stand_in: StandIn) -> None:
    """The address that the service tells is AWS's, and is served with a token alone."""
    client = once(stand_in, "codeartifact")
    client.create_domain(domain="endpoint-domain")
    client.create_repository(domain="endpoint-domain", repository="own")
    place = {"domain": "endpoint-domain", "repository": "own"}
    url = client.get_repository_endpoint(**place, format="pypi")["repositoryEndpoint"]
    host = f"endpoint-domain-{stand_in.account}.d.codeartifact.{stand_in.region}.amazonaws.com"
    assert url.startswith(f"https://{host}/pypi/own/")
    token = client.get_authorization_token(domain="endpoint-domain")["authorizationToken"]
    project = publish(stand_in, url, token)
    assert page(stand_in, project).status == 401
    assert page(stand_in, project, token).status == 200


# --- Throttles -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation", "status", "code"),
    [
        ("codeartifact", "list_domains", 429, "ThrottlingException"),
        ("codebuild", "list_projects", 400, "ThrottlingException"),
        ("logs", "describe_log_groups", 400, "ThrottlingException"),
        ("iam", "list_roles", 400, "Throttling"),
        ("sts", "get_caller_identity", 400, "Throttling"),
    ],
)
def test_throttled_call_is_answered_as_its_service_does(
    stand_in: StandIn, service: str, operation: str, status: int, code: str
) -> None:
    """Each protocol has words of its own for it."""
    client = once(stand_in, service)
    stand_in.play("throttle", every=1)
    assert refusal(getattr(client, operation)) == (status, code, "Rate exceeded")


def test_throttled_call_is_not_executed(stand_in: StandIn) -> None:
    """What was answered with a throttle did not happen."""
    client = once(stand_in, "codeartifact")
    stand_in.play("throttle", every=1)
    before = stand_in.throttled()
    refusal(client.create_domain, domain="throttled-domain")
    stand_in.quiet()
    assert stand_in.throttled() == before + 1
    _, code, _ = refusal(client.describe_domain, domain="throttled-domain")
    assert code == "ResourceNotFoundException"


def test_every_nth_call_is_throttled_and_no_other(stand_in: StandIn) -> None:
    """Of nine calls every third is refused."""
    client = once(stand_in, "codeartifact")
    before = stand_in.throttled()
    stand_in.play("throttle", every=3)
    refused = 0
    for _ in range(9):
        try:
            client.list_domains()
        except ClientError:
            refused += 1
    assert refused == 3
    assert stand_in.throttled() == before + 3


def test_package_endpoints_are_not_throttled(stand_in: StandIn) -> None:
    """Throttles are for API calls: pip would not try again."""
    host = f"no-{stand_in.account}.d.codeartifact.{stand_in.region}.amazonaws.com"
    before = stand_in.throttled()
    stand_in.play("throttle", every=1)
    assert page(stand_in, f"https://{host}/pypi/own/simple/").status == 401
    assert stand_in.throttled() == before


# --- What comes late -----------------------------------------------------------------------------


def test_domains_and_repositories_are_listed_late(stand_in: StandIn) -> None:
    """New ones are not there yet, though they can be described; removed ones still are."""
    client = once(stand_in, "codeartifact")

    def listed() -> tuple[bool, bool]:
        domains = [each["name"] for each in client.list_domains()["domains"]]
        found = client.list_repositories(repositoryPrefix="lagging-")["repositories"]
        names = [each["name"] for each in found]
        return "lagging-domain" in domains, "lagging-repository" in names

    stand_in.play("lag", seconds=LONG_SECONDS)
    client.create_domain(domain="lagging-domain")
    place = {"domain": "lagging-domain", "repository": "lagging-repository"}
    client.create_repository(**place)
    assert listed() == (False, False)
    assert client.describe_repository(**place)["repository"]["name"] == "lagging-repository"
    stand_in.quiet()
    assert listed() == (True, True)
    stand_in.play("lag", seconds=LONG_SECONDS)
    client.delete_repository(**place)
    client.delete_domain(domain="lagging-domain")
    assert listed() == (True, True)
    _, code, _ = refusal(client.describe_repository, **place)
    assert code == "ResourceNotFoundException"
    stand_in.quiet()
    assert listed() == (False, False)


def test_role_that_was_just_made_cannot_be_used_yet(stand_in: StandIn) -> None:
    """Neither can it be assumed, nor may a project have it; later both work."""
    iam, sts, builds = (once(stand_in, each) for each in ("iam", "sts", "codebuild"))
    role = iam.create_role(
        RoleName="late-role",
        AssumeRolePolicyDocument=trusting(stand_in),
    )["Role"]["Arn"]
    building = iam.create_role(
        RoleName="late-building",
        AssumeRolePolicyDocument=trusting(stand_in, Service="codebuild.amazonaws.com"),
    )["Role"]["Arn"]
    session = {"RoleArn": role, "RoleSessionName": "late"}
    project = {
        "name": "late-project",
        "source": {"type": "NO_SOURCE", "buildspec": BUILDSPEC},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        "serviceRole": building,
    }
    stand_in.play("late-roles", seconds=LONG_SECONDS)
    status, code, message = refusal(sts.assume_role, **session)
    assert (status, code) == (403, "AccessDenied")
    assert f"is not authorized to perform: sts:AssumeRole on resource: {role}" in message
    _, code, message = refusal(builds.create_project, **project)
    assert code == "InvalidInputException"
    assert message.startswith("CodeBuild is not authorized to perform: sts:AssumeRole on ")
    stand_in.quiet()
    assert sts.assume_role(**session)["Credentials"]
    assert builds.create_project(**project)["project"]["name"] == "late-project"
    builds.delete_project(name="late-project")


# --- Policies, and the journal of them -----------------------------------------------------------


def test_role_is_made_only_by_who_may_and_only_within_the_boundary(stand_in: StandIn) -> None:
    """A refusal has IAM's words; a condition on the boundary holds."""
    boundary = f"arn:aws:iam::{stand_in.account}:policy/{BOUNDARY}"
    wanted = {"RoleName": "strict-role", "AssumeRolePolicyDocument": trusting(stand_in)}
    nothing = stand_in.runner([allowing("iam:GetRole")], ANYTHING)
    status, code, message = refusal(once(stand_in, "iam", nothing).create_role, **wanted)
    assert (status, code) == (403, "AccessDenied")
    assert message == (
        f"User: arn:aws:sts::{stand_in.account}:assumed-role/{RUNNER}/nightly is not authorized to"
        f" perform: iam:CreateRole on resource: arn:aws:iam::{stand_in.account}:role/strict-role"
        " because no identity-based policy allows the iam:CreateRole action"
    )
    condition = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    bounded = stand_in.runner([allowing("iam:CreateRole", Condition=condition)], ANYTHING)
    client = once(stand_in, "iam", bounded)
    assert refusal(client.create_role, **wanted)[1] == "AccessDenied"
    assert client.create_role(**wanted, PermissionsBoundary=boundary)["Role"]


@pytest.mark.parametrize("tags", [[], [{"key": "strangers", "value": "1"}]], ids=["none", "other"])
def test_domain_without_the_demanded_tag_is_refused(
    stand_in: StandIn, tags: list[dict[str, str]]
) -> None:
    """A policy can demand a tag of the request that makes a domain."""
    condition = {"Null": {"aws:RequestTag/pytest-codeartifact:run": "false"}}
    creating = allowing("codeartifact:CreateDomain", Condition=condition)
    tagging = allowing("codeartifact:TagResource")
    session = stand_in.runner([creating, tagging], ANYTHING)
    client = once(stand_in, "codeartifact", session)
    name = f"demanding-{len(tags)}"
    assert refusal(client.create_domain, domain=name, tags=tags)[1] == "AccessDeniedException"
    tags = [*tags, {"key": "pytest-codeartifact:run", "value": "9f3c01ab"}]
    assert client.create_domain(domain=name, tags=tags)["domain"]["name"] == name


def test_tags_in_the_request_need_the_action_to_tag(stand_in: StandIn) -> None:
    """Who may create and not tag is refused by the name of the action that is missing."""
    session = stand_in.runner([allowing("codeartifact:CreateDomain")], ANYTHING)
    client = once(stand_in, "codeartifact", session)
    tags = [{"key": "own", "value": "1"}]
    _, _, message = refusal(client.create_domain, domain="untagged-domain", tags=tags)
    assert "codeartifact:TagResource" in message


def test_journal_has_exactly_what_a_session_was_allowed(stand_in: StandIn) -> None:
    """What an operation, its tags and a package endpoint need stands there, refusals do not."""
    actions = (
        *("codeartifact:CreateDomain", "codeartifact:CreateRepository", "codeartifact:TagResource"),
        *("codeartifact:GetAuthorizationToken", "codeartifact:ReadFromRepository"),
        *("sts:GetServiceBearerToken", "iam:ListRoles", "codeartifact:ListPackages"),
        "codeartifact:PublishPackageVersion",
    )
    session = stand_in.runner([allowing(*actions)], ANYTHING)
    stand_in.reset_journal()
    client = once(stand_in, "codeartifact", session)
    place = {"domain": "noted-domain", "repository": "own"}
    client.create_domain(domain="noted-domain", tags=[{"key": "own", "value": "1"}])
    client.create_repository(**place)
    token = client.get_authorization_token(domain="noted-domain")["authorizationToken"]
    host = f"noted-domain-{stand_in.account}.d.codeartifact.{stand_in.region}.amazonaws.com"
    project = publish(stand_in, f"https://{host}/pypi/own/", token)
    assert page(stand_in, project, token).status == 200
    once(stand_in, "iam", session).list_roles()
    refusal(client.delete_domain, domain="noted-domain")
    assert stand_in.actions_of(RUNNER) == set(actions) - {"codeartifact:ListPackages"}


# --- Seeded changes ------------------------------------------------------------------------------


def test_changes_are_seen_only_while_they_are_on(stand_in: StandIn) -> None:
    """Each answers otherwise than before, and as before when it is off again."""
    client = once(stand_in, "codeartifact")
    client.create_domain(domain="changed-domain")
    client.create_repository(domain="changed-domain", repository="own")
    token = client.get_authorization_token(domain="changed-domain")["authorizationToken"]
    host = f"changed-domain-{stand_in.account}.d.codeartifact.{stand_in.region}.amazonaws.com"
    url = publish(stand_in, f"https://{host}/pypi/own/", token)

    def seen() -> dict[str, object]:
        return {
            "conflict-status": refusal(client.create_domain, domain="changed-domain")[0],
            "message": refusal(client.describe_domain, domain="no-such-domain")[2],
            "status-401": page(stand_in, url).status,
            "page-header": page(stand_in, url, token).headers["Content-Type"],
        }

    usual = seen()
    for change in usual:
        stand_in.play("change", name=change)
        now = seen()
        assert {name for name in usual if now[name] != usual[name]} == {change}
        stand_in.quiet()
        assert seen() == usual


# --- Its end -------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at through /proc")
def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """Killed without a chance to clean up, a test leaves no server behind."""
    program = (
        "import pathlib, sys, time\n"
        "from tests.support.stand_in import StandIn\n"
        "with StandIn.start(pathlib.Path(sys.argv[1]), 'http://127.0.0.1:9/simple/') as started:\n"
        "    print(started.url, flush=True)\n"
        "    time.sleep(600)\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=PROJECT_PATH,
        env={**os.environ, "PYTHONPATH": str(PROJECT_PATH)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert starter.stdout is not None
        assert starter.stdout.readline().startswith("http://127.0.0.1:")
        servers = _children(starter.pid)
        assert servers
    finally:
        starter.kill()
        starter.communicate()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(_is_there(each) for each in servers):
        assert time.monotonic() < deadline, servers
        time.sleep(0.05)


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(each) for task in tasks for each in (task / "children").read_text().split()]


def _is_there(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
