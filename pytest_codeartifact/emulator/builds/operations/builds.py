"""Builds. Source: "Working with builds" (AWS CodeBuild User Guide)."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pytest_codeartifact.emulator.api.operation import NotEmulated, operation
from pytest_codeartifact.emulator.builds.builds import Build, BuildId
from pytest_codeartifact.emulator.builds.calls import (
    Call,
    on_nothing,
    on_project,
    on_project_of_build,
    passing_role,
)
from pytest_codeartifact.emulator.builds.errors import (
    AccountLimitExceeded,
    InvalidInput,
    ResourceNotFound,
)
from pytest_codeartifact.emulator.builds.operations.listing import listed
from pytest_codeartifact.emulator.builds.plans import Plan, overridden, plan_of
from pytest_codeartifact.emulator.builds.projects import ProjectId
from pytest_codeartifact.emulator.builds.scheduling import Schedule
from pytest_codeartifact.emulator.neighbours.service_sessions import NotTrusted

Json = Mapping[str, Any]


@operation(on_project("projectName"), passing_role)
def start_build(call: Call, request: Json) -> Json:
    """Start a build of a project, with whatever the request has in place of its settings."""
    project = call.projects.find(call.project_id(request["projectName"]))

    def plan() -> Plan:
        settings = overridden(project.settings, request, project.id)
        return plan_of(settings, _initiator(call), request.get("sourceVersion", ""))

    return _begun(call, "StartBuild", request, project.id, plan)


@operation(on_project_of_build("id"))
def retry_build(call: Call, request: Json) -> Json:
    """Start a build anew as it was started."""
    before = _find(call, request.get("id", ""))
    if not before.is_complete:
        # Differs: how the service words this is not documented.
        raise InvalidInput(f"Build {before.id.arn} is still in progress and cannot be retried")
    project = call.projects.find(call.project_id(before.id.project))
    return _begun(call, "RetryBuild", request, project.id, lambda: before.plan.by(_initiator(call)))


@operation(on_project_of_build("id"))
def stop_build(call: Call, request: Json) -> Json:
    """Stop a build; one that is over stays as it is."""
    build = _find(call, request["id"])
    _schedule(call, "StopBuild").stop(build)
    return {"build": build.described()}


@operation(on_project_of_build("ids"))
def batch_get_builds(call: Call, request: Json) -> Json:
    """Describe builds by id or ARN; those of other accounts are not found."""
    found = {each: _known(call, each) for each in dict.fromkeys(request["ids"])}
    return {
        "builds": [build.described() for build in found.values() if build],
        "buildsNotFound": [each for each, build in found.items() if build is None],
    }


@operation(on_nothing)
def list_builds(call: Call, request: Json) -> Json:
    """List the ids of the account's builds in this region, newest first unless asked otherwise."""
    return _listed(call, request, "ListBuilds", call.builds.all(call.account, call.region))


@operation(on_project("projectName"))
def list_builds_for_project(call: Call, request: Json) -> Json:
    """List the ids of a project's builds, newest first unless asked otherwise."""
    project = call.projects.find(call.project_id(request["projectName"])).id
    builds = call.builds.all(call.account, call.region, project.name)
    return _listed(call, request, f"ListBuildsForProject {project.name}", builds)


@operation(on_project_of_build("ids"))
def batch_delete_builds(call: Call, request: Json) -> Json:
    """Delete builds that are over.

    Differs: which codes the service has for builds that it does not delete is not documented.
    """
    deleted, kept = [], []
    for each in dict.fromkeys(request["ids"]):
        build = _known(call, each)
        if build is None:
            kept.append({"id": each, "statusCode": "BUILD_NOT_FOUND"})
        elif not build.is_complete:
            kept.append({"id": each, "statusCode": "BUILD_IN_PROGRESS"})
        else:
            call.builds.remove(build)
            deleted.append(build.id.arn)
    return {"buildsDeleted": deleted, "buildsNotDeleted": kept}


# --- Starting --------------------------------------------------------------------------------


def _begun(
    call: Call, name: str, request: Json, project: ProjectId, plan: Callable[[], Plan]
) -> Json:
    """Start a build, unless the request is the repetition of one that did."""
    schedule = _schedule(call, name)
    with call.builds.beginning:
        return {"build": _begin(call, schedule, name, request, project, plan).described()}


def _begin(
    call: Call,
    schedule: Schedule,
    name: str,
    request: Json,
    project: ProjectId,
    plan: Callable[[], Plan],
) -> Build:
    token = request.get("idempotencyToken")
    asked = {"operation": name, **request}
    if token:
        before = call.builds.begun_by(call.account, call.region, token, call.clock.now())
        if before is not None:
            build, said = before
            if said != asked:
                raise InvalidInput(f"The idempotency token {token} was used with other parameters")
            return build
    wanted = plan()
    _check_limits(call, schedule, project)
    try:
        call.trust.check(wanted.service_role, project.arn)
    except NotTrusted as error:
        raise InvalidInput(str(error)) from error
    identity = BuildId(call.account, call.region, project.name, str(uuid.uuid4()))
    number, now = call.projects.next_number(project), call.clock.now()
    build = Build(identity, number, wanted, now)
    call.builds.add(build, token, asked)
    schedule.start(build)
    return build


def _check_limits(call: Call, schedule: Schedule, project: ProjectId) -> None:
    limit = call.projects.find(project).settings.get("concurrentBuildLimit")
    builds = call.builds.all(call.account, call.region, project.name)
    if limit is not None and sum(not build.is_complete for build in builds) >= limit:
        # Differs: how the service words this is not documented.
        raise AccountLimitExceeded(
            f"Project {project.name} cannot have more than {limit} builds at the same time"
        )
    if schedule.is_full:
        raise AccountLimitExceeded(
            f"Cannot have more than {schedule.most_waiting} builds in queue for the account"
        )


def _schedule(call: Call, name: str) -> Schedule:
    if call.schedule is None:
        raise NotEmulated(name)
    return call.schedule


def _initiator(call: Call) -> str:
    """Who starts a build, as the service shows it: a user's name, or role and session."""
    kind, _, name = call.caller.arn.rpartition(":")[2].partition("/")
    return name or kind


# --- Finding ---------------------------------------------------------------------------------


def _known(call: Call, name: str) -> Build | None:
    return call.builds.find(call.account, call.region, name)


def _find(call: Call, name: str) -> Build:
    build = _known(call, name)
    if build is None:
        raise ResourceNotFound(f"Build cannot be found: {name}")
    return build


def _listed(call: Call, request: Json, name: str, builds: Iterable[Build]) -> Json:
    shown, token = listed(
        call,
        builds,
        request,
        name=name,
        key=lambda build: (build.started, build.id.text),
        order="DESCENDING",
    )
    return {"ids": [build.id.text for build in shown], "nextToken": token}
