from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_codeartifact.article.errata import Ran
from pytest_codeartifact.article.judging import claim_findings, false_lines, judged
from pytest_codeartifact.article.plan import Plan, commands_of, plan_for
from pytest_codeartifact.findings import Verdict
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.transcripts.blocks import Command, Step
from pytest_codeartifact.transcripts.steps import StepFailed

OWN = """\
<!-- step: only -->

<!-- claim: A the first line -->

```console
$ first
one
two
```

<!-- claim: B the second command -->

```console
$ second
three
```
"""
Outputs = tuple[tuple[str, int], ...]
GOOD: Outputs = (("one\ntwo\n", 0), ("three\n", 0))


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """An article of one step with two claims."""
    path = tmp_path / "own.md"
    path.write_text(OWN)
    return plan_for(path, "own.md")


Verdicts = Callable[[Outputs], dict[str, Verdict]]


@pytest.fixture
def verdicts(plan: Plan) -> Verdicts:
    """What becomes of the claims when the commands print something."""
    (step,) = plan.steps

    def verdicts(outputs: Outputs) -> dict[str, Verdict]:
        ran, failure = follow(plan, step, outputs)
        why = (Verdict.ARTICLE_WRONG if failure else None, "")
        return {each.id: each.verdict for each in claim_findings(plan, step, ran, failure, why, {})}

    return verdicts


def follow(plan: Plan, step: Step, outputs: Outputs) -> tuple[list[Ran], StepFailed | None]:
    """Run the commands of a step up to the first that goes wrong."""
    ran: list[Ran] = []
    for command, (stdout, exit_code) in zip(commands_of(step), outputs, strict=True):
        completed = Completed((command.text,), exit_code, stdout, "", 0.0)
        ran.append(Ran(step.id, command, completed))
        try:
            judged(plan, step, command, completed, {})
        except StepFailed as failed:
            return ran, failed
    return ran, None


CASES: dict[str, tuple[Outputs, dict[str, Verdict]]] = {
    "good": (GOOD, {"A": Verdict.VERIFIED, "B": Verdict.VERIFIED}),
    "first-output": (
        (("one\nother\n", 0), GOOD[1]),
        {"A": Verdict.ARTICLE_WRONG, "B": Verdict.NOT_RUN},
    ),
    "first-exit-code": (
        (("one\ntwo\n", 3), GOOD[1]),
        {"A": Verdict.ARTICLE_WRONG, "B": Verdict.NOT_RUN},
    ),
    "second-output": (
        (GOOD[0], ("other\n", 0)),
        {"A": Verdict.VERIFIED, "B": Verdict.ARTICLE_WRONG},
    ),
}


@pytest.mark.parametrize(("outputs", "expected"), CASES.values(), ids=CASES)
def test_claims_are_judged_by_what_they_rest_on(
    verdicts: Verdicts, outputs: Outputs, expected: dict[str, Verdict]
) -> None:
    """What failed is blamed on its claim, what went before is proven, the rest did not run."""
    assert verdicts(outputs) == expected


def test_false_lines_are_those_that_nothing_printed_fits(plan: Plan) -> None:
    """A wrong line is told by its number; a wrong order or exit code is the whole command's."""
    first: Command = next(commands_of(plan.steps[0]))

    def lines(stdout: str, exit_code: int = 0) -> set[int]:
        return false_lines(plan, first, Completed(("x",), exit_code, stdout, "", 0.0), {})

    assert lines("one\nother\n") == {8}
    assert lines("two\none\n") == {6, 7, 8}
    assert lines("one\ntwo\n", 1) == {6, 7, 8}


def test_evidence_is_what_was_printed(plan: Plan) -> None:
    """A verified claim shows the lines that proved it, and where they stand."""
    (step,) = plan.steps
    ran, failure = follow(plan, step, GOOD)
    first, _ = claim_findings(plan, step, ran, failure, (None, ""), {})
    assert [(each.kind, each.text, each.where) for each in first.evidence] == [
        ("output", "one", "only, line 7"),
        ("output", "two", "only, line 8"),
    ]
