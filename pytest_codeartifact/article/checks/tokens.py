"""Checks of tokens: how long they live, whose they are."""

import re
from dataclasses import dataclass
from http import HTTPStatus

from pytest_codeartifact.article.checks import Caller, Fact, Observation, World, check, check_with
from pytest_codeartifact.article.checks.reader import (
    PRIVATE_PACKAGE,
    Machine,
    answer,
    asked,
    ended,
    fact,
    last_number,
    make_repository,
    read,
)
from pytest_codeartifact.article.materials import without_action
from pytest_codeartifact.targets import Capability
from pytest_codeartifact.targets.policies import BEARER_STATEMENT, PACKAGE_STATEMENT

_HOUR_SECONDS = 3600
_MINUTE_SECONDS = 60
_LIFE = re.compile(r"^Login expires in (.+) at ", re.MULTILINE)


@check
def token_lives_twelve_hours(world: World) -> Observation:
    """Ask for a token without saying for how long, and let login say it in its words."""
    make_repository(world)
    now = world.now()
    told = world.account.client().get_authorization_token(domain=world.domain_name)
    seconds = told["expiration"].timestamp() - now
    login = Machine(world).log_in()
    says = _LIFE.search(login.stdout)
    return Observation(
        {"hours": _hours(seconds), "login_says": says[1] if says else ""},
        [answer(f"GetAuthorizationToken: it expires in {seconds:.0f} seconds"), ended(login)],
    )


def _hours(seconds: float) -> Fact:
    """A duration in hours, to the minute."""
    hours, minutes = divmod(round(seconds / _MINUTE_SECONDS), 60)
    return f"{hours} h {minutes} min" if minutes else hours


@dataclass(frozen=True, slots=True)
class _WithoutCredentials:
    """The same variables, but for those that say who it is."""

    caller: Caller

    def environment(self) -> dict[str, str]:
        secrets = ("KEY_ID", "ACCESS_KEY", "TOKEN")
        found = self.caller.environment()
        return {name: text for name, text in found.items() if not name.endswith(secrets)}


@check_with(Capability.IDENTITIES, Capability.SERVER_LOG)
def token_is_of_the_credentials(world: World) -> Observation:
    """Use a role's token, take its permission away, and ask for a token without credentials."""
    repository, package = make_repository(world), world.package(PRIVATE_PACKAGE)
    repository.upload(package.wheel)
    policy, path = (PACKAGE_STATEMENT, BEARER_STATEMENT), f"{package.name}/"
    role = world.role(policy)
    identity = role.boto3_client("sts").get_caller_identity()["Arn"]
    token = role.token(world.domain_name)
    last = last_number(world.control.requests())
    before = read(world, repository, path, token)[0]
    role.allow(without_action(policy, "codeartifact:ReadFromRepository"))
    after = read(world, repository, path, token)[0]
    reading = [
        each for each in world.control.requests(after=last) if each["path"].endswith(f"/{path}")
    ]
    nobody = Machine(world, caller=_WithoutCredentials(world.account)).tools.aws.run(
        "codeartifact", "get-authorization-token", "--domain", world.domain_name, expect=None
    )
    principals = {str(each.get("principal")) for each in reading}
    return Observation(
        {
            "same_principal": principals == {identity},
            "without_credentials": nobody.exit_code == 0,
            "follows_the_caller": (before, after) == (HTTPStatus.OK, HTTPStatus.FORBIDDEN),
        },
        [
            answer(f"GetCallerIdentity: who asked for the token is {identity}"),
            *(asked(each) for each in reading),
            fact(f"who read with the token was {', '.join(sorted(principals))}"),
            fact(f"reading was answered {before}, and {after} once the role might not read"),
            ended(nobody),
        ],
    )


@check_with(Capability.TRAVEL)
def token_ends_after_twelve_hours(world: World) -> Observation:
    """Install, let twelve hours pass, install with the same configuration, log in, install."""
    repository, package = make_repository(world), world.package(PRIVATE_PACKAGE)
    repository.upload(package.wheel)
    machine = Machine(world, repository)
    again = ("--force-reinstall", package.name)
    before = machine.install(*again)
    world.control.advance(12 * _HOUR_SECONDS + 1)
    after = machine.install(*again)
    login = machine.log_in()
    then = machine.install(*again)
    return Observation(
        {
            "before": before.exit_code == 0,
            "after": after.exit_code == 0,
            "after_login": then.exit_code == 0,
        },
        [
            ended(before),
            fact("the clock of the service went on by 12 hours and a second"),
            ended(after),
            # What it says of the time is by the machine's clock, which did not go on.
            fact(f"`{login.command}` ended with {login.exit_code}"),
            ended(then),
        ],
    )
