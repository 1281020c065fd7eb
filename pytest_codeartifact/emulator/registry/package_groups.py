"""Package groups: which one a package belongs to, how they descend from each other, what they let.

Sources: "Package group definition syntax and matching behavior" and "Package group origin controls"
(AWS CodeArtifact User Guide).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_codeartifact.emulator.entities import (
    ROOT_PATTERN,
    DomainId,
    Mode,
    PackageGroup,
    PackageId,
    Restriction,
)
from pytest_codeartifact.emulator.registry.group_patterns import (
    ALL,
    WORDS,
    path_of,
    pattern_of,
    varied,
)
from pytest_codeartifact.emulator.store import Transaction


class Strength(StrEnum):
    """How a package matches its group's pattern (MODEL: PackageGroupAssociationType)."""

    STRONG = "STRONG"
    WEAK = "WEAK"
    """Only a variation of the pattern matches."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for one restriction of a group, and the group that says so."""

    mode: Mode
    source: PackageGroup

    def admits(self, restriction: Restriction, repository: str) -> bool:
        """Whether new versions may enter the repository this way."""
        if self.mode is Mode.ALLOW_SPECIFIC_REPOSITORIES:
            return repository in self.source.allowed.get(restriction, ())
        return self.mode is Mode.ALLOW


class PackageGroups:
    """The package groups of one domain at one moment; the root group is among them."""

    def __init__(self, groups: Iterable[PackageGroup]) -> None:
        self._groups = {group.id.pattern: group for group in groups}

    @classmethod
    def of(cls, tx: Transaction, domain: DomainId) -> "PackageGroups":
        """The groups of a domain that exists."""
        return cls(tx.package_groups.of(domain))

    def association(self, package: PackageId) -> tuple[PackageGroup, Strength]:
        """The one group of a package, there or not: the most specific that matches.

        A variation of a pattern counts as a match of it, lest the package fall to a more general
        group; among patterns that are variations of each other, the one matched exactly wins.
        """
        path = path_of(package)
        varied_path = varied(path)
        matches = [
            # The text last, so that the choice between two variations is always the same.
            (len(pattern.variation), pattern.narrowness, pattern.matches(path), len(text), text)
            for text, pattern in ((text, pattern_of(text)) for text in self._groups)
            if pattern.matches(path) or pattern.matches_varied(varied_path)
        ]
        *_, is_exact, _, text = max(matches)
        return self._groups[text], Strength.STRONG if is_exact else Strength.WEAK

    def parent(self, group: PackageGroup) -> PackageGroup | None:
        """The most specific group whose pattern contains the group's; None for the root group."""
        own = pattern_of(group.id.pattern)
        # What contains a pattern has a stem that the pattern begins with; the longest is nearest.
        for end in range(len(own.stem), 0, -1):
            for suffix in (WORDS, ALL):
                text = own.stem[:end] + suffix
                if text in self._groups and pattern_of(text).contains(own):
                    return self._groups[text]
        return None

    def children(self, group: PackageGroup) -> Sequence[PackageGroup]:
        """The groups whose direct parent this is."""
        return [each for each in self._groups.values() if self.parent(each) == group]

    def setting(self, group: PackageGroup, restriction: Restriction) -> Setting:
        """What holds for a restriction, from the first group upwards that does not inherit it."""
        current: PackageGroup | None = group
        while current is not None:
            mode = own_mode(current, restriction)
            if mode is not Mode.INHERIT:
                return Setting(mode, current)
            current = self.parent(current)
        msg = f"no group above {group.id.pattern} says what holds for {restriction}"
        raise LookupError(msg)


def own_mode(group: PackageGroup, restriction: Restriction) -> Mode:
    """The group's own mode; unless set, the root group allows and all others inherit."""
    unset = Mode.ALLOW if group.id.pattern == ROOT_PATTERN else Mode.INHERIT
    return group.modes.get(restriction, unset)
