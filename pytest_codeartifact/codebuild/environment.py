"""The variables that CodeBuild gives to a build.

Source: "Environment variables in build environments" (AWS CodeBuild User Guide), and what
`printenv` shows in builds besides. HOME, PATH, LANG and those that lead to the emulator come from
the build's private home.

Differs: variables that only AWS's own agent has a use for are missing, and so is
CODEBUILD_PROJECT_UUID. Credentials are found by AWS_CONTAINER_CREDENTIALS_FULL_URI instead of
..._RELATIVE_URI, which always means an address that this machine does not have.
"""

from pathlib import Path

from pytest_codeartifact.emulator.builds.machine import Job
from pytest_codeartifact.emulator.builds.project_settings import FOLDER


def variables(job: Job, source: Path) -> dict[str, str]:
    """What a build whose source is in the folder `source` is told about itself."""
    known = {
        "AWS_REGION": job.region,
        "AWS_DEFAULT_REGION": job.region,
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
        "CODEBUILD_BUILD_ARN": job.build_arn,
        "CODEBUILD_BUILD_ID": job.build_id,
        "CODEBUILD_BUILD_IMAGE": job.image,
        "CODEBUILD_BUILD_NUMBER": str(job.number),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_BUILD_URL": _console_url(job),
        "CODEBUILD_CI": "true",
        "CODEBUILD_CONTAINER_NAME": "default",
        "CODEBUILD_EXECUTION_ROLE_BUILD": "",
        "CODEBUILD_INITIATOR": job.initiator,
        "CODEBUILD_KMS_KEY_ID": job.encryption_key,
        "CODEBUILD_LAST_EXIT": "0",
        "CODEBUILD_LOG_PATH": job.log_stream,
        "CODEBUILD_SRC_DIR": str(source),
        "CODEBUILD_START_TIME": str(round(job.started * 1000)),
    }
    if job.source_location and not job.source_location.startswith(FOLDER):
        known["CODEBUILD_SOURCE_REPO_URL"] = f"s3://{job.source_location}"
    if job.source_version:
        known["CODEBUILD_SOURCE_VERSION"] = job.source_version
    return known


def _console_url(job: Job) -> str:
    console = f"https://{job.region}.console.aws.amazon.com/codebuild/home"
    return f"{console}?region={job.region}#/builds/{job.build_id}/view/new"
