import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.parity import records
from pytest_codeartifact.parity.comparing import Difference
from pytest_codeartifact.parity.records import GAPS_NAME, Gap, Record, Records, load, read, write

STEPS: Mapping[str, Mapping[str, Any]] = {
    "describe": {"kind": "api", "status": 404, "message": "Domain '<domain:1>' « none"},
    "page": {"kind": "http", "status": 200, "headers": {"content-type": "text/html"}},
}
SOURCED: dict[str, Any] = {
    "schema": 1,
    "probe": "domain-missing",
    "date": "2022-04-06",
    "evidence": "observed",
    "source": "an issue",
    "saw": [{"step": "describe", "message": "gone"}],
}


def of_run(probe: str = "domain-missing") -> Record:
    return Record.of_run(probe, STEPS, "eu-west-1", "0.4.0")


def aged(days: int, probe: str = "domain-missing") -> Record:
    return Record(probe, records.today() - timedelta(days), "observed", [{"step": "a", "x": 1}])


def put(folder: Path, **changes: object) -> Path:
    """A file with the members of a record, some of them changed; None takes one away."""
    told = {key: value for key, value in {**SOURCED, **changes}.items() if value is not None}
    path = folder / "domain-missing.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def test_record_that_was_written_is_read_again(tmp_path: Path) -> None:
    """Nothing is lost on the way, the order of the steps included."""
    record = of_run()
    assert read(write(record, tmp_path / "new")) == record
    assert record.date == records.today()
    assert record.is_of_run


def test_record_reads_well_in_a_diff(tmp_path: Path) -> None:
    """A member a line, in a fixed order, with the letters that were seen."""
    path = write(of_run(), tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[1:3] == ['  "schema": 1,', '  "probe": "domain-missing",']
    assert "« none" in text
    assert text == write(of_run(), tmp_path).read_text(encoding="utf-8")
    assert [each.name for each in tmp_path.iterdir()] == ["domain-missing.json"]


@pytest.mark.parametrize(
    "secret", ["111122223333", "x1234567890123y", "eyJ2ZXIiOjEsImlzdSI6MTYw.a.b.c.d"]
)
def test_record_with_a_secret_is_not_written(tmp_path: Path, secret: str) -> None:
    """A probe that hides too little fails; its record never reaches a file."""
    record = Record.of_run("domain-missing", {"a": {"value": f"of {secret}."}}, "eu-west-1", "0.4")
    with pytest.raises(CodeArtifactError, match="would hold an account id or a token") as refused:
        write(record, tmp_path)
    assert secret not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"schema": 2}, id="another schema"),
        pytest.param({"probe": "another"}, id="of another probe"),
        pytest.param({"evidence": "assumed"}, id="unknown evidence"),
        pytest.param({"source": None}, id="neither source nor run"),
        pytest.param({"source": None, "region": "r", "version": "1", "evidence": "documented"}),
        pytest.param({"date": "yesterday"}, id="no date"),
        pytest.param({"date": None}, id="without a date"),
        pytest.param({"saw": []}, id="no step"),
        pytest.param({"saw": None}, id="without steps"),
        pytest.param({"saw": [{"message": "x"}]}, id="a step without a name"),
        pytest.param({"saw": [{"step": "a", "x": 1}, {"step": "a", "x": 1}]}, id="a step twice"),
        pytest.param({"saw": [{"step": "a"}]}, id="a step that says nothing"),
        pytest.param({"saw": [{"step": "a", "x": 1, "date": "soon"}]}, id="a step's bad date"),
        pytest.param({"saw": [{"step": "a", "x": 1, "evidence": "heard"}]}, id="a step's evidence"),
        pytest.param({"note": "x"}, id="an unknown key"),
    ],
)
def test_file_that_is_no_record_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    """With its name, what is wrong with it, and what to do."""
    path = put(tmp_path, **changes)
    with pytest.raises(CodeArtifactError, match=r"domain-missing\.json is no record: .+; remove"):
        load(tmp_path)
    with pytest.raises(CodeArtifactError):
        read(path)


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", "7", '"text"', "\x00"])
def test_anything_else_is_no_record_either(tmp_path: Path, text: str) -> None:
    """Broken files are told, and raise nothing else."""
    (tmp_path / "domain-missing.json").write_text(text)
    with pytest.raises(CodeArtifactError, match="is no record"):
        load(tmp_path)


def test_step_may_have_a_source_of_its_own(tmp_path: Path) -> None:
    """Then the difference is told with its day."""
    own = {"step": "b", "date": "2026-01-02", "source": "elsewhere", "status": 404}
    record = read(put(tmp_path, saw=[{"step": "a", "status": 401}, own]))
    assert [(each.step, each.date, each.seen) for each in record.expected()] == [
        ("a", date(2022, 4, 6), {"status": 401}),
        ("b", date(2026, 1, 2), {"status": 404}),
    ]
    assert not any(each.is_whole for each in record.expected())


def test_own_records_take_the_place_of_shipped_ones(tmp_path: Path) -> None:
    """Those of other probes stay."""
    write(of_run(), tmp_path)
    found = load(tmp_path)
    assert found.by_probe["domain-missing"].is_of_run
    assert len(found.by_probe) == len(load().by_probe)
    assert load(tmp_path / "absent").by_probe == load().by_probe


def test_age_is_that_of_what_runs_have_written() -> None:
    """What is publicly known does not grow old by itself: no run can write it anew."""
    shipped = load()
    assert records.oldest(shipped) is None
    assert records.too_old(shipped, 1) == []
    found = Records({"a": aged(10, "a"), "b": aged(30, "b"), "c": aged(31, "c")})
    assert records.oldest(found) == aged(31).date
    assert records.too_old(found, 30) == ["c"]
    assert records.too_old(found, 31) == []


def test_gaps_are_read_from_beside_the_records(tmp_path: Path) -> None:
    """A gap covers exactly one difference of one probe."""
    write(of_run(), tmp_path)
    (tmp_path / GAPS_NAME).write_text(
        "[[gap]]\nprobe = 'domain-missing'\nstep = 'describe'\npath = 'message'\nreason = 'why'\n"
    )
    [gap] = load(tmp_path).gaps_of("domain-missing")
    assert gap == Gap("domain-missing", "describe", "message", "why")
    told = Difference("domain-missing", "describe", "message", "a", "b", records.today())
    assert gap.covers(told)
    assert not gap.covers(Difference("domain-missing", "describe", "status", 1, 2, told.date))
    assert not gap.covers(Difference("another", "describe", "message", "a", "b", told.date))


@pytest.mark.parametrize(
    "text",
    [
        "[[gap]]\nprobe = 'domain-missing'\n",
        "[[gap]]\nprobe = 'nobody'\nstep = 'a'\npath = 'b'\nreason = 'c'\n",
        "other = 1\n",
        "[[gap",
    ],
)
def test_bad_gaps_are_refused(tmp_path: Path, text: str) -> None:
    """A gap that cannot be one is not ignored."""
    write(of_run(), tmp_path)
    (tmp_path / GAPS_NAME).write_text(text)
    with pytest.raises(CodeArtifactError, match=r"known_gaps\.toml"):
        load(tmp_path)
