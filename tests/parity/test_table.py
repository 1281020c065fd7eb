"""The table of agreement, as lines for a terminal and as JSON."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact.cli import main
from pytest_codeartifact.findings import ParityDifference, ParityFinding, Verdict
from pytest_codeartifact.parity import table
from pytest_codeartifact.parity.judging import Outcome
from pytest_codeartifact.parity.probe import Probe, discover

LONG = " ".join(["word"] * 200)
AGREES = ParityFinding("domain-missing", "agrees", 0.1, "observed", "2022-04-06", "", 4, 1)
WHOLE = ParityFinding("domain-policy", "agrees", 0.1, "observed", "2026-09-01", "", 12, 12)
UNRECORDED = ParityFinding("tags", "unrecorded", 0.1, steps=5)
DIFFERS = ParityFinding(
    "repository-missing",
    "differs",
    0.1,
    "observed",
    "2026-09-01",
    "2026-09-01",
    6,
    6,
    differences=(ParityDifference("delete it", "status", "404", "200", "2026-09-01"),),
    verdict=Verdict.EMULATOR_GAP,
    reason="a reason",
    failure=f"emulator-gap: delete it: status\n    the emulator now: {LONG}\n    recorded: 404",
)
ACCEPTED = ParityFinding(
    "paths",
    "agrees",
    0.1,
    "documented",
    "2026-09-01",
    "2026-09-01",
    12,
    2,
    differences=(ParityDifference("a page", "status", "404", "200", "2026-09-01", "known"),),
)
FAILED = ParityFinding("statuses", "failed", 0.0, verdict=Verdict.ENVIRONMENT, failure="HTTP 429")
SKIPPED = ParityFinding("token-expired", "skipped", 0.0, reason="this needs a clock")
ALL = [AGREES, WHOLE, UNRECORDED, DIFFERS, ACCEPTED, FAILED, SKIPPED]


def lines(*found: ParityFinding, width: int = 80) -> list[str]:
    screen = io.StringIO()
    table.write_lines(found or ALL, screen, width)
    return screen.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_table_fits_the_terminal(width: int) -> None:
    """Nothing is wider, and a long answer does not fill the screen."""
    told = lines(width=width)
    assert max(map(len, told)) <= width
    assert len(told) < 30


def test_row_says_evidence_date_and_agreement() -> None:
    """And of how many steps anything is known."""
    rows = {line.split("  ")[0]: line.split() for line in lines()}
    assert rows["domain-missing"][1:] == ["observed", "2022-04-06", "agrees", "in", "1", "of", "4"]
    assert rows["domain-policy"][3:] == ["agrees"]
    assert rows["tags"][1:] == ["-", "-", "not", "recorded", "yet"]
    assert rows["repository-missing"][3:] == ["differs"]


def test_difference_stands_below_its_row() -> None:
    """With verdict and values."""
    told = lines(DIFFERS)
    assert told[2].strip() == "emulator-gap: delete it: status"
    assert any(line.strip().startswith("the emulator now: word") for line in told)
    assert any(line.strip() == "recorded: 404" for line in told)


def test_accepted_gap_stands_below_its_row() -> None:
    """With the reason, so that it can be doubted."""
    told = lines(ACCEPTED)
    assert told[1].endswith("agrees in 2 of 12")
    assert told[2].strip() == "known gap: a page: status: known"


def test_last_line_counts() -> None:
    """Every probe once."""
    assert " ".join(lines()[-2:]).strip() == (
        "7 probes: 3 agree, 1 differ, 1 not recorded yet, 1 skipped, 1 failed; "
        "what is not recorded yet, only AWS can tell."
    )
    assert lines(WHOLE)[-1] == "1 probes: 1 agree, 0 differ, 0 not recorded yet."


@pytest.mark.parametrize(
    ("found", "code"),
    [([AGREES, WHOLE, UNRECORDED, ACCEPTED, SKIPPED], 0), ([DIFFERS], 1), ([FAILED], 1)],
)
def test_exit_code_is_one_when_something_differs_or_failed(
    found: list[ParityFinding], code: int
) -> None:
    """What is not recorded yet, or accepted, does not count."""
    assert table.exit_code(found) == code


def test_json_says_the_same() -> None:
    """For programs: each probe with its differences, and the counts."""
    screen = io.StringIO()
    table.write_json(ALL, screen)
    told = json.loads(screen.getvalue())
    assert [each["probe"] for each in told["probes"]] == [each.id for each in ALL]
    assert sum(told["counts"][each] for each in Outcome) == told["counts"]["probes"] == 7
    differing = told["probes"][3]
    assert (differing["verdict"], differing["date"]) == ("emulator-gap", "2026-09-01")
    assert differing["differences"][0]["accepted"] is None
    assert told["probes"][2]["evidence"] is None


def only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let there be no other probes: this is about the command."""
    chosen: dict[str, Probe] = {name: discover()[name] for name in names}
    monkeypatch.setattr(table, "discover", lambda: chosen)


def test_command_compares_an_emulator_of_its_own_with_what_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 0 and the table is printed."""
    only(monkeypatch, "domain-missing", "tags")
    assert main(["parity"]) == 0
    told = capsys.readouterr().out
    assert "2 probes: 1 agree, 0 differ, 1 not recorded yet" in " ".join(told.split())


def test_command_reads_records_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A difference from them is told as a gap of the emulator, and the exit code is 1."""
    only(monkeypatch, "domain-missing")
    record: dict[str, Any] = {
        "schema": 1,
        "probe": "domain-missing",
        "date": "2026-09-01",
        "evidence": "observed",
        "region": "eu-west-1",
        "version": "0.4.0",
        "saw": [{"step": "delete a missing domain", "kind": "api", "status": 404}],
    }
    (tmp_path / "domain-missing.json").write_text(json.dumps(record))
    assert main(["parity", "--records", str(tmp_path), "--json"]) == 1
    [told] = json.loads(capsys.readouterr().out)["probes"]
    assert (told["outcome"], told["verdict"]) == ("differs", "emulator-gap")
    assert {each["path"] for each in told["differences"]} >= {"status", "outcome"}


def test_command_refuses_what_is_no_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line that names the file, before anything is started."""
    (tmp_path / "domain-missing.json").write_text("{}")
    assert main(["parity", "--records", str(tmp_path)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "domain-missing.json is no record" in line


def test_command_refuses_what_is_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is wrong usage."""
    with pytest.raises(SystemExit) as ended:
        main(["parity", "--records", str(tmp_path / "absent")])
    assert ended.value.code == 2
    assert "absent is no folder" in capsys.readouterr().err
