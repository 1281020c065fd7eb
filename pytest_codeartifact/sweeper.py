"""What `pytest-codeartifact sweep` shows: what is left of runs on AWS, and what became of it."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO, TypeAlias

from pytest_codeartifact.targets.sweeping import Action, Found, Sweep


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sweep has found in an account; `command` removes it, empty once it was to be done."""

    account: str
    region: str
    found: Sequence[Found]
    command: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many things there are of each action that a sweep of this sort has."""
        counted = Counter(each.action for each in self.found)
        done = Action.WOULD_DELETE if self.command else Action.DELETED
        return {action.value: counted[action] for action in (done, Action.KEPT, Action.FAILED)}

    @property
    def exit_code(self) -> int:
        """0, or 1 where something could not be listed or removed."""
        return 1 if self.counts[Action.FAILED] else 0


Act: TypeAlias = Callable[[Sweep, str, str], Outcome]
"""Sweeps the account, which is named with its Region."""
Show: TypeAlias = Callable[[Outcome, TextIO], None]


def look(sweep: Sweep, account: str, region: str) -> Outcome:
    """Find what may be removed, and change nothing."""
    return Outcome(account, region, sweep.find(), sweep.command(account))


def clear(sweep: Sweep, account: str, region: str) -> Outcome:
    """Remove what may be removed."""
    return Outcome(account, region, sweep.remove())


def write_lines(outcome: Outcome, out: TextIO) -> None:
    """For a person: a line for each thing, one that counts, and the command that removes."""
    columns = [(each.action.value, each.kind, each.name) for each in outcome.found]
    widths = [max(map(len, column)) for column in zip(*columns, strict=True)]
    for each, cells in zip(outcome.found, columns, strict=True):
        row = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        out.write(_printable(f"{row}  {_whose(each)}{each.reason}") + "\n")
    counted = ", ".join(f"{number} {action}" for action, number in outcome.counts.items())
    out.write(f"{counted} in account {outcome.account}, {outcome.region}\n")
    if outcome.command and outcome.counts[Action.WOULD_DELETE]:
        out.write(f"Nothing was changed; this deletes: {outcome.command}\n")


def write_json(outcome: Outcome, out: TextIO) -> None:
    """For a program: one JSON object."""
    document = {
        "account": outcome.account,
        "region": outcome.region,
        "dry_run": bool(outcome.command),
        "found": [
            {
                "kind": each.kind,
                "name": each.name,
                "arn": each.arn,
                "run": each.run,
                "owner": each.owner,
                "expires": each.expires.isoformat() if each.expires else None,
                "action": each.action.value,
                "reason": each.reason,
            }
            for each in outcome.found
        ],
        "counts": outcome.counts,
    }
    out.write(json.dumps(document, indent=2) + "\n")


def _whose(found: Found) -> str:
    return f"{found.owner}, run {found.run}: " if found.run else ""


def _printable(line: str) -> str:
    """A line without what would steer a terminal: names and tags may be a stranger's."""
    return "".join(each if each.isprintable() else "?" for each in line)
