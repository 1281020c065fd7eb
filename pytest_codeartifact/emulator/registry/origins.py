"""Origin controls: the protection against a public package of the same name.

A package has controls of its own in each repository, and those of its package group in the whole
domain; what either blocks is blocked.

Sources: "Editing package origin controls" and "Package group origin controls" (AWS CodeArtifact
User Guide).
"""

from dataclasses import dataclass

from pytest_codeartifact.emulator.entities import (
    Control,
    Mode,
    OriginControls,
    PackageFormat,
    PackageGroup,
    PackageId,
    RepositoryId,
    Restriction,
)
from pytest_codeartifact.emulator.registry.package_groups import PackageGroups, Setting, Strength
from pytest_codeartifact.emulator.store import Transaction

PUBLISHED_FIRST = OriginControls(publish=Control.ALLOW, upstream=Control.BLOCK)
"""What the first published version of a package sets, where its group allows everything."""

INGESTED_FIRST = OriginControls(publish=Control.BLOCK, upstream=Control.ALLOW)
"""What the first version from a public registry sets, where its group allows everything."""

# Differs: what a version retained from another repository sets is not documented; as an ingest.
RETAINED_FIRST = INGESTED_FIRST

LEFT_TO_THE_GROUP = OriginControls(publish=Control.ALLOW, upstream=Control.ALLOW)
"""What any first version sets where the package's group restricts anything."""


@dataclass(frozen=True, slots=True)
class GroupControls:
    """What the package group of a package says, in every repository of its domain."""

    group: PackageGroup
    strength: Strength
    settings: dict[Restriction, Setting]

    @classmethod
    def of(cls, groups: PackageGroups, package: PackageId) -> "GroupControls":
        """The controls of the package's group among the groups of the domain."""
        group, strength = groups.association(package)
        return cls(group, strength, {each: groups.setting(group, each) for each in Restriction})

    def admits(self, restriction: Restriction, repository: RepositoryId) -> bool:
        """Whether new versions may enter the repository this way.

        Source: "Package group definition syntax and matching behavior" (AWS CodeArtifact User
        Guide): what only a variation of the pattern matches is blocked altogether.
        """
        setting = self.settings[restriction]
        return self.strength is Strength.STRONG and setting.admits(restriction, repository.name)

    @property
    def restricts(self) -> bool:
        """Whether anything is not simply allowed."""
        return any(setting.mode is not Mode.ALLOW for setting in self.settings.values())


@dataclass(frozen=True, slots=True)
class Admission:
    """By which ways new versions of a package may enter one repository."""

    publish: bool
    external_upstream: bool
    internal_upstream: bool


def admission(
    tx: Transaction,
    repository: RepositoryId,
    package: PackageId,
    group: GroupControls | None = None,
) -> Admission:
    """What both controls allow together; `group` spares looking it up for each repository.

    Source: "Generic packages overview" (AWS CodeArtifact User Guide): generic packages can only be
    had from the repository to which they were published, whatever the controls say.
    """
    group = group or _of(tx, repository, package)
    known = tx.packages.get(repository, package)
    own = known.controls if known else LEFT_TO_THE_GROUP
    upstream = own.upstream is Control.ALLOW and package.format is not PackageFormat.GENERIC
    return Admission(
        publish=own.publish is Control.ALLOW and group.admits(Restriction.PUBLISH, repository),
        external_upstream=upstream and group.admits(Restriction.EXTERNAL_UPSTREAM, repository),
        internal_upstream=upstream and group.admits(Restriction.INTERNAL_UPSTREAM, repository),
    )


def may_be_published(tx: Transaction, repository: RepositoryId, package: PackageId) -> bool:
    """Whether new versions may be published; a package never seen may be, if its group lets it."""
    return admission(tx, repository, package).publish


def first_controls(
    tx: Transaction, repository: RepositoryId, package: PackageId, otherwise: OriginControls
) -> OriginControls:
    """The controls that a package's first version sets: `otherwise`, unless its group restricts.

    Source: "Editing package origin controls" (AWS CodeArtifact User Guide).
    """
    group = _of(tx, repository, package)
    return LEFT_TO_THE_GROUP if group.restricts else otherwise


def why_not_published(tx: Transaction, repository: RepositoryId, package: PackageId) -> str | None:
    """What forbids publishing, in words for who tries; None where nothing does."""
    group = _of(tx, repository, package)
    pattern = group.group.id.pattern
    if group.strength is Strength.WEAK:
        return (
            f"package {package.name} is only a variation of what package group '{pattern}' names,"
            " and blocked therefore; create a package group for it"
        )
    if not group.admits(Restriction.PUBLISH, repository):
        mode = group.settings[Restriction.PUBLISH].mode
        return (
            f"package group '{pattern}' has {mode} for PUBLISH, which keeps package {package.name}"
            f" out of repository {repository.name}; allow it with"
            " UpdatePackageGroupOriginConfiguration"
        )
    if not may_be_published(tx, repository, package):
        return (
            f"the origin controls of package {package.name} in repository {repository.name} block"
            " publishing; allow it with PutPackageOriginConfiguration"
        )
    return None


def _of(tx: Transaction, repository: RepositoryId, package: PackageId) -> GroupControls:
    return GroupControls.of(PackageGroups.of(tx, repository.domain), package)
