"""What an operation or a route needs: an action on a resource, and whose policies decide."""

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_codeartifact.emulator.entities import (
    DomainId,
    PackageGroupId,
    PackageId,
    RepositoryId,
)
from pytest_codeartifact.emulator.iam.policy import ContextValue

Facts = tuple[tuple[str, ContextValue], ...]
"""Condition keys that the request itself sets, with their values."""


@dataclass(frozen=True, slots=True)
class Grant:
    """An IAM action on a resource, such as `codeartifact:ReadFromRepository` on an ARN.

    `place` is the domain or repository whose permissions policies have a say; None where only the
    caller's own policies have. `tagged` is the ARN whose tags are `aws:ResourceTag`.
    """

    action: str
    resource: str
    place: DomainId | RepositoryId | None = None
    tagged: str | None = None
    facts: Facts = ()
    ignores_policy: bool = False
    """Whether the place's permissions policy is left out, which only its owner can rely on."""

    @classmethod
    def anywhere(cls, action: str, domain: DomainId | None = None, *, facts: Facts = ()) -> "Grant":
        """On `*`: the action has no resource; `domain` is where it takes place, if anywhere."""
        return cls(action, "*", domain, facts=facts)

    @classmethod
    def on_domain(
        cls, action: str, domain: DomainId, *, facts: Facts = (), ignores_policy: bool = False
    ) -> "Grant":
        """On a domain."""
        return cls(action, domain.arn, domain, domain.arn, facts, ignores_policy)

    @classmethod
    def on_repository(
        cls,
        action: str,
        repository: RepositoryId,
        *,
        facts: Facts = (),
        ignores_policy: bool = False,
    ) -> "Grant":
        """On a repository."""
        arn = repository.arn
        return cls(action, arn, repository, arn, facts, ignores_policy)

    @classmethod
    def on_package(cls, action: str, repository: RepositoryId, package: PackageId) -> "Grant":
        """On a package of a repository; packages have no tags."""
        return cls(action, package.arn_in(repository), repository)

    @classmethod
    def on_package_group(cls, action: str, group: PackageGroupId, *, facts: Facts = ()) -> "Grant":
        """On a package group; the domain's policy is the one that has a say."""
        return cls(action, group.arn, group.domain, group.arn, facts)


def tag_facts(tags: Iterable[tuple[str, str]]) -> Facts:
    """What a request that brings these tags sets: `aws:RequestTag/…` and `aws:TagKeys`."""
    pairs = tuple(tags)
    if not pairs:
        return ()
    facts = tuple((f"aws:RequestTag/{key}", value) for key, value in pairs)
    return (*facts, ("aws:TagKeys", tuple(key for key, _ in pairs)))
