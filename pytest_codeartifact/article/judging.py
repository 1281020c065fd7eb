"""Whether what happened is what a document shows, and what that says about its claims."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence

from pytest_codeartifact.article.claims import Claim
from pytest_codeartifact.article.errata import Ran
from pytest_codeartifact.article.plan import Plan, asserting_lines
from pytest_codeartifact.findings import ClaimFinding, Evidence, Verdict
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.transcripts.blocks import Command, Step
from pytest_codeartifact.transcripts.matching import ANY_LINES, Bindings, match_line, output_lines
from pytest_codeartifact.transcripts.steps import StepFailed, judge


def judged(
    plan: Plan, step: Step, command: Command, completed: Completed, bindings: Bindings
) -> Bindings:
    """The placeholders' values after a command that went as the document shows.

    In a copy of the article, also as it shows once its known errors are corrected. Raises
    StepFailed.
    """
    corrections = plan.own_corrections
    if corrections is not None:
        agreement = corrections.judge(command, completed, bindings)
        if agreement is not None:
            return agreement.bindings
        command = corrections.as_written(command)
    return judge(plan.document, step, command, completed, bindings)


def false_lines(
    plan: Plan, command: Command, completed: Completed, bindings: Mapping[str, str]
) -> set[int]:
    """The lines of a document that are wrong about a command which did not go as shown.

    They are the expected lines that nothing printed fits, but for known errors of the article;
    where every other line fits something, or the exit code is another one, it is the command as
    a whole.
    """
    if completed.exit_code != command.exit_code or command.expected is None:
        return set(asserting_lines(command))
    known: set[int] = set()
    corrections = plan.own_corrections
    if corrections is not None:
        known, command = corrections.excused(command), corrections.as_written(command)
    got = output_lines(completed.stdout)
    try:
        wrong = {
            number
            for number, shown in enumerate(command.expected or (), command.expected_line)
            if shown != ANY_LINES and not any(_fits(shown, line, bindings) for line in got)
        }
    except re.error:
        wrong = set()
    return wrong - known or set(asserting_lines(command))


def _fits(shown: str, line: str, bindings: Mapping[str, str]) -> bool:
    return match_line(shown, line, bindings) is not None


def claim_findings(
    plan: Plan,
    step: Step,
    ran: Sequence[Ran],
    failure: StepFailed | None,
    why: tuple[Verdict | None, str],
    bindings: Mapping[str, str],
) -> list[ClaimFinding]:
    """What a step says about the claims that it has a part in."""
    done = {each.command.line for each in ran}
    wrong: set[int] = set()
    if failure is not None and failure.command is not None and failure.completed is not None:
        wrong = false_lines(plan, failure.command, failure.completed, bindings)
        done.discard(failure.command.line)
    claims = list(plan.claims_of(step))
    blamed = [claim for claim in claims if wrong & set(plan.lines_for(claim, step))]
    if failure is not None and not blamed:
        # Nobody speaks of the command that failed: what the rest of the step was to show.
        blamed = [claim for claim in claims if not _is_proven(plan, claim, step, ran, failure)]
    verdict, reason = why
    found = []
    for claim in claims:
        if claim in blamed:
            found.append(ClaimFinding(claim.id, verdict or Verdict.ARTICLE_WRONG, reason=reason))
        elif failure is None or _is_proven(plan, claim, step, ran, failure):
            evidence = tuple(_evidence(plan, claim, step, ran))
            found.append(ClaimFinding(claim.id, Verdict.VERIFIED, evidence))
        else:
            found.append(ClaimFinding(claim.id, Verdict.NOT_RUN, reason=f"step {step.id} failed"))
    return found


def _is_proven(
    plan: Plan, claim: Claim, step: Step, ran: Sequence[Ran], failure: StepFailed
) -> bool:
    """Whether all that the claim rests on in a failed step had gone well before it failed."""
    failed = failure.command.line if failure.command is not None else None
    fine = {
        line
        for each in ran
        if each.command.line != failed
        for line in asserting_lines(each.command)
    }
    if failure.kind == "output" and failure.command is not None:
        fine |= set(asserting_lines(failure.command))
    lines = set(plan.lines_for(claim, step))
    return bool(lines) and lines <= fine and step.id not in claim.steps


def _evidence(plan: Plan, claim: Claim, step: Step, ran: Sequence[Ran]) -> Iterator[Evidence]:
    lines = set(plan.lines_for(claim, step))
    for each in ran:
        command = each.command
        for number, shown in enumerate(command.expected or (), command.expected_line):
            if number in lines and shown != ANY_LINES:
                got = _printed_for(shown, each.completed.stdout)
                yield Evidence("output", got, f"{step.id}, line {number}")
        if command.line in lines and not command.expected:
            text = f"`{first_words(command)}` ended with exit code {each.completed.exit_code}"
            yield Evidence("answer", text, f"{step.id}, line {command.line}")
    if step.id in claim.steps:
        yield Evidence("answer", "every command ended with exit code 0", step.id)


def _printed_for(shown: str, output: str) -> str:
    """The printed line that an expected one stands for; the nearest where the article errs."""
    lines = output_lines(output)
    fitting = [line for line in lines if _fits(shown, line, {})]
    nearest = difflib.get_close_matches(shown, lines, n=1, cutoff=0.0)
    return next(iter(fitting or nearest), "nothing")


def first_words(command: Command) -> str:
    """A command in one line, as short as it can be told."""
    words = command.words
    return " ".join(words[:3]) + (" …" if len(words) > 3 else "")  # noqa: PLR2004 -- so it reads
