"""Policies have a say in all that a gate asks, and what they allow is written down."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_codeartifact.emulator.errors import AccessDenied
from pytest_codeartifact.emulator.iam.accounts import ADMINISTRATOR
from pytest_codeartifact.emulator.iam.authorize import Circumstances, PolicyAuthorizer
from pytest_codeartifact.emulator.iam.callers import Caller, Scope
from pytest_codeartifact.emulator.iam.grants import Facts, Grant, tag_facts
from pytest_codeartifact.emulator.neighbours import Neighbours, refusals
from pytest_codeartifact.emulator.neighbours.queries import put_form, read_form

if TYPE_CHECKING:
    from moto.iam.models import Role

LOCK = threading.Lock()
ALLOWED: defaultdict[str, set[str]] = defaultdict(set)
"""The actions that each principal was allowed."""
QUESTIONS: list[dict[str, str | bool]] = []
"""All that policies were asked: principal, action, resource, and whether it was allowed."""
ROLES_MADE: dict[str, float] = {}
"""When each role was made, by the monotonic clock."""


class NotingAuthorizer(PolicyAuthorizer):
    """The emulator's own, with a journal."""

    last: "NotingAuthorizer"

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 -- as its base takes them
        super().__init__(*arguments)
        NotingAuthorizer.last = self

    def require(self, caller: Caller, grant: Grant, circumstances: Circumstances) -> None:
        try:
            super().require(caller, grant, circumstances)
        except AccessDenied:
            note(caller, grant.action, grant.resource, is_allowed=False)
            raise
        note(caller, grant.action, grant.resource, is_allowed=True)


def note(caller: Caller, action: str, resource: str, *, is_allowed: bool) -> None:
    """Write down what policies were asked."""
    with LOCK:
        QUESTIONS.append(
            {
                "principal": caller.arn,
                "action": action,
                "resource": resource,
                "allowed": is_allowed,
            }
        )
        if is_allowed:
            ALLOWED[caller.arn].add(action)


class JsonAccessDenied(refusals.AccessDenied):
    """As services say it that do not speak the query protocol; and as S3 does."""

    code = "AccessDeniedException"
    status = 400
    s3_code = "AccessDenied"
    s3_status = 403


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
        arguments = (caller, scope, circumstances, environ)
        if caller.arn.endswith(f":user/{ADMINISTRATOR}") and service not in _READ:
            return super()._answer(*arguments, start_response)
        if service not in _READ:
            raise _refused(service, f"{service} is nothing that a gate uses")
        operation, asked = _read(service, environ)
        if (service, operation) == ("sts", "AssumeRole"):
            return self._assumed(asked["RoleArn"], arguments, start_response)
        self._require(service, operation, asked, arguments)
        if (service, operation) != ("iam", "CreateRole"):
            return super()._answer(*arguments, start_response)
        # One that is there does not get younger by being refused.
        was_there = _found(asked["RoleName"], caller.account) is not None
        answer = super()._answer(*arguments, start_response)
        if not was_there and _found(asked["RoleName"], caller.account):
            ROLES_MADE[asked["RoleName"]] = time.monotonic()
        return answer

    def _require(
        self,
        service: str,
        operation: str,
        asked: Asked,
        arguments: tuple[Caller, Scope, Circumstances, dict[str, Any]],
    ) -> None:
        """Ask the policies for all that an operation needs; raises Refusal."""
        caller, scope, circumstances, _ = arguments
        if caller.arn.endswith(f":user/{ADMINISTRATOR}"):
            return
        rule = _RULES.get((service, operation))
        if rule is None:
            # What nobody wrote a rule for is never allowed.
            raise _refused(service, f"{service}:{operation} is nothing that a gate does")
        for grant in rule(asked, caller.account, scope.region):
            try:
                NotingAuthorizer.last.require(caller, grant, circumstances)
            except AccessDenied as denied:
                raise _refused(service, str(denied)) from denied

    def _assumed(
        self,
        role_arn: str,
        arguments: tuple[Caller, Scope, Circumstances, dict[str, Any]],
        start_response: Any,  # noqa: ANN401 -- PEP 3333
    ) -> Iterable[bytes]:
        """AssumeRole, which asks policies itself; not yet of a role that was just made."""
        caller = arguments[0]
        made = ROLES_MADE.get(role_arn.rpartition("/")[2], 0.0)
        if time.monotonic() - made < self.late_seconds:
            raise refusals.AccessDenied(
                f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on "
                f"resource: {role_arn}"
            )
        try:
            answer = super()._answer(*arguments, start_response)
        except refusals.AccessDenied:
            note(caller, "sts:AssumeRole", role_arn, is_allowed=False)
            raise
        note(caller, "sts:AssumeRole", role_arn, is_allowed=True)
        return answer


_READ = frozenset({"iam", "logs", "sts"})


def _refused(service: str, message: str) -> refusals.AccessDenied:
    """A refusal as the service's clients read it."""
    kind = refusals.AccessDenied if service in {"iam", "sts"} else JsonAccessDenied
    return kind(message)


def _read(service: str, environ: dict[str, Any]) -> tuple[str, Asked]:
    """The operation and its parameters; the body can be read again."""
    if service in {"iam", "sts"}:
        form = read_form(service, environ)
        put_form(environ, form)
        return form["Action"], form
    body = environ["wsgi.input"].read()
    environ["wsgi.input"].seek(0)
    return environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2], json.loads(body or b"{}")


# --- IAM -----------------------------------------------------------------------------------------


def _found(name: str, account: str) -> "Role | None":
    """A role that is there."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 -- heavy

    roles = iam_backends[account]["aws"].roles.values()
    return next((role for role in roles if role.name == name), None)


def _role(asked: Asked, account: str) -> tuple[str, str]:
    """ARN and boundary of a role that is there, or is named so."""
    role = _found(asked["RoleName"], account)
    if role is None:
        return f"arn:aws:iam::{account}:role/{asked['RoleName']}", ""
    return role.arn, role.permissions_boundary_arn or ""


def _on_role(action: str) -> Rule:
    def rule(asked: Asked, account: str, _: str) -> Iterable[Grant]:
        arn, boundary = _role(asked, account)
        # Source: "Actions, resources, and condition keys for AWS Identity and Access Management",
        # a page of the Service Authorization Reference. Other actions on roles lack this key.
        has_key = bool(boundary) and action in _BOUND
        facts: Facts = (("iam:PermissionsBoundary", boundary),) if has_key else ()
        if action == "iam:TagRole":
            facts = tag_facts(_form_tags(asked))
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
        # Source: "LogGroup" (CloudWatch Logs API Reference): policies name a group with `:*` at the
        # end, but for what concerns its tags.
        stream = f":log-stream:{asked.get('logStreamName', '')}"
        yield Grant(action, arn if action in _ON_TAGS else arn + stream, facts=facts)
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
_BOUND = frozenset({"iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"})
_ON_TAGS = frozenset({"logs:ListTagsForResource", "logs:TagResource"})
_RULES: Mapping[tuple[str, str], Rule] = {
    **{("iam", name): _on_role(f"iam:{name}") for name in _IAM},
    **{("logs", name): _on_group(f"logs:{name}") for name in _LOGS},
    ("iam", "CreateRole"): _create_role,
    ("iam", "ListRoles"): _list_roles,
    ("logs", "DescribeLogGroups"): _describe_groups,
    # Source: "GetCallerIdentity" (AWS STS API Reference): nobody needs a permission for it.
    ("sts", "GetCallerIdentity"): lambda *_: (),
}
