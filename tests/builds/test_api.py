"""CodeBuild's API as boto3 sees it, from StartBuild to BatchDeleteBuilds."""

import io
import json
import re
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from pytest_codeartifact.targets.emulator import Account, EmulatorTarget

HELLO = "version: 0.2\nphases: {build: {commands: [echo hello]}}"
IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
ORDER = [
    *("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD"),
    *("BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"),
]


class Workshop:
    """CodeBuild of an account of its own, with a role that may do what a test says."""

    def __init__(self, account: "Account") -> None:
        self.account = account
        self.codebuild = account.boto3_client("codebuild")
        self.s3 = account.boto3_client("s3")
        self.role = self.make_role(LOGS)

    def make_role(self, actions: list[str], resource: str = "*") -> str:
        """A role that CodeBuild may assume, with these actions."""
        iam, name = self.account.boto3_client("iam"), f"build-{uuid.uuid4().hex[:8]}"
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "codebuild.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
        allowed = {"Effect": "Allow", "Action": actions, "Resource": resource}
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(allowed))
        return str(arn)

    def make_bucket(self) -> str:
        """A bucket."""
        name = f"builds-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(
            Bucket=name,
            CreateBucketConfiguration={"LocationConstraint": self.account.region},
        )
        return name

    def make_project(self, buildspec: str = HELLO, **settings: Any) -> str:  # noqa: ANN401 -- a request's
        """A project without source unless its settings say so; its name."""
        name = f"project-{uuid.uuid4().hex[:8]}"
        asked = {
            "name": name,
            "source": {"type": "NO_SOURCE", "buildspec": buildspec},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": IMAGE,
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            "serviceRole": self.role,
        }
        self.codebuild.create_project(**{**asked, **settings})
        return name

    def build(self, project: str, **overrides: Any) -> Mapping[str, Any]:  # noqa: ANN401 -- a request's
        """Start a build and wait for its end."""
        return self.ended(self.codebuild.start_build(projectName=project, **overrides)["build"])

    def ended(self, build: Mapping[str, Any]) -> Mapping[str, Any]:
        """The build once it is over."""
        deadline = time.monotonic() + 60
        while not (now := self.shown(build))["buildComplete"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return now

    def shown(self, build: Mapping[str, Any]) -> Mapping[str, Any]:
        """The build as it is now."""
        now: Mapping[str, Any]
        (now,) = self.codebuild.batch_get_builds(ids=[build["id"]])["builds"]
        return now

    def log(self, build: Mapping[str, Any]) -> str:
        """What CloudWatch Logs has of a build."""
        place = build["logs"]
        events = self.account.boto3_client("logs").get_log_events(
            logGroupName=place["groupName"], logStreamName=place["streamName"], startFromHead=True
        )["events"]
        return "".join(event["message"] for event in events)


def policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.fixture(scope="module")
def workshop(codeartifact_target: "EmulatorTarget") -> "Iterator[Workshop]":
    account = codeartifact_target.new_account()
    yield Workshop(account)
    codeartifact_target.control.reset(account.account)


# --- A build ---------------------------------------------------------------------------------


@pytest.mark.documented("StartBuild")
def test_build_is_shown_as_the_service_shows_it(workshop: Workshop) -> None:
    """Phases in order, each with its times; log group and stream; numbers count from one."""
    project = workshop.make_project()
    started = workshop.codebuild.start_build(projectName=project)["build"]
    assert started["buildStatus"] == "IN_PROGRESS"
    assert not started["buildComplete"]

    build = workshop.ended(started)

    assert build["buildStatus"] == "SUCCEEDED"
    assert build["buildNumber"] == 1
    assert [phase["phaseType"] for phase in build["phases"]] == ORDER
    for phase in build["phases"][:-1]:
        assert phase["phaseStatus"] == "SUCCEEDED"
        assert phase["endTime"] >= phase["startTime"]
        assert phase["durationInSeconds"] >= 0
    assert build["phases"][-1].keys() == {"phaseType", "startTime"}
    assert build["currentPhase"] == "COMPLETED"
    identity, number = build["id"].split(":"), workshop.account.account
    assert identity[0] == project
    assert build["arn"].endswith(f":{number}:build/{build['id']}")
    assert build["logs"]["groupName"] == f"/aws/codebuild/{project}"
    assert build["logs"]["streamName"] == identity[1]
    assert build["initiator"] == "administrator"
    assert build["timeoutInMinutes"] == 60
    assert build["queuedTimeoutInMinutes"] == 480
    lines = workshop.log(build).splitlines()
    assert "hello" in lines
    assert all(
        re.match(r"\[Container\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} ", line)
        for line in lines
        if line.startswith("[Container]")
    )
    assert workshop.build(project)["buildNumber"] == 2


@pytest.mark.documented("StartBuild")
def test_overrides_count_for_one_build(workshop: Workshop) -> None:
    """Buildspec, variables, role, logs and timeout of a request take the project's place once."""
    project = workshop.make_project(
        environment={
            "type": "LINUX_CONTAINER",
            "image": IMAGE,
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [
                {"name": "KEPT", "value": "of the project"},
                {"name": "TAKEN", "value": "of the project"},
            ],
        }
    )
    other = workshop.make_role(LOGS)

    build = workshop.build(
        project,
        buildspecOverride=HELLO.replace("hello", "$KEPT and $TAKEN"),
        environmentVariablesOverride=[{"name": "TAKEN", "value": "of the request"}],
        serviceRoleOverride=other,
        timeoutInMinutesOverride=7,
        logsConfigOverride={
            "cloudWatchLogs": {"status": "ENABLED", "groupName": "mine", "streamName": "nightly"}
        },
    )

    assert "of the project and of the request" in workshop.log(build)
    assert build["serviceRole"] == other
    assert build["timeoutInMinutes"] == 7
    assert build["logs"]["groupName"] == "mine"
    assert build["logs"]["streamName"] == f"nightly/{build['id'].partition(':')[2]}"
    assert "hello" in workshop.log(workshop.build(project))


@pytest.mark.documented("StartBuild")
def test_every_member_of_start_build_is_taken(workshop: Workshop) -> None:
    """No member of the request is ignored: each is a project's or does something."""
    from pytest_codeartifact.emulator.builds import plans  # noqa: PLC0415 -- looked at from inside

    members = set(
        workshop.codebuild.meta.service_model.operation_model("StartBuild").input_shape.members
    )
    own = {
        *("projectName", "sourceVersion", "environmentVariablesOverride"),
        *("idempotencyToken", "debugSessionEnabled"),
    }
    assert members == own | {*plans.OF_SOURCE, *plans.OF_ENVIRONMENT, *plans.OF_PROJECT}


@pytest.mark.documented("StartBuild")
def test_repeated_request_is_the_same_build(workshop: Workshop) -> None:
    """An idempotency token stands for one build, and for one request."""
    project, token = workshop.make_project(), uuid.uuid4().hex
    first = workshop.codebuild.start_build(projectName=project, idempotencyToken=token)["build"]
    again = workshop.codebuild.start_build(projectName=project, idempotencyToken=token)["build"]
    assert again["id"] == first["id"]

    with pytest.raises(ClientError, match="other parameters") as refused:
        workshop.codebuild.start_build(
            projectName=project, idempotencyToken=token, timeoutInMinutesOverride=9
        )

    assert refused.value.response["Error"]["Code"] == "InvalidInputException"
    workshop.ended(first)


@pytest.mark.documented("RetryBuild")
def test_retried_build_is_a_new_one_of_the_same_plan(workshop: Workshop) -> None:
    """RetryBuild takes what the build had been started with."""
    project = workshop.make_project()
    build = workshop.build(project, buildspecOverride=HELLO.replace("hello", "overridden"))

    again = workshop.ended(workshop.codebuild.retry_build(id=build["id"])["build"])

    assert again["id"] != build["id"]
    assert again["buildNumber"] == 2
    assert "overridden" in workshop.log(again)


@pytest.mark.documented("BatchDeleteBuilds")
def test_builds_are_listed_until_they_are_deleted(workshop: Workshop) -> None:
    """Lists have the newest first; deleted builds are not found, running ones stay."""
    client = workshop.codebuild
    project = workshop.make_project()
    first, second = workshop.build(project), workshop.build(project)
    endless = HELLO.replace("echo hello", "sleep 1000")
    running = client.start_build(projectName=project, buildspecOverride=endless)["build"]
    ids = [running["id"], second["id"], first["id"]]
    assert client.list_builds_for_project(projectName=project)["ids"] == ids
    assert (
        client.list_builds_for_project(projectName=project, sortOrder="ASCENDING")["ids"]
        == ids[::-1]
    )
    assert set(ids) <= set(client.list_builds()["ids"])

    done = client.batch_delete_builds(ids=[first["arn"], running["id"], "unknown:build"])

    assert done["buildsDeleted"] == [first["arn"]]
    assert {each["id"] for each in done["buildsNotDeleted"]} == {running["id"], "unknown:build"}
    told = client.batch_get_builds(ids=[first["id"], second["id"]])
    assert [build["id"] for build in told["builds"]] == [second["id"]]
    assert told["buildsNotFound"] == [first["id"]]
    client.stop_build(id=running["id"])
    assert workshop.ended(running)["buildStatus"] == "STOPPED"


@pytest.mark.observed("2020-06-01")
def test_phase_that_goes_on_has_no_status(workshop: Workshop) -> None:
    """While a phase lasts, it has its beginning only."""
    endless = workshop.make_project(HELLO.replace("echo hello", "sleep 1000"))
    started = workshop.codebuild.start_build(projectName=endless)["build"]
    assert [p["phaseType"] for p in started["phases"]][:2] == ["SUBMITTED", "QUEUED"]
    deadline = time.monotonic() + 60
    while (now := workshop.shown(started))["currentPhase"] != "BUILD":
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert now["phases"][-1].keys() == {"phaseType", "startTime"}

    workshop.codebuild.stop_build(id=started["id"])
    stopped = workshop.ended(started)["phases"][-2]
    assert stopped["phaseStatus"] == "STOPPED"
    assert "contexts" not in stopped


@pytest.mark.documented("Quotas for AWS CodeBuild")
def test_builds_wait_for_each_other(workshop: Workshop) -> None:
    """More builds than there is room for are QUEUED; one that is stopped there never runs."""
    client = workshop.codebuild
    endless = workshop.make_project(HELLO.replace("echo hello", "sleep 1000"))
    running = [client.start_build(projectName=endless)["build"] for _ in range(4)]
    waiting = client.start_build(projectName=endless)["build"]

    client.stop_build(id=waiting["id"])

    stopped = workshop.ended(waiting)
    assert [p["phaseType"] for p in stopped["phases"]] == ["SUBMITTED", "QUEUED", "COMPLETED"]
    assert stopped["phases"][1]["phaseStatus"] == stopped["buildStatus"] == "STOPPED"
    for each in running:
        client.stop_build(id=each["id"])
        workshop.ended(each)


@pytest.mark.documented("CreateProject concurrentBuildLimit")
def test_project_has_no_more_builds_than_its_limit(workshop: Workshop) -> None:
    """Beyond the project's own limit a build is refused."""
    client = workshop.codebuild
    project = workshop.make_project(
        HELLO.replace("echo hello", "sleep 1000"), concurrentBuildLimit=1
    )
    running = client.start_build(projectName=project)["build"]

    with pytest.raises(client.exceptions.AccountLimitExceededException):
        client.start_build(projectName=project)

    client.stop_build(id=running["id"])
    workshop.ended(running)


@pytest.mark.documented("StartBuild")
@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("start_build", {"projectName": "nobody"}, "ResourceNotFoundException"),
        ("stop_build", {"id": "nobody:build"}, "ResourceNotFoundException"),
        ("retry_build", {"id": "nobody:build"}, "ResourceNotFoundException"),
        ("list_builds_for_project", {"projectName": "nobody"}, "ResourceNotFoundException"),
        ("list_builds", {"nextToken": "unreadable"}, "InvalidInputException"),
    ],
)
def test_unknown_things_are_refused(
    workshop: Workshop, operation: str, request_: Mapping[str, Any], code: str
) -> None:
    """What does not exist is said not to."""
    with pytest.raises(ClientError) as refused:
        getattr(workshop.codebuild, operation)(**request_)

    assert refused.value.response["Error"]["Code"] == code


@pytest.mark.documented("Actions, resources, and condition keys for AWS CodeBuild")
def test_caller_needs_permission_for_the_project(
    codeartifact_target: "EmulatorTarget", codeartifact_role: "Callable[..., Any]"
) -> None:
    """StartBuild is granted on a project's ARN, and passing a role needs iam:PassRole."""
    workshop = Workshop(codeartifact_target)
    own, other = workshop.make_project(), workshop.make_project()
    arn = f"arn:aws:codebuild:{codeartifact_target.region}:{codeartifact_target.account}:project/"
    actions = ["codebuild:StartBuild", "codebuild:BatchGetBuilds", "codebuild:StopBuild"]
    role = codeartifact_role([{"Effect": "Allow", "Action": actions, "Resource": f"{arn}{own}"}])
    client = role.boto3_client("codebuild")

    started = client.start_build(projectName=own)["build"]
    assert started["initiator"] == f"{role.name}/pytest"
    with pytest.raises(ClientError, match=f"codebuild:StartBuild on resource: {arn}{other}"):
        client.start_build(projectName=other)
    with pytest.raises(ClientError, match="iam:PassRole"):
        client.start_build(projectName=own, serviceRoleOverride=workshop.role)
    workshop.ended(started)
    for project in (own, other):
        workshop.codebuild.delete_project(name=project)


# --- Source and artifacts --------------------------------------------------------------------


@pytest.mark.documented("Working with build projects")
def test_source_and_artifacts_are_objects_of_s3(workshop: Workshop) -> None:
    """A ZIP is unpacked into the source folder, and what the buildspec names is packed again."""
    bucket = workshop.make_bucket()
    buildspec = """
version: 0.2
phases:
  build:
    commands:
      - FOLDER=out; test -x run.sh && ./run.sh > out/made.txt
artifacts:
  files: ['**/*']
  base-directory: $CODEBUILD_SRC_DIR/${FOLDER}
  name: named-$CODEBUILD_BUILD_NUMBER.zip
  secondary-artifacts:
    docs:
      files: [docs/*.md]
"""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("buildspec.yml", buildspec)
        archive.writestr("docs/one.md", "# One\n")
        archive.writestr("out/kept.txt", "kept\n")
        program = zipfile.ZipInfo("run.sh")
        program.external_attr = 0o755 << 16
        archive.writestr(program, "#!/bin/sh\necho made here\n")
    workshop.s3.put_object(Bucket=bucket, Key="in/source.zip", Body=packed.getvalue())
    project = workshop.make_project(
        source={"type": "S3", "location": f"{bucket}/in/source.zip"},
        artifacts={
            "type": "S3",
            "location": bucket,
            "path": "out",
            "namespaceType": "BUILD_ID",
            "packaging": "ZIP",
            "overrideArtifactName": True,
        },
        secondaryArtifacts=[{"type": "S3", "location": bucket, "artifactIdentifier": "docs"}],
        serviceRole=workshop.make_role([*LOGS, "s3:GetObject", "s3:PutObject"]),
    )

    build = workshop.build(project)

    assert build["buildStatus"] == "SUCCEEDED", workshop.log(build)
    unique = build["id"].partition(":")[2]
    location = build["artifacts"]["location"]
    assert location == f"arn:aws:s3:::{bucket}/out/{unique}/named-1.zip"
    key = location.partition("/")[2]
    stored = workshop.s3.get_object(Bucket=bucket, Key=key)
    with zipfile.ZipFile(io.BytesIO(stored["Body"].read())) as archive:
        assert sorted(archive.namelist()) == ["kept.txt", "made.txt"]
        assert archive.read("made.txt") == b"made here\n"
    assert stored["Metadata"]["codebuild-buildarn"] == build["arn"]
    assert stored["Metadata"]["codebuild-content-sha256"] == build["artifacts"]["sha256sum"]
    assert build["secondaryArtifacts"][0]["artifactIdentifier"] == "docs"
    listed = workshop.s3.list_objects_v2(Bucket=bucket, Prefix="docs/")["Contents"]
    assert [each["Key"] for each in listed] == ["docs/docs/one.md"]


@pytest.mark.documented("Troubleshooting AWS CodeBuild")
@pytest.mark.parametrize(
    ("actions", "told"),
    [
        (["s3:GetObject", "s3:ListBucket"], "NoSuchKey"),
        ([], "is not authorized to perform: s3:GetObject"),
    ],
    ids=["missing", "denied"],
)
def test_source_that_cannot_be_had_fails_its_phase(
    workshop: Workshop, actions: list[str], told: str
) -> None:
    """A missing object and a missing permission are told in DOWNLOAD_SOURCE."""
    bucket = workshop.make_bucket()
    project = workshop.make_project(
        source={"type": "S3", "location": f"{bucket}/source.zip"},
        serviceRole=workshop.make_role([*LOGS, *actions]),
    )

    build = workshop.build(project)

    assert build["buildStatus"] == "FAILED"
    (failed,) = [p for p in build["phases"] if p.get("phaseStatus") == "FAILED"]
    assert failed["phaseType"] == "DOWNLOAD_SOURCE"
    assert failed["contexts"][0]["statusCode"] == "CLIENT_ERROR"
    assert told in failed["contexts"][0]["message"]


@pytest.mark.documented("Troubleshooting AWS CodeBuild")
def test_artifacts_that_are_not_there_fail_the_upload(workshop: Workshop) -> None:
    """Nothing that fits the patterns is a failure of UPLOAD_ARTIFACTS."""
    bucket = workshop.make_bucket()
    project = workshop.make_project(
        f"{HELLO}\nartifacts: {{files: [missing/*]}}",
        artifacts={"type": "S3", "location": bucket},
        serviceRole=workshop.make_role([*LOGS, "s3:PutObject"]),
    )

    build = workshop.build(project)

    phase = next(p for p in build["phases"] if p["phaseType"] == "UPLOAD_ARTIFACTS")
    assert build["buildStatus"] == phase["phaseStatus"] == "FAILED"
    assert phase["contexts"] == [
        {"statusCode": "CLIENT_ERROR", "message": "no matching artifact paths found"}
    ]


@pytest.mark.assumed("AWS has no such source; it stands for a checkout")
def test_source_may_be_a_folder_of_this_machine(workshop: Workshop, tmp_path: Path) -> None:
    """The build gets a copy, and the folder stays as it is."""
    (tmp_path / "buildspec.yml").write_text(HELLO.replace("echo hello", "rm buildspec.yml data"))
    (tmp_path / "data").write_text("precious")

    build = workshop.build(
        workshop.make_project(source={"type": "S3", "location": tmp_path.as_uri()})
    )

    assert build["buildStatus"] == "SUCCEEDED"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["buildspec.yml", "data"]


@pytest.mark.documented("Build specification reference for CodeBuild")
@pytest.mark.parametrize("place", ["ci/build.yml", ""], ids=["path", "default"])
def test_buildspec_that_is_missing_is_said_to_be(
    workshop: Workshop, tmp_path: Path, place: str
) -> None:
    """A path that is not there fails DOWNLOAD_SOURCE."""
    source = {
        "type": "S3",
        "location": tmp_path.as_uri(),
        **({"buildspec": place} if place else {}),
    }

    build = workshop.build(workshop.make_project(source=source))

    phase = next(p for p in build["phases"] if p["phaseType"] == "DOWNLOAD_SOURCE")
    assert phase["contexts"] == [
        {"statusCode": "YAML_FILE_ERROR", "message": "YAML file does not exist"}
    ]


# --- Reports, secrets, cache -----------------------------------------------------------------


@pytest.mark.documented("Work with test reports")
def test_report_of_a_build_can_be_read(workshop: Workshop) -> None:
    """JUnit results become a report with its test cases, and failures in it fail no build."""
    buildspec = """
version: 0.2
phases:
  build:
    commands:
      - |
        cat > results.xml <<'END'
        <testsuites><testsuite name="unit">
          <testcase classname="pkg.test_one" name="test_ok" time="0.25"/>
          <testcase classname="pkg.test_one" name="test_bad" time="0.5">
            <failure message="assert 1 == 2">here</failure>
          </testcase>
        </testsuite></testsuites>
        END
reports:
  unit:
    files: [results.xml]
"""
    reporting = ["CreateReportGroup", "CreateReport", "UpdateReport", "BatchPutTestCases"]
    project = workshop.make_project(
        buildspec,
        serviceRole=workshop.make_role([*LOGS, *(f"codebuild:{name}" for name in reporting)]),
    )

    build = workshop.build(project)

    assert build["buildStatus"] == "SUCCEEDED", workshop.log(build)
    (arn,) = build["reportArns"]
    assert f":report/{project}-unit:" in arn
    (report,) = workshop.codebuild.batch_get_reports(reportArns=[arn])["reports"]
    assert report["status"] == "FAILED"
    assert report["executionId"] == build["arn"]
    assert report["testSummary"]["total"] == 2
    assert report["testSummary"]["durationInNanoSeconds"] == 750_000_000
    cases = workshop.codebuild.describe_test_cases(reportArn=arn)["testCases"]
    assert {case["name"]: case["status"] for case in cases} == {
        "test_ok": "SUCCEEDED",
        "test_bad": "FAILED",
    }


@pytest.mark.assumed("the words are not documented; the artifacts need not wait for a report")
def test_report_that_is_missing_keeps_nothing_else_back(workshop: Workshop) -> None:
    """UPLOAD_ARTIFACTS fails with the first reason, after it has stored what is there."""
    bucket = workshop.make_bucket()
    project = workshop.make_project(
        f"{HELLO.replace('echo hello', 'touch made')}\nreports: {{unit: {{files: [none.xml]}}}}\n"
        "artifacts: {files: [made]}",
        artifacts={"type": "S3", "location": bucket},
        serviceRole=workshop.make_role([*LOGS, "s3:PutObject"]),
    )

    build = workshop.build(project)

    phase = next(p for p in build["phases"] if p["phaseType"] == "UPLOAD_ARTIFACTS")
    assert phase["contexts"][0]["message"] == "no matching report paths found"
    listed = workshop.s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [each["Key"] for each in listed] == [f"{project}/made"]


@pytest.mark.documented("Build specification reference for CodeBuild")
def test_parameters_and_secrets_are_variables_that_the_log_hides(workshop: Workshop) -> None:
    """Both come with the role's permissions, and are masked wherever they are printed."""
    name = uuid.uuid4().hex[:8]
    workshop.account.boto3_client("ssm").put_parameter(
        Name=f"/{name}/url", Value="parameter-of-the-test", Type="SecureString"
    )
    workshop.account.boto3_client("secretsmanager").create_secret(
        Name=f"{name}-secret", SecretString='{"password": "secret-of-the-test"}'
    )
    buildspec = f"""
version: 0.2
env:
  parameter-store:
    URL: /{name}/url
  secrets-manager:
    PASSWORD: {name}-secret:password
phases:
  build:
    commands:
      - echo "$URL and $PASSWORD"
      - test "${{#URL}} ${{#PASSWORD}}" = "21 18"
"""
    role = workshop.make_role([*LOGS, "ssm:GetParameters", "secretsmanager:GetSecretValue"])

    build = workshop.build(workshop.make_project(buildspec, serviceRole=role))
    denied = workshop.build(workshop.make_project(buildspec))

    assert build["buildStatus"] == "SUCCEEDED", workshop.log(build)
    assert "*** and ***" in workshop.log(build)
    assert "of-the-test" not in workshop.log(build)
    (failed,) = [p for p in denied["phases"] if p.get("phaseStatus") == "FAILED"]
    assert failed["phaseType"] == "DOWNLOAD_SOURCE"
    assert failed["contexts"][0]["statusCode"] == "Decrypted Variables Error"
    assert "ssm:GetParameters" in failed["contexts"][0]["message"]


@pytest.mark.documented("Build specification reference for CodeBuild")
def test_secret_of_the_project_cannot_be_exported(workshop: Workshop) -> None:
    """What is to be hidden cannot be shown by `exported-variables`, whoever made it a secret."""
    project = workshop.make_project(
        f"{HELLO}\nenv: {{exported-variables: [TOKEN]}}",
        environment={
            "type": "LINUX_CONTAINER",
            "image": IMAGE,
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [
                {"name": "TOKEN", "value": "/some/token", "type": "PARAMETER_STORE"}
            ],
        },
    )

    build = workshop.build(project)

    (failed,) = [p for p in build["phases"] if p.get("phaseStatus") == "FAILED"]
    assert failed["contexts"][0]["statusCode"] == "YAML_FILE_ERROR"
    assert "TOKEN is a parameter or secret" in failed["contexts"][0]["message"]
    assert build["exportedEnvironmentVariables"] == []


@pytest.mark.documented("StartBuild")
def test_plain_override_takes_the_place_of_a_secret(workshop: Workshop) -> None:
    """A value that loses is not asked for, so nobody needs permission for it."""
    buildspec = """
version: 0.2
env:
  parameter-store:
    WORD: /no/such/parameter
phases:
  build:
    commands: [echo "$WORD"]
"""
    overrides = [{"name": "WORD", "value": "plain"}]

    build = workshop.build(workshop.make_project(buildspec), environmentVariablesOverride=overrides)

    assert "plain" in workshop.log(build).splitlines()


@pytest.mark.assumed("the words are not documented")
def test_artifact_name_that_cannot_be_expanded_fails_the_upload(workshop: Workshop) -> None:
    """A name's command that fails is no name, least of all that of another artifact."""
    bucket = workshop.make_bucket()
    project = workshop.make_project(
        f"{HELLO.replace('echo hello', 'touch made')}\n"
        'artifacts: {files: [made], name: "${UNSET?is missing}"}',
        artifacts={"type": "S3", "location": bucket, "overrideArtifactName": True},
        serviceRole=workshop.make_role([*LOGS, "s3:PutObject"]),
    )

    build = workshop.build(project)

    phase = next(p for p in build["phases"] if p["phaseType"] == "UPLOAD_ARTIFACTS")
    assert phase["contexts"][0]["message"].startswith("${UNSET?is missing} cannot be expanded")
    assert "Contents" not in workshop.s3.list_objects_v2(Bucket=bucket)


@pytest.mark.documented("Build caching in AWS CodeBuild")
def test_local_cache_lasts_from_build_to_build(workshop: Workshop) -> None:
    """What a build leaves in a cached folder is there for the next one of the project."""
    buildspec = """
version: 0.2
phases:
  build:
    commands:
      - ls kept 2>/dev/null || echo nothing kept
      - mkdir -p kept && touch kept/of-build-$CODEBUILD_BUILD_NUMBER
cache:
  paths: ['kept/**/*']
"""
    project = workshop.make_project(
        buildspec, cache={"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}
    )

    first, second = workshop.build(project), workshop.build(project)

    assert "nothing kept" in workshop.log(first).splitlines()
    assert "of-build-1" in workshop.log(second).splitlines()

    workshop.codebuild.invalidate_project_cache(projectName=project)

    assert "nothing kept" in workshop.log(workshop.build(project)).splitlines()


# --- Credentials -----------------------------------------------------------------------------


@pytest.mark.documented("Container credential provider")
def test_credentials_are_renewed_while_the_build_runs(
    codeartifact_private: "EmulatorTarget",
) -> None:
    """A build that takes longer than its session gets another one."""
    workshop = Workshop(codeartifact_private)
    project = workshop.make_project(
        """
version: 0.2
phases:
  build:
    commands:
      - aws sts get-caller-identity --query Account --output text
      - touch "$CODEBUILD_SRC_DIR/../first"; until [ -e "$HOME/go" ]; do sleep 0.05; done
      - aws sts get-caller-identity --query Account --output text
""",
        timeoutInMinutes=600,
    )
    started = workshop.codebuild.start_build(projectName=project)["build"]
    folder = wait_for_folder(workshop, started)
    codeartifact_private.control.advance(2 * 3600)
    (folder / "go").touch()

    build = workshop.ended(started)

    assert build["buildStatus"] == "SUCCEEDED", workshop.log(build)


def wait_for_folder(workshop: Workshop, build: Mapping[str, Any]) -> Path:
    """The home of a build whose first command is done."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        (now,) = workshop.codebuild.batch_get_builds(ids=[build["id"]])["builds"]
        log = workshop.log(now) if "groupName" in now["logs"] else ""
        found = re.search(r"CODEBUILD_SRC_DIR=(\S+)", log)
        if found and (Path(found[1]).parent / "first").exists():
            return Path(found[1]).parents[2] / "home"
        time.sleep(0.05)
    pytest.fail("the first command was never done")


@pytest.mark.documented("Container credential provider")
def test_credentials_are_for_the_build_alone(workshop: Workshop, tmp_path: Path) -> None:
    """A build's credentials are for who knows its secret, as long as it runs."""
    told, go = tmp_path / "told", tmp_path / "go"
    command = f"env >{told}.new; mv {told}.new {told}; until [ -e {go} ]; do sleep 0.05; done"
    project = workshop.make_project(HELLO.replace("echo hello", f'"{command}"'))
    started = workshop.codebuild.start_build(projectName=project)["build"]
    wait_for(told)
    known = dict(line.partition("=")[::2] for line in told.read_text().splitlines())
    url, secret = (
        known[f"AWS_CONTAINER_{name}"] for name in ("CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN")
    )

    assert [status(url, each) for each in (secret, None, "", f"{secret}x")] == [200, 403, 403, 403]
    assert status(f"{url}x", secret) == 403

    go.touch()
    assert workshop.ended(started)["buildStatus"] == "SUCCEEDED"
    assert status(url, secret) == 403


def wait_for(path: Path) -> None:
    """Wait until a build has written a file."""
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def status(url: str, secret: str | None) -> int:
    """How a request for credentials with this secret is answered."""
    headers = {} if secret is None else {"Authorization": secret}
    with urllib3.PoolManager(retries=False) as pool:
        return pool.request("GET", url, headers=headers).status
