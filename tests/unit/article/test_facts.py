from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from pytest_codeartifact.article import facts
from pytest_codeartifact.article.checks import Observation, World
from pytest_codeartifact.article.claims import Claim
from pytest_codeartifact.article.plan import Plan, plan_for
from pytest_codeartifact.findings import Verdict
from pytest_codeartifact.targets.control import Crash
from pytest_codeartifact.tools.process import MissingTool

if TYPE_CHECKING:
    from pytest_codeartifact.article.world import Laboratory

CLAIM = Claim("C1", 1, "state", "group", "it is so", check="demo", facts={"so": True})


class Account:
    """An account on a server that may have crashed."""

    caller = ""

    def __init__(self) -> None:
        self.crashed: list[Crash] = []

    def requests(self) -> Sequence[Mapping[str, Any]]:
        return []

    def fetches(self) -> Sequence[Mapping[str, Any]]:
        return []

    def crashes(self) -> Sequence[Crash]:
        return self.crashed


class Laboratory_:  # noqa: N801 -- stands for the one with an account
    """A laboratory without an emulator."""

    gateway = None

    def __init__(self) -> None:
        self.account = Account()

    def world(self, _: object) -> object:
        return SimpleNamespace(account=self.account)

    def log(self) -> Sequence[Any]:
        return ()

    def remember(self, *_: object) -> None:
        """Nothing is asked of it again."""


Check = Callable[[World], Observation]
Run = Callable[[Check], facts.Checked]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A document, for its name and its materials."""
    path = tmp_path / "own.md"
    path.write_text("```console\n$ true\n```\n")
    return plan_for(path, "own.md")


@pytest.fixture
def run(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Check the claim with a check of the test's own."""

    def run(check: Check) -> facts.Checked:
        monkeypatch.setattr(facts, "discover", lambda: {"demo": check})
        return facts.checked(plan, CLAIM, "C1-demo", cast("Laboratory", Laboratory_()))

    return run


def test_observed_fact_verifies_the_claim(run: Run) -> None:
    """What was observed as stated is a pass with its evidence."""
    checked = run(lambda _: Observation({"so": True}))
    assert checked.failure is None
    assert [each.verdict for each in checked.finding.claims] == [Verdict.VERIFIED]


@pytest.mark.parametrize("observed", [{"so": False}, {"so": 1}, {}], ids=["other", "type", "none"])
def test_other_observation_fails_with_both_values(run: Run, observed: dict[str, Any]) -> None:
    """A fact that is another one, of another type or was not observed is told beside the stated."""
    checked = run(lambda _: Observation(observed))
    assert "expected so = True" in str(checked.failure)
    assert checked.finding.verdict is Verdict.ARTICLE_WRONG


def refused(_: World) -> Observation:
    told = {"Error": {"Code": "ConflictException", "Message": "it is there"}}
    raise ClientError(cast("Any", told), "CreateDomain")


def test_refusal_of_the_service_is_a_failure_with_its_words(run: Run) -> None:
    """A check that the service does not let through fails its claim, and says why."""
    checked = run(refused)
    assert "ConflictException" in str(checked.failure)
    assert checked.finding.outcome == "failed"


def test_crash_during_a_check_is_a_gap_of_the_emulator(run: Run) -> None:
    """When the emulator crashed, it is not the article that is wrong."""

    def crashing(world: World) -> Observation:
        cast("Account", world.account).crashed.append(Crash(1, "GET /", "KeyError: 'x'"))
        return refused(world)

    assert run(crashing).finding.verdict is Verdict.EMULATOR_GAP


def test_missing_program_is_the_machines(run: Run) -> None:
    """A program that is not installed is named as what is missing."""

    def without(_: World) -> Observation:
        raise MissingTool("twine")

    checked = run(without)
    assert checked.finding.verdict is Verdict.ENVIRONMENT
    assert "twine is not installed" in str(checked.failure)


def test_check_that_cannot_be_done_observes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever alters what a check reads gets no facts then, and no exception."""
    monkeypatch.setattr(facts, "discover", lambda: {"demo": refused})
    observation, failure = facts.observed(CLAIM, cast("World", SimpleNamespace()))
    assert dict(observation.facts) == {}
    assert (failure.kind, "ConflictException" in failure.text) == ("refused", True)
