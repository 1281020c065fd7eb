"""Checks of the tokens that tools have."""

from pytest_codeartifact.lessons.checks import check
from pytest_codeartifact.lessons.checks.asking import IN_DOMAIN
from pytest_codeartifact.lessons.names import REPOSITORY
from pytest_codeartifact.lessons.problems import NotYet
from pytest_codeartifact.lessons.room import Room
from pytest_codeartifact.lessons.tokens import PLACES, span, token_times


@check
def login(room: Room, tool: str) -> str:
    """Whether a tool has a token for the repository that still lives."""
    times = token_times(room, tool)
    command = f"aws codeartifact login --tool {tool} {IN_DOMAIN} --repository {REPOSITORY}"
    if times is None:
        raise NotYet(f"{tool} has no token: there is none in {PLACES[tool]}", command)
    left = times.expires - room.target.control.clock()
    if left <= 0:
        raise NotYet(f"the token of {tool} expired {span(-left)} ago", command)
    return f"{tool} has a token in {PLACES[tool]}; it lives for another {span(left)}"


@check
def expired(room: Room, tool: str) -> str:
    """Whether the token that a tool has is past its end."""
    times = token_times(room, tool)
    if times is None:
        raise NotYet(
            f"{tool} has no token",
            f"aws codeartifact login --tool {tool} {IN_DOMAIN} --repository {REPOSITORY}",
        )
    left = times.expires - room.target.control.clock()
    if left > 0:
        raise NotYet(f"the token of {tool} lives for another {span(left)}", "%happen hours 12")
    return f"the token of {tool} has expired: the repository knows nobody who shows it"


@check
def no_login(room: Room, tool: str) -> str:
    """Whether a tool's configuration holds no token any more."""
    if token_times(room, tool) is not None:
        command = {"pip": "pip config unset global.index-url", "twine": "rm ~/.pypirc"}[tool]
        raise NotYet(f"{tool} still has a token and asks the repository", command)
    return f"{tool} has no token any more"
