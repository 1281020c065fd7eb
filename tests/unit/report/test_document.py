from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.findings import (
    JSON,
    CheckFinding,
    ClaimDefinition,
    ClaimFinding,
    Finding,
    Footprint,
    StepFinding,
    Trace,
    Usage,
    Verdict,
)
from pytest_codeartifact.report import assemble, wording
from pytest_codeartifact.report.judging import worst
from tests.unit.report import sample

FAILED = assemble(sample.failing_run(), sample.FAILED_RUN)
PASSED = assemble(sample.passing_run(), sample.RUN)
DOCUMENT = sample.DOCUMENT


def claim(document: JSON, identifier: str) -> JSON:
    [found] = [each for each in document["claims"] if each["id"] == identifier]
    return dict(found)


def step(identifier: str = "01-first", line: int = 1, **changes: Any) -> StepFinding:  # noqa: ANN401
    values: dict[str, Any] = {"title": "", "outcome": "passed", "seconds": 1.0, **changes}
    return StepFinding(document=DOCUMENT, id=identifier, line=line, **values)


def report(*findings: Finding, exit_code: int = 0) -> JSON:
    return assemble(sample.told(*findings), replace(sample.RUN, exit_code=exit_code))


def report_of_claim(kind: str, *verdicts: Verdict, source: dict[str, str] | None = None) -> JSON:
    """The one claim of a document, of which each step says something else."""
    defined = ClaimDefinition("C1", 7, kind, "group", "says", source)
    steps = [
        step(f"{number}-step", number, claims=(ClaimFinding("C1", verdict, (), f"why {number}"),))
        for number, verdict in enumerate(verdicts, 1)
    ]
    document = report(sample.frame(claims=(defined,)), *steps)
    return claim(document, "C1")


@pytest.mark.parametrize(
    ("identifier", "verdict"),
    [
        ("C01", "verified"),
        ("C05", "environment"),
        ("C12", "aws-changed"),
        ("C15", "not-run"),
        ("C17", "article-wrong"),
        ("C18", "not-run"),
        ("C22", "emulator-gap"),
        ("C25", "not-run"),
        ("C28", "cited"),
    ],
)
def test_claim_has_the_verdict_of_what_was_found(identifier: str, verdict: str) -> None:
    """Each claim of the sample comes out as its findings say."""
    assert claim(FAILED, identifier)["verdict"] == verdict


@given(st.lists(st.sampled_from(Verdict)), st.sampled_from(Verdict))
def test_worst_verdict_is_no_better_than_any(verdicts: list[Verdict], another: Verdict) -> None:
    """A failure stays one whatever is added, and nothing is better than what was shown."""
    verdict = worst([*verdicts, another])
    assert verdict in {*verdicts, another}
    assert verdict.is_failure == any(each.is_failure for each in [*verdicts, another])
    if not verdict.is_failure and Verdict.VERIFIED in verdicts:
        assert verdict is Verdict.VERIFIED


def test_prose_is_never_verified() -> None:
    """What nobody can run is cited, whatever a step saw beside it; a failure still counts."""
    source = {"title": "a page", "address": "", "date": ""}
    found = [
        report_of_claim("prose", source=source),
        report_of_claim("prose", Verdict.VERIFIED, source=source),
        report_of_claim("prose", Verdict.NOT_RUN, source=source),
        report_of_claim("prose", Verdict.EMULATOR_GAP, source=source),
        report_of_claim("prose"),
    ]
    verdicts = [each["verdict"] for each in found]
    assert verdicts == ["cited", "cited", "cited", "emulator-gap", "not-run"]


def test_claim_tells_who_spoke_of_it_and_why() -> None:
    """Steps, the reasons of the verdict and nothing of the others stand beside a claim."""
    found = report_of_claim("state", Verdict.VERIFIED, Verdict.ENVIRONMENT, Verdict.ENVIRONMENT)
    assert found["steps"] == ["1-step", "2-step", "3-step"]
    assert found["reason"] == "why 2; why 3"


def test_claim_without_any_finding_says_so() -> None:
    """Silence is not success: it has a verdict and a reason."""
    found = claim(FAILED, "C18")
    assert (found["verdict"], found["reason"]) == ("not-run", "nothing that ran shows it")


def test_claim_has_evidence_source_and_errata() -> None:
    """What was seen is there with who saw it; so are the page cited and the errata."""
    [evidence] = claim(PASSED, "C01")["evidence"]
    assert evidence["by"] == "01-create-domain"
    assert evidence["text"] == "awscicd\tActive"
    assert claim(PASSED, "C01")["errata"] == ["E1"]
    assert claim(PASSED, "C28")["source"]["title"].startswith("Service bearer tokens")


def test_failures_say_whose_they_are() -> None:
    """Each failure has one word, a reason, its claims and a line of a file."""
    told = {each["step"]: each for each in FAILED["failures"]}
    assert {each["verdict"] for each in told.values()} == {
        *("article-wrong", "emulator-gap", "aws-changed", "environment")
    }
    assert all(each["reason"] and each["text"] for each in told.values())
    step, check = told["09-install"], told["condition-is-right"]
    assert (step["file"], step["line"], step["claims"]) == (DOCUMENT, 140, ["C17"])
    assert (check["file"], check["line"], check["claims"]) == (sample.ARTICLE, 101, ["C22"])


def test_failure_that_nobody_explains_is_the_environments() -> None:
    """A step that failed without a verdict does not blame the article."""
    [failure] = report(step(outcome="failed", failure="boom"))["failures"]
    assert (failure["verdict"], failure["text"]) == ("environment", "boom")


def test_failed_claim_of_a_step_that_passed_is_a_failure() -> None:
    """A step cannot hide that a claim does not hold."""
    found = ClaimFinding("C1", Verdict.ARTICLE_WRONG, (), "it is not so")
    document = report(step(claims=(found,)))
    assert document["summary"]["outcome"] == "failed"
    assert [each["reason"] for each in document["failures"]] == ["it is not so"]


@pytest.mark.parametrize(
    ("findings", "exit_code", "outcome"),
    [
        pytest.param([step()], 0, "passed", id="all is well"),
        pytest.param([], 0, "incomplete", id="nothing ran"),
        pytest.param([step(outcome="skipped")], 0, "passed", id="skipped as the text says"),
        pytest.param([step(outcome="needs")], 0, "incomplete", id="not reached"),
        pytest.param([sample.frame(claims=(), unclaimed=({"line": 1},)), step()], 0, "incomplete"),
        pytest.param([sample.frame(), step()], 0, "incomplete", id="claims not run"),
        pytest.param([step()], 1, "failed", id="another test failed"),
        pytest.param([step()], 2, "failed", id="interrupted"),
        pytest.param([step(outcome="failed")], 0, "failed", id="failed, whatever pytest says"),
    ],
)
def test_outcome_is_passed_only_when_everything_was_shown(
    findings: list[Finding], exit_code: int, outcome: str
) -> None:
    """A run that failed or left something out does not call itself passed."""
    assert report(*findings, exit_code=exit_code)["summary"]["outcome"] == outcome


def test_parity_counts_probes_and_lists_differences() -> None:
    """Each probe is counted once, and accepted gaps are told without a verdict."""
    told = dict(FAILED["parity"])
    differences = told.pop("differences")
    assert told == {
        "oldest": "2026-09-01",
        "probes": 6,
        "agree": 2,
        "differ": 1,
        "unrecorded": 1,
        "skipped": 1,
        "failed": 1,
    }
    assert [(each["probe"], each["accepted"], each["verdict"]) for each in differences] == [
        ("credentials", "a reason & more", None),
        ("repository-missing", "", "emulator-gap"),
    ]


def test_probes_that_differ_or_failed_are_failures_and_no_others() -> None:
    """A probe that agrees, is not recorded or was skipped is none."""
    found = {
        each["step"]: (each["kind"], each["verdict"])
        for each in FAILED["failures"]
        if each["kind"] == "probe"
    }
    assert found == {
        "listings": ("probe", "environment"),
        "repository-missing": ("probe", "emulator-gap"),
    }


def test_run_of_probes_alone_can_pass() -> None:
    """Without an article there is a report, too, whose first sentence is about the probes."""
    good = [each for each in sample.probes() if each.verdict is None]
    document = report(*good)
    assert document["summary"]["outcome"] == "passed"
    assert document["summary"]["documents"] == []
    assert wording.headline(document) == "No probe differs from its record."
    assert wording.probes(document["parity"]) == (
        "4 probes: 2 agree with the records, 0 differ, 1 not recorded yet, 1 skipped."
    )
    assert report(*sample.probes())["summary"]["outcome"] == "failed"


def test_summary_counts() -> None:
    """The counts of claims add up, and the floor is the sum of the steps'."""
    summary = FAILED["summary"]
    counts = dict(summary["claims"])
    assert counts.pop("total") == sum(counts.values()) == len(FAILED["claims"]) == 14
    assert summary["floor_seconds"] == 7.93
    assert summary["steps"]["needs"] == 1
    assert [each["name"] for each in summary["documents"]] == [DOCUMENT]


def test_order_of_arrival_does_not_show() -> None:
    """Workers are done in any order; the report is the same."""
    findings = sample.failing_run()
    assert assemble(list(reversed(findings)), sample.FAILED_RUN) == FAILED
    assert [each["line"] for each in FAILED["steps"]] == [19, 30, 130, 140, 160, 240]


def test_documents_are_kept_apart() -> None:
    """Claims of two documents with the same name do not speak for each other."""
    here, there = (
        sample.frame(name, claims=sample.claims()[:1], environment={}) for name in ("a.md", "b.md")
    )
    shown = StepFinding("b.md", "01", 1, "", "passed", 1.0, claims=(sample.verified("C01"),))
    document = report(here, there, shown)
    told = {each["document"]: each["verdict"] for each in document["claims"]}
    assert told == {"a.md": "not-run", "b.md": "verified"}


def test_document_without_a_frame_is_reported() -> None:
    """A step is enough to be in the report."""
    document = report(step())
    assert document["environment"] == {DOCUMENT: {}}
    assert document["claims"] == []


def test_erratum_that_two_steps_found_counts_once() -> None:
    """The article is wrong there once, whoever saw it; the last proof is told."""
    [first, *_] = sample.errata()
    again = replace(first, proof="seen again")
    document = report(step("1", 1, errata=(first,)), step("2", 2, errata=(again,)))
    assert [each["proof"] for each in document["errata"]] == ["seen again"]


def test_footprint_remains_unless_it_was_removed() -> None:
    """By kind and name: another kind of the same name does not count, a second adding does."""
    venv, setting = Trace("file", "venv"), Trace("setting", "venv", "global")
    document = report(
        step("1", 1, footprint=Footprint(added=(venv, setting))),
        step("2", 2, footprint=Footprint(removed=(venv,))),
        step("3", 3),
    )
    assert [each["step"] for each in document["footprint"]["steps"]] == ["1", "2"]
    [left] = document["footprint"]["remaining"]
    assert left == {"document": DOCUMENT, "kind": "setting", "name": "venv", "detail": "global"}


def test_mutation_is_told_only_when_it_ran() -> None:
    """Without mutants nothing survived and nothing is claimed."""
    told = PASSED["mutation"]
    assert (told["ran"], told["mutants"], told["survived"]) == (False, 0, [])


def test_mutation_scores_claims_by_all_their_mutants() -> None:
    """A claim is noticed when each change of it was."""
    told = FAILED["mutation"]
    assert told["ran"]
    assert (told["mutants"], told["noticed"]) == (3, 2)
    assert (told["claims"], told["claims_noticed"], told["claims_unaltered"]) == (14, 1, 12)
    assert [each["after"] for each in told["survived"]] == ["    comands:"]


def test_network_is_summed_and_external_is_zero_behind_the_gateway() -> None:
    """Each host with how often; nothing of a program can have left."""
    told = PASSED["network"]
    assert told["connections"] == {sample.HOST: 13, sample.API_HOST: 27}
    assert told["refused"] == {"telemetry.example": 7}
    assert told["fetched"] == {"200": 2}
    assert told["external"] == 0


def test_network_is_not_watched_with_plain_addresses() -> None:
    """What nobody watched is not called zero."""
    document = assemble(sample.own_article(), sample.RUN)
    assert document["network"]["external"] is None


def test_usage_and_cost_are_sums() -> None:
    """Steps and checks are counted apart; the estimate is for both."""
    check = CheckFinding(DOCUMENT, "check", "", "passed", 1.0, usage=Usage(4_000, 10**9, 0, 3))
    document = report(step(usage=Usage(6_000, 0, 10**9, 2)), step("2", 2), check)
    usage = document["usage"]
    assert (usage["requests"], usage["checks"]["requests"]) == (6_000, 4_000)
    assert (usage["resources"], usage["checks"]["resources"]) == (2, 3)
    assert usage["cost"]["requests_usd"] == 0.05
    assert usage["cost"]["storage_usd"] == 0.1
    assert usage["cost"]["usd"] == pytest.approx(0.15)
    assert usage["cost"]["source"]
    assert usage["cost"]["date"]
