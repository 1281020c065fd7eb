"""How a report says things: counts, sizes and times, and the one sentence that sums a run up."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_codeartifact.findings import JSON, Verdict

_KILO = 1000
_MINUTE = 60
_SMALLEST_USD = 0.0001


@dataclass(frozen=True, slots=True)
class Group:
    """The claims of a document that belong together."""

    document: str
    name: str
    claims: Sequence[JSON]

    @property
    def tally(self) -> str:
        """How many of them are verified, and what became of the others."""
        counts = Counter(str(each["verdict"]) for each in self.claims)
        parts = [
            f"{counts[verdict]} {verdict}"
            for verdict in _in_telling_order()
            if verdict != Verdict.VERIFIED and counts[verdict]
        ]
        if counts[Verdict.VERIFIED] or set(counts) != {Verdict.CITED}:
            parts.insert(0, f"{counts[Verdict.VERIFIED]} of {len(self.claims)} verified")
        return ", ".join(parts)

    @property
    def has_failed(self) -> bool:
        """Whether a claim of it failed."""
        return any(Verdict(each["verdict"]).is_failure for each in self.claims)

    @property
    def is_left_open(self) -> bool:
        """Whether a claim of it was not run."""
        return any(each["verdict"] == Verdict.NOT_RUN for each in self.claims)

    @property
    def is_verified(self) -> bool:
        """Whether each claim of it is verified; what is cited is not."""
        return all(each["verdict"] == Verdict.VERIFIED for each in self.claims)


def groups(document: JSON) -> list[Group]:
    """The claims by document and group, in the order in which the groups first appear."""
    found: dict[tuple[str, str], list[JSON]] = {}
    for claim in document["claims"]:
        found.setdefault((claim["document"], claim["group"]), []).append(claim)
    return [Group(name, group, claims) for (name, group), claims in found.items()]


def headline(document: JSON) -> str:
    """What came of the run, in one sentence."""
    summary = document["summary"]
    if summary["outcome"] == "failed":
        return _of_failure(document)
    if summary["outcome"] == "incomplete":
        return _of_incomplete(summary)
    if not summary["steps"]["total"] and not summary["checks"]["total"]:
        return "No probe differs from its record."
    if not summary["claims"]["total"]:
        return f"{_all(summary['steps']['total'], 'step')} went as shown."
    verified = f"{_all(summary['claims']['verified'], 'claim')} that can be tested "
    holds = "holds" if summary["claims"]["verified"] == 1 else "hold"
    errata = count(summary["errata"], "erratum", "errata")
    return f"{verified}{holds}; {errata} found." if summary["errata"] else f"{verified}{holds}."


def probes(parity: JSON) -> str:
    """How many probes agree with the records, and what became of the others."""
    parts = [f"{parity['agree']} agree with the records", f"{parity['differ']} differ"]
    parts.append(f"{parity['unrecorded']} not recorded yet")
    parts += [f"{parity[each]} {each}" for each in ("skipped", "failed") if parity[each]]
    return f"{count(parity['probes'], 'probe')}: {', '.join(parts)}."


def count(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun."""
    noun = singular if number == 1 else plural or f"{singular}s"
    return f"{number:,} {noun}"


def duration(seconds: float) -> str:
    """Seconds as one says them."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest:02} s"


def size(number: int) -> str:
    """Bytes in the unit that suits them."""
    amount = float(number)
    for unit in ("bytes", "kB", "MB"):
        if amount < _KILO:
            return f"{number} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= _KILO
    return f"{amount:.1f} GB"


def mutation_score(mutation: JSON) -> str:
    """How many of the claims would be noticed, and how many nobody could alter."""
    claims = count(mutation["claims"], "claim")
    score = f"{mutation['claims_noticed']} of {claims} would be noticed if false"
    unaltered = mutation["claims_unaltered"]
    if unaltered:
        score += f"; {unaltered} could not be altered, as nothing here proves them"
    return score


def money(usd: float) -> str:
    """US dollars to the hundredth of a cent: a run costs less than one cent."""
    if 0 < usd < _SMALLEST_USD:
        return f"under ${_SMALLEST_USD}"
    return f"${usd:.4f}"


def unclaimed(entry: Mapping[str, object]) -> str:
    """A sentence without a claim, with its place."""
    return f"{entry['document']}:{entry.get('line', '')}: {entry.get('text', '')}"


def external(network: Mapping[str, object]) -> str:
    """What is known of connections that left the machine."""
    if network["external"] is None:
        return "Programs used the emulator's plain address, so nobody watched where they connected."
    return "No connection left this machine by the proxy that programs were told to use."


def _in_telling_order() -> Iterator[str]:
    yield from (str(each) for each in Verdict if each.is_failure)
    yield from (str(each) for each in (Verdict.VERIFIED, Verdict.CITED, Verdict.NOT_RUN))


def _of_failure(document: JSON) -> str:
    claims = document["summary"]["claims"]
    failed = sum(claims[each] for each in Verdict if each.is_failure)
    if failed:
        verb = "does" if failed == 1 else "do"
        return f"{failed} of {count(claims['total'], 'claim')} {verb} not hold in this run."
    failures = document["failures"]
    if failures:
        named = failures[0]
        others = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
        return f"The {named['kind']} {named['step']} failed{others}."
    return (
        f"The run failed outside of the articles (exit code {document['generated']['exit_code']})."
    )


def _of_incomplete(summary: JSON) -> str:
    claims = summary["claims"]
    if claims["not-run"]:
        return f"{claims['not-run']} of {count(claims['total'], 'claim')} were not put to the test."
    if summary["unclaimed"]:
        return f"{count(summary['unclaimed'], 'sentence')} of the article stand without a claim."
    return "Not every step ran."


def _all(number: int, noun: str) -> str:
    return f"The one {noun}" if number == 1 else f"All {number} {noun}s"
