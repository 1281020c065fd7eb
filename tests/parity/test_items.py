"""Probes as items of a run: what passes, what fails, and what is written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact.parity import items, records
from pytest_codeartifact.parity.probe import Probe, discover
from pytest_codeartifact.parity.recording import Bounded, Disturbed
from pytest_codeartifact.parity.records import GAPS_NAME, Record
from pytest_codeartifact.parity.scene import Stage
from pytest_codeartifact.targets.emulator import EmulatorTarget

PROBES_PATH = Path(items.__file__).parent / "all.probes"
PROBE = "domain-missing"
STEP = "describe a missing domain"
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run one probe, or those of an expression, on the emulator with a folder of records."""

    def run(*options: str, selected: str = PROBE) -> pytest.RunResult:
        return pytester.runpytest(
            *("-p", "no:randomly", "--codeartifact", "--codeartifact-report=out"),
            *("--codeartifact-parity=records", "-k", selected, *options, str(PROBES_PATH)),
        )

    return run


@pytest.fixture
def on_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the emulator's answers be worth recording, as those of AWS are."""
    monkeypatch.setattr(EmulatorTarget, "records", True)


@pytest.fixture
def recorded(pytester: pytest.Pytester, stage: Stage) -> Path:
    """A record of what the emulator answers, as if AWS had."""
    steps = discover()[PROBE].run(stage)
    record = Record.of_run(PROBE, steps, stage.target.region, "0.4.0")
    return records.write(record, pytester.path / "records")


def change(path: Path, **members: object) -> None:
    """Let the record say something else of one step, and be of another day."""
    told = json.loads(path.read_text(encoding="utf-8"))
    [step] = [each for each in told["saw"] if each["step"] == STEP]
    step.update(members)
    told["date"] = "2026-09-01"
    path.write_text(json.dumps(told), encoding="utf-8")


def report(pytester: pytest.Pytester) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((pytester.path / "out" / "report.json").read_text())
    return told


@pytest.mark.usefixtures("on_account")
def test_run_on_an_account_writes_records_that_agree(run: Run, pytester: pytest.Pytester) -> None:
    """A second run finds the same, and the report says so."""
    run().assert_outcomes(passed=1)
    record = records.read(pytester.path / "records" / f"{PROBE}.json")
    assert record.is_of_run
    assert record.date == records.today()
    run().assert_outcomes(passed=1)
    told = report(pytester)["parity"]
    assert told == {
        "oldest": records.today().isoformat(),
        "probes": 1,
        "agree": 1,
        "differ": 0,
        "unrecorded": 0,
        "skipped": 0,
        "failed": 0,
        "differences": [],
    }


def test_run_on_the_emulator_writes_nothing(run: Run, pytester: pytest.Pytester) -> None:
    """What it answers is no evidence."""
    run(selected="tags").assert_outcomes(passed=1)
    assert not (pytester.path / "records").exists()
    assert report(pytester)["parity"]["unrecorded"] == 1


def test_change_of_the_emulator_is_a_gap(
    recorded: Path, run: Run, pytester: pytest.Pytester
) -> None:
    """The item fails with verdict, date, path and both values, and without a traceback."""
    change(recorded, status=410)
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            f"emulator-gap: {STEP}: status",
            "*the emulator now: 404",
            "*the record of 2026-09-01: 410",
            "Trust the record; *",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "items.py" not in result.stdout.str()
    told = report(pytester)
    [failure] = told["failures"]
    assert (failure["kind"], failure["step"]) == ("probe", PROBE)
    assert failure["verdict"] == "emulator-gap"
    [difference] = told["parity"]["differences"]
    assert difference["date"] == told["parity"]["oldest"] == "2026-09-01"


@pytest.mark.usefixtures("on_account")
def test_change_of_aws_is_told_once_and_recorded(recorded: Path, run: Run) -> None:
    """The new record takes the place of the old one; whoever looks at its diff decides."""
    change(recorded, message="gone")
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [f"aws-changed: {STEP}: message", "*AWS now: Domain not found.*", "*of 2026-09-01: gone"]
    )
    assert records.read(recorded).date == records.today()
    run().assert_outcomes(passed=1)


def test_accepted_gap_passes_and_is_told(recorded: Path, run: Run) -> None:
    """Declared beside the record, with a reason."""
    change(recorded, status=410)
    gap = f"[[gap]]\nprobe='{PROBE}'\nstep='{STEP}'\npath='status'\nreason='a known reason'\n"
    (recorded.parent / GAPS_NAME).write_text(gap)
    result = run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*known gap: domain-missing*a known reason*"])


def test_gap_that_is_none_fails_the_run(recorded: Path, run: Run) -> None:
    """An unused entry has to go."""
    gap = f"[[gap]]\nprobe='{PROBE}'\nstep='{STEP}'\npath='status'\nreason='no reason'\n"
    (recorded.parent / GAPS_NAME).write_text(gap)
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*status: a gap is declared here, and there is none*"])


def test_probe_without_its_capability_is_skipped_with_the_reason(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real account cannot travel in time."""
    monkeypatch.setattr(EmulatorTarget, "capabilities", frozenset())
    result = run("-rs", selected="token-expired")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*this needs a clock that can be moved*"])
    assert report(pytester)["parity"]["skipped"] == 1


def test_disturbed_probe_blames_the_environment(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A throttled call says nothing of the service, and no record is written."""

    def throttled(*_: object) -> None:
        raise Disturbed("describe: HTTP 429, ThrottlingException", hint="try again later")

    monkeypatch.setattr(Probe, "run", throttled)
    monkeypatch.setattr(EmulatorTarget, "records", True)
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["environment: domain-missing was disturbed: *429*try again later"])
    assert "Traceback" not in result.stdout.str()
    assert not (pytester.path / "records").exists()
    assert report(pytester)["failures"][0]["verdict"] == "environment"


def test_probe_beyond_the_boundary_is_skipped_with_the_reason(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The roles of a run may be bounded; that is no fault of the service."""

    def bounded(*_: object) -> None:
        raise Bounded("list: the boundary of this run's roles does not allow ListDomains")

    monkeypatch.setattr(Probe, "run", bounded)
    result = run("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*does not allow ListDomains*"])
    assert report(pytester)["parity"]["skipped"] == 1


def test_file_that_is_no_record_ends_the_collection(pytester: pytest.Pytester, run: Run) -> None:
    """One sentence names it."""
    folder = pytester.mkdir("records")
    (folder / f"{PROBE}.json").write_text("{}")
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{PROBE}.json is no record*"])


def test_record_of_no_probe_ends_the_collection(pytester: pytest.Pytester, run: Run) -> None:
    """It would never be compared with anything."""
    record = {"schema": 1, "probe": "nobody", "date": "2026-09-01", "evidence": "observed"}
    record |= {"region": "eu-west-1", "version": "0.4.0"}
    folder = pytester.mkdir("records")
    (folder / "nobody.json").write_text(
        json.dumps({**record, "saw": [{"step": "a", "status": 200}]})
    )
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*there are records of no probe: nobody; *"])


def test_call_that_fails_unexpectedly_is_told_in_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the emulator that is a gap; the probe could not be carried through."""

    def refused(probe: Probe, stage: Any) -> None:  # noqa: ANN401 -- a stage
        del probe
        stage.target.client().describe_domain(domain="no-such-domain")

    monkeypatch.setattr(Probe, "run", refused)
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["emulator-gap: domain-missing could not be carried through: DescribeDomain: *not found*"]
    )
    assert "Traceback" not in result.stdout.str()


def test_every_probe_is_an_item_of_its_own(pytester: pytest.Pytester) -> None:
    """Marked, and under a name that does not depend on where the plugin is installed."""
    result = pytester.runpytest(
        "--codeartifact", "--collect-only", "-q", "-m", "parity", str(PROBES_PATH)
    )
    assert {line for line in result.outlines if "::" in line} == {
        f"{items.NODE_ID}::{name}" for name in discover()
    }
