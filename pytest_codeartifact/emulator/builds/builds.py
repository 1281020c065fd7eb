"""Builds as the service remembers them, and as BatchGetBuilds shows them.

Sources: "Build", "BuildPhase" (AWS CodeBuild API Reference).
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pytest_codeartifact.emulator.builds.machine import Context
from pytest_codeartifact.emulator.builds.plans import Described, Plan
from pytest_codeartifact.emulator.builds.projects import ProjectId

IN_PROGRESS, SUCCEEDED, FAILED, STOPPED = "IN_PROGRESS", "SUCCEEDED", "FAILED", "STOPPED"
COMPLETED = "COMPLETED"
_TOKEN_SECONDS = 300.0
_NOTHING: Described = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class BuildId:
    """A build's name: account, region, project and uuid."""

    account: str
    region: str
    project: str
    uuid: str

    @property
    def text(self) -> str:
        """As the service calls it."""
        return f"{self.project}:{self.uuid}"

    @property
    def arn(self) -> str:
        """As policies and events name it."""
        return f"arn:aws:codebuild:{self.region}:{self.account}:build/{self.text}"

    @property
    def project_id(self) -> ProjectId:
        """Its project."""
        return ProjectId(self.account, self.region, self.project)


@dataclass(slots=True)
class _Phase:
    type: str
    started: float
    ended: float | None = None
    status: str | None = None
    context: Context | None = None

    def described(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"phaseType": self.type, "startTime": self.started}
        if self.type == COMPLETED:
            return shown
        # As observed on AWS: a phase that still goes on has no status, and a stopped one no reason.
        if self.status is not None:
            shown["phaseStatus"] = self.status
        if self.ended is not None:
            shown["endTime"] = self.ended
            shown["durationInSeconds"] = int(self.ended - self.started)
        if self.context is not None and self.status != STOPPED:
            context = self.context
            shown["contexts"] = [{"statusCode": context.code, "message": context.message}]
        return shown


@dataclass(slots=True)
class _State:
    """What changes while a build goes on."""

    phases: list[_Phase] = field(default_factory=list)
    status: str = IN_PROGRESS
    ended: float | None = None
    logged: bool = False
    exported: Mapping[str, str] = field(default_factory=dict)
    reports: list[str] = field(default_factory=list)
    artifacts: Mapping[str, Described] = field(default_factory=dict)


class Build:
    """One build; it is asked by requests while its own thread goes on with it.

    Submitted at once, it begins by waiting in the queue.
    """

    def __init__(self, identity: BuildId, number: int, plan: Plan, now: float) -> None:
        self.id = identity
        self.number = number
        self.plan = plan
        self.started = now
        submitted = _Phase("SUBMITTED", now, now, SUCCEEDED)
        self._state = _State([submitted, _Phase("QUEUED", now)])
        self._lock = threading.Lock()

    @property
    def group(self) -> str:
        """The log group."""
        return self.plan.group or f"/aws/codebuild/{self.id.project}"

    @property
    def stream(self) -> str:
        """The log stream."""
        prefix = self.plan.stream_prefix
        return f"{prefix}/{self.id.uuid}" if prefix else self.id.uuid

    @property
    def is_complete(self) -> bool:
        return self._state.ended is not None

    # --- What happens to it --------------------------------------------------------------------

    def enter(self, phase: str, now: float) -> None:
        """A phase begins."""
        with self._lock:
            self._state.phases.append(_Phase(phase, now))

    def complete(self, status: str, now: float, context: Context | None = None) -> None:
        """The current phase ends."""
        with self._lock:
            phase = self._state.phases[-1]
            phase.status, phase.ended, phase.context = status, now, context

    def end(self, status: str, now: float) -> None:
        """The build is over."""
        with self._lock:
            self._state.phases.append(_Phase(COMPLETED, now))
            self._state.status = status
            self._state.ended = now

    def opened_log(self) -> None:
        """Its log can be read from now on."""
        self._state.logged = True

    def export(self, values: Mapping[str, str]) -> None:
        """These variables were exported."""
        self._state.exported = dict(values)

    def reported(self, arn: str) -> None:
        """A report was made."""
        with self._lock:
            self._state.reports.append(arn)

    def stored(self, artifacts: Mapping[str, Described]) -> None:
        """Artifacts were stored: where, by identifier, as the model describes it."""
        self._state.artifacts = dict(artifacts)

    # --- What is seen of it --------------------------------------------------------------------

    def described(self) -> dict[str, Any]:
        """The build as BatchGetBuilds shows it."""
        plan = self.plan
        with self._lock:
            state = self._state
            shown: dict[str, Any] = {
                "id": self.id.text,
                "arn": self.id.arn,
                "buildNumber": self.number,
                "startTime": self.started,
                "currentPhase": state.phases[-1].type,
                "buildStatus": state.status,
                "projectName": self.id.project,
                "phases": [phase.described() for phase in state.phases],
                "source": plan.source,
                "secondarySources": [],
                "secondarySourceVersions": [],
                "artifacts": state.artifacts.get("", _unstored(plan.artifacts)),
                "secondaryArtifacts": [
                    state.artifacts.get(each["artifactIdentifier"], _unstored(each))
                    for each in plan.secondary_artifacts
                ],
                "cache": plan.cache,
                "environment": plan.environment,
                "serviceRole": plan.service_role,
                "logs": self._logs(),
                "timeoutInMinutes": plan.timeout,
                "queuedTimeoutInMinutes": plan.queued_timeout,
                "buildComplete": state.ended is not None,
                "initiator": plan.initiator,
                "encryptionKey": plan.encryption_key,
                "exportedEnvironmentVariables": [
                    {"name": name, "value": value} for name, value in state.exported.items()
                ],
                "reportArns": list(state.reports),
            }
            if state.ended is not None:
                shown["endTime"] = state.ended
            if plan.source_version:
                shown["sourceVersion"] = plan.source_version
            return shown

    def _logs(self) -> dict[str, Any]:
        shown = dict(self.plan.logs) or {"cloudWatchLogs": {"status": "ENABLED"}}
        region, account = self.id.region, self.id.account
        # Before the stream is there, AWS shows the place of one whose name is `null`.
        group = self.group if self._state.logged else "null"
        stream = self.stream if self._state.logged else "null"
        arn = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{stream}"
        if not self.plan.keeps_log:
            return shown
        if self._state.logged:
            shown |= {"groupName": group, "streamName": stream}
        return shown | {
            "cloudWatchLogsArn": arn,
            "deepLink": (
                f"https://console.aws.amazon.com/cloudwatch/home?region={region}"
                f"#logsV2:log-groups/log-group/{_quoted(group)}/log-events/{_quoted(stream)}"
            ),
        }


def _quoted(name: str) -> str:
    """A name as the console's addresses spell it."""
    return name.replace("/", "$252F")


def _unstored(artifacts: Described) -> dict[str, Any]:
    """Artifacts as a build shows them before it has stored any."""
    if artifacts.get("type") == "NO_ARTIFACTS":
        return {"location": ""}
    shown = {"location": f"arn:aws:s3:::{artifacts['location']}"}
    names = ("overrideArtifactName", "encryptionDisabled", "artifactIdentifier")
    return shown | {name: artifacts[name] for name in names if name in artifacts}


class Builds:
    """All builds of all accounts and regions, oldest first."""

    def __init__(self) -> None:
        self.beginning = threading.Lock()
        """Held from the look at what there is to the addition of what is new."""
        self._builds: dict[tuple[str, str], dict[str, Build]] = {}
        self._begun: dict[tuple[str, str, str], tuple[Build, Described]] = {}
        self._lock = threading.Lock()

    def add(self, build: Build, token: str | None = None, asked: Described = _NOTHING) -> None:
        """Remember a build, and the request that began it by its idempotency token."""
        account, region = build.id.account, build.id.region
        with self._lock:
            self._builds.setdefault((account, region), {})[build.id.text] = build
            if token:
                self._begun[account, region, token] = (build, asked)

    def begun_by(
        self, account: str, region: str, token: str, now: float
    ) -> tuple[Build, Described] | None:
        """The build that a request with this token has begun, and the request; None after a while.

        MODEL (StartBuild): a token is valid for five minutes.
        """
        found = self._begun.get((account, region, token))
        return found if found and now - found[0].started < _TOKEN_SECONDS else None

    def find(self, account: str, region: str, name: str) -> Build | None:
        """A build by its id or ARN."""
        prefix = f"arn:aws:codebuild:{region}:{account}:build/"
        return self._builds.get((account, region), {}).get(name.removeprefix(prefix))

    def all(self, account: str, region: str, project: str | None = None) -> list[Build]:
        """The builds of an account and region, or of one project there, oldest first."""
        with self._lock:
            found = list(self._builds.get((account, region), {}).values())
        return [build for build in found if project is None or build.id.project == project]

    def remove(self, build: Build) -> None:
        """Forget a build."""
        with self._lock:
            self._builds.get((build.id.account, build.id.region), {}).pop(build.id.text, None)

    def reset(self, account: str | None = None) -> None:
        """Forget everything, or what one account owns."""
        with self._lock:
            for begun in [each for each in self._begun if account in {None, each[0]}]:
                del self._begun[begun]
            for place in [each for each in self._builds if account in {None, each[0]}]:
                del self._builds[place]
