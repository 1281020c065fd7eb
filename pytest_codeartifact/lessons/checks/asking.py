"""What checks ask the service: answers, or nothing for what is not there."""

from typing import Any

from botocore.exceptions import ClientError

from pytest_codeartifact.lessons.names import DOMAIN
from pytest_codeartifact.lessons.room import Room

IN_DOMAIN = f"--domain {DOMAIN}"
REFUSED = 400


def asked(room: Room, operation: str, **request: str) -> dict[str, Any] | None:
    """The answer of the service, or None for what is not there."""
    try:
        answer: dict[str, Any] = getattr(room.target.client(), operation)(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return answer


def described_repository(room: Room, name: str) -> dict[str, Any] | None:
    """A repository as the service describes it, or None."""
    found = asked(room, "describe_repository", domain=DOMAIN, repository=name)
    return found and found["repository"]


def packages(room: Room, name: str) -> list[dict[str, Any]]:
    """The packages of a repository."""
    found = asked(room, "list_packages", domain=DOMAIN, repository=name)
    return found["packages"] if found else []


def versions(room: Room, package: str, name: str) -> dict[str, Any]:
    """The versions of a Python package in a repository, by number."""
    found = asked(
        room,
        "list_package_versions",
        domain=DOMAIN,
        repository=name,
        format="pypi",
        package=package,
    )
    return {each["version"]: each for each in found["versions"]} if found else {}


def downloads(room: Room) -> list[str]:
    """The paths of files that the repository has served, oldest first."""
    return [
        each["path"]
        for each in room.target.requests()
        if each["path"].endswith((".whl", ".tar.gz")) and each["status"] < REFUSED
    ]


def many(count: int, one: str, more: str) -> str:
    """A number of something, in words."""
    return f"{count or 'no'} {one if count == 1 else more}"
