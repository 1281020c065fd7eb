"""What became of a probe: whether what it saw agrees with the record, and whose a difference is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_codeartifact.findings import ParityDifference, ParityFinding, Verdict
from pytest_codeartifact.parity import comparing
from pytest_codeartifact.parity.comparing import Difference
from pytest_codeartifact.parity.placeholders import JSON
from pytest_codeartifact.parity.probe import Probe, Steps
from pytest_codeartifact.parity.records import Gap, Records

_LONGEST = 300


class Outcome(StrEnum):
    """What came of a probe."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNRECORDED = "unrecorded"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Judged:
    """What was seen by a probe beside its record.

    Of the `steps`, `compared` are in the record. `accepted` are differences with the reasons why
    they are known and may be, `unused` the gaps that were declared and are none.
    """

    probe: Probe
    evidence: str
    date: str
    steps: int
    compared: int
    differences: Sequence[Difference]
    accepted: Sequence[tuple[Difference, Gap]]
    unused: Sequence[Gap]
    verdict: Verdict

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        if not self.evidence:
            return Outcome.UNRECORDED
        return Outcome.DIFFERS if self.differences or self.unused else Outcome.AGREES

    def text(self) -> str:
        """Every difference with both values, and what to try; empty where there is none."""
        told = [_difference_told(each, self.verdict) for each in self.differences]
        told += [
            f"{each.step}: {each.path}: a gap is declared here, and there is none; "
            "remove it from known_gaps.toml"
            for each in self.unused
        ]
        if self.differences:
            told.append(_HINTS[self.verdict])
        return "\n".join(told)

    def finding(self, seconds: float) -> ParityFinding:
        """The same for the report."""
        listed = [(each, "") for each in self.differences]
        listed += [(each, gap.reason) for each, gap in self.accepted]
        return ParityFinding(
            id=self.probe.id,
            outcome=self.outcome,
            seconds=seconds,
            evidence=self.evidence,
            date=self.date,
            steps=self.steps,
            compared=self.compared,
            differences=tuple(
                ParityDifference(
                    step=each.step,
                    path=each.path,
                    recorded=shown(each.recorded),
                    seen=shown(each.seen),
                    date=each.date.isoformat(),
                    accepted=reason,
                )
                for each, reason in listed
            ),
            verdict=self.verdict if self.outcome is Outcome.DIFFERS else None,
            reason=self._reason(),
            failure=self.text(),
        )

    def _reason(self) -> str:
        if self.differences:
            return _sentence(self.differences[0], self.verdict)
        return "a gap is declared that is none" if self.unused else ""


def judge(probe: Probe, steps: Steps, records: Records, verdict: Verdict) -> Judged:
    """What a probe saw beside its record; the verdict is that of differences.

    Accepted gaps are the emulator's: AWS itself has none.
    """
    record = records.by_probe.get(probe.id)
    if record is None:
        return Judged(probe, "", "", len(steps), 0, (), (), (), verdict)
    expected = record.expected()
    found = comparing.differences(probe.id, expected, steps)
    is_emulated = verdict is Verdict.EMULATOR_GAP
    gaps: Sequence[Gap] = records.gaps_of(probe.id) if is_emulated else ()
    pairs = [(each, gap) for each in found for gap in gaps if gap.covers(each)]
    covered = [each for each, _ in pairs]
    used = [gap for _, gap in pairs]
    return Judged(
        probe=probe,
        evidence=record.evidence,
        date=record.date.isoformat(),
        steps=len(steps),
        compared=sum(each.step in steps for each in expected),
        differences=[each for each in found if each not in covered],
        accepted=pairs,
        unused=[each for each in gaps if each not in used],
        verdict=verdict,
    )


def shown(value: JSON) -> str:
    """A value as one reads it in a line: a plain text as it is, anything else as JSON."""
    is_plain = isinstance(value, str) and value.isprintable()
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def _difference_told(difference: Difference, verdict: Verdict) -> str:
    return (
        f"{verdict}: {difference.where}\n"
        f"    {_answers(verdict)} now: {shown(difference.seen)}\n"
        f"    the record of {difference.date}: {shown(difference.recorded)}"
    )


def _sentence(difference: Difference, verdict: Verdict) -> str:
    seen, recorded = _short(shown(difference.seen)), _short(shown(difference.recorded))
    return (
        f"{difference.where}: {_answers(verdict)} answered {seen}; "
        f"the record of {difference.date} has {recorded}"
    )


def _answers(verdict: Verdict) -> str:
    return "AWS" if verdict is Verdict.AWS_CHANGED else "the emulator"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_HINTS = {
    Verdict.AWS_CHANGED: "Look at the difference of the record that was written, and keep it if it "
    "is how AWS answers now.",
    Verdict.EMULATOR_GAP: "Trust the record; report the gap, or declare it in known_gaps.toml "
    "beside the record.",
}
