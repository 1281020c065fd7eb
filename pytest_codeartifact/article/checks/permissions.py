"""Checks of the policy that the article gives to a build's role."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import ClientError

from pytest_codeartifact.article.checks import Observation, World, check
from pytest_codeartifact.article.checks.policies import (
    BEARER_ACTION,
    BEARER_CONDITION,
    BEARER_STATEMENT,
    OTHER_SERVICE,
    PACKAGE_STATEMENT,
)
from pytest_codeartifact.article.checks.reader import (
    PRIVATE_PACKAGE,
    Machine,
    ended,
    fact,
    make_repository,
    side_by_side,
    telling,
)
from pytest_codeartifact.article.materials import (
    MaterialError,
    Materials,
    actions_of,
    without_action,
)
from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.findings import Evidence

if TYPE_CHECKING:
    from pytest_codeartifact.tools.process import Completed

_Statement: TypeAlias = Mapping[str, Any]
# What an article says there, right or wrong.
_Condition: TypeAlias = Any
_REFUSED = 400
_NO_POLICY = (MaterialError, CodeArtifactError, ClientError)
"""What a text that cannot be a role's policy leads to; IAM refuses some in words of its own."""


@check
def role_policy_is_enough(world: World) -> Observation:
    """Log in and install as a role with the article's actions, then with each but one."""
    make_repository(world).upload(world.package(PRIVATE_PACKAGE).wheel)
    try:
        statements = world.materials.package_statements
        actions = [action for statement in statements for action in actions_of(statement)]
        whole, *others = side_by_side(
            [
                _attempt(world, left)
                for left in (statements, *(without_action(statements, each) for each in actions))
            ]
        )
    except _NO_POLICY as error:
        return Observation({"login": False, "install": False, "needed": ""}, [_why(error)])
    evidence = [ended(each) for each in whole.ends]
    requests = world.account.requests()
    needed = []
    # Where all of them together are not enough, no one of them can be said to be needed.
    if whole.is_installed:
        for action, left in zip(actions, others, strict=True):
            evidence.append(fact(f"without {action}, {left.told(requests)}"))
            if not left.is_installed:
                needed.append(action)
    return Observation(
        {
            "login": whole.is_logged_in,
            "install": whole.is_installed,
            "needed": " ".join(needed),
        },
        evidence,
    )


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A login as a role and, where that was possible, an installation."""

    role: str
    ends: Sequence["Completed"]

    @property
    def is_logged_in(self) -> bool:
        return self.ends[0].exit_code == 0

    @property
    def is_installed(self) -> bool:
        return [each.exit_code for each in self.ends] == [0, 0]

    def told(self, requests: Sequence[Mapping[str, Any]]) -> str:
        """Which step breaks, what the reader sees of it, and what the server's log says."""
        if self.is_installed:
            return "login and install work as well"
        step, last = "install" if self.is_logged_in else "login", self.ends[-1]
        refused = [
            f"request {each['number']} was answered {each['status']}"
            for each in requests
            if f"/{self.role}/" in str(each.get("principal")) and each["status"] >= _REFUSED
        ]
        return f"{step} ends with {last.exit_code}: {telling(last)} ({'; '.join(refused)})"


def _attempt(world: World, statements: Sequence[_Statement]) -> Callable[[], _Attempt]:
    """What logs in and installs as a role that has these statements, once it is called."""
    role = world.role([*statements, BEARER_STATEMENT])
    machine = Machine(world, caller=role)

    def attempt() -> _Attempt:
        login = machine.log_in()
        if login.exit_code != 0:
            return _Attempt(role.name, [login])
        return _Attempt(role.name, [login, machine.install(PRIVATE_PACKAGE)])

    return attempt


@check
def bearer_token_permission_is_needed(world: World) -> Observation:
    """Log in with the article's statement about bearer tokens, and without it."""
    make_repository(world)
    having, lacking = side_by_side(
        [
            _login(world, lambda: _with_articles_statement(world.materials)),
            _login(world, lambda: [PACKAGE_STATEMENT]),
        ]
    )
    return Observation(
        {
            "with_it": having.is_logged_in,
            "without_it": lacking.is_logged_in or lacking.is_configured,
            "names_it": BEARER_ACTION in lacking.stderr,
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


@check
def condition_is_right(world: World) -> Observation:
    """Log in under the article's condition, and under the same for another service."""
    make_repository(world)
    right, other = side_by_side(
        [
            _login(world, lambda: _under(_articles_condition(world.materials))),
            _login(world, lambda: _under(_of_other(_articles_condition(world.materials)))),
        ]
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
        operator: dict.fromkeys(keys, OTHER_SERVICE) if isinstance(keys, Mapping) else keys
        for operator, keys in condition.items()
    }


@dataclass(frozen=True, slots=True)
class _Login:
    """How a login went, and whether pip is configured by it."""

    is_logged_in: bool
    is_configured: bool
    stderr: str
    seen: Evidence


def _login(world: World, policy: Callable[[], Sequence[_Statement]]) -> Callable[[], _Login]:
    """What logs in as a role with the policy, once it is called; it does not where it is none."""
    try:
        role = world.role(policy())
    except _NO_POLICY as error:
        refused = _Login(is_logged_in=False, is_configured=False, stderr="", seen=_why(error))
        return lambda: refused
    machine = Machine(world, caller=role)
    settings_path = machine.tools.home.pip_settings_path
    before = _content(settings_path)

    def log_in() -> _Login:
        completed = machine.log_in()
        return _Login(
            is_logged_in=completed.exit_code == 0,
            is_configured=_content(settings_path) != before,
            stderr=completed.stderr,
            seen=ended(completed),
        )

    return log_in


def _why(error: Exception) -> Evidence:
    """Why there is no such policy, without advice for those who write tests."""
    return fact(error.what if isinstance(error, CodeArtifactError) else str(error))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
