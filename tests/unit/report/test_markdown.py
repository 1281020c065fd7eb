import pytest

from pytest_codeartifact.report import assemble, github, markdown
from tests.unit.report import sample

FAILED = assemble(sample.failing_run(), sample.FAILED_RUN)
PASSED = assemble(sample.passing_run(), sample.RUN)


def test_claims_are_one_table() -> None:
    """Each claim is one row of five cells; groups stand between them with what became of them."""
    text = markdown.render(FAILED)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert "| C01 | create-domain prints name and state | 18 | transcript | ✓ verified |" in rows
    assert "|  | **domain and repository** |  |  | 3 of 3 verified |" in rows
    assert sum(line.startswith("| id |") for line in rows) == 1
    named = [each["id"] for each in FAILED["claims"]]
    assert [line.split(" | ")[0][2:] for line in rows if line.startswith("| C")] == [*named, "C23"]


def test_verdicts_are_words_and_symbols() -> None:
    """A citation does not look like a tick, nor a failure like anything good."""
    text = markdown.render(FAILED)
    assert "| prose | ❝ cited |" in text
    assert "✗ emulator-gap" in text
    assert "○ not-run" in text


@pytest.mark.parametrize("section", ["Failures", "Sentences without a claim", "Would it be"])
def test_empty_sections_vanish(section: str) -> None:
    """A good run has no heading for what did not happen."""
    assert f"## {section}" in markdown.render(FAILED)
    assert f"## {section}" not in markdown.render(PASSED)


def test_markup_in_texts_is_escaped() -> None:
    """What a claim says cannot end its cell or become markup."""
    document = assemble(sample.passing_run(), sample.RUN)
    document["claims"][0]["says"] = "a|b <img> `c`\n*d* my_name"
    row = "| C01 | a\\|b \\<img\\> \\`c\\` \\*d\\* my_name | 18 |"
    assert row in markdown.render(document)


def test_fence_is_longer_than_those_in_the_text() -> None:
    """A failure that shows a fence does not end the block it is shown in."""
    document = assemble(sample.failing_run(), sample.FAILED_RUN)
    document["failures"][0]["text"] = "```console\n$ x\n```"
    assert "````text\n```console\n$ x\n```\n````" in markdown.render(document)


def test_step_summary_is_the_report() -> None:
    """GitHub shows the same text."""
    assert github.step_summary(FAILED) == markdown.render(FAILED)


def test_step_summary_is_cut_where_github_would_refuse_it() -> None:
    """A summary of more than 1 MiB is cut between sections, and says so."""
    document = assemble(sample.failing_run(), sample.FAILED_RUN)
    document["errata"][0]["proof"] = "é" * 600_000
    text = github.step_summary(document)
    assert len(text.encode()) < 1_000_000
    assert text.endswith("The rest is in report.md.\n")
    assert "## Claims" in text


def test_annotations_stand_beside_lines() -> None:
    """Failures are errors, what is wrong a warning, what is left out a notice."""
    found = list(github.annotations(FAILED))
    assert [line.split(" ")[0] for line in found] == ["::error"] * 6 + [
        *("::warning", "::notice", "::notice")
    ]
    title = f"file={sample.DOCUMENT},line=140,title=article-wrong%3A 09-install (C17)::"
    assert found[0].startswith(f"::error {title}the package's own source")
    assert found[6].startswith("::warning file=article.md,line=18,title=Erratum E1::")


def test_annotations_are_escaped() -> None:
    """Each is one line, and neither a property nor the text ends before its end."""
    document = assemble(sample.failing_run(), sample.FAILED_RUN)
    document["failures"][0] |= {"file": "a,b:c.md", "text": "100 %\r\n::error::x", "reason": ""}
    [line, *_] = github.annotations(document)
    assert line.startswith("::error file=a%2Cb%3Ac.md,line=140,")
    assert line.endswith("::100 %25%0D%0A::error::x")


def test_good_run_has_no_errors() -> None:
    """Errata alone do not make an error."""
    assert not [each for each in github.annotations(PASSED) if each.startswith("::error")]
