"""Checks of domains and repositories."""

from pytest_codeartifact.lessons.checks import check
from pytest_codeartifact.lessons.checks.asking import (
    IN_DOMAIN,
    asked,
    described_repository,
    many,
    packages,
)
from pytest_codeartifact.lessons.names import DOMAIN, REPOSITORY
from pytest_codeartifact.lessons.problems import NotYet
from pytest_codeartifact.lessons.room import Room


@check
def domain(room: Room, name: str = DOMAIN) -> str:
    """Whether a domain is there."""
    found = asked(room, "describe_domain", domain=name)
    if found is None:
        raise NotYet(
            f"there is no domain {name}", f"aws codeartifact create-domain --domain {name}"
        )
    told = found["domain"]
    count = many(told["repositoryCount"], "repository", "repositories")
    return f"domain {name} is {told['status']}, owned by {told['owner']}, with {count}"


@check
def repository(room: Room, name: str = REPOSITORY) -> str:
    """Whether a repository is there."""
    if described_repository(room, name) is None:
        raise NotYet(
            f"there is no repository {name} in the domain {DOMAIN}",
            f"aws codeartifact create-repository {IN_DOMAIN} --repository {name}",
        )
    count = len(packages(room, name))
    return f"repository {name} is there, with {many(count, 'package', 'packages')}"


@check
def connection(room: Room, name: str = REPOSITORY, to: str = "public:pypi") -> str:
    """Whether a repository is connected to a public registry."""
    found = described_repository(room, name) or {}
    connected = [each["externalConnectionName"] for each in found.get("externalConnections", [])]
    if to not in connected:
        raise NotYet(
            f"{name} is not connected to {to}, so it has nothing but what you put into it",
            f"aws codeartifact associate-external-connection {IN_DOMAIN} --repository {name} "
            f"--external-connection {to}",
        )
    return f"{name} is connected to {to}: what it lacks it fetches there, and keeps"


@check
def no_repository(room: Room, name: str = REPOSITORY) -> str:
    """Whether a repository is gone."""
    if described_repository(room, name) is not None:
        raise NotYet(
            f"the repository {name} is still there",
            f"aws codeartifact delete-repository {IN_DOMAIN} --repository {name}",
        )
    return f"the repository {name} is gone, with every package in it"


@check
def no_domain(room: Room, name: str = DOMAIN) -> str:
    """Whether a domain is gone."""
    if asked(room, "describe_domain", domain=name) is not None:
        raise NotYet(
            f"the domain {name} is still there",
            f"aws codeartifact delete-domain --domain {name}",
        )
    return f"the domain {name} is gone: nothing is left that costs anything"
