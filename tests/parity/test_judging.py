"""A seeded change in what is seen is told with its path, its date, and whose it is."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pytest_codeartifact.findings import ParityDifference, Verdict
from pytest_codeartifact.parity import comparing, records
from pytest_codeartifact.parity.judging import Outcome, judge
from pytest_codeartifact.parity.placeholders import Placeholders
from pytest_codeartifact.parity.probe import discover
from pytest_codeartifact.parity.recording import Answer, Bounded, Disturbed, Recorder
from pytest_codeartifact.parity.records import Gap, Record, Records

PROBE = discover()["domain-missing"]
STEPS: dict[str, dict[str, Any]] = {"describe": {"status": 404, "message": "gone: <domain:1>"}}
TODAY = records.today().isoformat()
SOUND = Records({PROBE.id: Record.of_run(PROBE.id, STEPS, "eu-west-1", "0.4.0")})
CHANGED = {"describe": {"status": 403, "message": "gone: <domain:1>"}}
GAP = Gap(PROBE.id, "describe", "status", "nobody minds")


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.AWS_CHANGED, "AWS answered 403"),
        (Verdict.EMULATOR_GAP, "the emulator answered 403"),
    ],
)
def test_seeded_change_is_told_with_path_date_and_verdict(verdict: Verdict, words: str) -> None:
    """The verdict is that of who was asked."""
    judged = judge(PROBE, CHANGED, SOUND, verdict)
    finding = judged.finding(0.1)
    assert judged.outcome == finding.outcome == Outcome.DIFFERS
    assert finding.verdict is verdict
    assert finding.differences == (ParityDifference("describe", "status", "404", "403", TODAY),)
    assert finding.reason == f"describe: status: {words}; the record of {TODAY} has 404"
    told = judged.text()
    assert told.startswith(f"{verdict}: describe: status\n")
    assert f"the record of {TODAY}: 404" in told


@pytest.mark.parametrize("verdict", [Verdict.AWS_CHANGED, Verdict.EMULATOR_GAP])
def test_verdict_is_that_of_who_answers(verdict: Verdict) -> None:
    """Answers that are worth recording are AWS's."""

    class Asked:
        records = verdict is Verdict.AWS_CHANGED

    asked: Any = Asked()
    assert comparing.verdict_on(asked) is verdict


def test_what_agrees_has_no_verdict() -> None:
    """Neither has what is not recorded yet."""
    agreed = judge(PROBE, STEPS, SOUND, Verdict.EMULATOR_GAP).finding(0.1)
    assert (agreed.outcome, agreed.verdict, agreed.failure) == (Outcome.AGREES, None, "")
    assert (agreed.compared, agreed.steps) == (1, 1)
    unknown = judge(PROBE, STEPS, Records(), Verdict.EMULATOR_GAP).finding(0.1)
    assert (unknown.outcome, unknown.verdict, unknown.failure) == (Outcome.UNRECORDED, None, "")


def test_accepted_gap_is_told_and_does_not_fail() -> None:
    """With its reason, so that it can be doubted."""
    known = Records(SOUND.by_probe, [GAP])
    finding = judge(PROBE, CHANGED, known, Verdict.EMULATOR_GAP).finding(0.1)
    assert (finding.outcome, finding.verdict, finding.failure) == (Outcome.AGREES, None, "")
    assert [each.accepted for each in finding.differences] == ["nobody minds"]


def test_accepted_gap_excuses_no_other_difference() -> None:
    """Only the member that it names."""
    known = Records(SOUND.by_probe, [GAP])
    worse = {"describe": {"status": 403, "message": "gone"}}
    judged = judge(PROBE, worse, known, Verdict.EMULATOR_GAP)
    assert [each.path for each in judged.differences] == ["message"]


def test_gap_that_is_none_fails() -> None:
    """Or the list would only ever grow."""
    known = Records(SOUND.by_probe, [GAP])
    finding = judge(PROBE, STEPS, known, Verdict.EMULATOR_GAP).finding(0.1)
    assert finding.outcome == Outcome.DIFFERS
    assert "describe: status: a gap is declared here, and there is none" in finding.failure


def test_gaps_of_the_emulator_excuse_nothing_of_aws() -> None:
    """Nor are they unused there."""
    known = Records(SOUND.by_probe, [GAP])
    assert judge(PROBE, CHANGED, known, Verdict.AWS_CHANGED).outcome is Outcome.DIFFERS
    assert judge(PROBE, STEPS, known, Verdict.AWS_CHANGED).outcome is Outcome.AGREES


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_throttled_answer_is_not_recorded(status: int) -> None:
    """Nothing was learnt of the service."""
    recorder = Recorder(Placeholders())
    with pytest.raises(Disturbed, match=str(status)):
        recorder.http("a page", Answer(status, {}, b""))
    assert recorder.steps == {}


def refusal(code: str, status: int, message: str) -> Callable[..., Any]:
    """A call that is refused so."""

    def call() -> None:
        response: Any = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
            "message": message,
            "resourceType": "domain",
        }
        raise ClientError(response, "DescribeDomain")

    return call


@pytest.mark.parametrize(
    ("code", "status"),
    [("ThrottlingException", 429), ("InternalServerException", 500), ("500", 500), ("x", 503)],
)
def test_failing_api_is_not_recorded(code: str, status: int) -> None:
    """That the service could not answer is not how it answers."""
    recorder = Recorder(Placeholders())
    with pytest.raises(Disturbed, match=str(status)):
        recorder.api("describe", refusal(code, status, "no"))
    assert recorder.steps == {}


def test_refusal_is_recorded_with_all_its_members() -> None:
    """The message once, and what comes besides it."""
    recorder = Recorder(Placeholders())
    assert recorder.api("describe", refusal("ResourceNotFoundException", 404, "gone")) == {}
    assert recorder.steps == {
        "describe": {
            "kind": "api",
            "operation": "DescribeDomain",
            "outcome": "ResourceNotFoundException",
            "status": 404,
            "message": "gone",
            "answer": {"resourceType": "domain"},
        }
    }


def test_what_the_boundary_forbids_is_not_recorded() -> None:
    """It is a limit of the run's roles, and the reason names it."""
    message = "User: x is not authorized because no permissions boundary allows the y action"
    recorder = Recorder(Placeholders())
    with pytest.raises(Bounded, match="does not allow DescribeDomain"):
        recorder.outcome("describe", refusal("AccessDeniedException", 403, message))


def test_what_only_the_caller_may_not_do_is_not_recorded() -> None:
    """With another caller, the service would have said more."""
    placeholders = Placeholders()
    placeholders.learn("caller", "gate-runner")
    recorder = Recorder(placeholders)
    recorder.api("describe", refusal("AccessDeniedException", 403, "User: gate-runner may not"))
    recorder.api("again", refusal("AccessDeniedException", 403, "User: a role may not"))
    assert list(recorder.steps) == ["again"]


def test_body_is_recorded_by_its_kind() -> None:
    """JSON is compared member by member, what is no text by its hash."""
    recorder = Recorder(Placeholders())
    for step, content_type, body in (
        ("json", "application/json; charset=utf-8", b'{"a": 1}'),
        ("broken json", "application/json", b"{"),
        ("html", "text/html", b"<p>"),
        ("bytes", "text/html", b"\xff\xfe"),
        ("empty", "text/plain", b""),
    ):
        recorder.http(step, Answer(200, {"content-type": content_type, "date": "now"}, body))
    assert {name: step["body"] for name, step in recorder.steps.items()} == {
        "json": {"json": {"a": 1}, "kind": "json"},
        "broken json": {"kind": "text", "text": "{"},
        "html": {"kind": "html", "text": "<p>"},
        "bytes": {"bytes": "<size:1>", "kind": "bytes", "sha256": "<digest:1>"},
        "empty": {"kind": "empty"},
    }
    assert recorder.steps["html"]["headers"] == {"content-type": "text/html"}


def test_step_is_recorded_once() -> None:
    """A second one of the same name would hide the first."""
    recorder = Recorder(Placeholders())
    recorder.fact("a fact", 1)
    with pytest.raises(ValueError, match="twice"):
        recorder.fact("a fact", 2)
