"""What was recorded against what is seen now, difference by difference."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from typing import TypeAlias

from pytest_codeartifact.findings import Verdict
from pytest_codeartifact.parity.placeholders import JSON, PLACEHOLDER
from pytest_codeartifact.parity.probe import Steps
from pytest_codeartifact.targets import Target

ANYTHING = "<any>"
"""In a recorded text it stands for whatever nobody knows."""

NOTHING = "(nothing)"
"""What stands for a member that one side does not have."""

# When two things happen in the same moment is chance.
_BY_CHANCE = {"time"}

_Unequal: TypeAlias = tuple[str, JSON, JSON]
"""A path, what is recorded there, and what is seen."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One member of a step that is not as the record of `date` has it."""

    probe: str
    step: str
    path: str
    recorded: JSON
    seen: JSON
    date: date

    @property
    def where(self) -> str:
        """The step, and the member of it."""
        return f"{self.step}: {self.path}" if self.path else self.step


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a record says of a step, and since when; `is_whole` if nothing else may be there."""

    step: str
    date: date
    seen: Mapping[str, JSON]
    is_whole: bool


def verdict_on(target: Target) -> Verdict:
    """Whose a difference is that is seen on a target."""
    return Verdict.AWS_CHANGED if target.records else Verdict.EMULATOR_GAP


def differences(probe: str, expected: Sequence[Expectation], steps: Steps) -> Sequence[Difference]:
    """Where the steps of a probe are not as expected, in the order of the record.

    Placeholders count as equal as long as the same ones stand for each other everywhere, so it is
    enough that the same thing appears again where it did. Steps without a record are not compared.
    """
    pairing = _Pairing()
    return [
        Difference(probe, each.step, path, recorded, seen, each.date)
        for each in expected
        for path, recorded, seen in _of_step(pairing, each, steps)
    ]


def _of_step(pairing: "_Pairing", expected: Expectation, steps: Steps) -> Iterator[_Unequal]:
    if expected.step not in steps:
        yield "", "a step of this name", NOTHING
        return
    walk = _Walk(pairing, is_whole=expected.is_whole)
    yield from walk.unequal("", expected.seen, steps[expected.step])


@dataclass(slots=True)
class _Pairing:
    """Which placeholder of the record is which one of those seen."""

    _seen: dict[tuple[str, str], str] = field(default_factory=dict)
    _recorded: dict[tuple[str, str], str] = field(default_factory=dict)

    def equal(self, recorded: str, seen: str) -> bool:
        """Whether two texts say the same."""
        if ANYTHING in recorded:
            return self._matches(recorded, seen)
        names, found = PLACEHOLDER.findall(recorded), PLACEHOLDER.findall(seen)
        if PLACEHOLDER.sub(r"<\1>", recorded) != PLACEHOLDER.sub(r"<\1>", seen):
            return False
        # Not all() over a generator: each pair is to be remembered.
        return all(
            [self._pair(kind, number, other[1]) for (kind, number), other in zip(names, found)]  # noqa: B905, C419 -- equally many, as the texts are equal
        )

    def _pair(self, kind: str, recorded: str, seen: str) -> bool:
        if kind in _BY_CHANCE:
            return True
        return (
            self._seen.setdefault((kind, recorded), seen) == seen
            and self._recorded.setdefault((kind, seen), recorded) == recorded
        )

    @staticmethod
    def _matches(recorded: str, seen: str) -> bool:
        """Whether a text fits one with unknown parts; only kinds of placeholders count then."""
        parts = (PLACEHOLDER.sub(r"<\1>", part) for part in recorded.split(ANYTHING))
        pattern = ".*".join(map(re.escape, parts))
        return re.fullmatch(pattern, PLACEHOLDER.sub(r"<\1>", seen), re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class _Walk:
    pairing: _Pairing
    is_whole: bool

    def unequal(self, path: str, recorded: JSON, seen: JSON) -> Iterator[_Unequal]:
        """Each place below two values where they differ, with both."""
        if isinstance(recorded, Mapping) and isinstance(seen, Mapping):
            yield from self._members(path, recorded, seen)
        elif _is_list(recorded) and _is_list(seen):
            for at, (one, other) in enumerate(zip_longest(recorded, seen, fillvalue=NOTHING)):
                yield from self._either(f"{path}[{at}]", one, other)
        elif isinstance(recorded, str) and isinstance(seen, str):
            if not self.pairing.equal(recorded, seen):
                yield path, recorded, seen
        elif type(recorded) is not type(seen) or recorded != seen:
            yield path, recorded, seen

    def _members(
        self, path: str, recorded: Mapping[str, JSON], seen: Mapping[str, JSON]
    ) -> Iterator[_Unequal]:
        names = {*recorded, *seen} if self.is_whole else recorded
        for name in sorted(names):
            below = f"{path}.{name}" if path else name
            yield from self._either(below, recorded.get(name, NOTHING), seen.get(name, NOTHING))

    def _either(self, path: str, recorded: JSON, seen: JSON) -> Iterator[_Unequal]:
        if NOTHING in (recorded, seen):
            yield path, recorded, seen
        else:
            yield from self.unequal(path, recorded, seen)


def _is_list(value: JSON) -> bool:
    return isinstance(value, list | tuple)
