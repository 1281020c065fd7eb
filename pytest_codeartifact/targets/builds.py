"""Builds for tests: a buildspec run by CodeBuild under a role with exactly the policy you name."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pytest_codeartifact.errors import BuildTimeout, CleanupError
from pytest_codeartifact.targets.ownership import ANONYMOUS, Naming
from pytest_codeartifact.targets.patience import Patience, at_once
from pytest_codeartifact.targets.roles import BotoRoles, Caller, Policy

SERVICE = "codebuild.amazonaws.com"
LOG_PERMISSIONS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
"""What every service role needs, or its builds fail before their first command."""

_IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
LONGEST_MINUTES = 480
"""How long a build may take at all (CodeBuild User Guide: "Quotas for AWS CodeBuild")."""

_PATIENCE_SECONDS = 90.0
_LAST_PHASE = "UPLOAD_ARTIFACTS"
_LAST_LINE = f"Phase complete: {_LAST_PHASE}"
_NO_ROLE_YET = "not authorized to perform: sts:AssumeRole"


@dataclass(frozen=True, slots=True)
class BuildPhase:
    """A phase of a build; `code` and `message` say why it failed, both empty where it did not."""

    name: str
    status: str
    seconds: float
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Build:
    """A build that is over: how it ended, what it printed, and what it made."""

    id: str
    status: str
    log: str = field(repr=False)
    phases: Mapping[str, BuildPhase]
    exported: Mapping[str, str]
    described: Mapping[str, Any] = field(repr=False)

    @property
    def succeeded(self) -> bool:
        """Whether its status is SUCCEEDED."""
        return self.status == "SUCCEEDED"

    @property
    def failed_phase(self) -> BuildPhase | None:
        """The first phase that did not succeed, or None."""
        return next((p for p in self.phases.values() if p.status != "SUCCEEDED"), None)


class RunningBuild:
    """A build on its way: its log as it grows, its end, and how to stop it."""

    def __init__(self, identity: str, builds: Any, logs: Any, patience: Patience) -> None:  # noqa: ANN401 -- boto3 clients
        self.id = identity
        self._builds = builds
        self._logs = logs
        self._patience = patience
        self._token: str | None = None

    def described(self) -> Mapping[str, Any]:
        """The build as BatchGetBuilds shows it now."""
        found: Mapping[str, Any] = self._builds.batch_get_builds(ids=[self.id])["builds"][0]
        return found

    def output(self) -> Iterator[str]:
        """The log as it is written, until the build is over."""
        looks = self._patience.looks()
        while True:
            described = self.described()
            yield from self._new_lines(described)
            if described["buildComplete"]:
                return
            time.sleep(next(looks))

    def wait(self) -> Build:
        """Wait for the end of the build."""
        looks = self._patience.looks()
        while not (described := self.described())["buildComplete"]:
            time.sleep(next(looks))
        log = "".join(self._new_lines(described))
        has_log = any(each["phaseType"] == _LAST_PHASE for each in described["phases"])
        for pause in self._patience.pauses(f"the end of the log of {self.id}"):
            if not has_log or _LAST_LINE in log:
                break
            time.sleep(pause)
            log += "".join(self._new_lines(described))
        return build_of(described, log)

    def stop(self) -> None:
        """Stop the build; it may take a moment to end."""
        self._builds.stop_build(id=self.id)

    def _new_lines(self, described: Mapping[str, Any]) -> Iterator[str]:
        place = described["logs"]
        if "streamName" not in place:
            return
        while True:
            try:
                told = self._logs.get_log_events(
                    logGroupName=place["groupName"],
                    logStreamName=place["streamName"],
                    startFromHead=True,
                    **({"nextToken": self._token} if self._token else {}),
                )
            except self._logs.exceptions.ResourceNotFoundException:
                # It is named before it is there.
                return
            yield from (event["message"] for event in told["events"])
            before, self._token = self._token, told["nextForwardToken"]
            if self._token == before or not told["events"]:
                return


@dataclass(frozen=True, slots=True)
class ReadyBuild:
    """A project whose build may start, and when its role was made by the monotonic clock."""

    project: str
    role_made_at: float
    _maker: Caller = field(repr=False)
    _patience: Patience = field(repr=False)

    def start(self) -> RunningBuild:
        """Start the build, once what its role may do holds everywhere."""
        self._patience.settle(
            f"what the role of {self.project} may do to hold everywhere", self.role_made_at
        )
        client = self._maker.boto3_client("codebuild")
        started = client.start_build(projectName=self.project)["build"]
        return RunningBuild(started["id"], client, self._maker.boto3_client("logs"), self._patience)


class BotoBuilds:
    """Makes projects and roles with boto3, runs builds, and removes what it made.

    `on_token` is told every token that was handed out, so that it can be masked in reports.
    `variables` are environment variables of every build. No build may take more than
    `longest_minutes`, whatever it asks for. The others are as for `BotoRoles`.
    """

    def __init__(
        self,
        maker: Caller,
        on_token: Callable[[str], object] = lambda _: None,
        variables: Mapping[str, str] = _NO_VARIABLES,
        *,
        naming: Naming = ANONYMOUS,
        patience: Patience | None = None,
        boundary: str = "",
        longest_minutes: int = LONGEST_MINUTES,
    ) -> None:
        self._maker = maker
        self._variables = variables
        self._longest_minutes = longest_minutes
        self._naming = naming
        self._patience = patience or at_once()
        self._roles = BotoRoles(
            maker, on_token, naming=naming, patience=self._patience, boundary=boundary
        )
        self._projects: list[str] = []

    def prepare(
        self,
        buildspec: str | None = None,
        *,
        role_policy: Policy,
        source: Path | None = None,
        variables: Mapping[str, str] = _NO_VARIABLES,
        service_policy: Policy = LOG_PERMISSIONS,
        timeout_minutes: int = 60,
    ) -> "ReadyBuild":
        """A project of its own for a build, ready to be started; arguments as for `build`."""
        role = self._roles.service_role(
            SERVICE, {"allowed": role_policy, "service": service_policy}
        )
        made_at = time.monotonic()
        client = self._maker.boto3_client("codebuild")
        place: dict[str, Any] = {"type": "NO_SOURCE"}
        if source is not None:
            place = {"type": "S3", "location": source.absolute().as_uri()}
        if buildspec is not None:
            place["buildspec"] = buildspec
        name = self._naming.name()
        self._make_log(name)
        make = partial(
            client.create_project,
            name=name,
            source=place,
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": _IMAGE,
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [
                    {"name": key, "value": value, "type": "PLAINTEXT"}
                    for key, value in {**self._variables, **variables}.items()
                ],
            },
            serviceRole=role,
            timeoutInMinutes=min(timeout_minutes, self._longest_minutes),
            **self._tags(),
        )
        self._projects.append(name)
        self._patience.until(
            f"the role of {name} to be there for CodeBuild",
            make,
            lambda error: _NO_ROLE_YET in str(error),
        )
        return ReadyBuild(name, made_at, self._maker, self._patience)

    def start(self, buildspec: str | None = None, **how: Any) -> RunningBuild:  # noqa: ANN401 -- as `prepare`
        """Start a build of a project of its own, see `build`."""
        return self.prepare(buildspec, **how).start()

    def _tags(self) -> Mapping[str, Any]:
        tags = [{"key": key, "value": text} for key, text in self._naming.tags.items()]
        return {"tags": tags} if tags else {}

    def _make_log(self, project: str) -> None:
        """Make the group of a project's logs, where it has to be known whose it is.

        CodeBuild would make it without tags.
        """
        if self._naming.tags:
            self._maker.boto3_client("logs").create_log_group(
                logGroupName=log_group_of(project), tags=dict(self._naming.tags)
            )

    def build(self, buildspec: str | None = None, **how: Any) -> Build:  # noqa: ANN401 -- as `start`
        """Run a buildspec to its end.

        `buildspec` is YAML text, or a path within `source`; None means its `buildspec.yml`.
        `source` is a folder that the build gets a copy of. `role_policy` is what the build may do,
        in any form that `codeartifact_role` takes; `service_policy` is what its service needs
        besides, to write the log. `variables` are environment variables of the build. Raises the
        client's errors for what the service refuses.
        """
        return self.start(buildspec, **how).wait()

    def close(self) -> None:
        """Remove projects, reports, logs and roles, newest first.

        Raises CleanupError for what stays.
        """
        failures: list[tuple[str, Exception]] = []
        client, logs = self._maker.boto3_client("codebuild"), self._maker.boto3_client("logs")
        while self._projects:
            name = self._projects.pop()
            try:
                for identity in _builds_of(client, name):
                    _end(client, identity, self._patience.look_seconds)
                # The project last: what stays of it is only found by it.
                _remove_reports(client, name)
                _remove_group(logs, log_group_of(name))
                client.delete_project(name=name)
            except (BotoCoreError, ClientError, BuildTimeout) as error:
                failures.append((name, error))
        try:
            self._roles.close()
        finally:
            _tell(failures)


def log_group_of(project: str) -> str:
    """The log group that CodeBuild writes the builds of a project to."""
    return f"/aws/codebuild/{project}"


def _tell(failures: Sequence[tuple[str, Exception]]) -> None:
    """Raise CleanupError for projects that stay, if any do."""
    if failures:
        names = ", ".join(name for name, _ in failures)
        commands = "; ".join(f"aws codebuild delete-project --name {n}" for n, _ in failures)
        raise CleanupError(
            f"projects not removed: {names}: {failures[0][1]}",
            hint=f"finish by hand: {commands}",
        )


def build_of(described: Mapping[str, Any], log: str) -> Build:
    """A build from what BatchGetBuilds shows, with its log."""
    phases: Sequence[Mapping[str, Any]] = described["phases"]
    return Build(
        id=described["id"],
        status=described["buildStatus"],
        log=log,
        phases={p["phaseType"]: _phase_of(p) for p in phases if "phaseStatus" in p},
        exported={
            each["name"]: each["value"] for each in described["exportedEnvironmentVariables"]
        },
        described=described,
    )


def _phase_of(described: Mapping[str, Any]) -> BuildPhase:
    context: Mapping[str, str] = next(iter(described.get("contexts", ())), {})
    began, ended = described["startTime"], described.get("endTime")
    return BuildPhase(
        name=described["phaseType"],
        status=described["phaseStatus"],
        seconds=(ended - began).total_seconds() if ended else 0.0,
        code=context.get("statusCode", ""),
        message=context.get("message", ""),
    )


def _builds_of(client: Any, project: str) -> Sequence[str]:  # noqa: ANN401 -- a boto3 client
    """The builds of a project; none where a test has removed the project itself."""
    try:
        found: Sequence[str] = client.list_builds_for_project(projectName=project)["ids"]
    except client.exceptions.ResourceNotFoundException:
        return ()
    return found


def _end(client: Any, identity: str, look_seconds: float) -> None:  # noqa: ANN401 -- a boto3 client
    """Stop a build that is still on its way, and wait for its end."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        described = client.batch_get_builds(ids=[identity])["builds"][0]
        if described["buildComplete"]:
            return
        if time.monotonic() > deadline:
            raise BuildTimeout(f"{identity} does not end")
        client.stop_build(id=identity)
        time.sleep(look_seconds)


def _remove_reports(client: Any, project: str) -> None:  # noqa: ANN401 -- a boto3 client
    """Remove the report groups that builds of a project have made."""
    for page in client.get_paginator("list_report_groups").paginate():
        for arn in page["reportGroups"]:
            if f":report-group/{project}-" in arn:
                client.delete_report_group(arn=arn, deleteReports=True)


def _remove_group(logs: Any, name: str) -> None:  # noqa: ANN401 -- a boto3 client
    try:
        logs.delete_log_group(logGroupName=name)
    except logs.exceptions.ResourceNotFoundException:
        # No build got as far as its log.
        return
