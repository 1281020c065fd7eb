"""Dated records of what clients saw: a JSON file a probe, written whole, read strictly.

Those that come with the plugin say only what is publicly known, with its source; a folder of
one's own has those that runs on a real account wrote, and wins.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.parity.comparing import Difference, Expectation
from pytest_codeartifact.parity.placeholders import JSON
from pytest_codeartifact.parity.probe import Steps
from pytest_codeartifact.redaction import TOKEN_PATTERN

SCHEMA = 1
EVIDENCE = ("observed", "documented")
SHIPPED_PATH = Path(__file__).parent / "records"
GAPS_NAME = "known_gaps.toml"

_KEYS = {"schema", "probe", "date", "evidence", "source", "region", "version", "saw"}
_OF_STEP = {"step", "date", "evidence", "source"}
_GAP_KEYS = {"probe", "step", "path", "reason"}
_LEAK = re.compile(rf"\d{{12}}|{TOKEN_PATTERN}", re.ASCII)
_AGAIN = "remove it, or put back the file that a run wrote"


@dataclass(frozen=True, slots=True)
class Record:
    """What clients saw of a probe on a day.

    A record with a `source` tells what somebody else has seen or documented: it is partial, and
    its steps may have sources, dates and evidence of their own. Without, a run wrote it whole.
    """

    probe: str
    date: date
    evidence: str
    saw: Sequence[Mapping[str, JSON]]
    source: str = ""
    region: str = ""
    version: str = ""

    @classmethod
    def of_run(cls, probe: str, steps: Steps, region: str, version: str) -> "Record":
        """What a run has seen just now."""
        saw = [{"step": name, **seen} for name, seen in steps.items()]
        return cls(probe, today(), "observed", saw, region=region, version=version)

    @property
    def is_of_run(self) -> bool:
        """Whether a run wrote it, and can write it anew."""
        return not self.source

    def expected(self) -> Sequence[Expectation]:
        """What is to be seen again, step by step."""
        return [
            Expectation(
                step=step["step"],
                date=date.fromisoformat(step["date"]) if "date" in step else self.date,
                seen={key: value for key, value in step.items() if key not in _OF_STEP},
                is_whole=self.is_of_run,
            )
            for step in self.saw
        ]


@dataclass(frozen=True, slots=True)
class Gap:
    """A difference of the emulator that is known and accepted, and why."""

    probe: str
    step: str
    path: str
    reason: str

    def covers(self, difference: Difference) -> bool:
        """Whether it is this difference."""
        found = (difference.probe, difference.step, difference.path)
        return found == (self.probe, self.step, self.path)


@dataclass(frozen=True, slots=True)
class Records:
    """The records by their probes, and the accepted gaps of the emulator in them."""

    by_probe: Mapping[str, Record] = field(default_factory=dict)
    gaps: Sequence[Gap] = ()

    def __iter__(self) -> Iterator[Record]:
        return iter(self.by_probe.values())

    def gaps_of(self, probe: str) -> Sequence[Gap]:
        """The accepted gaps in the record of a probe."""
        return [each for each in self.gaps if each.probe == probe]


def load(folder: Path | None = None) -> Records:
    """The records that come with the plugin, and instead of them those of a folder.

    A gap belongs to the record beside it: where a record of the folder takes the place of another
    one, so do its gaps. Raises CodeArtifactError for a file that is no record.
    """
    shipped = _of_folder(SHIPPED_PATH)
    if folder is None or not folder.is_dir():
        return shipped
    own = _of_folder(folder)
    kept = [each for each in shipped.gaps if each.probe not in own.by_probe]
    return Records({**shipped.by_probe, **own.by_probe}, [*kept, *own.gaps])


def oldest(records: Records) -> date | None:
    """The day of the oldest record that a run wrote; None where there is no such record."""
    return min((each.date for each in records if each.is_of_run), default=None)


def too_old(records: Records, days: int) -> list[str]:
    """The probes whose records runs wrote more than so many days ago."""
    return sorted(
        each.probe for each in records if each.is_of_run and (today() - each.date).days > days
    )


def today() -> date:
    """The day it is, UTC."""
    return datetime.now(UTC).date()


def write(record: Record, folder: Path) -> Path:
    """Write a record whole, in place of an older one; raises CodeArtifactError and OSError.

    It is refused when an account id or a token is in it all the same.
    """
    text = _text(record)
    found = _LEAK.search(text)
    if found:
        step = text.count('"step":', 0, found.start())
        raise CodeArtifactError(
            f"the record of {record.probe} would hold an account id or a token",
            where=f"step {step}",
            hint="report it as a defect of the probe; nothing was written",
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record.probe}.json"
    # Beside it, and in its place at once: whoever reads finds the one or the other.
    draft = folder / f".{record.probe}.{os.getpid()}"
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return path


def read(path: Path) -> Record:
    """The record in a file; raises CodeArtifactError for anything else."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return _record(told, path.stem)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise CodeArtifactError(f"{path} is no record: {_why(error)}", hint=_AGAIN) from error


def _text(record: Record) -> str:
    told: dict[str, JSON] = {
        "schema": SCHEMA,
        "probe": record.probe,
        "date": record.date.isoformat(),
        "evidence": record.evidence,
    }
    more = {"source": record.source, "region": record.region, "version": record.version}
    told |= {key: value for key, value in more.items() if value}
    told["saw"] = record.saw
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _of_folder(folder: Path) -> Records:
    found = {path.stem: read(path) for path in sorted(folder.glob("*.json"))}
    gaps = _gaps(folder / GAPS_NAME)
    for each in gaps:
        if each.probe not in found:
            raise CodeArtifactError(
                f"{folder / GAPS_NAME} names {each.probe}, of which there is no record beside it",
                hint="remove that gap",
            )
    return Records(found, gaps)


def _record(told: Any, name: str) -> Record:  # noqa: ANN401 -- any JSON value
    _check(isinstance(told, dict) and set(told) <= _KEYS, f"its keys are not among {_KEYS}")
    _check(told["schema"] == SCHEMA, f"its schema is not {SCHEMA}")
    _check(told["probe"] == name, f"it is the record of {told['probe']!r}")
    _check(told["evidence"] in EVIDENCE, f"its evidence is none of {', '.join(EVIDENCE)}")
    record = Record(
        probe=name,
        date=date.fromisoformat(told["date"]),
        evidence=told["evidence"],
        saw=told["saw"],
        source=told.get("source", ""),
        region=told.get("region", ""),
        version=told.get("version", ""),
    )
    is_sourced = record.source or (record.region and record.version)
    _check(is_sourced, "it has neither a source nor the Region and version of a run")
    _check(record.source or record.evidence == "observed", "what runs write is observed")
    names = [step["step"] for step in record.saw]
    _check(names and len(set(names)) == len(names), "a step is there twice, or none at all")
    for step in record.saw:
        own = _OF_STEP.intersection(step) - {"step"}
        _check(not own or record.source, "only what has a source has sources of its steps")
        _check(step.get("evidence", "observed") in EVIDENCE, "the evidence of a step is unknown")
        _check(set(step) > own | {"step"}, f"the step {step['step']!r} says nothing")
    record.expected()
    return record


def _gaps(path: Path) -> Sequence[Gap]:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise CodeArtifactError(f"{path} cannot be read: {error}") from error
    gaps = told.get("gap", [])
    if set(told) - {"gap"} or any(set(each) != _GAP_KEYS for each in gaps):
        raise CodeArtifactError(
            f"{path} has something else than gaps",
            hint="a [[gap]] has probe, step, path and reason, and nothing else",
        )
    return [Gap(**{key: str(value) for key, value in each.items()}) for each in gaps]


def _check(holds: object, complaint: str) -> None:
    if not holds:
        raise ValueError(complaint)


def _why(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
