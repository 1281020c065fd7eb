"""Would a false claim be noticed? What each claim rests on is altered, bit by bit, to see.

Expected lines are compared once more with what was really printed; facts with what was observed;
for words of the policy and the buildspec every check that reads them is done again with the
altered text. What a check would observe in a false world is not asked here.
"""

from collections.abc import Iterable, Iterator, Mapping

from pytest_codeartifact.article.checks import Fact, Observation
from pytest_codeartifact.article.claims import Claim
from pytest_codeartifact.article.errata import agreed
from pytest_codeartifact.article.facts import differing, observed
from pytest_codeartifact.article.judging import false_lines
from pytest_codeartifact.article.materials import Material, Materials
from pytest_codeartifact.article.plan import Plan
from pytest_codeartifact.article.walk import Walk
from pytest_codeartifact.article.world import Laboratory
from pytest_codeartifact.findings import Mutant, MutationFinding
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.transcripts.blocks import Command
from pytest_codeartifact.transcripts.matching import ANY_LINES, match_line
from pytest_codeartifact.transcripts.mutating import alterations


class Unnoticed(AssertionError):
    """Something a claim rests on can be altered without anybody noticing."""

    def __init__(self, finding: MutationFinding) -> None:
        super().__init__(finding)
        self.finding = finding

    def __str__(self) -> str:
        lines = [f"{self.finding.document}: claim {self.finding.claim}: not noticed:"]
        for mutant in self.finding.mutants:
            if not mutant.noticed:
                lines.append(f"  {mutant.where}: {mutant.before!r} altered to {mutant.after!r}")
                others = ", ".join(each for each in mutant.failed if each != mutant.claim)
                if others:
                    lines.append(f"  what failed instead: {others}")
        return "\n".join(lines)


def can_be_altered(plan: Plan, claim: Claim) -> bool:
    """Whether a claim rests on anything that can be altered; prose does not."""
    return claim.check is not None or any(
        any(plan.lines_for(claim, step)) for step in plan.steps if step.skip_reason is None
    )


def of_claim(
    plan: Plan, claim: Claim, walk: Walk | None, laboratory: Laboratory | None
) -> MutationFinding:
    """Every mutant of a claim; `walk` has done the claim's steps, `laboratory` does its checks."""
    mutants: list[Mutant] = []
    if walk is not None:
        mutants += _of_lines(plan, claim, walk)
        mutants += _of_empty_lines(plan, claim, walk)
    if laboratory is not None:
        mutants += _of_facts(claim, _observation(plan, claim, laboratory))
        mutants += _of_words(plan, claim, laboratory)
    return MutationFinding(plan.document, claim.id, tuple(mutants))


def demand_noticed(finding: MutationFinding) -> None:
    """Raise Unnoticed when a mutant survived."""
    if not all(mutant.noticed for mutant in finding.mutants):
        raise Unnoticed(finding)


def _of_lines(plan: Plan, claim: Claim, walk: Walk) -> Iterator[Mutant]:
    for ran, bindings in zip(walk.ran, walk.bindings_before, strict=True):
        for altered in alterations(ran.command, ran.completed.stdout):
            line = altered.line_number
            claims = plan.claims_at.get(line, ())
            if claim.id not in claims:
                continue
            failed: tuple[str, ...] = ()
            if not _goes(plan, altered.command, ran.completed, bindings):
                wrong = false_lines(plan, altered.command, ran.completed, bindings)
                failed = _claims_at(plan, wrong)
            yield Mutant(
                claim=claim.id,
                where=f"{ran.step}, line {line}",
                line=line,
                before=altered.before,
                after=altered.after,
                noticed=claim.id in failed and set(failed) <= set(claims),
                failed=failed,
            )


def _of_empty_lines(plan: Plan, claim: Claim, walk: Walk) -> Iterator[Mutant]:
    """Lines that would accept anything: nothing in them can be altered, and nothing is said."""
    for ran in walk.ran:
        command = ran.command
        for line, shown in enumerate(command.expected or (), command.expected_line):
            if shown == ANY_LINES or claim.id not in plan.claims_at.get(line, ()):
                continue
            if all(match_line(shown, other, {}) is not None for other in _OTHER_LINES):
                where = f"{ran.step}, line {line}"
                yield Mutant(claim.id, where, line, shown, "anything at all", noticed=False)


# What no line that says something could all accept.
_OTHER_LINES = ("something else", "7 \t!", "")


def _goes(plan: Plan, command: Command, completed: Completed, bindings: Mapping[str, str]) -> bool:
    """Whether an altered command would still pass for what really happened."""
    if plan.own_corrections is not None:
        return plan.own_corrections.judge(command, completed, bindings) is not None
    return agreed(command, completed, bindings) is not None


def _claims_at(plan: Plan, lines: Iterable[int]) -> tuple[str, ...]:
    found = {claim for line in lines for claim in plan.claims_at.get(line, ())}
    return tuple(sorted(found))


def _observation(plan: Plan, claim: Claim, laboratory: Laboratory) -> Observation:
    """What the claim's check observed, done once more only if it was not done in this run."""
    known = laboratory.remembered(claim.id)
    if known is None:
        known, _ = observed(claim, laboratory.world(plan.materials))
        laboratory.remember(claim.id, known)
    return known


def _of_facts(claim: Claim, observation: Observation) -> Iterator[Mutant]:
    for name, value in claim.facts.items():
        altered = _other(value)
        wrong = differing({**claim.facts, name: altered}, observation.facts)
        noticed = wrong == [name]
        yield Mutant(
            claim=claim.id,
            where=f"fact {name}",
            line=claim.line,
            before=str(value),
            after=str(altered),
            noticed=noticed,
            failed=(claim.id,) if wrong else (),
        )


def _other(value: Fact) -> Fact:
    """A value that says something else."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return f"{value}x"


def _of_words(plan: Plan, claim: Claim, laboratory: Laboratory) -> Iterator[Mutant]:
    for name, words in claim.rests_on.items():
        material = plan.materials.blocks.get(name)
        if material is None:
            continue
        for word in words:
            at = material.text.find(word)
            if at < 0:
                yield Mutant(claim.id, name, material.line, word, "", noticed=False)
                continue
            end = at + len(word)
            altered = Material(f"{material.text[:end]}X{material.text[end:]}", material.line)
            materials = Materials({**plan.materials.blocks, name: altered})
            failed = tuple(
                each.id
                for each in plan.claims
                if name in each.rests_on
                and differing(each.facts, observed(each, laboratory.world(materials))[0].facts)
            )
            yield Mutant(
                claim=claim.id,
                where=name,
                line=material.line + material.text[:at].count("\n"),
                before=word,
                after=f"{word}X",
                noticed=failed == (claim.id,),
                failed=failed,
            )
