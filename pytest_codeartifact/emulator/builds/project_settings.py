"""What a project's settings may be, and what they are where a request says nothing.

Sources: "CreateProject", "ProjectSource", "ProjectArtifacts", "ProjectCache", "ProjectEnvironment"
(AWS CodeBuild API Reference). Sentences that begin with `Invalid`, and those of a source's location
are the service's own as seen in public reports of them.
Differs: what a build of this emulator could not do, such as clone from a Git server, is refused
where the service takes it. What has no effect on a build here, such as its image, is only kept.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_codeartifact.emulator.builds.errors import InvalidInput
from pytest_codeartifact.emulator.builds.projects import ProjectId, Settings

FOLDER = "file://"
_TIMEOUT, _QUEUED_TIMEOUT = 60, 480
_PLATFORMS = ("LINUX_CONTAINER", "ARM_CONTAINER", "LINUX_EC2", "ARM_EC2")
_ORDINARY = "BUILD_GENERAL1_"
_NO_LIMIT = -1
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>[0-9]{12}):role/.*[^/]")
_S3_LOCATION = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+", re.DOTALL)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,127}")

_SUPPORTED: Mapping[str, str] = {
    "secondarySources": "one source",
    "secondarySourceVersions": "one source",
    "vpcConfig": "the network of this machine",
    "fileSystemLocations": "the files of this machine",
}
_SUPPORTED_ENVIRONMENT: Mapping[str, str] = {
    "certificate": "the certificates of this machine",
    "computeConfiguration": f"the compute types {_ORDINARY}*",
    "dockerServer": "the processors of this machine",
    "fleet": "the processors of this machine",
}


def new_settings(request: Mapping[str, Any], project: ProjectId) -> Settings:
    """The settings of a new project; raises InvalidInput."""
    return checked_settings(_members(request), project)


def changed_settings(before: Settings, request: Mapping[str, Any], project: ProjectId) -> Settings:
    """The settings of a project after an update, which changes what it names; raises InvalidInput.

    A structure or list that is named is replaced as a whole.
    """
    return checked_settings({**before, **_members(request)}, project)


def checked_settings(settings: Settings, project: ProjectId) -> Settings:
    """The settings of a project or a build with the defaults of the service; raises InvalidInput.

    What is empty, such as `vpcConfig` without members, counts as not set.
    """
    _refuse_unsupported(settings, _SUPPORTED)
    if settings.get("autoRetryLimit", 0) > 0:
        raise _unsupported("autoRetryLimit", "builds that are retried by RetryBuild")
    limit = settings.get("concurrentBuildLimit")
    _check_role(settings["serviceRole"], project)
    _check_logs(settings.get("logsConfig", {}))
    cache = settings.get("cache", {"type": "NO_CACHE"})
    _check_cache(cache)
    kept = {name: value for name, value in settings.items() if name not in _SUPPORTED}
    return {
        **kept,
        "source": _source(settings["source"]),
        "artifacts": _artifacts(settings["artifacts"], project),
        "secondaryArtifacts": _secondary(settings.get("secondaryArtifacts", []), project),
        "environment": _environment(settings["environment"]),
        "cache": cache,
        "timeoutInMinutes": settings.get("timeoutInMinutes", _TIMEOUT),
        "queuedTimeoutInMinutes": settings.get("queuedTimeoutInMinutes", _QUEUED_TIMEOUT),
        "encryptionKey": settings.get("encryptionKey") or _default_key(project),
        "tags": checked_tags(settings.get("tags", [])),
        "badge": settings.get("badge", {"badgeEnabled": False}),
        # MODEL (UpdateProject): -1 removes the limit.
        "concurrentBuildLimit": None if limit == _NO_LIMIT else limit,
        "projectVisibility": "PRIVATE",
    }


def is_inline(buildspec: str) -> bool:
    """Whether a project's buildspec is the text itself, not a path or the ARN of an object in S3.

    Differs: how the service tells them apart is not documented; a path has neither lines nor
    braces.
    """
    return not buildspec.startswith("arn:") and any(mark in buildspec for mark in "\n{")


def checked_tags(tags: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    """Tags as they are given; raises InvalidInput for reserved or repeated keys."""
    keys = [tag.get("key", "") for tag in tags]
    for key in keys:
        if key.lower().startswith("aws:"):
            raise InvalidInput(f"Tag keys that begin with 'aws:' are reserved: '{key}'")
    if len(set(keys)) < len(keys):
        raise InvalidInput("Tag keys must be unique")
    return tags


def _members(request: Mapping[str, Any]) -> dict[str, Any]:
    """The members of `Project` that a request sets."""
    members = {name: value for name, value in request.items() if name != "name"}
    if "badgeEnabled" in members:
        # Differs: an enabled badge has no address, as nothing here could draw one.
        members["badge"] = {"badgeEnabled": members.pop("badgeEnabled")}
    return members


def _refuse_unsupported(settings: Settings, supported: Mapping[str, str]) -> None:
    for name, instead in supported.items():
        if settings.get(name):
            raise _unsupported(name, instead)


def _unsupported(what: str, supported: str) -> InvalidInput:
    return InvalidInput(f"This emulator does not support {what}; it supports {supported}")


def _default_key(project: ProjectId) -> str:
    return f"arn:aws:kms:{project.region}:{project.account}:alias/aws/s3"


def _check_role(role: str, project: ProjectId) -> None:
    match = _ROLE_ARN.fullmatch(role)
    if match is None:
        raise InvalidInput("Invalid service role")
    if match["account"] != project.account:
        raise InvalidInput(
            "Invalid service role: Service role account ID does not match caller's account"
        )


# --- Source ----------------------------------------------------------------------------------


def _source(source: Settings) -> Settings:
    check = _SOURCES.get(source["type"])
    if check is None:
        raise _unsupported(f"sources of type {source['type']}", " and ".join(_SOURCES))
    if source.get("auth") or source.get("reportBuildStatus"):
        # MODEL (ProjectSource): the status of a build is reported to Git servers only.
        raise InvalidInput(
            f"Invalid project source: source type {source['type']} has no source provider to"
            " authenticate with or to report to"
        )
    check(source)
    return source


def _check_no_source(source: Settings) -> None:
    if source.get("location"):
        raise InvalidInput("Invalid project source: source type NO_SOURCE has no location")
    if not is_inline(source.get("buildspec", "")):
        raise InvalidInput(
            "Invalid project source: source type NO_SOURCE needs the text of a buildspec"
        )


def _check_s3_source(source: Settings) -> None:
    location = source.get("location", "")
    if not location:
        raise InvalidInput("Project source location is required")
    # Differs: a folder of this machine may take the place of an object in S3.
    if not location.startswith(f"{FOLDER}/") and not _S3_LOCATION.fullmatch(location):
        raise InvalidInput(
            f"Invalid project source: '{location}' is no location in S3, such as bucket/key.zip or"
            f" bucket/folder/, and no folder of this machine, such as {FOLDER}/path"
        )


_SOURCES: Mapping[str, Callable[[Settings], None]] = {
    "NO_SOURCE": _check_no_source,
    "S3": _check_s3_source,
}


# --- Artifacts -------------------------------------------------------------------------------


def _secondary(artifacts: Sequence[Settings], project: ProjectId) -> Sequence[Settings]:
    names = [each.get("artifactIdentifier", "") for each in artifacts]
    if not all(map(_IDENTIFIER.fullmatch, names)) or len(set(names)) < len(names):
        raise InvalidInput(
            "Invalid artifacts: secondary artifacts need an artifactIdentifier each, of"
            " alphanumeric characters and underscores and less than 128 characters in length"
        )
    if any(each["type"] == "NO_ARTIFACTS" for each in artifacts):
        raise InvalidInput("Invalid artifacts: secondary artifacts cannot be of type NO_ARTIFACTS")
    return [_artifacts(each, project) for each in artifacts]


def _artifacts(artifacts: Settings, project: ProjectId) -> Settings:
    match artifacts["type"]:
        case "NO_ARTIFACTS":
            for name, called in _UNKNOWN_TO_NO_ARTIFACTS.items():
                if artifacts.get(name) is not None:
                    raise InvalidInput(
                        f"Invalid artifacts: artifact type NO_ARTIFACTS should have null {called}"
                    )
            return artifacts
        case "S3":
            location = artifacts.get("location", "")
            if not _BUCKET.fullmatch(location):
                raise InvalidInput(
                    "Invalid artifacts: artifact type S3 needs the name of a bucket as location,"
                    f" not '{location}'"
                )
            return {
                "path": "",
                "namespaceType": "NONE",
                "name": artifacts.get("artifactIdentifier") or project.name,
                "packaging": "NONE",
                "overrideArtifactName": False,
                "encryptionDisabled": False,
                **artifacts,
            }
        case other:
            raise _unsupported(f"artifacts of type {other}", "NO_ARTIFACTS and S3")


_UNKNOWN_TO_NO_ARTIFACTS: Mapping[str, str] = {
    "location": "location",
    "name": "output name",
    "encryptionDisabled": "encryptionDisabled",
}


# --- Environment, cache, logs ----------------------------------------------------------------


def _environment(environment: Settings) -> Settings:
    if environment["type"] not in _PLATFORMS:
        raise _unsupported(f"environments of type {environment['type']}", ", ".join(_PLATFORMS))
    _refuse_unsupported(environment, _SUPPORTED_ENVIRONMENT)
    if not environment["computeType"].startswith(_ORDINARY):
        raise _unsupported(
            f"the compute type {environment['computeType']}", f"those that begin with {_ORDINARY}"
        )
    variables = environment.get("environmentVariables", [])
    for each in variables:
        # Differs: what the service says of what no process can have is not documented.
        if not each["name"] or not set(each["name"]).isdisjoint("=\0"):
            raise InvalidInput(f"Invalid environment variable name: {each['name']}")
        if "\0" in each["value"]:
            raise InvalidInput(f"Invalid value of the environment variable {each['name']}")
    return {
        "privilegedMode": False,
        "imagePullCredentialsType": "CODEBUILD",
        **environment,
        "environmentVariables": [{"type": "PLAINTEXT", **each} for each in variables],
    }


def _check_cache(cache: Settings) -> None:
    if cache["type"] == "S3":
        raise _unsupported("caches of type S3", "NO_CACHE and LOCAL")
    if cache["type"] == "LOCAL" and not cache.get("modes"):
        raise InvalidInput("Invalid cache: at least one mode is required for cache type LOCAL")


def _check_logs(logs: Settings) -> None:
    if logs.get("s3Logs", {}).get("status") == "ENABLED":
        raise _unsupported("logs in S3", "logs in CloudWatch Logs")
