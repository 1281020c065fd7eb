"""Why a policy lets somebody do a thing, or does not: the verdict, statement by statement."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_codeartifact.emulator.iam.documents import MalformedPolicy, Policy, read_identity_policy
from pytest_codeartifact.emulator.iam.policy import (
    Applicable,
    Principal,
    Question,
    Verdict,
    decide,
    speaks_of,
)
from pytest_codeartifact.lessons.names import DOMAIN, PACKAGE, REPOSITORY
from pytest_codeartifact.lessons.problems import Refused
from pytest_codeartifact.lessons.showing import Shown, note, table

if TYPE_CHECKING:
    from pytest_codeartifact.lessons.room import Room

_BEARER = "sts:GetServiceBearerToken"
_SERVICE = "codeartifact:"
# AWS ("Actions, resources, and condition keys for AWS CodeArtifact"): some actions are about a
# domain, most that speak of packages about a package, the others about a repository.
_ON_DOMAIN = frozenset(
    {"createdomain", "deletedomain", "describedomain", "getauthorizationtoken"}
    | {"getdomainpermissionspolicy", "putdomainpermissionspolicy", "deletedomainpermissionspolicy"}
    | {"listrepositoriesindomain"}
)
_ON_REPOSITORY = frozenset({"listpackages"})


def decision(room: "Room", source: str, action: str) -> Shown:
    """Whether a policy allows an action in the lessons' repository, and which statement decides.

    `source` is a file with a policy, or the name of a role. Raises Refused for what is neither.
    """
    document = _document(room, source)
    policy, question = _policy(source, document), _question(room, source, action)
    verdict = decide(question, Applicable(identity=(policy,)))
    rows = []
    for number, (statement, shown) in enumerate(
        zip(policy.statements, _listed(document["Statement"]), strict=True), 1
    ):
        fits = speaks_of(question, statement)
        says = f"{'allows' if shown['Effect'] == 'Allow' else 'denies'} it" if fits else "silent"
        actions = ", ".join(f"`{each}`" for each in _listed(shown.get("Action", "all but some")))
        rows.append((str(number), shown["Effect"], actions, says))
    seen = table(("statement", "effect", "actions", "this one"), rows, "There is no statement.")
    if verdict.is_allowed:
        said = note("seen", f"`{action}` is allowed by {source}.")
    else:
        said = note("wrong", f"`{action}` is denied {verdict.reason}.")
    return Shown(said.html + seen.html, f"{said.text}\n{seen.text}")


def decided(room: "Room", source: str, action: str) -> Verdict:
    """The verdict alone; arguments and problems as for `decision`."""
    policy = _policy(source, _document(room, source))
    return decide(_question(room, source, action), Applicable(identity=(policy,)))


def _policy(source: str, document: Mapping[str, Any]) -> Policy:
    try:
        return read_identity_policy(json.dumps(document))
    except MalformedPolicy as error:
        raise Refused(f"{source} is no policy: {error}") from None


def _document(room: "Room", source: str) -> Mapping[str, Any]:
    path = room.console.folder() / source
    if "/" in source and not path.is_file():
        raise Refused(f"there is no file {source}")
    if path.is_file():
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Refused(f"{source} is no JSON: {error}") from None
        if isinstance(told, dict) and "Statement" in told:
            return told
        raise Refused(f"{source} has no statements, so it is no policy")
    iam = room.target.boto3_client("iam")
    try:
        names = iam.list_role_policies(RoleName=source)["PolicyNames"]
    except iam.exceptions.NoSuchEntityException:
        raise Refused(f"there is no file {source} and no role {source}") from None
    statements = [
        statement
        for name in names
        for statement in _listed(
            iam.get_role_policy(RoleName=source, PolicyName=name)["PolicyDocument"]["Statement"]
        )
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _question(room: "Room", source: str, action: str) -> Question:
    account, region = room.target.account, room.target.region
    place = f"arn:aws:codeartifact:{region}:{account}"
    name = action.lower().removeprefix(_SERVICE)
    context: dict[str, str] = {}
    if action.lower() == _BEARER.lower():
        resource, context = "*", {"sts:AWSServiceName": "codeartifact.amazonaws.com"}
    elif not action.lower().startswith(_SERVICE):
        raise Refused(
            f"only actions of CodeArtifact and {_BEARER} can be asked about, not {action!r}\n"
            "Try: an action with its service, such as codeartifact:ReadFromRepository"
        )
    elif name in _ON_DOMAIN:
        resource = f"{place}:domain/{DOMAIN}"
    elif "package" in name and name not in _ON_REPOSITORY:
        resource = f"{place}:package/{DOMAIN}/{REPOSITORY}/pypi//{PACKAGE}"
    else:
        resource = f"{place}:repository/{DOMAIN}/{REPOSITORY}"
    role = "somebody" if "." in source else source
    principal = Principal(
        account,
        f"arn:aws:sts::{account}:assumed-role/{role}/session",
        role_arn=f"arn:aws:iam::{account}:role/{role}",
    )
    return Question(principal, action, resource, frozenset({account}), context)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 -- JSON
    return value if isinstance(value, list) else [value]
