"""What an operation of CodeBuild may use, and what its caller must be granted.

Source: "Actions, resources, and condition keys for AWS CodeBuild" (Service Authorization
Reference): actions are named like the operations.
Differs: condition keys that only CodeBuild has, such as `codebuild:buildArn`, are not set.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pytest_codeartifact.emulator.api.operation import ApiCall, GrantRule
from pytest_codeartifact.emulator.builds.builds import Builds
from pytest_codeartifact.emulator.builds.caches import Caches
from pytest_codeartifact.emulator.builds.projects import ProjectId, Projects
from pytest_codeartifact.emulator.builds.reports import Reports, group_arn_of
from pytest_codeartifact.emulator.iam.grants import Facts, Grant, tag_facts

if TYPE_CHECKING:
    from pytest_codeartifact.emulator.builds.scheduling import Schedule

PRINCIPAL = "codebuild.amazonaws.com"


class Trust(Protocol):
    """Knows which roles let CodeBuild become them."""

    def check(self, role_arn: str, source_arn: str) -> None:
        """Return when the role trusts CodeBuild for this project; raise NotTrusted otherwise."""
        ...


@dataclass(frozen=True, slots=True)
class Call(ApiCall):
    """All that an operation may use besides its request."""

    projects: Projects
    builds: Builds
    reports: Reports
    caches: Caches
    trust: Trust
    schedule: "Schedule | None"
    """None where there is no machine that builds could run on."""

    @property
    def account(self) -> str:
        """The caller's account, whose projects and reports are meant."""
        return self.caller.account

    def project_id(self, name: str) -> ProjectId:
        """The project of a name or an ARN, in the caller's account and region."""
        stem = ProjectId(self.account, self.region, "").arn
        return ProjectId(self.account, self.region, name.removeprefix(stem))


# --- Grant rules: the resource an operation acts on ------------------------------------------


def on_nothing(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:  # noqa: ARG001 - a rule
    """The operation as such: it has no resource, so policies must grant it on `*`."""
    return [Grant.anywhere(_action(operation_name))]


def on_project(member: str) -> GrantRule[Call]:
    """The operation on each project that a member of the request names, by name or ARN."""

    def rule(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
        return [
            _on_project(call, operation_name, name, request) for name in _listed(request[member])
        ]

    return rule


def on_project_of_build(member: str) -> GrantRule[Call]:
    """The operation on the project of each build that a member names, by id or ARN."""

    def rule(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
        prefix = f"arn:aws:codebuild:{call.region}:{call.account}:build/"
        names = [named.removeprefix(prefix) for named in _listed(request.get(member, []))]
        # What is left of an ARN is one of another account or region.
        projects = [n if n.startswith("arn:") else n.partition(":")[0] for n in names]
        return [
            _on_project(call, operation_name, name, request) for name in dict.fromkeys(projects)
        ]

    return rule


def on_report_group(
    member: str, arn_of: Callable[[str], str] = lambda named: named
) -> GrantRule[Call]:
    """The operation on each report group that a member of the request names.

    `arn_of` gives a group's ARN for what the member holds.
    """

    def rule(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
        arns = dict.fromkeys(arn_of(named) for named in _listed(request[member]))
        return [_on_report_group(call, operation_name, arn, request) for arn in arns]

    return rule


def on_group_of_report(member: str) -> GrantRule[Call]:
    """The operation on the group of each report that a member of the request names."""
    return on_report_group(member, group_arn_of)


def on_new_report_group(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
    """The operation on the report group that the request is to make."""
    arn = f"arn:aws:codebuild:{call.region}:{call.account}:report-group/{request['name']}"
    return [_on_report_group(call, operation_name, arn, request)]


def passing_role(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:  # noqa: ARG001 - a rule
    """Handing the service role that the request names to CodeBuild, if it names one.

    Source: "Granting a user permissions to pass a role to an AWS service" (IAM User Guide).
    """
    role = request.get("serviceRole") or request.get("serviceRoleOverride")
    if role is None:
        return []
    project = call.project_id(request.get("name") or request["projectName"])
    facts: Facts = (
        ("iam:PassedToService", PRINCIPAL),
        ("iam:AssociatedResourceArn", project.arn),
    )
    return [Grant("iam:PassRole", role, facts=facts)]


def _action(operation_name: str) -> str:
    return f"codebuild:{operation_name}"


def _listed(named: str | list[str]) -> list[str]:
    return [named] if isinstance(named, str) else named


def _on_project(call: Call, operation_name: str, name: str, request: Mapping[str, Any]) -> Grant:
    identity = call.project_id(name)
    project = call.projects.get(identity)
    kept = project.settings["tags"] if project else ()
    # What is left of an ARN is one of another account or region.
    arn = name if identity.name.startswith("arn:") else identity.arn
    return Grant(_action(operation_name), arn, facts=_facts(kept, request))


def _on_report_group(
    call: Call, operation_name: str, arn: str, request: Mapping[str, Any]
) -> Grant:
    group = call.reports.group(call.account, call.region, arn)
    kept = group.tags if group else ()
    return Grant(_action(operation_name), arn, facts=_facts(kept, request))


def _facts(kept: Iterable[Mapping[str, str]], request: Mapping[str, Any]) -> Facts:
    """What policies may ask about tags: those of the resource, and those of the request."""
    of_resource = tuple((f"aws:ResourceTag/{key}", value) for key, value in _pairs(kept))
    return (*of_resource, *tag_facts(_pairs(request.get("tags", []))))


def _pairs(tags: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    # MODEL (Tag): neither member is required.
    return [(tag.get("key", ""), tag.get("value", "")) for tag in tags]
