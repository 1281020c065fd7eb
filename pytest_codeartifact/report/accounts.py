"""What a run left, asked, reached and cost: the sums over its steps and checks."""

from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_codeartifact.findings import JSON
from pytest_codeartifact.pricing import estimate
from pytest_codeartifact.report.collected import Collected

_USAGE = ("requests", "bytes_received", "bytes_sent", "resources")
_TRACE = ("kind", "name", "detail")


def footprint(collected: Collected) -> JSON:
    """What each step left on the machine, and what of it is still there after the last one."""
    there: dict[tuple[str, str, str], JSON] = {}
    steps = []
    for step in collected.steps:
        document, traces = step["document"], step["footprint"]
        if not any(traces.values()):
            continue
        steps.append({"document": document, "step": step["id"], **traces})
        for trace in traces["added"]:
            there[document, trace["kind"], trace["name"]] = trace
        for trace in traces["removed"]:
            there.pop((document, trace["kind"], trace["name"]), None)
    remaining = [
        {"document": document, **{key: trace[key] for key in _TRACE}}
        for (document, _, _), trace in there.items()
    ]
    return {"steps": steps, "remaining": remaining}


def provenance(collected: Collected) -> list[JSON]:
    """Every installed distribution with the request that delivered it."""
    return [
        {"document": step["document"], "step": step["id"], **installed}
        for step in collected.steps
        for installed in step["provenance"]
    ]


def parity(collected: Collected) -> JSON:
    """How many probes agree with the records of AWS, and every difference, accepted ones too."""
    outcomes = Counter(each["outcome"] for each in collected.probes)
    days = [each["oldest"] for each in collected.probes if each["oldest"]]
    return {
        "oldest": min(days, default=None),
        "probes": len(collected.probes),
        "agree": outcomes["agrees"],
        "differ": outcomes["differs"],
        "unrecorded": outcomes["unrecorded"],
        "skipped": outcomes["skipped"],
        "failed": outcomes["failed"],
        "differences": [
            {
                "probe": probe["id"],
                **difference,
                "verdict": None if difference["accepted"] else probe["verdict"],
            }
            for probe in collected.probes
            for difference in probe["differences"]
        ],
    }


def mutation(collected: Collected) -> JSON:
    """Whether claims would be noticed if false; `survived` are those changes that were not."""
    by_claim: dict[tuple[str, str], list[JSON]] = {}
    for each in collected.mutations:
        by_claim.setdefault((each["document"], each["claim"]), []).extend(each["mutants"])
    mutants = [
        {"document": document, **mutant}
        for (document, _), found in by_claim.items()
        for mutant in found
    ]
    noticed = [all(each["noticed"] for each in found) for found in by_claim.values()]
    altered = {document for document, _ in by_claim}
    stated = [
        claim
        for frame in collected.frames
        if frame["document"] in altered
        for claim in frame["claims"]
    ]
    return {
        "ran": bool(by_claim),
        "mutants": len(mutants),
        "noticed": sum(each["noticed"] for each in mutants),
        "claims": len(stated),
        "claims_noticed": sum(noticed),
        "claims_unaltered": len(stated) - len(noticed),
        "survived": [each for each in mutants if not each["noticed"]],
    }


def network(collected: Collected) -> JSON:
    """Which hosts programs reached and were refused, and what the emulator's own reading met.

    `external` is the number of connections that the gateway let leave the machine: it lets none.
    Where programs use the plain address there is no gateway, and it is None.
    """
    seen = [each["network"] for each in collected.done]
    ways = {collected.frame(name)["environment"].get("endpoint") for name in collected.documents}
    return {
        "connections": _sum_by_name(each["connections"] for each in seen),
        "refused": _sum_by_name(each["refused"] for each in seen),
        "fetched": _sum_by_name(each["fetched"] for each in seen),
        "external": 0 if ways == {"hosts"} else None,
    }


def usage(collected: Collected) -> JSON:
    """What the steps asked of the service, the checks beside them, and what AWS would charge."""
    steps, checks = _sum(collected.steps), _sum(collected.checks)
    both = {key: steps[key] + checks[key] for key in _USAGE}
    moved = both["bytes_received"] + both["bytes_sent"]
    return {**steps, "checks": checks, "cost": estimate(both["requests"], moved)}


def _sum_by_name(counts: Iterable[JSON]) -> JSON:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(sorted(total.items()))


def _sum(findings: Sequence[JSON]) -> dict[str, int]:
    return {key: sum(each["usage"][key] for each in findings) for key in _USAGE}
