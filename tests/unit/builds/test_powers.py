"""What the service role's policies let CodeBuild do around a build."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from pytest_codeartifact.emulator.builds.machine import BuildProblem
from pytest_codeartifact.emulator.builds.powers import Power
from pytest_codeartifact.emulator.errors import AccessDenied
from pytest_codeartifact.emulator.neighbours.buckets import BucketError, Encryption
from tests.support.emulation import REGION
from tests.support.people import Document, allow, deny
from tests.support.service_roles import SESSION, UUID, Logged, Workshop

LOGS = allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
GROUP = "/aws/codebuild/demo"


def problem(act: Callable[..., object], *given: Any) -> tuple[str, str]:  # noqa: ANN401 - any act's
    """Code and message with which an act fails."""
    with pytest.raises(BuildProblem) as failed:
        act(*given)
    return failed.value.code, failed.value.message


def read(power: Power, bucket: str, key: str, version: str | None = None) -> bytes:
    """An object's bytes."""
    target = io.BytesIO()
    power.read_object(bucket, key, target, version)
    return target.getvalue()


def test_power_is_asked_for_with_the_sentence_of_aws(workshop: Workshop) -> None:
    """What a policy allows passes, what none allows is denied in AWS's words."""
    group = f"arn:aws:codebuild:{REGION}:{workshop.account}:report-group/demo-tests"
    power = workshop.power(allow("codebuild:CreateReport", resource=group))
    power.require("codebuild:CreateReport", group)
    with pytest.raises(AccessDenied) as denied:
        power.require("codebuild:UpdateReport", group)
    assert denied.value.message == workshop.denied("codebuild:UpdateReport", group)


def test_facts_of_a_request_are_seen_by_conditions(workshop: Workshop) -> None:
    """A policy may allow a listing of some keys only."""
    bucket = workshop.bucket()
    condition = {"StringLike": {"s3:prefix": "src/*"}}
    power = workshop.power(allow("s3:ListBucket", Condition=condition))
    assert power.list_objects(bucket, "src/") == []
    with pytest.raises(BucketError):
        power.list_objects(bucket, "other/")


# --- Its log -------------------------------------------------------------------------------------


def logged(workshop: Workshop) -> list[str]:
    """The lines of the build's log, as boto3 reads them."""
    answer = workshop.people.ask("logs").get_log_events(
        logGroupName=GROUP, logStreamName=UUID, startFromHead=True
    )
    return [event["message"] for event in answer["events"]]


def test_log_is_written_line_by_line(workshop: Workshop) -> None:
    """Each line is an event of its own, an empty one too, with its end."""
    power, build = workshop.power(LOGS), Logged(workshop.build)
    power.open_log(build)
    now = workshop.emulation.emulator.clock.now()
    power.append_log(build, "[Container] one\n\ntwo\n", now)
    power.append_log(build, "three\x0b\n", now)
    power.append_log(build, "", now)
    assert logged(workshop) == ["[Container] one\n", "\n", "two\n", "three\x0b\n"]
    assert power.log_refusal is None


@pytest.mark.parametrize(
    ("statements", "action", "resource"),
    [
        ((), "logs:CreateLogStream", f"log-group:{GROUP}:log-stream:{UUID}"),
        (
            (allow("logs:CreateLogStream", "logs:PutLogEvents"),),
            "logs:CreateLogGroup",
            f"log-group:{GROUP}",
        ),
    ],
    ids=["nothing", "no-group"],
)
def test_log_that_may_not_be_opened_is_told_as_aws_tells_it(
    workshop: Workshop, statements: tuple[Document, ...], action: str, resource: str
) -> None:
    """The sentence names role, build and what is missing."""
    power, build = workshop.power(*statements), workshop.build
    code, message = problem(power.open_log, Logged(build))
    assert code == "ACCESS_DENIED"
    denied = workshop.denied(action, f"arn:aws:logs:{REGION}:{workshop.account}:{resource}")
    assert message == (
        f"Service role arn:aws:iam::{workshop.account}:role/builder does not allow AWS CodeBuild"
        f" to create Amazon CloudWatch Logs log streams for build {build.arn}."
        f" Error message: {denied}"
    )


def test_group_that_exists_need_not_be_made(workshop: Workshop) -> None:
    """Roles may leave that permission out once the group is there."""
    workshop.people.ask("logs").create_log_group(logGroupName=GROUP)
    power = workshop.power(allow("logs:CreateLogStream", "logs:PutLogEvents"))
    power.open_log(Logged(workshop.build))
    power.append_log(Logged(workshop.build), "line\n", workshop.emulation.emulator.clock.now())
    assert logged(workshop) == ["line\n"]


def test_log_ends_where_it_may_not_be_written(workshop: Workshop) -> None:
    """The build goes on, and why there are no lines can be told."""
    denying = deny("logs:PutLogEvents")
    power, build = workshop.power(LOGS, denying), Logged(workshop.build)
    power.open_log(build)
    for _ in range(2):
        power.append_log(build, "lost\n", 0)
    arn = f"arn:aws:logs:{REGION}:{workshop.account}:log-group:{GROUP}:log-stream:{UUID}"
    assert power.log_refusal == (
        f"AccessDeniedException: User: arn:aws:sts::{workshop.account}:assumed-role/builder/"
        f"{SESSION} is not authorized to perform: logs:PutLogEvents on resource: {arn}"
        " with an explicit deny in an identity-based policy"
    )
    assert logged(workshop) == []


def test_log_ends_where_its_stream_is_deleted(workshop: Workshop) -> None:
    """Whoever deletes a group of logs does not end the builds that write there."""
    power, build = workshop.power(LOGS), Logged(workshop.build)
    power.open_log(build)
    workshop.people.ask("logs").delete_log_group(logGroupName=GROUP)
    power.append_log(build, "lost\n", 0)
    assert power.log_refusal == (
        "ResourceNotFoundException: The specified log group does not exist."
    )


# --- Variables -----------------------------------------------------------------------------------


def test_parameter_is_read_with_its_permission(workshop: Workshop) -> None:
    """The resource has the path without its first slash, and neither version nor label."""
    workshop.people.ask("ssm").put_parameter(Name="/demo/key", Value="v", Type="SecureString")
    arn = f"arn:aws:ssm:{REGION}:{workshop.account}:parameter/demo/key"
    power = workshop.power(allow("ssm:GetParameters", resource=arn))
    assert [power.parameter(name) for name in ("/demo/key", "/demo/key:1", arn)] == ["v"] * 3


def test_parameter_without_permission_is_a_problem_of_variables(workshop: Workshop) -> None:
    """Code and sentence are those of AWS, whether the parameter exists or not."""
    code, message = problem(workshop.power().parameter, "key")
    assert code == "Decrypted Variables Error"
    arn = f"arn:aws:ssm:{REGION}:{workshop.account}:parameter/key"
    denied = workshop.denied("ssm:GetParameters", arn)
    assert message == f"AccessDeniedException: {denied}"


def test_missing_parameter_is_a_problem_of_variables(workshop: Workshop) -> None:
    """The name is told as it was asked for."""
    told = problem(workshop.power(allow("ssm:GetParameters")).parameter, "/demo/key")
    assert told == ("Decrypted Variables Error", "parameter does not exist: /demo/key")


def test_secret_is_read_with_its_permission(workshop: Workshop) -> None:
    """Policies name secrets by ARNs that end with random letters."""
    manager = workshop.people.ask("secretsmanager")
    manager.create_secret(Name="demo", SecretString='{"password": "hunter2"}')
    arn = f"arn:aws:secretsmanager:{REGION}:{workshop.account}:secret:demo-??????"
    power = workshop.power(allow("secretsmanager:GetSecretValue", resource=arn))
    assert power.secret("demo:password") == "hunter2"


def test_secret_without_permission_is_named_as_asked(workshop: Workshop) -> None:
    """The sentence of the Secrets Manager names it so, also where there is no such secret."""
    workshop.people.ask("secretsmanager").create_secret(Name="demo", SecretString="1")
    power = workshop.power()
    for name in ("demo", "missing"):
        code, message = problem(power.secret, name)
        assert code == "Secrets Manager Error"
        denied = workshop.denied("secretsmanager:GetSecretValue", name)
        assert message == f"AccessDeniedException: {denied}"


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("missing", "ResourceNotFoundException: Secrets Manager can't find the specified secret."),
        (
            "a:b:c:d:e",
            (
                "InvalidParameterException: a:b:c:d:e is not of the form"
                " secret-id:json-key:version-stage:version-id"
            ),
        ),
    ],
)
def test_secret_that_cannot_be_is_a_problem_of_variables(
    workshop: Workshop, reference: str, told: str
) -> None:
    """The service's own code and sentence stand in the message."""
    power = workshop.power(allow("secretsmanager:GetSecretValue"))
    assert problem(power.secret, reference) == ("Secrets Manager Error", told)


# --- Objects -------------------------------------------------------------------------------------


def test_object_is_read_with_the_permission_for_what_is_asked(workshop: Workshop) -> None:
    """A version needs another permission than the newest object."""
    bucket = workshop.bucket(versioned=True)
    version = workshop.put(bucket, "key", b"1")
    power = workshop.power(allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/*"))
    assert read(power, bucket, "key") == b"1"
    with pytest.raises(BucketError) as denied:
        read(power, bucket, "key", version)
    arn = f'"arn:aws:s3:::{bucket}/key"'
    assert str(denied.value) == f"AccessDenied: {workshop.denied('s3:GetObjectVersion', arn)}"


def test_missing_object_is_told_to_who_may_list_only(workshop: Workshop) -> None:
    """Others learn that they may not list, as on AWS."""
    bucket = workshop.bucket()
    power = workshop.power(allow("s3:GetObject"))
    with pytest.raises(BucketError) as denied:
        read(power, bucket, "key")
    told = workshop.denied("s3:ListBucket", f'"arn:aws:s3:::{bucket}"')
    assert str(denied.value) == f"AccessDenied: {told}"
    document = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'
    )
    workshop.people.iam.put_role_policy(
        RoleName="builder", PolicyName="own", PolicyDocument=document
    )
    with pytest.raises(BucketError, match=r"^NoSuchKey: The specified key does not exist\.$"):
        read(power, bucket, "key")


def test_missing_bucket_is_told_to_everybody(workshop: Workshop) -> None:
    """Names of buckets are no secret."""
    with pytest.raises(BucketError, match=r"^NoSuchBucket: The specified bucket does not exist$"):
        read(workshop.power(), "nobodys", "key")


def test_object_is_put_as_policies_may_demand(workshop: Workshop) -> None:
    """A policy may demand that objects are encrypted."""
    bucket = workshop.bucket()
    condition = {"StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    power = workshop.power(allow("s3:PutObject", Condition=condition))
    power.put_object(bucket, "key", io.BytesIO(b"1"), {}, Encryption("alias/aws/s3"))
    with pytest.raises(BucketError, match="not authorized to perform: s3:PutObject"):
        power.put_object(bucket, "plain", io.BytesIO(b"1"), {}, None)
    assert [each.key for each in workshop.buckets.list(workshop.account, bucket, "")] == ["key"]


# --- Reports -------------------------------------------------------------------------------------


def test_report_is_made_with_all_its_permissions(workshop: Workshop) -> None:
    """The group is made, then the report, and then it is filled."""
    group = f"arn:aws:codebuild:{REGION}:{workshop.account}:report-group/demo-tests"
    actions = ("CreateReportGroup", "CreateReport", "UpdateReport", "BatchPutTestCases")
    power = workshop.power(allow(*(f"codebuild:{each}" for each in actions), resource=group))
    power.create_report_group("tests", group)
    power.report("tests", group)


@pytest.mark.parametrize("missing", ["CreateReport", "UpdateReport", "BatchPutTestCases"])
def test_report_needs_each_of_its_permissions(workshop: Workshop, missing: str) -> None:
    """Without one of them the phase fails, and says which it is."""
    group = f"arn:aws:codebuild:{REGION}:{workshop.account}:report-group/demo-tests"
    power = workshop.power(allow("codebuild:*"), deny(f"codebuild:{missing}"))
    code, message = problem(power.report, "tests", group)
    assert code == "CLIENT_ERROR"
    assert f"not authorized to perform: codebuild:{missing} on resource: {group}" in message


def test_report_group_without_permission_is_told_as_aws_tells_it(workshop: Workshop) -> None:
    """The name is the one that the buildspec has."""
    group = f"arn:aws:codebuild:{REGION}:{workshop.account}:report-group/demo-tests"
    code, message = problem(workshop.power().create_report_group, "tests", group)
    denied = workshop.denied("codebuild:CreateReportGroup", group)
    assert code == "CLIENT_ERROR"
    assert message == (
        "Error in UPLOAD_ARTIFACTS phase: [tests: [error creating report group:"
        f" AccessDeniedException: {denied}]]"
    )
