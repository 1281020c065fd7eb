"""The document of report.json, made of all that the items of a run found."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from pytest_codeartifact.findings import JSON, Verdict
from pytest_codeartifact.report import accounts, judging
from pytest_codeartifact.report.collected import Collected
from pytest_codeartifact.report.sealing import masked

SCHEMA = 1
"""Rises when a key of the document changes its meaning or goes; new keys may come without."""

OUTCOMES = ("passed", "failed", "skipped", "needs")
"""Of a step or check; `needs` when one before it failed."""


@dataclass(frozen=True, slots=True)
class Run:
    """The run of pytest: our version, when it began (ISO 8601, UTC), how long, and how it ended."""

    version: str
    started: str
    seconds: float
    exit_code: int


def assemble(findings: Sequence[JSON], run: Run, account: JSON | None = None) -> JSON:
    """The document of report.json, of findings as `findings.to_json` gives them; tokens masked.

    `account` is what a run on a real account says of it, None on the emulator.
    """
    collected = Collected.of(findings)
    errata = judging.errata(collected)
    document = {
        "schema": SCHEMA,
        "generated": asdict(run),
        "summary": {},
        "claims": judging.claims(collected, errata),
        "unclaimed": [
            {"document": frame["document"], **each}
            for frame in collected.frames
            for each in frame["unclaimed"]
        ],
        "errata": errata,
        "steps": [_done(each) for each in collected.steps],
        "checks": [_done(each) for each in collected.checks],
        "failures": judging.failures(collected),
        "mutation": accounts.mutation(collected),
        "footprint": accounts.footprint(collected),
        "provenance": accounts.provenance(collected),
        "network": accounts.network(collected),
        "parity": accounts.parity(collected),
        "usage": accounts.usage(collected),
        "account": account,
        "environment": {name: collected.frame(name)["environment"] for name in collected.documents},
    }
    document["summary"] = _summary(document, collected, run)
    cleaned: JSON = masked(document)
    return cleaned


def _done(finding: JSON) -> JSON:
    """A step or check without what the document tells elsewhere."""
    elsewhere = {"kind", "errata", "footprint", "provenance", "network"}
    kept = {key: value for key, value in finding.items() if key not in elsewhere}
    return {**kept, "claims": [each["id"] for each in finding["claims"]]}


def _summary(document: JSON, collected: Collected, run: Run) -> JSON:
    claims = document["claims"]
    return {
        "outcome": _outcome(document, run.exit_code),
        "claims": {"total": len(claims), **_count((each["verdict"] for each in claims), Verdict)},
        "steps": {"total": len(collected.steps), **_outcomes(collected.steps)},
        "checks": {"total": len(collected.checks), **_outcomes(collected.checks)},
        "errata": len(document["errata"]),
        "failures": len(document["failures"]),
        "unclaimed": len(document["unclaimed"]),
        "seconds": run.seconds,
        "floor_seconds": round(sum(each["floor_seconds"] for each in collected.steps), 3),
        "documents": [
            {"name": name, "title": collected.frame(name)["title"]} for name in collected.documents
        ],
    }


def _outcome(document: JSON, exit_code: int) -> str:
    """Passed is said only of a run in which nothing failed and nothing was left out."""
    if document["failures"] or exit_code != 0:
        return "failed"
    steps_and_checks = document["steps"] + document["checks"]
    probes = document["parity"]["probes"]
    left_out = any(each["outcome"] == "needs" for each in steps_and_checks)
    not_run = any(each["verdict"] == Verdict.NOT_RUN for each in document["claims"])
    nothing = not steps_and_checks and not probes
    if nothing or left_out or not_run or document["unclaimed"]:
        return "incomplete"
    return "passed"


def _outcomes(findings: Iterable[JSON]) -> JSON:
    return _count((each["outcome"] for each in findings), OUTCOMES)


def _count(values: Iterable[str], known: Iterable[str]) -> JSON:
    found = Counter(values)
    return {str(each): found[each] for each in known}
