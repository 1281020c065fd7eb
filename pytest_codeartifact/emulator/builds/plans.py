"""What is to be built and how: a project's settings, with those of StartBuild in their place.

Sources: "StartBuild", "Build" (AWS CodeBuild API Reference).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_codeartifact.emulator.builds.errors import InvalidInput
from pytest_codeartifact.emulator.builds.machine import Variable
from pytest_codeartifact.emulator.builds.project_settings import checked_settings
from pytest_codeartifact.emulator.builds.projects import ProjectId, Settings

Described = Mapping[str, Any]
"""A structure of the service's model, by member names."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a build begins with; structures are as the model describes them.

    Timeouts are in minutes.
    """

    source: Described
    artifacts: Described
    secondary_artifacts: Sequence[Described]
    environment: Described
    service_role: str
    cache: Described
    logs: Described
    timeout: int
    queued_timeout: int
    encryption_key: str
    initiator: str
    source_version: str = ""

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The environment variables, each name once."""
        return tuple(
            Variable(each["name"], each["value"], each.get("type", "PLAINTEXT"))
            for each in self.environment.get("environmentVariables", ())
        )

    @property
    def group(self) -> str | None:
        """The log group that was named, None for the default one."""
        return self._cloud_watch.get("groupName")

    @property
    def stream_prefix(self) -> str | None:
        """What the log stream's name begins with, None where nothing was named."""
        return self._cloud_watch.get("streamName")

    @property
    def keeps_log(self) -> bool:
        """Whether CloudWatch Logs gets the log."""
        return bool(self._cloud_watch.get("status", "ENABLED") == "ENABLED")

    def by(self, initiator: str) -> "Plan":
        """The same, started by somebody else."""
        return replace(self, initiator=initiator)

    @property
    def _cloud_watch(self) -> Described:
        found: Described = self.logs.get("cloudWatchLogs", {})
        return found


# --- Overriding ------------------------------------------------------------------------------

OF_SOURCE: Mapping[str, str] = {
    "sourceTypeOverride": "type",
    "sourceLocationOverride": "location",
    "sourceAuthOverride": "auth",
    "buildspecOverride": "buildspec",
    "gitCloneDepthOverride": "gitCloneDepth",
    "gitSubmodulesConfigOverride": "gitSubmodulesConfig",
    "insecureSslOverride": "insecureSsl",
    "reportBuildStatusOverride": "reportBuildStatus",
    "buildStatusConfigOverride": "buildStatusConfig",
}
OF_ENVIRONMENT: Mapping[str, str] = {
    "environmentTypeOverride": "type",
    "imageOverride": "image",
    "computeTypeOverride": "computeType",
    "certificateOverride": "certificate",
    "privilegedModeOverride": "privilegedMode",
    "registryCredentialOverride": "registryCredential",
    "imagePullCredentialsTypeOverride": "imagePullCredentialsType",
    "fleetOverride": "fleet",
    "hostKernelOverride": "hostKernel",
}
OF_PROJECT: Mapping[str, str] = {
    "secondarySourcesOverride": "secondarySources",
    "secondarySourcesVersionOverride": "secondarySourceVersions",
    "artifactsOverride": "artifacts",
    "secondaryArtifactsOverride": "secondaryArtifacts",
    "cacheOverride": "cache",
    "serviceRoleOverride": "serviceRole",
    "timeoutInMinutesOverride": "timeoutInMinutes",
    "queuedTimeoutInMinutesOverride": "queuedTimeoutInMinutes",
    "encryptionKeyOverride": "encryptionKey",
    "logsConfigOverride": "logsConfig",
    "autoRetryLimitOverride": "autoRetryLimit",
}
"""Which member of a project, its source or its environment each member of StartBuild replaces."""


def overridden(settings: Settings, request: Mapping[str, Any], project: ProjectId) -> Settings:
    """A project's settings with those of a request in their place; raises InvalidInput."""
    if request.get("debugSessionEnabled"):
        raise InvalidInput("This emulator does not support debugSessionEnabled; it supports logs")
    source = {**settings["source"], **_replaced(request, OF_SOURCE)}
    if source["type"] == "NO_SOURCE" and "sourceLocationOverride" not in request:
        source.pop("location", None)
    environment = {**settings["environment"], **_replaced(request, OF_ENVIRONMENT)}
    # MODEL (StartBuild): variables replace or add to those of the project, one by one.
    variables = {each["name"]: each for each in environment.get("environmentVariables", ())}
    variables |= {each["name"]: each for each in request.get("environmentVariablesOverride", ())}
    environment["environmentVariables"] = list(variables.values())
    changed = {"source": source, "environment": environment, **_replaced(request, OF_PROJECT)}
    return checked_settings({**settings, **changed}, project)


def plan_of(settings: Settings, initiator: str, source_version: str = "") -> Plan:
    """The plan of a build with these settings; raises InvalidInput."""
    source, version = settings["source"], source_version or settings.get("sourceVersion", "")
    if version and source.get("location", "").endswith("/"):
        raise InvalidInput("Source version should be empty for S3 folder source location")
    return Plan(
        source=source,
        artifacts=settings["artifacts"],
        secondary_artifacts=settings["secondaryArtifacts"],
        environment=settings["environment"],
        service_role=settings["serviceRole"],
        cache=settings["cache"],
        logs=settings.get("logsConfig", {}),
        timeout=settings["timeoutInMinutes"],
        queued_timeout=settings["queuedTimeoutInMinutes"],
        encryption_key=settings["encryptionKey"],
        initiator=initiator,
        source_version=version,
    )


def _replaced(request: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {member: request[name] for name, member in names.items() if name in request}
