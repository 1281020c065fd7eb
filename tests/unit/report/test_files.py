import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_codeartifact.findings import JSON, CommandRun, StepFinding
from pytest_codeartifact.redaction import MASK, TOKEN_MARK
from pytest_codeartifact.report import ReportError, assemble, github, write
from tests.unit.report import sample

# A token as the emulator makes them, and what a program that cuts lines may leave of one.
TOKEN = f"eyJ2ZXIiOjEsImlzdSI6MTc2NDMyMDQwMCwi{TOKEN_MARK}.part-two.part_three.x.y"
MIDDLE = f"cut off{TOKEN_MARK}abc"


def leaking(text: str) -> list[JSON]:
    """Findings of a step that printed `text`, and failed with it."""
    command = CommandRun(1, f"echo {text}", 1, text, text, 0.1, expected=(text,))
    step = StepFinding(
        document=sample.DOCUMENT,
        id="leak",
        line=1,
        title=text,
        outcome="failed",
        seconds=1.0,
        commands=(command,),
        reason=text,
        failure=text,
        errata=(replace(sample.errata()[0], shows=text, really=text, proof=text),),
    )
    frame = sample.frame(environment={text: text})
    return [*sample.told(frame, step)]


def test_files_are_written_and_named(tmp_path: Path) -> None:
    """All four files are there, the JSON reads back as it was."""
    document = assemble(sample.failing_run(), sample.FAILED_RUN)
    written = write(document, tmp_path / "new" / "folder")
    names = ["report.json", "report.html", "report.md", "errata.patch"]
    assert [path.name for path in written] == names
    assert json.loads(written[0].read_text(encoding="utf-8")) == document


def test_patch_of_an_earlier_run_does_not_stay(tmp_path: Path) -> None:
    """Without edits there is no patch, not even an old one."""
    write(assemble(sample.failing_run(), sample.FAILED_RUN), tmp_path)
    written = write(assemble(sample.own_article(), sample.RUN), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in written}
    assert not (tmp_path / "errata.patch").exists()


def test_token_is_masked_wherever_it_was(tmp_path: Path) -> None:
    """A planted token gets into no file, and its place is seen."""
    written = write(assemble(leaking(TOKEN), sample.FAILED_RUN), tmp_path)
    texts = [path.read_text(encoding="utf-8") for path in written]
    assert not [text for text in texts if TOKEN_MARK in text or "part-two" in text]
    assert all(MASK in text for text in texts[:3])


def test_part_of_a_token_is_refused_and_nothing_written(tmp_path: Path) -> None:
    """What masking does not know by its beginning is found by its mark."""
    document = assemble(leaking(MIDDLE), sample.FAILED_RUN)
    with pytest.raises(ReportError, match="a token would be in the report") as caught:
        write(document, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert TOKEN_MARK not in str(caught.value)


def test_token_in_a_patch_is_refused(tmp_path: Path) -> None:
    """Documents that were altered after they were assembled are looked at once more."""
    document = assemble(sample.failing_run(), sample.FAILED_RUN)
    document["errata"][0]["edits"][0]["inserted"] = [TOKEN]
    with pytest.raises(ReportError):
        write(document, tmp_path / "out")


@pytest.mark.parametrize(
    "show", [github.step_summary, lambda document: list(github.annotations(document))]
)
def test_token_does_not_get_to_github(show: Callable[[JSON], object]) -> None:
    """What GitHub shows is looked at as the files are."""
    with pytest.raises(ReportError):
        show(assemble(leaking(MIDDLE), sample.FAILED_RUN))


def test_bytes_that_are_no_text_can_be_written(tmp_path: Path) -> None:
    """What a program prints need not be Unicode."""
    [path, *_] = write(assemble(leaking("a\udcffb"), sample.FAILED_RUN), tmp_path)
    assert '"a?b"' in path.read_text(encoding="utf-8")
