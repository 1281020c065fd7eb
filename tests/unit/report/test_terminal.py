from dataclasses import replace
from pathlib import Path

import pytest

from pytest_codeartifact.findings import JSON
from pytest_codeartifact.report import assemble
from pytest_codeartifact.report.terminal import summary_lines
from tests.unit.report import sample

FAILED = assemble(sample.failing_run(), sample.FAILED_RUN)
PASSED = assemble(sample.passing_run(), sample.RUN)


def text(document: JSON, width: int = 80) -> str:
    return "\n".join(line for line, _ in summary_lines(document, width, [Path("out/report.html")]))


def test_summary_of_a_good_run() -> None:
    """Every question one has at the end has its line."""
    assert text(PASSED) == (
        "All 12 claims that can be tested hold; 3 errata found.\n"
        "  domain and repository   3 of 3 verified\n"
        "  public packages         2 of 2 verified\n"
        "  token and login         2 of 2 verified\n"
        "  publish and consume     3 of 3 verified\n"
        "  permissions             2 of 3 verified, 1 cited\n"
        "errata      3 errata: E1, E4, E3\n"
        "time        24.3 s; the programs of the steps alone need 7.9 s to start\n"
        "steps       12 requests, 1.6 kB received, 185.2 kB sent, 2 resources\n"
        "checks      28 requests, 1.4 kB received, 6.3 kB sent, 14 resources\n"
        "cost        $0.0002 on AWS: an estimate (AWS Price List, service code\n"
        "            AWSCodeArtifact, US Regions; read from a public copy, 2021-04-01)\n"
        "report      out/report.html"
    )


def test_failures_are_told_with_verdict_place_and_reason() -> None:
    """One sees whose it is without opening anything."""
    told = " ".join(text(FAILED).split())
    assert f"article-wrong: {sample.DOCUMENT}:140: step 09-install (C17)" in told
    assert "emulator-gap: article.md:101: check condition-is-right (C22)" in told
    assert "a key is not known here" in told


def test_survivors_are_told() -> None:
    """The score of the mutants comes with those that lived."""
    told = " ".join(text(FAILED).split())
    assert "mutation 1 of 14 claims would be noticed if false; 12 could not be altered" in told
    assert "C23 is not: buildspec, line 3: 'commands:' became 'comands:'" in told


@pytest.mark.parametrize("width", [40, 80, 132])
@pytest.mark.parametrize("document", [FAILED, PASSED], ids=["failed", "passed"])
def test_lines_fit_the_terminal(document: JSON, width: int) -> None:
    """Only a word that is longer than the terminal makes a longer line."""
    for line, _ in summary_lines(document, width):
        assert len(line) <= width or len(line.split()) == 1 or width == 40


def test_lines_have_no_colour_of_their_own() -> None:
    """Markup is for pytest to apply: NO_COLOR is its business."""
    assert "\x1b" not in text(FAILED) + text(PASSED)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(FAILED, id="claims failed"),
        pytest.param(
            assemble(sample.passing_run(), replace(sample.RUN, exit_code=1)), id="pytest failed"
        ),
        pytest.param(assemble([*sample.told(sample.frame())], sample.RUN), id="nothing was run"),
    ],
)
def test_bad_run_is_nowhere_green(document: JSON) -> None:
    """A green line beside a failure would be read alone."""
    markups = [markup for _, markup in summary_lines(document, 80)]
    assert not any(markup.get("green") for markup in markups)
    assert markups[0].get("red") or markups[0].get("yellow")


def test_what_is_only_cited_is_not_green() -> None:
    """A group is green when each claim of it is verified."""
    markups = {line.split("  ")[1]: markup for line, markup in summary_lines(PASSED, 80)[1:6]}
    assert markups["domain and repository"] == {"green": True}
    assert markups["permissions"] == {}


def test_run_that_failed_elsewhere_says_so() -> None:
    """The article may be well while the run is not."""
    document = assemble(sample.passing_run(), replace(sample.RUN, exit_code=2))
    assert text(document).startswith("The run failed outside of the articles (exit code 2).")


def test_several_documents_are_named() -> None:
    """Groups of two documents stand under their names."""
    findings = [
        *sample.passing_run(),
        *sample.told(sample.frame("other.md", unclaimed=())),
    ]
    told = text(assemble(findings, sample.RUN))
    assert f"\n{sample.DOCUMENT}\n  domain" in told
    assert "\nother.md\n  domain" in told
