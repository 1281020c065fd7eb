from dataclasses import replace
from pathlib import Path

from pytest_codeartifact.codebuild import environment
from pytest_codeartifact.emulator.builds.machine import Job

_ID = "demo:b1e6661e-e4f2-4156-9ab9-82a19EXAMPLE"
_JOB = Job(
    folder="/build",
    build_arn=f"arn:aws:codebuild:eu-west-1:111122223333:build/{_ID}",
    build_id=_ID,
    number=7,
    project="demo",
    region="eu-west-1",
    initiator="ann",
    image="aws/codebuild/standard:7.0",
    started=1_700_000_000.25,
    encryption_key="alias/aws/s3",
    log_stream="b1e6661e-e4f2-4156-9ab9-82a19EXAMPLE",
    endpoint_url="http://127.0.0.1:1",
    credentials_url="http://127.0.0.1:1/credentials",
    credentials_token="secret-token",
)


def test_build_is_told_about_itself(tmp_path: Path) -> None:
    """The documented variables are there, in the documented forms."""
    told = environment.variables(_JOB, tmp_path)
    expected = {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REGION": "eu-west-1",
        "CODEBUILD_BUILD_ARN": _JOB.build_arn,
        "CODEBUILD_BUILD_ID": _ID,
        "CODEBUILD_BUILD_IMAGE": "aws/codebuild/standard:7.0",
        "CODEBUILD_BUILD_NUMBER": "7",
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_CI": "true",
        "CODEBUILD_INITIATOR": "ann",
        "CODEBUILD_KMS_KEY_ID": "alias/aws/s3",
        "CODEBUILD_LOG_PATH": _JOB.log_stream,
        "CODEBUILD_SRC_DIR": str(tmp_path),
        "CODEBUILD_START_TIME": "1700000000250",
    }
    assert {name: told[name] for name in expected} == expected
    assert told["CODEBUILD_BUILD_URL"].startswith("https://eu-west-1.console.aws.amazon.com/")


def test_sources_are_named_where_there_are_any(tmp_path: Path) -> None:
    """A source in S3 has an address and perhaps a version, NO_SOURCE has neither."""
    names = {"CODEBUILD_SOURCE_REPO_URL", "CODEBUILD_SOURCE_VERSION"}
    assert not names & environment.variables(_JOB, tmp_path).keys()
    job = replace(_JOB, source_location="bucket/demo.zip", source_version="v1")
    told = environment.variables(job, tmp_path)
    assert told["CODEBUILD_SOURCE_REPO_URL"] == "s3://bucket/demo.zip"
    assert told["CODEBUILD_SOURCE_VERSION"] == "v1"
    assert "CODEBUILD_RESOLVED_SOURCE_VERSION" not in told


def test_no_secret_is_told(tmp_path: Path) -> None:
    """Credentials are found by what the home says, and are in no variable from here."""
    assert "secret-token" not in "".join(environment.variables(_JOB, tmp_path).values())
