"""Checks of the policy that the article gives to a build's role: builds under such roles."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import ClientError

from pytest_codeartifact.article.checks import Observation, World, check_with
from pytest_codeartifact.article.checks.builds import buildspec_of, login_command, seen, why
from pytest_codeartifact.article.checks.reader import PRIVATE_PACKAGE, fact, make_repository
from pytest_codeartifact.article.materials import (
    MaterialError,
    Materials,
    actions_of,
    without_action,
)
from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.findings import Evidence
from pytest_codeartifact.targets import Capability
from pytest_codeartifact.targets.policies import (
    BEARER_ACTION,
    BEARER_CONDITION,
    BEARER_STATEMENT,
    PACKAGE_STATEMENT,
)

if TYPE_CHECKING:
    from pytest_codeartifact.targets.builds import Build, ReadyBuild

_Statement: TypeAlias = Mapping[str, Any]
# What an article says there, right or wrong.
_Condition: TypeAlias = Any
_REFUSED = 400
_OTHER_SERVICE = "codecommit.amazonaws.com"
_NO_POLICY = (MaterialError, CodeArtifactError, ClientError)
"""What a text that cannot be a role's policy leads to; IAM refuses some in words of its own."""

_CONFIGURED = "pip has another configuration now"
# Where a user's pip has its configuration (pip documentation: "Configuration").
_SETTINGS = 'cksum "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" 2>&1'


def _installing(world: World) -> str:
    """A buildspec that logs in and then installs."""
    install = f"pip install {PRIVATE_PACKAGE}"
    return buildspec_of(
        {"install": {"commands": [login_command(world)]}, "build": {"commands": [install]}}
    )


def _logging_in(world: World) -> str:
    """A buildspec that logs in, and says whether pip is configured otherwise after that."""
    return buildspec_of(
        {
            "install": {
                "commands": [f"BEFORE=$({_SETTINGS} || :)", login_command(world)],
                "finally": [f'test "$({_SETTINGS})" = "$BEFORE" || echo {_CONFIGURED}'],
            }
        }
    )


@check_with(Capability.IDENTITIES)
def role_policy_is_enough(world: World) -> Observation:
    """Build as a role with the article's actions, then with each but one: log in and install."""
    make_repository(world).upload(world.package(PRIVATE_PACKAGE).wheel)
    try:
        statements = world.materials.package_statements
        actions = [action for statement in statements for action in actions_of(statement)]
        whole, *others = _built(
            world,
            _installing(world),
            [statements, *(without_action(statements, each) for each in actions)],
        )
    except _NO_POLICY as error:
        return Observation({"login": False, "install": False, "needed": ""}, [_why(error)])
    evidence = [seen(whole)]
    requests = world.account.requests()
    needed = []
    # Where all of them together are not enough, no one of them can be said to be needed.
    if whole.succeeded:
        for action, build in zip(actions, others, strict=True):
            evidence.append(fact(f"without {action}, {_told(build, requests)}"))
            if not build.succeeded:
                needed.append(action)
    return Observation(
        {
            "login": _is_logged_in(whole),
            "install": whole.succeeded,
            "needed": " ".join(needed),
        },
        evidence,
    )


def _built(world: World, buildspec: str, policies: Sequence[Sequence[_Statement]]) -> "list[Build]":
    """Builds of one buildspec side by side, each under a role with one policy and the bearer's."""
    ready = [
        world.prepare_build(buildspec, [*statements, BEARER_STATEMENT]) for statements in policies
    ]
    started = [each.start() for each in ready]
    return [each.wait() for each in started]


def _is_logged_in(build: "Build") -> bool:
    login = build.phases.get("INSTALL")
    return login is not None and login.status == "SUCCEEDED"


def _told(build: "Build", requests: Sequence[Mapping[str, Any]]) -> str:
    """Which step breaks, what the reader sees of it, and what the server's log says."""
    if build.succeeded:
        return "login and install work as well"
    step = "install" if _is_logged_in(build) else "login"
    session = f"/AWSCodeBuild-{build.id.partition(':')[2]}"
    refused = [
        f"request {each['number']} was answered {each['status']}"
        for each in requests
        if str(each.get("principal")).endswith(session) and each["status"] >= _REFUSED
    ]
    return f"{step} fails: {why(build)} ({'; '.join(refused)})"


@check_with(Capability.IDENTITIES)
def bearer_token_permission_is_needed(world: World) -> Observation:
    """Log in by a build with the article's statement about bearer tokens, and without it."""
    make_repository(world)
    having, lacking = _logins(
        world,
        lambda: _with_articles_statement(world.materials),
        lambda: [PACKAGE_STATEMENT],
    )
    return Observation(
        {
            "with_it": having.is_logged_in,
            "without_it": lacking.is_logged_in or lacking.is_configured,
            "names_it": BEARER_ACTION in lacking.log,
        },
        [
            having.seen,
            lacking.seen,
            fact(f"without it, pip was {'' if lacking.is_configured else 'not '}configured"),
        ],
    )


def _with_articles_statement(materials: Materials) -> Sequence[_Statement]:
    stated = materials.bearer_statement
    parts = {key: stated[key] for key in ("Effect", "Action", "Resource") if key in stated}
    return [PACKAGE_STATEMENT, {**parts, "Condition": BEARER_CONDITION}]


@check_with(Capability.IDENTITIES)
def condition_is_right(world: World) -> Observation:
    """Log in by a build under the article's condition, and under the same for another service."""
    make_repository(world)
    right, other = _logins(
        world,
        lambda: _under(_articles_condition(world.materials)),
        lambda: _under(_of_other(_articles_condition(world.materials))),
    )
    return Observation(
        {"right": right.is_logged_in, "other_service": other.is_logged_in}, [right.seen, other.seen]
    )


def _articles_condition(materials: Materials) -> _Condition:
    condition: _Condition = materials.bearer_statement.get("Condition")
    return condition


def _under(condition: _Condition) -> Sequence[_Statement]:
    """Statements whose one about bearer tokens has this condition; None for no condition."""
    stated = {**BEARER_STATEMENT, "Condition": condition}
    if condition is None:
        del stated["Condition"]
    return [PACKAGE_STATEMENT, stated]


def _of_other(condition: _Condition) -> _Condition:
    """The same where every value is another service's name."""
    if not isinstance(condition, Mapping):
        return condition
    return {
        operator: dict.fromkeys(keys, _OTHER_SERVICE) if isinstance(keys, Mapping) else keys
        for operator, keys in condition.items()
    }


@dataclass(frozen=True, slots=True)
class _Login:
    """How a build's login went, and whether pip is configured by it."""

    is_logged_in: bool
    is_configured: bool
    log: str
    seen: Evidence


def _logins(world: World, *policies: Callable[[], Sequence[_Statement]]) -> list[_Login]:
    """Logins of builds side by side, each under a policy; none where that is no policy."""
    ready = [_prepared(world, policy) for policy in policies]
    started = [each if isinstance(each, _Login) else each.start() for each in ready]
    return [each if isinstance(each, _Login) else _ended(each.wait()) for each in started]


def _prepared(world: World, policy: Callable[[], Sequence[_Statement]]) -> "ReadyBuild | _Login":
    """A build that logs in, ready to start; a login that failed where that is no policy."""
    try:
        return world.prepare_build(_logging_in(world), policy())
    except _NO_POLICY as error:
        return _Login(is_logged_in=False, is_configured=False, log="", seen=_why(error))


def _ended(build: "Build") -> _Login:
    configured = f"\n{_CONFIGURED}\n" in build.log
    return _Login(_is_logged_in(build), configured, build.log, seen(build))


def _why(error: Exception) -> Evidence:
    """Why there is no such policy, without advice for those who write tests."""
    return fact(error.what if isinstance(error, CodeArtifactError) else str(error))
