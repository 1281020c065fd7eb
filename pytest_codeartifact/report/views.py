"""What the page shows of a document, worked out so far that the template only has to place it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_codeartifact.findings import JSON, Verdict
from pytest_codeartifact.report import wording
from pytest_codeartifact.report.patch import unified

_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
_HEADER_LINES = 2
_SIGNS = {"+": "added", "-": "removed", "@": "place"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that sums up a part of the run."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """How long a step took, in hundredths of the longest; `floor` is what bare programs need."""

    whole: float
    floor: float


@dataclass(frozen=True, slots=True)
class Account:
    """What became of one trace on the machine."""

    kind: str
    name: str
    detail: str
    added: str
    changed: str
    removed: str
    remains: bool


def figures(document: JSON) -> Iterator[Figure]:
    """The numbers below the headline; what is zero and means nothing is left out."""
    summary, usage = document["summary"], document["usage"]
    claims = summary["claims"]
    if claims["total"]:
        of_all = f"of {wording.count(claims['total'], 'claim')}"
        yield Figure(str(claims["verified"]), "verified", of_all)
    elif summary["steps"]["total"]:
        of_all = f"of {wording.count(summary['steps']['total'], 'step')}"
        yield Figure(str(summary["steps"]["passed"]), "passed", of_all)
    failed = sum(claims[verdict] for verdict in Verdict if verdict.is_failure)
    if failed:
        yield Figure(str(failed), "failed")
    if claims["cited"]:
        yield Figure(str(claims["cited"]), "cited", "nobody can run these")
    if claims["not-run"]:
        yield Figure(str(claims["not-run"]), "not run")
    if summary["errata"]:
        yield Figure(str(summary["errata"]), "errata" if summary["errata"] > 1 else "erratum")
    floor = f"programs alone {wording.duration(summary['floor_seconds'])}"
    yield Figure(wording.duration(summary["seconds"]), "run time", floor)
    mutation = document["mutation"]
    if mutation["ran"]:
        score = f"{mutation['claims_noticed']}/{mutation['claims']}"
        yield Figure(score, "noticed", "claims made false on purpose")
    parity = document["parity"]
    if parity["probes"]:
        of_all = f"of {wording.count(parity['probes'], 'probe')}"
        yield Figure(str(parity["agree"]), "agree with AWS", of_all)
    if usage["requests"]:
        yield Figure(wording.money(usage["cost"]["usd"]), "on AWS", "an estimate")


def shares(document: JSON) -> list[tuple[str, int]]:
    """Verdicts and how many claims have them, without those that none has."""
    counts = document["summary"]["claims"]
    return [(str(each), counts[each]) for each in Verdict if counts[each]]


def bars(findings: Sequence[JSON]) -> list[tuple[JSON, Bar]]:
    """Steps with their bars; the longest fills its place."""
    longest = max((each["seconds"] for each in findings), default=0) or 1
    return [
        (each, Bar(_share(each["seconds"], longest), _share(_floor(each), longest)))
        for each in findings
    ]


def diff(file: str, edits: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """The lines of a diff without its header: what kind of line it is, its sign, its text."""
    lines = unified(file, edits).splitlines()[_HEADER_LINES:]
    return [
        (_SIGNS.get(line[:1], "kept"), "", line)
        if line.startswith("@")
        else (_SIGNS.get(line[:1], "kept"), line[:1], line[1:])
        for line in lines
    ]


def ledger(document: JSON, name: str) -> list[Account]:
    """Every trace that the steps of the document `name` left, changed or took away."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for step in document["footprint"]["steps"]:
        if step["document"] != name:
            continue
        for what in ("added", "changed", "removed"):
            for trace in step[what]:
                entry = found.setdefault((trace["kind"], trace["name"]), {})
                entry.setdefault(what, []).append(step["step"])
                entry["detail"] = trace["detail"] or entry.get("detail", "")
    remaining = {
        (each["kind"], each["name"])
        for each in document["footprint"]["remaining"]
        if each["document"] == name
    }
    return [
        Account(
            kind=kind,
            name=trace,
            detail=entry["detail"],
            added=", ".join(entry.get("added", ())),
            changed=", ".join(entry.get("changed", ())),
            removed=", ".join(entry.get("removed", ())),
            remains=(kind, trace) in remaining,
        )
        for (kind, trace), entry in found.items()
    ]


def facts(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """What is known of an environment, one fact a row, however deep it was."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from facts(value, f"{prefix}{name} ")
        elif isinstance(value, list | tuple):
            yield f"{prefix}{name}", ", ".join(map(str, value))
        else:
            yield f"{prefix}{name}", str(value)


def plain(text: str) -> str:
    """Text without the signs that only steer a terminal."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n"))


def moment(started: str) -> str:
    """A time in UTC as people read it; what is no time stays as it is."""
    try:
        when = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{when:%Y-%m-%d, %H:%M} UTC"


def anchor(document: JSON, name: str, identifier: str) -> str:
    """What links to a claim, step or check are made of."""
    names = [each["name"] for each in document["summary"]["documents"]]
    number = names.index(name) + 1 if name in names else 0
    return f"{number}-{re.sub(r'[^A-Za-z0-9_.-]', '-', identifier)}"


def _floor(finding: JSON) -> float:
    """Of a step; a check has none. Measured by itself, so it may come out above the step's own."""
    return min(float(finding.get("floor_seconds", 0.0)), float(finding["seconds"]))


def _share(part: float, whole: float) -> float:
    return round(100 * part / whole, 2)
