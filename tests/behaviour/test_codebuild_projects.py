"""Projects of AWS CodeBuild, by boto3."""

from typing import Any

import pytest

from tests.support.emulation import REGION, refusal
from tests.support.people import People, allow, policy, trusting
from tests.support.projects import BUILDSPEC, Client, Json, refused, service_role, settings

UNSUPPORTED = "This emulator does not support"
CLONE = "https://git.example/team/app.git"


@pytest.fixture
def codebuild(people: People) -> Client:
    """The administrator's client."""
    return people.ask("codebuild")


@pytest.fixture
def role(people: People) -> str:
    """The ARN of a role that CodeBuild may assume."""
    return service_role(people)


def arn(people: People, name: str) -> str:
    return f"arn:aws:codebuild:{REGION}:{people.account.number}:project/{name}"


def shown(codebuild: Client, name: str = "demo") -> dict[str, Any]:
    [project] = codebuild.batch_get_projects(names=[name])["projects"]
    found: dict[str, Any] = project
    return found


# --- Creating --------------------------------------------------------------------------------


@pytest.mark.documented("CreateProject")
def test_created_project_has_defaults(people: People, codebuild: Client, role: str) -> None:
    """What the request leaves out has the values that the reference names."""
    project = codebuild.create_project(name="demo", **settings(role))["project"]
    assert project["arn"] == arn(people, "demo")
    assert project["source"] == {"type": "NO_SOURCE", "buildspec": BUILDSPEC}
    assert project["artifacts"] == {"type": "NO_ARTIFACTS"}
    assert project["cache"] == {"type": "NO_CACHE"}
    assert (project["timeoutInMinutes"], project["queuedTimeoutInMinutes"]) == (60, 480)
    key = f"arn:aws:kms:{REGION}:{people.account.number}:alias/aws/s3"
    assert project["encryptionKey"] == key
    assert project["badge"] == {"badgeEnabled": False}
    assert project["projectVisibility"] == "PRIVATE"
    assert project["tags"] == []
    assert project["created"] == project["lastModified"]
    assert codebuild.batch_get_projects(names=["demo"])["projects"] == [project]


@pytest.mark.assumed("the guide's sample answers show some of these, others were seen in answers")
def test_created_environment_and_artifacts_have_defaults(codebuild: Client, role: str) -> None:
    """Members of structures that a request leaves out are shown as well."""
    request = settings(role, artifacts={"type": "S3", "location": "out-bucket"})
    request["environment"]["environmentVariables"] = [{"name": "COLOUR", "value": "red"}]
    project = codebuild.create_project(name="demo", **request)["project"]
    assert project["artifacts"] == {
        "type": "S3",
        "location": "out-bucket",
        "path": "",
        "name": "demo",
        "namespaceType": "NONE",
        "packaging": "NONE",
        "overrideArtifactName": False,
        "encryptionDisabled": False,
    }
    assert project["environment"] == {
        "type": "LINUX_CONTAINER",
        "image": "aws/codebuild/standard:7.0",
        "computeType": "BUILD_GENERAL1_SMALL",
        "environmentVariables": [{"name": "COLOUR", "value": "red", "type": "PLAINTEXT"}],
        "privilegedMode": False,
        "imagePullCredentialsType": "CODEBUILD",
    }


@pytest.mark.documented("CreateProject")
def test_what_was_said_is_shown(codebuild: Client, role: str) -> None:
    """A project keeps whatever a request sets."""
    said: dict[str, Any] = {
        "description": "Builds the demo",
        "source": {"type": "S3", "location": "in-bucket/source.zip", "buildspec": "build.yml"},
        "sourceVersion": "version-1",
        "artifacts": {
            "type": "S3",
            "location": "out-bucket",
            "path": "made",
            "name": "demo.zip",
            "namespaceType": "BUILD_ID",
            "packaging": "ZIP",
            "overrideArtifactName": True,
            "encryptionDisabled": True,
        },
        "cache": {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]},
        "timeoutInMinutes": 5,
        "queuedTimeoutInMinutes": 6,
        "encryptionKey": "alias/own",
        "tags": [{"key": "team", "value": "blue"}],
        "logsConfig": {"cloudWatchLogs": {"status": "ENABLED", "groupName": "logs"}},
        "buildBatchConfig": {"timeoutInMins": 7},
        "concurrentBuildLimit": 2,
    }
    codebuild.create_project(name="demo", badgeEnabled=True, **settings(role, **said))
    project = shown(codebuild)
    assert {name: project[name] for name in said} == said
    assert project["badge"] == {"badgeEnabled": True}
    assert project["serviceRole"] == role


@pytest.mark.documented("CreateProject")
def test_second_project_of_a_name_is_refused(people: People, codebuild: Client, role: str) -> None:
    """A name is given once in an account and region."""
    codebuild.create_project(name="demo", **settings(role))
    text = refused(
        codebuild,
        "ResourceAlreadyExistsException",
        "create_project",
        name="demo",
        **settings(role, description="another"),
    )
    assert text == f"Project already exists: {arn(people, 'demo')}"
    assert "description" not in shown(codebuild)


@pytest.mark.documented("CreateProject")
@pytest.mark.parametrize("name", ["-demo", "de mo", "x" * 151, "démo"])
def test_name_must_fit_its_pattern(codebuild: Client, role: str, name: str) -> None:
    """Names begin with a letter or digit and have dashes and underscores besides."""
    with pytest.raises(codebuild.exceptions.ClientError, match="'name' failed to satisfy"):
        codebuild.create_project(name=name, **settings(role))


@pytest.mark.documented("Troubleshooting AWS CodeBuild")
@pytest.mark.parametrize("principal", [None, "ec2.amazonaws.com"])
def test_role_must_trust_codebuild(
    people: People, codebuild: Client, principal: str | None
) -> None:
    """A role that CodeBuild cannot assume, or that is not there, makes no project."""
    if principal:
        people.role("builder", trust=trusting(Principal={"Service": principal}))
    missing = f"arn:aws:iam::{people.account.number}:role/builder"
    text = refused(
        codebuild, "InvalidInputException", "create_project", name="demo", **settings(missing)
    )
    assert "CodeBuild is not authorized to perform: sts:AssumeRole" in text
    assert codebuild.list_projects()["projects"] == []


@pytest.mark.documented("Cross-service confused deputy prevention")
def test_trust_may_name_the_project(people: People, codebuild: Client) -> None:
    """The condition `aws:SourceArn` lets a role serve one project only."""
    trust = trusting(
        Principal={"Service": "codebuild.amazonaws.com"},
        Condition={"StringEquals": {"aws:SourceArn": arn(people, "demo")}},
    )
    role = people.role("builder", trust=trust)
    codebuild.create_project(name="demo", **settings(role))
    refused(codebuild, "InvalidInputException", "create_project", name="other", **settings(role))


@pytest.mark.assumed("public reports have these sentences, since 2019")
@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("builder", "Invalid service role"),
        (
            "arn:aws:iam::444455556666:role/builder",
            "Invalid service role: Service role account ID does not match caller's account",
        ),
    ],
)
def test_role_is_an_arn_of_the_account(codebuild: Client, role: str, text: str) -> None:
    """A name is no role, and neither is one of another account."""
    request = settings(role)
    assert (
        refused(codebuild, "InvalidInputException", "create_project", name="demo", **request)
        == text
    )


@pytest.mark.observed("2024-01-06")
def test_source_in_s3_needs_a_location(codebuild: Client, role: str) -> None:
    """There is no source in S3 without a bucket and a key."""
    request = settings(role, source={"type": "S3"})
    text = refused(codebuild, "InvalidInputException", "create_project", name="demo", **request)
    assert text == "Project source location is required"


@pytest.mark.observed("2020-08-19")
@pytest.mark.parametrize(
    ("member", "called"),
    [
        ({"name": "demo.zip"}, "output name"),
        ({"encryptionDisabled": False}, "encryptionDisabled"),
    ],
)
def test_no_artifacts_have_no_place(
    codebuild: Client, role: str, member: dict[str, Any], called: str
) -> None:
    """Whoever wants no artifacts cannot say where they go."""
    request = settings(role, artifacts={"type": "NO_ARTIFACTS", **member})
    text = refused(codebuild, "InvalidInputException", "create_project", name="demo", **request)
    assert text == f"Invalid artifacts: artifact type NO_ARTIFACTS should have null {called}"


@pytest.mark.assumed("the reference says that it is ignored; moto refuses it like the others")
def test_no_artifacts_have_no_bucket(codebuild: Client, role: str) -> None:
    """Naming a bucket for no artifacts is a mistake that is told."""
    request = settings(role, artifacts={"type": "NO_ARTIFACTS", "location": "out-bucket"})
    text = refused(codebuild, "InvalidInputException", "create_project", name="demo", **request)
    assert text == "Invalid artifacts: artifact type NO_ARTIFACTS should have null location"


@pytest.mark.documented("ProjectSource")
@pytest.mark.parametrize(
    "member",
    [
        {"source": {"type": "NO_SOURCE"}},
        {"source": {"type": "NO_SOURCE", "buildspec": "buildspec.yml"}},
        {"source": {"type": "NO_SOURCE", "buildspec": "arn:aws:s3:::bucket/buildspec.yml"}},
        {"source": {"type": "NO_SOURCE", "buildspec": BUILDSPEC, "location": "in-bucket/a"}},
        {"source": {"type": "S3", "location": "in-bucket"}},
        {"source": {"type": "S3", "location": "file://host/folder"}},
        {"source": {"type": "S3", "location": "in-bucket/a", "reportBuildStatus": True}},
        {"source": {"type": "S3", "location": "in-bucket/a", "auth": {"type": "OAUTH"}}},
        {"artifacts": {"type": "S3"}},
        {"artifacts": {"type": "S3", "location": "bucket/folder"}},
        {"cache": {"type": "LOCAL"}},
        {"secondaryArtifacts": [{"type": "S3", "location": "out-bucket"}]},
        {"secondaryArtifacts": [{"type": "NO_ARTIFACTS", "artifactIdentifier": "one"}]},
        {"tags": [{"key": "aws:team", "value": "blue"}]},
        {"tags": [{"key": "team", "value": "blue"}, {"key": "team", "value": "red"}]},
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(
    codebuild: Client, role: str, member: dict[str, Any]
) -> None:
    """What fits the model and says nothing that could be done is refused."""
    request = settings(role, **member)
    refused(codebuild, "InvalidInputException", "create_project", name="demo", **request)
    assert codebuild.list_projects()["projects"] == []


@pytest.mark.assumed("the service takes these; this emulator says what it cannot do")
@pytest.mark.parametrize(
    "member",
    [
        {"source": {"type": "GITHUB", "location": CLONE}},
        {"source": {"type": "CODEPIPELINE"}},
        {"secondarySources": [{"type": "S3", "location": "a-bucket/b", "sourceIdentifier": "c"}]},
        {"artifacts": {"type": "CODEPIPELINE"}},
        {"cache": {"type": "S3", "location": "cache-bucket/prefix"}},
        {"vpcConfig": {"vpcId": "vpc-1", "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}},
        {"fileSystemLocations": [{"type": "EFS", "location": "fs:/", "mountPoint": "/mnt"}]},
        {"logsConfig": {"s3Logs": {"status": "ENABLED", "location": "logs-bucket"}}},
        {"autoRetryLimit": 2},
    ],
    ids=str,
)
def test_what_builds_here_cannot_do_is_refused(
    codebuild: Client, role: str, member: dict[str, Any]
) -> None:
    """A build that would go without a thing it was promised is not promised it."""
    request = settings(role, **member)
    text = refused(codebuild, "InvalidInputException", "create_project", name="demo", **request)
    assert text.startswith(UNSUPPORTED)
    assert "it supports" in text


@pytest.mark.assumed("the service takes these; this emulator says what it cannot do")
@pytest.mark.parametrize(
    "member",
    [
        {"type": "WINDOWS_SERVER_2022_CONTAINER"},
        {"computeType": "BUILD_LAMBDA_1GB"},
        {"fleet": {"fleetArn": "arn:aws:codebuild:eu-west-1:111122223333:fleet/demo:1"}},
        {"certificate": "arn:aws:s3:::bucket/certificate.pem"},
    ],
    ids=str,
)
def test_environment_that_is_not_here_is_refused(
    codebuild: Client, role: str, member: dict[str, Any]
) -> None:
    """Builds run on this machine, whatever the image is."""
    request = settings(role)
    request["environment"] |= member
    text = refused(codebuild, "InvalidInputException", "create_project", name="demo", **request)
    assert text.startswith(UNSUPPORTED)


@pytest.mark.assumed("a folder of this machine is this emulator's own kind of source")
def test_source_may_be_a_folder_of_this_machine(codebuild: Client, role: str) -> None:
    """Who tries a buildspec out needs no bucket for the source."""
    source = {"type": "S3", "location": "file:///home/me/demo"}
    codebuild.create_project(name="demo", **settings(role, source=source))
    assert shown(codebuild)["source"] == source


@pytest.mark.documented("ProjectArtifacts")
def test_secondary_artifacts_have_identifiers(codebuild: Client, role: str) -> None:
    """More artifacts than one are told apart by their identifiers."""
    more = [
        {"type": "S3", "location": "out-bucket", "artifactIdentifier": name}
        for name in ("one", "two")
    ]
    codebuild.create_project(name="demo", **settings(role, secondaryArtifacts=more))
    names = [each["artifactIdentifier"] for each in shown(codebuild)["secondaryArtifacts"]]
    assert names == ["one", "two"]


# --- Changing and deleting -------------------------------------------------------------------


@pytest.mark.documented("UpdateProject")
def test_update_changes_what_it_names(people: People, codebuild: Client, role: str) -> None:
    """Other members stay as they are, a structure is replaced as a whole."""
    logs = {"cloudWatchLogs": {"status": "DISABLED"}}
    request = settings(role, description="first", logsConfig=logs, concurrentBuildLimit=2)
    created = codebuild.create_project(name="demo", **request)["project"]
    people.emulation.travel(60)
    cache = {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}
    updated = codebuild.update_project(
        name="demo", description="second", cache=cache, badgeEnabled=True, concurrentBuildLimit=-1
    )["project"]
    assert updated["lastModified"] > updated["created"] == created["created"]
    del created["concurrentBuildLimit"]
    changed = {
        "description": "second",
        "cache": cache,
        "badge": {"badgeEnabled": True},
        "lastModified": updated["lastModified"],
    }
    assert updated == created | changed == shown(codebuild)


@pytest.mark.documented("UpdateProject")
def test_refused_update_changes_nothing(people: People, codebuild: Client, role: str) -> None:
    """What CreateProject refuses is refused here too, and the project stays as it was."""
    before = codebuild.create_project(name="demo", **settings(role))["project"]
    for member in (
        {"source": {"type": "S3"}},
        {"serviceRole": f"arn:aws:iam::{people.account.number}:role/missing"},
        {"serviceRole": "builder"},
    ):
        refused(
            codebuild,
            "InvalidInputException",
            "update_project",
            name="demo",
            description="changed",
            **member,
        )
    assert shown(codebuild) == before


@pytest.mark.assumed("the words are those that StartBuild has for a missing project")
def test_missing_project_cannot_be_updated(people: People, codebuild: Client, role: str) -> None:
    """There is nothing to change, whatever is to be changed."""
    for member in ({"description": "changed"}, {"serviceRole": role}):
        text = refused(
            codebuild, "ResourceNotFoundException", "update_project", name="demo", **member
        )
        assert text == f"Project cannot be found: {arn(people, 'demo')}"


@pytest.mark.assumed("DeleteProject has no exception for a project that is not there")
def test_deleted_project_is_gone(codebuild: Client, role: str) -> None:
    """Deleting once or twice is the same, and the name is free again."""
    codebuild.create_project(name="demo", **settings(role))
    for _ in range(2):
        codebuild.delete_project(name="demo")
    assert codebuild.batch_get_projects(names=["demo"])["projectsNotFound"] == ["demo"]
    codebuild.create_project(name="demo", **settings(role))


# --- Asking ----------------------------------------------------------------------------------


@pytest.mark.documented("BatchGetProjects")
def test_projects_are_found_by_name_and_arn(people: People, codebuild: Client, role: str) -> None:
    """What is not there is listed, whichever way it was named."""
    for name in ("one", "two"):
        codebuild.create_project(name=name, **settings(role))
    foreign = f"arn:aws:codebuild:{REGION}:444455556666:project/one"
    answer = codebuild.batch_get_projects(names=["two", arn(people, "one"), "three", foreign])
    assert [project["name"] for project in answer["projects"]] == ["two", "one"]
    assert answer["projectsNotFound"] == ["three", foreign]


@pytest.mark.documented("ListProjects")
def test_projects_are_listed_in_the_order_asked_for(
    people: People, codebuild: Client, role: str
) -> None:
    """By name, by creation, by change; either way round."""
    for name in ("bb", "cc", "aa"):
        codebuild.create_project(name=name, **settings(role))
        people.emulation.travel(1)
    codebuild.update_project(name="cc", description="changed")
    orders = {"NAME": "aa bb cc", "CREATED_TIME": "bb cc aa", "LAST_MODIFIED_TIME": "bb aa cc"}
    for sort_by, names in orders.items():
        listed = codebuild.list_projects(sortBy=sort_by, sortOrder="ASCENDING")["projects"]
        assert listed == names.split()
        listed = codebuild.list_projects(sortBy=sort_by, sortOrder="DESCENDING")["projects"]
        assert listed == names.split()[::-1]


@pytest.mark.documented("ListProjects")
@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
def test_hundred_projects_are_a_page(codebuild: Client, role: str, order: str) -> None:
    """Further names come with the token, which holds for the same question only."""
    names = [f"demo-{number:03}" for number in range(101)]
    for name in names:
        codebuild.create_project(name=name, **settings(role))
    first = codebuild.list_projects(sortOrder=order)
    rest = codebuild.list_projects(sortOrder=order, nextToken=first["nextToken"])
    assert len(first["projects"]) == 100
    assert "nextToken" not in rest
    assert sorted(first["projects"] + rest["projects"]) == names
    refused(
        codebuild,
        "InvalidInputException",
        "list_projects",
        sortBy="CREATED_TIME",
        nextToken=first["nextToken"],
    )


@pytest.mark.documented("ListProjects")
def test_accounts_and_regions_have_their_own_projects(
    people: People, codebuild: Client, role: str
) -> None:
    """A project is seen where it was made, by its own account."""
    codebuild.create_project(name="demo", **settings(role))
    keys = people.administrator
    elsewhere = people.emulation.boto3_client(
        "codebuild", keys.access_key_id, keys.secret_access_key, region="eu-central-1"
    )
    owner = people.emulation.owner
    other = people.emulation.boto3_client("codebuild", owner.access_key_id, owner.secret_access_key)
    for client in (elsewhere, other):
        assert client.list_projects()["projects"] == []
        for name in ("demo", arn(people, "demo")):
            assert client.batch_get_projects(names=[name])["projects"] == []
            client.delete_project(name=name)
    assert codebuild.list_projects()["projects"] == ["demo"]


# --- Permissions -----------------------------------------------------------------------------


def denied(client: Client, operation: str, **request: Json) -> str:
    return refused(client, "AccessDeniedException", operation, **request)


@pytest.mark.documented("Actions, resources, and condition keys for AWS CodeBuild")
def test_actions_are_granted_on_projects(people: People, codebuild: Client, role: str) -> None:
    """Each operation needs its action on each of the projects it names."""
    for name in ("one", "two"):
        codebuild.create_project(name=name, **settings(role))
    keys = people.user(
        "ann",
        allow("codebuild:BatchGetProjects", "codebuild:DeleteProject", resource=arn(people, "one")),
    )
    ann = people.ask("codebuild", keys)
    assert len(ann.batch_get_projects(names=["one", arn(people, "one")])["projects"]) == 2
    text = denied(ann, "batch_get_projects", names=["one", "two"])
    assert text == (
        f"User: arn:aws:iam::{people.account.number}:user/ann is not authorized to perform:"
        f" codebuild:BatchGetProjects on resource: {arn(people, 'two')} because no identity-based"
        " policy allows the codebuild:BatchGetProjects action"
    )
    denied(ann, "delete_project", name="two")
    assert "on resource: *" in denied(ann, "list_projects")
    ann.delete_project(name="one")
    assert codebuild.list_projects()["projects"] == ["two"]


@pytest.mark.documented("Granting a user permissions to pass a role to an AWS service")
def test_role_must_be_passed(people: People, codebuild: Client, role: str) -> None:
    """Whoever gives a project a role needs iam:PassRole on it, for CodeBuild."""
    keys = people.user("ann", allow("codebuild:*"))
    ann = people.ask("codebuild", keys)
    text = denied(ann, "create_project", name="demo", **settings(role))
    assert f"perform: iam:PassRole on resource: {role}" in text
    codebuild.create_project(name="demo", **settings(role))
    denied(ann, "update_project", name="demo", serviceRole=role)
    ann.update_project(name="demo", description="changed")
    for service in ("ec2.amazonaws.com", "codebuild.amazonaws.com"):
        passing = allow(
            "iam:PassRole",
            resource=role,
            Condition={"StringEquals": {"iam:PassedToService": service}},
        )
        people.iam.put_user_policy(
            UserName="ann", PolicyName="passing", PolicyDocument=policy(passing)
        )
        if service.startswith("ec2"):
            denied(ann, "update_project", name="demo", serviceRole=role)
    ann.update_project(name="demo", serviceRole=role)


@pytest.mark.documented("Using tags to control access to AWS CodeBuild resources")
def test_policies_may_ask_for_tags(people: People, codebuild: Client, role: str) -> None:
    """Tags of the project and of the request are known to conditions."""
    blue = [{"key": "team", "value": "blue"}]
    codebuild.create_project(name="demo", **settings(role, tags=blue))
    codebuild.create_project(name="other", **settings(role))
    keys = people.user(
        "ann",
        allow("codebuild:*", Condition={"StringEquals": {"aws:ResourceTag/team": "blue"}}),
        allow(
            "codebuild:CreateProject", Condition={"StringEquals": {"aws:RequestTag/team": "blue"}}
        ),
        allow("iam:PassRole"),
    )
    ann = people.ask("codebuild", keys)
    ann.update_project(name="demo", description="changed")
    denied(ann, "update_project", name="other", description="changed")
    ann.create_project(name="mine", **settings(role, tags=blue))
    denied(ann, "create_project", name="not-mine", **settings(role))


# --- The door --------------------------------------------------------------------------------


@pytest.mark.assumed("this emulator says what it does not have")
def test_operation_that_is_not_emulated_says_so(codebuild: Client) -> None:
    """An operation of the service without a handler is no silent success."""
    with pytest.raises(codebuild.exceptions.ClientError, match="not emulated yet") as raised:
        codebuild.list_fleets()
    assert refusal(raised)["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.assumed("a reset is this emulator's own")
def test_reset_of_an_account_forgets_its_projects(
    people: People, codebuild: Client, role: str
) -> None:
    """What one account made is gone, and nothing of another."""
    codebuild.create_project(name="demo", **settings(role))
    other = People(people.emulation, people.emulation.other_account())
    others = other.ask("codebuild")
    others.create_project(name="kept", **settings(service_role(other)))
    people.emulation.control("POST", "reset", {"account": people.account.number})
    assert codebuild.list_projects()["projects"] == []
    assert others.list_projects()["projects"] == ["kept"]
    people.emulation.control("POST", "reset")
    fresh = People(people.emulation, people.emulation.account(other.account.number))
    assert fresh.ask("codebuild").list_projects()["projects"] == []
