"""Events: how versions differ, numbers that grow, and deliveries that fail."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import (
    Asset,
    DomainId,
    Manifest,
    Origin,
    OriginType,
    PackageFormat,
    PackageId,
    PackageVersion,
    Repository,
    RepositoryId,
    Status,
    VersionChange,
)
from pytest_codeartifact.emulator.events import Events, changes_between
from pytest_codeartifact.emulator.request_log import Journal
from tests.support.distributions import make_wheel
from tests.support.emulation import REGION, Emulation
from tests.support.people import People

REPOSITORY = Repository(
    id=RepositoryId(DomainId(REGION, "111122223333", "team"), "store"),
    uid="1",
    administrator="111122223333",
    description=None,
    upstreams=(),
    external_connections=(),
    created=0.0,
)
DEMO = PackageId(PackageFormat.NPM, "scope", "demo")
ONE = Asset("one", 1, "m", "s", "aa", "t")
TWO = Asset("two", 1, "m", "s", "bb", "t")
VERSION = PackageVersion(
    version="1.0",
    status=Status.PUBLISHED,
    revision="r",
    origin=Origin(OriginType.INTERNAL, repository="store"),
    published=1.0,
    manifest=Manifest(display_name="demo"),
    assets=(ONE,),
)
CASES: dict[str, tuple[PackageVersion | None, PackageVersion | None, tuple[Any, ...]]] = {
    "created": (None, VERSION, (1, 0, True, 0, True)),
    "deleted": (VERSION, None, (0, 1, True, 0, True)),
    "added": (VERSION, replace(VERSION, assets=(ONE, TWO)), (1, 0, False, 0, False)),
    "removed": (VERSION, replace(VERSION, assets=()), (0, 1, False, 0, False)),
    "exchanged": (VERSION, replace(VERSION, assets=(TWO,)), (1, 1, False, 0, False)),
    "updated": (
        VERSION,
        replace(VERSION, assets=(replace(ONE, sha256="cc"),)),
        (0, 0, False, 1, False),
    ),
    "metadata": (VERSION, replace(VERSION, manifest=Manifest("x")), (0, 0, True, 0, False)),
    "status": (VERSION, replace(VERSION, status=Status.ARCHIVED), (0, 0, False, 0, True)),
}


@pytest.mark.parametrize("case", CASES)
def test_changes_are_counted_by_kind(case: str) -> None:
    """Assets by name, metadata and status for themselves."""
    before, after, expected = CASES[case]
    names = ("assetsAdded", "assetsRemoved", "metadataUpdated", "assetsUpdated", "statusChanged")
    assert changes_between(before, after) == dict(zip(names, expected, strict=True))


class SlowClock(Clock):
    """A machine whose clock stands still, and then is put back."""

    moments = (5.0, 5.0, 1.0, 1.0, 7.0)

    def __init__(self) -> None:
        super().__init__()
        self._left = list(self.moments)

    def machine_now(self) -> float:  # type: ignore[override]  # the base needs no state
        return self._left.pop(0)


def test_sequence_numbers_always_grow() -> None:
    """Each event has a greater number than all before it, also where the clock does not help."""
    journal = Journal(10)
    events = Events(journal, Journal(10), SlowClock(), lambda _: None)
    events.hear([VersionChange(REPOSITORY, DEMO, None, VERSION)] * len(SlowClock.moments))
    numbers = [entry["detail"]["sequenceNumber"] for entry in journal.after(0)]
    assert numbers == [5000, 5001, 5002, 5003, 7000]


def test_failing_delivery_is_a_crash_without_secrets() -> None:
    """Whoever changed the version goes on; the journal has the event, and the reason of the crash.

    What follows is delivered all the same.
    """
    delivered: list[Mapping[str, Any]] = []

    def deliver(event: Mapping[str, Any]) -> None:
        delivered.append(event)
        if len(delivered) == 1:
            msg = "no way to http://aws:secret@127.0.0.1/"
            raise ConnectionError(msg)

    journal, crashes = Journal(10), Journal(10)
    events = Events(journal, crashes, Clock(), deliver)
    events.hear([VersionChange(REPOSITORY, DEMO, None, VERSION)] * 2)
    assert len(delivered) == len(journal.after(0)) == 2
    [crash] = crashes.after(0)
    assert crash["request"].startswith(f"event {delivered[0]['id']} about arn:aws:codeartifact:")
    assert "ConnectionError: no way to" in crash["traceback"]
    assert "secret" not in crash["traceback"]


def test_failing_target_keeps_no_other_from_being_served(tmp_path: Path) -> None:
    """A rule whose queue is gone is a crash to be seen; publishing and other rules go on."""
    with Emulation(tmp_path / "state") as emulation:
        people = People(emulation, emulation.other_account())
        client = people.codeartifact()
        client.create_domain(domain="team")
        client.create_repository(domain="team", repository="store")
        bridge, sqs = people.ask("events"), people.ask("sqs")
        url = sqs.create_queue(QueueName="there")["QueueUrl"]
        pattern = json.dumps({"source": ["aws.codeartifact"]})
        # Rules have their turn in the order they were made.
        for name in ("gone", "there"):
            arn = f"arn:aws:sqs:{REGION}:{people.account.number}:{name}"
            bridge.put_rule(Name=name, EventPattern=pattern)
            bridge.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
        assert people.shelf().upload(make_wheel()).status == 200
        assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
        [crash] = emulation.control("GET", "crashes").json()["crashes"]
        assert ":package/team/store/pypi//demo" in crash["request"]
        assert "QueueDoesNotExist" in crash["traceback"]


def test_transformed_event_reaches_its_target(tmp_path: Path) -> None:
    """A rule may send a text of its own making instead; schedules have no part in this."""
    with Emulation(tmp_path / "state") as emulation:
        people = People(emulation, emulation.other_account())
        client = people.codeartifact()
        client.create_domain(domain="team")
        client.create_repository(domain="team", repository="store")
        bridge, logs = people.ask("events"), people.ask("logs")
        logs.create_log_group(logGroupName="told")
        arn = f"arn:aws:logs:{REGION}:{people.account.number}:log-group:told"
        transformer = {
            "InputPathsMap": {"name": "$.detail.packageName", "version": "$.detail.packageVersion"},
            "InputTemplate": '{"text": "<name> <version> is out"}',
        }
        bridge.put_rule(Name="told", EventPattern=json.dumps({"source": ["aws.codeartifact"]}))
        bridge.put_rule(Name="daily", ScheduleExpression="rate(1 day)")
        for name, more in (("told", {"InputTransformer": transformer}), ("daily", {})):
            bridge.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, **more}])
        assert people.shelf().upload(make_wheel()).status == 200
        found = logs.filter_log_events(logGroupName="told")["events"]
        assert [json.loads(event["message"]) for event in found] == [{"text": "demo 1.0 is out"}]
        assert emulation.crashes() == []
