"""The report as one Markdown text: what failed, the claims as a table, and the errata."""

import re
from collections.abc import Iterator, Sequence

from pytest_codeartifact.findings import JSON, Verdict
from pytest_codeartifact.report import wording
from pytest_codeartifact.report.patch import unified
from pytest_codeartifact.report.sealing import sealed

SYMBOLS = {
    Verdict.VERIFIED: "✓",
    Verdict.CITED: "❝",
    Verdict.NOT_RUN: "○",
    Verdict.ARTICLE_WRONG: "✗",
    Verdict.EMULATOR_GAP: "✗",
    Verdict.AWS_CHANGED: "✗",
    Verdict.ENVIRONMENT: "✗",
}
"""Beside the word for a verdict; a citation does not look like a tick."""

_FENCE = "```"
_LAST_LINES = 60
_SPECIAL = re.compile(r"[\\`*<>|\[\]~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[#+-]")


def render(document: JSON) -> str:
    """The report as Markdown; raises ReportError when a token is in it."""
    blocks = [
        f"# {_escaped(wording.headline(document))}",
        _summary(document),
        *_failures(document["failures"]),
        *_claims(document),
        *_unclaimed(document["unclaimed"]),
        *_errata(document["errata"]),
        *_mutation(document["mutation"]),
    ]
    return sealed("report.md", "\n\n".join(blocks) + "\n")


def _summary(document: JSON) -> str:
    summary, run, cost = document["summary"], document["generated"], document["usage"]["cost"]
    titles = [each["title"] or each["name"] for each in summary["documents"]]
    floor = wording.duration(summary["floor_seconds"])
    source = f"estimate; {_escaped(cost['source'])}, {cost['date']}"
    lines = [
        *(f"*{_escaped(title)}*" for title in titles),
        f"{wording.duration(summary['seconds'])}; the programs alone need {floor} to start.",
        f"On AWS: {wording.money(cost['usd'])} ({source}).",
        f"pytest-codeartifact {_escaped(run['version'])}, {_escaped(run['started'])}.",
    ]
    return "  \n".join(lines)


def _failures(failures: Sequence[JSON]) -> Iterator[str]:
    if not failures:
        return
    yield "## Failures"
    for each in failures:
        where = f"{each['file']}:{each['line']}" if each["line"] else each["file"]
        claims = f" ({', '.join(each['claims'])})" if each["claims"] else ""
        yield f"### ✗ {each['verdict']}: {_escaped(each['step'] + claims)}"
        yield _escaped(f"{each['reason'] or 'no reason was found'}. {where}")
        if each["text"]:
            lines = each["text"].splitlines()
            yield _fenced("\n".join(lines[-_LAST_LINES:]), "text")


def _claims(document: JSON) -> Iterator[str]:
    if not document["claims"]:
        return
    yield "## Claims"
    lines = [_row(("id", "claim", "line", "kind", "verdict")), _row(["---"] * 5)]
    for group in wording.groups(document):
        lines.append(_row(("", f"**{_escaped(group.name)}**", "", "", group.tally)))
        for each in group.claims:
            source = each["source"]["title"] if each["source"] else ""
            notes = "".join(f" ({note})" for note in (source, each["reason"]) if note)
            verdict = f"{SYMBOLS[Verdict(each['verdict'])]} {each['verdict']}"
            cells = (each["id"], each["says"] + notes, str(each["line"]), each["kind"], verdict)
            lines.append(_row([_escaped(cell) for cell in cells]))
    yield "\n".join(lines)


def _unclaimed(unclaimed: Sequence[JSON]) -> Iterator[str]:
    if not unclaimed:
        return
    yield "## Sentences without a claim"
    yield "\n".join(f"- {_escaped(wording.unclaimed(each))}" for each in unclaimed)


def _errata(errata: Sequence[JSON]) -> Iterator[str]:
    if not errata:
        return
    yield "## Errata"
    for each in errata:
        yield f"### {_escaped(each['id'])}, line {each['line']}, {_escaped(each['kind'])}"
        yield "\n".join(
            (
                f"- The article shows: {_escaped(each['shows']) or 'nothing'}",
                f"- What really happens: {_escaped(each['really'])}",
                f"- Proof: {_escaped(each['proof'])}",
            )
        )
        if each["edits"]:
            yield _fenced(unified(each["file"], each["edits"]).rstrip("\n"), "diff")


def _mutation(mutation: JSON) -> Iterator[str]:
    if not mutation["ran"]:
        return
    yield "## Would it be noticed?"
    yield (
        f"{wording.mutation_score(mutation)}. "
        f"{wording.count(mutation['mutants'], 'change')} were tried."
    )
    if mutation["survived"]:
        rows = [
            (each["claim"], f"{each['where']}, line {each['line']}", each["before"], each["after"])
            for each in mutation["survived"]
        ]
        yield _table(("claim", "where", "before", "after, not noticed"), rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row(heads), _row(["---"] * len(heads))]
    lines += [_row([_escaped(cell) for cell in row]) for row in rows]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Text that Markdown leaves as it is, in one line."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))


def _fenced(text: str, language: str) -> str:
    """A block of code whose fence is longer than any in it."""
    longest = max((len(each) for each in re.findall("`+", text)), default=0)
    fence = "`" * max(len(_FENCE), longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
