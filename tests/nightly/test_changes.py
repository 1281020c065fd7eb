"""What changed, and whose it is: AWS's by the record's date, or the emulator's."""

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from pytest_codeartifact.parity import table
from pytest_codeartifact.targets.control import Control
from pytest_codeartifact.targets.emulator import EmulatorTarget
from pytest_codeartifact.targets.leases import Access
from tests.support.gating import Gate
from tests.support.stand_in import StandIn

MakeGate = Callable[..., Gate]
QUICK = ["-m", "parity", "-k", "domain-made-twice or domain-missing or page-media-types"]
CHANGES = [
    ("conflict-status", "domain-made-twice", "409", "400"),
    ("message", "domain-missing", "Domain not found", "No such domain"),
    ("page-header", "page-media-types", "application/vnd.pypi.simple.v1+json", "text/plain"),
]


@pytest.fixture
def recorded(make_gate: MakeGate) -> Gate:
    """A gate that has written its records a hundred days ago."""
    gate = make_gate()
    code, output = gate.run(*QUICK, "--codeartifact-parity=records")
    assert code == 0, output
    for path in (gate.folder / "records").iterdir():
        record = json.loads(path.read_text(encoding="utf-8"))
        record["date"] = "2026-08-20"
        path.write_text(json.dumps(record), encoding="utf-8")
    return gate


def records_of(gate: Gate) -> dict[str, Any]:
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in (gate.folder / "records").iterdir()
    }


def test_records_are_dated_and_hold_nothing_that_is_secret(make_gate: MakeGate) -> None:
    """A run on an account writes what clients saw, with stable placeholders."""
    gate = make_gate()
    code, output = gate.run(*QUICK, "--codeartifact-parity=records")
    assert code == 0, output
    assert "no record yet in" in output
    written = records_of(gate)
    assert {"domain-made-twice", "page-media-types"} <= set(written)
    for record in written.values():
        assert record["evidence"] == "observed"
        text = json.dumps(record)
        assert gate.stand_in.account not in text
        assert "pca-" not in text
    # The same again changes nothing but, some day, the date.
    assert gate.run(*QUICK, "--codeartifact-parity=records")[0] == 0
    assert records_of(gate) == written


@pytest.mark.parametrize(("change", "probe", "before", "after"), CHANGES)
def test_seeded_change_of_aws_is_told_with_the_records_date(
    recorded: Gate, change: str, probe: str, before: str, after: str
) -> None:
    """What AWS answers otherwise than before fails as aws-changed, with both and the date."""
    recorded.stand_in.play("change", name=change)
    code, output = recorded.run(
        *QUICK, "--codeartifact-parity=records", "--codeartifact-report=results"
    )
    assert code == 1, output
    said = " ".join(output.split())
    assert probe in said
    assert "aws-changed" in said
    assert "2026-08-20" in said
    assert before in said
    assert after in said
    report = json.loads((recorded.folder / "results" / "report.json").read_text())
    assert {each["verdict"] for each in report["failures"]} == {"aws-changed"}
    # The new answer is in the records, for whoever reviews them.
    assert records_of(recorded)[probe]["date"] != "2026-08-20"


def test_seeded_change_of_the_emulator_is_told_as_its_gap(recorded: Gate) -> None:
    """An emulator that answers otherwise than AWS did is the one that is wrong."""
    stand_in = recorded.stand_in
    for change, *_ in CHANGES:
        stand_in.play("change", name=change)
    with closing(emulator_of(stand_in)) as target:
        found = table.findings(target, recorded.folder / "records")
    differing = {each.id: each for each in found if each.verdict is not None}
    for _, probe, before, after in CHANGES:
        finding = differing[probe]
        assert finding.verdict == "emulator-gap"
        assert "2026-08-20" in finding.failure
        assert before in finding.failure
        assert after in finding.failure
    assert table.exit_code(found) == 1


def emulator_of(stand_in: StandIn) -> EmulatorTarget:
    """What plays AWS, as the emulator that it is."""
    access = Access(
        endpoint_url=stand_in.url,
        account=stand_in.account,
        region=stand_in.region,
        access_key_id=stand_in.key["aws_access_key_id"],
        secret_access_key=stand_in.key["aws_secret_access_key"],
    )
    control = Control(access)
    return EmulatorTarget(access, control, control.close)


def test_records_that_are_too_old_fail_when_asked(
    recorded: Gate, pytester: pytest.Pytester
) -> None:
    """A run on the emulator fails by the age of the records, and its header shows the oldest."""
    folder = recorded.folder / "records"
    arguments = [
        "--codeartifact",
        "-m",
        "parity",
        "-k",
        "records",
        f"--codeartifact-parity={folder}",
    ]
    result = pytester.runpytest_inprocess(*arguments, "--codeartifact-parity-max-age=30d")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["codeartifact parity: oldest record 2026-08-20 in *", "*records are older than 30 days*"]
    )
    young = pytester.runpytest_inprocess(*arguments, "--codeartifact-parity-max-age=3000d")
    assert young.ret == pytest.ExitCode.OK


def test_without_records_of_a_run_no_age_is_young_enough(pytester: pytest.Pytester) -> None:
    """Records that come with the plugin are documentation, and the demand is for an account's."""
    result = pytester.runpytest_inprocess(
        "--codeartifact", "-m", "parity", "-k", "records", "--codeartifact-parity-max-age=30d"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*no record that a run on a real account wrote*"])
