"""The table of agreement: each probe, what its record rests on, and whether the emulator agrees."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TextIO

from pytest_codeartifact.findings import JSON, ParityFinding, Verdict
from pytest_codeartifact.parity import records, running
from pytest_codeartifact.parity.judging import Outcome
from pytest_codeartifact.parity.probe import Probe, discover
from pytest_codeartifact.parity.recording import Bounded
from pytest_codeartifact.parity.records import Records
from pytest_codeartifact.parity.running import ProbeFailed
from pytest_codeartifact.parity.scene import Stage
from pytest_codeartifact.targets import Target

_INDENT = " " * 4
_LEAST_WIDTH = 80
_MOST_LINES = 6


def findings(target: Target, folder: Path | None) -> Sequence[ParityFinding]:
    """What becomes of every probe on a target, beside the records of a folder.

    Raises CodeArtifactError for a file that is no record.
    """
    known = records.load(folder)
    with closing(Stage(target)) as stage:
        return [_found(each, stage, known) for each in discover().values()]


def exit_code(found: Sequence[ParityFinding]) -> int:
    """0 where nothing differs and nothing failed."""
    return int(any(each.outcome in {Outcome.DIFFERS, Outcome.FAILED} for each in found))


def write_lines(found: Sequence[ParityFinding], screen: TextIO, width: int) -> None:
    """The table as a person reads it, no line longer than `width` if words allow it."""
    screen.writelines(f"{line.rstrip()}\n" for line in _lines(found, max(width, _LEAST_WIDTH)))


def write_json(found: Sequence[ParityFinding], screen: TextIO) -> None:
    """The table as programs read it."""
    listed = [_told(each) for each in found]
    json.dump({"probes": listed, "counts": _counts(found)}, screen, indent=2)
    screen.write("\n")


def _found(probe: Probe, stage: Stage, known: Records) -> ParityFinding:
    lacking = running.lacks(probe, stage)
    if lacking:
        return running.not_run(probe, Outcome.SKIPPED, lacking, None)
    try:
        return running.run(probe, stage, known).finding
    except Bounded as bounded:
        return running.not_run(probe, Outcome.SKIPPED, str(bounded), None)
    except ProbeFailed as failed:
        return running.not_run(probe, Outcome.FAILED, str(failed), failed.verdict)


def _lines(found: Sequence[ParityFinding], width: int) -> Iterator[str]:
    names = max(len(each.id) for each in found)
    row = f"{{:<{names}}}  {{:<10}}  {{:<10}}  {{}}"
    yield row.format("probe", "evidence", "date", "the emulator")
    for each in found:
        yield row.format(each.id, each.evidence or "-", each.date or "-", _said(each))
        yield from _explained(each, width)
    yield ""
    yield from textwrap.wrap(_sum(found), width)


def _said(finding: ParityFinding) -> str:
    if finding.outcome == Outcome.UNRECORDED:
        return "not recorded yet"
    if finding.outcome in {Outcome.SKIPPED, Outcome.FAILED}:
        return finding.outcome
    part = f" in {finding.compared} of {finding.steps}" if finding.compared < finding.steps else ""
    return f"{finding.outcome}{part}"


def _explained(finding: ParityFinding, width: int) -> Iterator[str]:
    """What differs, under its row, and shortened: the record has it in whole."""
    accepted = [each for each in finding.differences if each.accepted]
    known = [f"known gap: {each.step}: {each.path}: {each.accepted}" for each in accepted]
    for line in [*known, *finding.failure.splitlines()]:
        indent = _INDENT + line[: len(line) - len(line.lstrip())]
        yield from textwrap.wrap(
            line.strip(),
            width,
            initial_indent=indent,
            subsequent_indent=indent,
            max_lines=_MOST_LINES,
            placeholder=" …",
            break_on_hyphens=False,
        )


def _counts(found: Sequence[ParityFinding]) -> dict[str, int]:
    counted = Counter(each.outcome for each in found)
    return {"probes": len(found), **{str(each): counted[each] for each in Outcome}}


def _sum(found: Sequence[ParityFinding]) -> str:
    counts = _counts(found)
    told = f"{counts['probes']} probes: {counts['agrees']} agree, {counts['differs']} differ, "
    told += f"{counts['unrecorded']} not recorded yet"
    others = [
        f"{counts[each]} {each}" for each in (Outcome.SKIPPED, Outcome.FAILED) if counts[each]
    ]
    told = ", ".join([told, *others])
    asked = "; what is not recorded yet, only AWS can tell" if counts["unrecorded"] else ""
    return f"{told}{asked}."


def _told(finding: ParityFinding) -> JSON:
    return {
        "probe": finding.id,
        "outcome": finding.outcome,
        "evidence": finding.evidence or None,
        "date": finding.date or None,
        "verdict": finding.verdict and str(Verdict(finding.verdict)),
        "reason": finding.reason,
        "steps": finding.steps,
        "compared": finding.compared,
        "differences": [
            {
                "step": each.step,
                "path": each.path,
                "recorded": each.recorded,
                "seen": each.seen,
                "date": each.date,
                "accepted": each.accepted or None,
            }
            for each in finding.differences
        ],
    }
