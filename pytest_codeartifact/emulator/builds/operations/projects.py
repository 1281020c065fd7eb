"""Projects. Source: "Working with build projects" (AWS CodeBuild User Guide)."""

from collections.abc import Callable, Mapping
from typing import Any

from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.api.paging import Key
from pytest_codeartifact.emulator.builds.calls import Call, on_nothing, on_project, passing_role
from pytest_codeartifact.emulator.builds.errors import InvalidInput
from pytest_codeartifact.emulator.builds.operations.listing import listed
from pytest_codeartifact.emulator.builds.project_settings import changed_settings, new_settings
from pytest_codeartifact.emulator.builds.projects import Project, ProjectId, Settings
from pytest_codeartifact.emulator.neighbours.service_sessions import NotTrusted

Json = Mapping[str, Any]

_ORDERS: Mapping[str, Callable[[Project], Key]] = {
    "NAME": lambda project: project.id.name,
    "CREATED_TIME": lambda project: (project.created, project.id.name),
    "LAST_MODIFIED_TIME": lambda project: (project.modified, project.id.name),
}


@operation(on_project("name"), passing_role)
def create_project(call: Call, request: Json) -> Json:
    """Create a project whose service role CodeBuild may assume."""
    identity = call.project_id(request["name"])
    settings = new_settings(request, identity)
    _check_trust(call, settings["serviceRole"], identity)
    now = call.clock.now()
    project = Project(identity, created=now, modified=now, settings=settings)
    call.projects.create(project)
    return {"project": project.described()}


@operation(on_project("name"), passing_role)
def update_project(call: Call, request: Json) -> Json:
    """Change what the request names of a project."""
    identity = call.project_id(request["name"])

    def change(before: Settings) -> Settings:
        return changed_settings(before, request, identity)

    if "serviceRole" in request:
        change(call.projects.find(identity).settings)
        _check_trust(call, request["serviceRole"], identity)
    return {"project": call.projects.change(identity, change, call.clock.now()).described()}


@operation(on_project("name"))
def delete_project(call: Call, request: Json) -> Json:
    """Delete a project; its builds remain, and one that is not there counts as deleted.

    Differs: what the service says of a project that is not there is not documented; the model has
    no exception for it.
    """
    call.projects.delete(call.project_id(request["name"]))
    return {}


@operation(on_project("names"))
def batch_get_projects(call: Call, request: Json) -> Json:
    """Describe projects by name or ARN; those of other accounts are not found.

    Differs: projects cannot be shared between accounts here.
    """
    found = {name: call.projects.get(call.project_id(name)) for name in request["names"]}
    return {
        "projects": [project.described() for project in found.values() if project],
        "projectsNotFound": [name for name, project in found.items() if project is None],
    }


@operation(on_nothing)
def list_projects(call: Call, request: Json) -> Json:
    """List the names of the account's projects in this region."""
    shown, token = listed(
        call,
        call.projects.of(call.account, call.region),
        request,
        name="ListProjects",
        key=_ORDERS[request.get("sortBy", "NAME")],
    )
    return {"projects": [project.id.name for project in shown], "nextToken": token}


@operation(on_nothing)
def list_shared_projects(call: Call, request: Json) -> Json:  # noqa: ARG001 - as every operation
    """List projects that are shared with the account: none, as nothing can be shared here."""
    return {"projects": []}


@operation(on_project("projectName"))
def invalidate_project_cache(call: Call, request: Json) -> Json:
    """Forget what builds of a project have kept for each other."""
    call.caches.forget(call.projects.find(call.project_id(request["projectName"])).id)
    return {}


def _check_trust(call: Call, role: str, project: ProjectId) -> None:
    try:
        call.trust.check(role, project.arn)
    except NotTrusted as error:
        raise InvalidInput(str(error)) from error
