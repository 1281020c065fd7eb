"""Policies have a say in all that a gate asks, and what they allow is written down."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pytest_codeartifact.emulator.errors import AccessDenied
from pytest_codeartifact.emulator.iam.authorize import Circumstances, PolicyAuthorizer
from pytest_codeartifact.emulator.iam.callers import Caller, Scope
from pytest_codeartifact.emulator.iam.grants import Facts, Grant, tag_facts
from pytest_codeartifact.emulator.neighbours import Neighbours, refusals
from pytest_codeartifact.emulator.neighbours.queries import put_form, read_form

LOCK = threading.Lock()
ALLOWED: defaultdict[str, set[str]] = defaultdict(set)
"""The actions that each principal was allowed."""
ROLES_MADE: dict[str, float] = {}
"""When each role was made, by the monotonic clock."""


class NotingAuthorizer(PolicyAuthorizer):
    """The emulator's own, with a journal."""

    last: "NotingAuthorizer"

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 -- as its base takes them
        super().__init__(*arguments)
        NotingAuthorizer.last = self

    def require(self, caller: Caller, grant: Grant, circumstances: Circumstances) -> None:
        super().require(caller, grant, circumstances)
        with LOCK:
            ALLOWED[caller.arn].add(grant.action)


Asked = Mapping[str, Any]
Rule = Callable[[Asked, str, str], Iterable[Grant]]


class StrictNeighbours(Neighbours):
    """Moto's services, which would do as any known caller says."""

    late_seconds = 0.0

    def _answer(
        self,
        caller: Caller,
        scope: Scope,
        circumstances: Circumstances,
        environ: dict[str, Any],
        start_response: Any,  # noqa: ANN401 -- PEP 3333
    ) -> Iterable[bytes]:
        service = scope.service.lower()
        if service in {"iam", "logs"}:
            operation, asked = _read(service, environ)
            if operation == "CreateRole":
                ROLES_MADE[asked["RoleName"]] = time.monotonic()
            rule = _RULES.get((service, operation))
            if rule is None:
                raise refusals.AccessDenied(f"{service}:{operation} is nothing that a gate does")
            for grant in rule(asked, caller.account, scope.region):
                try:
                    NotingAuthorizer.last.require(caller, grant, circumstances)
                except AccessDenied as denied:
                    raise refusals.AccessDenied(str(denied)) from denied
        elif service == "sts":
            form = read_form(service, environ)
            put_form(environ, form)
            if form["Action"] == "AssumeRole":
                role = form["RoleArn"].rpartition("/")[2]
                if time.monotonic() - ROLES_MADE.get(role, 0.0) < self.late_seconds:
                    raise refusals.AccessDenied(
                        f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on "
                        f"resource: {form['RoleArn']}"
                    )
                with LOCK:
                    ALLOWED[caller.arn].add("sts:AssumeRole")
        return super()._answer(caller, scope, circumstances, environ, start_response)


def _read(service: str, environ: dict[str, Any]) -> tuple[str, Asked]:
    """The operation and its parameters; the body can be read again."""
    if service == "iam":
        form = read_form(service, environ)
        put_form(environ, form)
        return form["Action"], form
    body = environ["wsgi.input"].read()
    environ["wsgi.input"].seek(0)
    return environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2], json.loads(body or b"{}")


# --- IAM -----------------------------------------------------------------------------------------


def _role(asked: Asked, account: str) -> tuple[str, str]:
    """ARN and boundary of a role that is there, or is named so."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 -- heavy

    name = asked["RoleName"]
    for role in iam_backends[account]["aws"].roles.values():
        if role.name == name:
            return role.arn, role.permissions_boundary_arn or ""
    return f"arn:aws:iam::{account}:role/{name}", ""


def _on_role(action: str) -> Rule:
    def rule(asked: Asked, account: str, _: str) -> Iterable[Grant]:
        arn, boundary = _role(asked, account)
        facts: Facts = (("iam:PermissionsBoundary", boundary),) if boundary else ()
        yield Grant(action, arn, facts=facts)

    return rule


def _form_tags(asked: Asked) -> list[tuple[str, str]]:
    numbers = range(1, 51)
    keys = [(f"Tags.member.{n}.Key", f"Tags.member.{n}.Value") for n in numbers]
    return [(asked[key], asked.get(value, "")) for key, value in keys if key in asked]


def _create_role(asked: Asked, account: str, _: str) -> Iterable[Grant]:
    arn = f"arn:aws:iam::{account}:role{asked.get('Path', '/')}{asked['RoleName']}"
    facts: Facts = tag_facts(_form_tags(asked))
    if "PermissionsBoundary" in asked:
        facts = (*facts, ("iam:PermissionsBoundary", asked["PermissionsBoundary"]))
    yield Grant("iam:CreateRole", arn, facts=facts)
    if _form_tags(asked):
        # Source: "Tag IAM roles" (IAM User Guide): who tags in the request that makes it must be
        # allowed to tag.
        yield Grant("iam:TagRole", arn, facts=tag_facts(_form_tags(asked)))


def _list_roles(asked: Asked, account: str, _: str) -> Iterable[Grant]:
    path = asked.get("PathPrefix", "/")
    yield Grant("iam:ListRoles", f"arn:aws:iam::{account}:role{path}")


# --- CloudWatch Logs -----------------------------------------------------------------------------


def _on_group(action: str) -> Rule:
    def rule(asked: Asked, account: str, region: str) -> Iterable[Grant]:
        named = asked.get("resourceArn") or asked.get("logGroupArn") or ""
        name = asked.get("logGroupName") or named.partition(":log-group:")[2].removesuffix(":*")
        arn = f"arn:aws:logs:{region}:{account}:log-group:{name}"
        facts = tag_facts((asked.get("tags") or {}).items())
        stream = asked.get("logStreamName")
        yield Grant(action, f"{arn}:log-stream:{stream}" if stream else arn, facts=facts)
        if action == "logs:CreateLogGroup" and facts:
            yield Grant("logs:TagResource", arn, facts=facts)

    return rule


def _describe_groups(asked: Asked, account: str, region: str) -> Iterable[Grant]:
    del asked
    yield Grant("logs:DescribeLogGroups", f"arn:aws:logs:{region}:{account}:log-group::log-stream:")


_IAM = (
    *("GetRole", "DeleteRole", "PutRolePolicy", "DeleteRolePolicy", "ListRolePolicies"),
    *("ListAttachedRolePolicies", "DetachRolePolicy", "ListRoleTags", "TagRole"),
)
_LOGS = (
    *("CreateLogGroup", "DeleteLogGroup", "GetLogEvents", "DescribeLogStreams"),
    *("ListTagsForResource", "TagResource"),
)
_ADMINISTRATORS = ("CreatePolicy", "GetPolicy")
_RULES: Mapping[tuple[str, str], Rule] = {
    **{("iam", name): _on_role(f"iam:{name}") for name in _IAM},
    **{("logs", name): _on_group(f"logs:{name}") for name in _LOGS},
    **{
        ("iam", name): lambda *_, name=name: [Grant(f"iam:{name}", "*")] for name in _ADMINISTRATORS
    },
    ("iam", "CreateRole"): _create_role,
    ("iam", "ListRoles"): _list_roles,
    ("logs", "DescribeLogGroups"): _describe_groups,
}
