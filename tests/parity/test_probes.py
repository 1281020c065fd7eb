"""Every probe on the emulator: it sees something, the same each time, and leaves nothing."""

import json
import re

import pytest

from pytest_codeartifact.findings import Verdict
from pytest_codeartifact.parity import records
from pytest_codeartifact.parity.comparing import differences
from pytest_codeartifact.parity.judging import judge
from pytest_codeartifact.parity.probe import discover
from pytest_codeartifact.parity.records import Record
from pytest_codeartifact.parity.scene import Stage
from pytest_codeartifact.targets.emulator import EmulatorTarget

PROBES = discover()
SHIPPED = records.load()


def things(target: EmulatorTarget, stage: Stage) -> object:
    """All that there is in the account."""
    client = target.client()
    shared = stage.domain.name
    return (
        sorted(each["name"] for each in client.list_domains()["domains"]),
        client.list_repositories_in_domain(domain=shared)["repositories"],
        [each["RoleName"] for each in target.boto3_client("iam").list_roles()["Roles"]],
        client.describe_domain(domain=shared)["domain"]["repositoryCount"],
    )


@pytest.mark.parametrize("name", PROBES)
def test_probe_sees_the_same_each_time_and_leaves_nothing(
    name: str, stage: Stage, target: EmulatorTarget
) -> None:
    """Run twice, its record agrees with itself; the account is as before; no secret is in it."""
    before = things(target, stage)
    probe = PROBES[name]
    steps = probe.run(stage)
    assert steps
    record = Record.of_run(name, steps, stage.target.region, "0")
    assert differences(name, record.expected(), probe.run(stage)) == []
    assert things(target, stage) == before
    told = json.dumps(steps)
    for hidden in (target.account, target.region, target.endpoint_url, *target.secrets):
        assert hidden not in told
    assert target.naming.stem not in told
    assert not re.search(r"\d{12}|127\.0\.0\.1", told)


@pytest.mark.parametrize("name", PROBES)
def test_probe_says_what_it_settles(name: str) -> None:
    """In words that go on from 'it settles'."""
    settles = PROBES[name].settles
    assert settles[0].islower()
    assert not settles.endswith(".")


@pytest.mark.parametrize("name", SHIPPED.by_probe)
def test_shipped_record_is_of_a_probe_and_its_steps(name: str, stage: Stage) -> None:
    """Each shipped record has a source and agrees with the emulator, or the gap is declared."""
    record = SHIPPED.by_probe[name]
    assert record.source
    assert record.date <= records.today()
    judged = judge(PROBES[name], PROBES[name].run(stage), SHIPPED, Verdict.EMULATOR_GAP)
    assert judged.text() == ""
    assert judged.compared == len(record.saw)


def test_shipped_gaps_are_of_probes() -> None:
    """A gap of no probe would never be found unused."""
    assert {each.probe for each in SHIPPED.gaps} <= set(PROBES)
