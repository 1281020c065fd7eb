"""The claims of the article: their table, and what each of them rests on."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pytest_codeartifact.findings import ClaimDefinition
from pytest_codeartifact.transcripts.blocks import Command, Step

KINDS = frozenset(
    {
        "transcript",
        "state",
        "behaviour",
        "counterfactual",
        "time",
        "permission",
        "configuration",
        "prose",
    }
)
_TABLE_PATH = Path(__file__).with_name("claims.toml")


class ClaimError(ValueError):
    """The table of claims does not fit the document or the checks; names the claim and what."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One assertion of an article, and what proves it.

    `shown` are expected lines by step, where `[n]` is an exit code; `steps` only have to succeed.
    `check` is the name of a check, `facts` what it must observe. `rests_on` are words of the
    policy or the buildspec, by the name of the material.
    """

    id: str
    line: int
    kind: str
    group: str
    says: str
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    check: str | None = None
    facts: Mapping[str, str | int | bool] = field(default_factory=dict)
    rests_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source: Mapping[str, str] | None = None

    @property
    def definition(self) -> ClaimDefinition:
        """What reports say of the claim, whatever became of it."""
        return ClaimDefinition(
            id=self.id,
            line=self.line,
            kind=self.kind,
            group=self.group,
            says=self.says,
            source=self.source,
        )

    @property
    def check_item(self) -> str:
        """The name of the item that runs its check."""
        return f"{self.id}-{self.check}"


@cache
def table() -> tuple[Claim, ...]:
    """The claims of the built-in article, in the order of its table."""
    read = tomllib.loads(_TABLE_PATH.read_text(encoding="utf-8"))
    return tuple(_claim(each) for each in read["claims"])


def _claim(row: Mapping[str, Any]) -> Claim:
    groups = ("shown", "rests_on")
    listed = {
        name: {key: tuple(lines) for key, lines in row.get(name, {}).items()} for name in groups
    }
    simple = {name: value for name, value in row.items() if name not in groups}
    return Claim(**{**simple, **listed, "steps": tuple(row.get("steps", ()))})


def check_table(claims: Iterable[Claim], steps: Sequence[Step], checks: Iterable[str]) -> None:
    """Raise ClaimError where a claim rests on what is not there, or on nothing."""
    shown = {step.id: _asserted(step) for step in steps}
    known, seen = frozenset(checks), set[str]()
    for claim in claims:
        if claim.id in seen:
            raise ClaimError(f"{claim.id}: a second claim has this id")
        seen.add(claim.id)
        if claim.kind not in KINDS:
            raise ClaimError(f"{claim.id}: {claim.kind!r} is none of {', '.join(sorted(KINDS))}")
        if claim.check is not None and claim.check not in known:
            raise ClaimError(f"{claim.id}: there is no check {claim.check!r}")
        for step in (*claim.shown, *claim.steps):
            if step not in shown:
                raise ClaimError(f"{claim.id}: there is no step {step!r}")
        for step, lines in claim.shown.items():
            for line in lines:
                if line not in shown[step]:
                    raise ClaimError(f"{claim.id}: step {step} does not show {line!r}")
        _check_proof(claim)


def _check_proof(claim: Claim) -> None:
    if claim.kind == "prose":
        if claim.source is None:
            raise ClaimError(f"{claim.id}: prose needs a source")
    elif not (claim.shown or claim.steps or claim.check):
        raise ClaimError(f"{claim.id}: nothing proves it")


def _asserted(step: Step) -> frozenset[str]:
    commands = [action for action in step.actions if isinstance(action, Command)]
    lines = {line for command in commands for line in command.expected or ()}
    return frozenset(lines | {exit_line(command) for command in commands if command.exit_code})


def exit_line(command: Command) -> str:
    """A command's exit code as documents state it."""
    return f"[{command.exit_code}]"
