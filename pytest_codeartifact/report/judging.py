"""What became of each claim, and why each failure is one."""

from collections.abc import Iterable, Iterator, Sequence

from pytest_codeartifact.findings import JSON, Verdict
from pytest_codeartifact.report.collected import Collected

PROSE = "prose"
"""The kind of claim that nobody can run: it is cited at best."""

_WORST_FIRST = (
    Verdict.ARTICLE_WRONG,
    Verdict.AWS_CHANGED,
    Verdict.EMULATOR_GAP,
    Verdict.ENVIRONMENT,
    Verdict.VERIFIED,
    Verdict.CITED,
    Verdict.NOT_RUN,
)
_NOTHING_SHOWS_IT = "nothing that ran shows it"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """A failure beats all, the article's own first; then verified, cited, and not run."""
    return min(verdicts, key=_WORST_FIRST.index, default=Verdict.NOT_RUN)


def claims(collected: Collected, errata: Sequence[JSON]) -> list[JSON]:
    """Every claim of every document with its verdict and all evidence."""
    return [
        _claim(document, defined, collected, errata)
        for document in collected.documents
        for defined in collected.frame(document)["claims"]
    ]


def failures(collected: Collected) -> list[JSON]:
    """Every step and check that failed, or found a claim to fail; every probe with a verdict."""
    failed = [_failure(each, collected) for each in collected.done if _has_failed(each)]
    return [*failed, *(_failed_probe(each) for each in collected.probes if each["verdict"])]


def errata(collected: Collected) -> list[JSON]:
    """What the articles get wrong or leave out, by line; what several steps found counts once."""
    found: dict[tuple[str, str], JSON] = {}
    for each in collected.done:
        document = each["document"]
        for erratum in each["errata"]:
            told = {"document": document, "file": collected.article(document), **erratum}
            found[document, erratum["id"]] = told
    documents = list(collected.documents)
    return sorted(
        found.values(),
        key=lambda each: (documents.index(each["document"]), each["line"], each["id"]),
    )


def _claim(document: str, defined: JSON, collected: Collected, errata: Sequence[JSON]) -> JSON:
    said = [
        (each["id"], finding)
        for each in collected.done
        if each["document"] == document
        for finding in each["claims"]
        if finding["id"] == defined["id"]
    ]
    verdict = worst(_verdicts(defined, (finding for _, finding in said)))
    return {
        "document": document,
        **{key: defined[key] for key in ("id", "line", "kind", "group", "says")},
        "verdict": verdict,
        "reason": _reason(verdict, [finding for _, finding in said]),
        "evidence": [
            {"by": by, **evidence} for by, finding in said for evidence in finding["evidence"]
        ],
        "steps": list(dict.fromkeys(by for by, _ in said)),
        "errata": [
            each["id"]
            for each in errata
            if each["document"] == document and defined["id"] in each["claims"]
        ],
        "source": defined["source"],
    }


def _verdicts(defined: JSON, said: Iterable[JSON]) -> Iterator[Verdict]:
    is_prose = defined["kind"] == PROSE
    if is_prose and defined["source"]:
        yield Verdict.CITED
    for finding in said:
        verdict = Verdict(finding["verdict"])
        # What can only be read somewhere does not get a tick, whatever was seen beside it.
        yield Verdict.CITED if is_prose and verdict is Verdict.VERIFIED else verdict


def _reason(verdict: Verdict, said: Sequence[JSON]) -> str:
    reasons = [each["reason"] for each in said if each["verdict"] == verdict and each["reason"]]
    if verdict is Verdict.NOT_RUN and not reasons:
        return _NOTHING_SHOWS_IT
    return "; ".join(dict.fromkeys(reasons))


def _failed_claims(finding: JSON) -> list[JSON]:
    return [each for each in finding["claims"] if Verdict(each["verdict"]).is_failure]


def _has_failed(finding: JSON) -> bool:
    return finding["outcome"] == "failed" or bool(_failed_claims(finding))


def _failed_probe(finding: JSON) -> JSON:
    """A probe is of no document: it is found by its name."""
    return {
        "document": "",
        "file": f"parity::{finding['id']}",
        "kind": "probe",
        "step": finding["id"],
        "claims": [],
        "line": 0,
        "verdict": finding["verdict"],
        "reason": finding["reason"],
        "text": finding["failure"],
    }


def _failure(finding: JSON, collected: Collected) -> JSON:
    document, failed = finding["document"], _failed_claims(finding)
    own = [Verdict(each["verdict"]) for each in (finding, *failed) if each["verdict"]]
    named = [each for each in own if each.is_failure]
    # A check has no line of its own: it is where the first claim stands that it speaks of.
    concerned = failed or finding["claims"]
    lines = {each["id"]: each["line"] for each in collected.frame(document)["claims"]}
    stated = finding.get("failed_line") or finding.get("line")
    line = stated or next((lines.get(each["id"], 0) for each in concerned), 0)
    reasons = (each["reason"] for each in (finding, *failed) if each["reason"])
    return {
        "document": document,
        "file": document if finding["kind"] == "step" else collected.article(document),
        "kind": finding["kind"],
        "step": finding["id"],
        "claims": [each["id"] for each in concerned],
        "line": line,
        # Nobody said why: then it is not known to be the article, AWS or the emulator.
        "verdict": named[0] if named else Verdict.ENVIRONMENT,
        "reason": next(reasons, ""),
        "text": finding["failure"],
    }
