"""Checks of who may do what: builds, roles, origin controls."""

from pytest_codeartifact.lessons.checks import check
from pytest_codeartifact.lessons.checks.asking import IN_DOMAIN, REFUSED, asked
from pytest_codeartifact.lessons.decisions import decided
from pytest_codeartifact.lessons.names import DOMAIN, PACKAGE, REPOSITORY
from pytest_codeartifact.lessons.problems import NotYet, Refused
from pytest_codeartifact.lessons.room import Room

_MEANS = {"BLOCK": "no new version of a stranger gets in", "ALLOW": "anybody's version gets in"}


@check
def build_installed(room: Room, package: str = PACKAGE) -> str:
    """Whether a build of CodeBuild has fetched a package with its role's own token."""
    for each in reversed(room.target.requests()):
        is_file = each["path"].endswith((".whl", ".tar.gz")) and f"/{package}/" in each["path"]
        if is_file and "/AWSCodeBuild-" in each.get("principal", "") and each["status"] < REFUSED:
            role = each["principal"].partition(":assumed-role/")[2].partition("/")[0]
            return f"a build under the role {role} fetched {each['path'].rpartition('/')[2]}"
    raise NotYet(
        f"no build has fetched {package} with a token of its own role",
        "pytest-codeartifact build demo --role-policy policy.json",
    )


@check
def build_refused(room: Room, action: str = "GetAuthorizationToken") -> str:
    """Whether a build of CodeBuild was refused something that it asked CodeArtifact for."""
    for each in room.target.requests():
        is_build = "/AWSCodeBuild-" in each.get("principal", "")
        if is_build and each.get("operation") == action and each["status"] >= REFUSED:
            return f"a build asked for {action}, and the answer was {each['status']}: not allowed"
    raise NotYet(
        f"no build was refused {action} yet",
        "pytest-codeartifact build demo --role-policy policy.json",
    )


@check
def allowed(room: Room, role: str, action: str) -> str:
    """Whether a role's own policies allow an action in the lessons' repository."""
    iam = room.target.boto3_client("iam")
    try:
        policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
    except iam.exceptions.NoSuchEntityException:
        raise NotYet(
            f"there is no role {role}",
            f"aws iam create-role --role-name {role} "
            "--assume-role-policy-document file://trust.json",
        ) from None
    if decided(room, role, action).is_allowed:
        return f"{action} is allowed to the role {role}, by its policy {', '.join(policies)}"
    raise NotYet(
        f"no policy of the role {role} allows {action}",
        f"aws iam put-role-policy --role-name {role} --policy-name reading "
        "--policy-document file://reading.json",
    )


@check
def origin(room: Room, upstream: str, package: str = PACKAGE) -> str:
    """Whether versions of a package may come from upstream: ALLOW or BLOCK."""
    wanted = upstream.upper()
    if wanted not in _MEANS:
        raise Refused(f"upstream is allow or block, not {upstream!r}")
    found = asked(
        room,
        "describe_package",
        domain=DOMAIN,
        repository=REPOSITORY,
        format="pypi",
        package=package,
    )
    now = found["package"]["originConfiguration"]["restrictions"] if found else {}
    if now.get("upstream") != wanted:
        state = f"is {now['upstream']}" if now else f"is not known, as {package} is not there"
        raise NotYet(
            f"what may come from upstream for {package} {state}",
            f"aws codeartifact put-package-origin-configuration {IN_DOMAIN} "
            f"--repository {REPOSITORY} --format pypi --package {package} "
            f"--restrictions publish=ALLOW,upstream={wanted}",
        )
    return f"upstream is {wanted} for {package}: {_MEANS[wanted]}"
