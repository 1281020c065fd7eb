"""The report at the end of pytest's output: a line a group of claims, and what one asks next."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from pytest_codeartifact.findings import JSON
from pytest_codeartifact.report import wording

Markup: TypeAlias = Mapping[str, bool]
"""Keywords of pytest's terminal writer, such as `{"green": True}`."""
Line: TypeAlias = tuple[str, Markup]

_PLAIN: Markup = {}
_LABEL = 12
_MOST_SURVIVORS = 5
_MOST_UNCLAIMED = 3
_LEAST_WIDTH = 40


def summary_lines(document: JSON, width: int, written: Sequence[Path] = ()) -> Sequence[Line]:
    """The lines of the summary with their markup, none longer than `width` if words allow it.

    `written` are the files of the report. Green is used only when everything passed.
    """
    width = max(width, _LEAST_WIDTH)
    return [
        *_wrapped(wording.headline(document), width, _color(document, bold=True)),
        *_groups(document, width),
        *_figures(document, width),
        *_mutation(document["mutation"], width),
        *_parity(document["parity"], width),
        *_failures(document["failures"], width),
        *_labelled("report", [str(path) for path in written], width),
    ]


def _color(document: JSON, *, bold: bool = False) -> Markup:
    colors = {"passed": "green", "incomplete": "yellow", "failed": "red"}
    return {colors[document["summary"]["outcome"]]: True, **({"bold": True} if bold else {})}


def _groups(document: JSON, width: int) -> Iterator[Line]:
    found = wording.groups(document)
    longest = min(max((len(each.name) for each in found), default=0), width // 2)
    documents = [each.document for each in found]
    for at, group in enumerate(found):
        if len(set(documents)) > 1 and group.document not in documents[:at]:
            yield f"{group.document}", {"bold": True}
        markup = _PLAIN
        if group.has_failed:
            markup = {"red": True}
        elif group.is_left_open:
            markup = {"yellow": True}
        elif group.is_verified and document["summary"]["outcome"] == "passed":
            markup = {"green": True}
        line = f"  {group.name.ljust(longest)}   {group.tally}"
        yield from _wrapped(line, width, markup, indent=" " * 4)


def _figures(document: JSON, width: int) -> Iterator[Line]:
    summary, usage = document["summary"], document["usage"]
    unclaimed = [wording.unclaimed(each) for each in document["unclaimed"]]
    more = len(unclaimed) - _MOST_UNCLAIMED
    listed = [*unclaimed[:_MOST_UNCLAIMED], *([f"and {more} more"] if more > 0 else [])]
    yield from _labelled("unclaimed", listed, width, {"yellow": True})
    if summary["errata"]:
        errata = wording.count(summary["errata"], "erratum", "errata")
        names = ", ".join(each["id"] for each in document["errata"])
        yield from _labelled("errata", [f"{errata}: {names}"], width)
    told = wording.duration(summary["seconds"])
    if summary["floor_seconds"]:
        floor = wording.duration(summary["floor_seconds"])
        told += f"; the programs of the steps alone need {floor} to start"
    yield from _labelled("time", [told], width)
    checks, cost = usage["checks"], usage["cost"]
    for label, each in (("steps", usage), ("checks", checks)):
        if each["requests"]:
            told = (
                f"{wording.count(each['requests'], 'request')}, "
                f"{wording.size(each['bytes_received'])} received, "
                f"{wording.size(each['bytes_sent'])} sent, "
                f"{wording.count(each['resources'], 'resource')}"
            )
            yield from _labelled(label, [told], width)
    if usage["requests"] or checks["requests"]:
        told = f"{wording.money(cost['usd'])} on AWS: an estimate"
        yield from _labelled("cost", [f"{told} ({cost['source']}, {cost['date']})"], width)


def _mutation(mutation: JSON, width: int) -> Iterator[Line]:
    if not mutation["ran"]:
        return
    score = wording.mutation_score(mutation)
    survived = [
        f"{each['claim']} is not: {each['where']}, line {each['line']}: "
        f"{each['before'].strip()!r} became {each['after'].strip()!r}"
        for each in mutation["survived"]
    ]
    more = len(survived) - _MOST_SURVIVORS
    told = [score, *survived[:_MOST_SURVIVORS], *([f"and {more} more"] if more > 0 else [])]
    yield from _labelled("mutation", told, width, {"yellow": True} if survived else _PLAIN)


def _parity(parity: JSON, width: int) -> Iterator[Line]:
    if not parity["probes"]:
        return
    told = [wording.probes(parity)]
    if parity["oldest"]:
        told.append(f"the oldest record is of {parity['oldest']}")
    told += [
        f"known gap: {each['probe']}, {each['step']}: {each['accepted']}"
        for each in parity["differences"]
        if each["accepted"]
    ]
    yield from _labelled("parity", told, width)


def _failures(failures: Sequence[JSON], width: int) -> Iterator[Line]:
    for each in failures:
        where = f"{each['file']}:{each['line']}" if each["line"] else each["file"]
        claims = f" ({', '.join(each['claims'])})" if each["claims"] else ""
        told = f"{each['verdict']}: {where}: {each['kind']} {each['step']}{claims}"
        yield from _wrapped(told, width, {"red": True, "bold": True}, indent=" " * 4)
        reason = f"    {each['reason'] or 'no reason was found'}"
        yield from _wrapped(reason, width, {"red": True}, indent=" " * 4)


def _labelled(
    label: str, values: Sequence[str], width: int, markup: Markup = _PLAIN
) -> Iterator[Line]:
    """Values under each other, the label before the first one."""
    for value in values:
        yield from _wrapped(f"{label:<{_LABEL}}{value}", width, markup, indent=" " * _LABEL)
        label = ""


def _wrapped(text: str, width: int, markup: Markup, indent: str = "") -> Iterator[Line]:
    lines = textwrap.wrap(
        text,
        width,
        subsequent_indent=indent,
        drop_whitespace=True,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=True,
    )
    yield from ((line, markup) for line in lines)
