"""Events of package versions: what they say, whom they reach, and how rules receive them."""

import base64
import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.distributions import make_sdist, make_wheel
from tests.support.emulation import ACCOUNT, REGION, Emulation, Shelf
from tests.support.people import People
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

WHEEL = make_wheel()
SDIST = make_sdist()
DEMO: Any = {"domain": "team", "repository": "store", "format": "pypi", "package": "demo"}
NOTHING = {"assetsAdded": 0, "assetsRemoved": 0, "metadataUpdated": False, "assetsUpdated": 0}
Event = dict[str, Any]


def told(emulation: Emulation) -> list[Event]:
    """Every event so far, as EventBridge carries it."""
    events: list[Event] = emulation.control("GET", "events").json()["events"]
    assert all(event.pop("number") for event in events)
    return events


def gist(event: Event) -> tuple[str, str, str, dict[str, int]]:
    """Where, what and how: the repository, the operation, the state and what changed."""
    detail = event["detail"]
    changes = {key: value for key, value in detail["changes"].items() if value}
    state = detail["packageVersionState"]
    return (detail["repositoryName"], detail["operationType"], state, changes)


@pytest.mark.documented("CodeArtifact event format and example")
def test_publishing_is_told(client: "CodeArtifactClient", shelf: Shelf) -> None:
    """The event has the documented fields and no other, in the time of the emulator's clock."""
    shelf.emulation.travel(10_000)
    before = shelf.emulation.emulator.clock.now()
    assert shelf.upload(WHEEL).status == 200
    [event] = told(shelf.emulation)
    revision = client.list_package_versions(**DEMO)["versions"][0]["revision"]
    detail = event["detail"]
    moment = datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert -1 <= moment.timestamp() - before <= 10
    assert str(uuid.UUID(event["id"])) == event["id"]
    assert len(base64.b64decode(detail["eventDeduplicationId"], validate=True)) == 32
    assert isinstance(detail["sequenceNumber"], int)
    assert event == {
        "version": "0",
        "id": event["id"],
        "detail-type": "CodeArtifact Package Version State Change",
        "source": "aws.codeartifact",
        "account": ACCOUNT,
        "time": event["time"],
        "region": REGION,
        "resources": [f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:package/team/store/pypi//demo"],
        "detail": {
            "domainName": "team",
            "domainOwner": ACCOUNT,
            "repositoryName": "store",
            "repositoryAdministrator": ACCOUNT,
            "packageFormat": "pypi",
            "packageNamespace": None,
            "packageName": "demo",
            "packageVersion": "1.0",
            "packageVersionState": "Published",
            "packageVersionRevision": revision,
            "changes": {
                "assetsAdded": 1,
                "assetsRemoved": 0,
                "metadataUpdated": True,
                "assetsUpdated": 0,
                "statusChanged": True,
            },
            "operationType": "Created",
            "sequenceNumber": detail["sequenceNumber"],
            "eventDeduplicationId": detail["eventDeduplicationId"],
        },
    }


@pytest.mark.documented("CodeArtifact event format and example")
def test_each_change_of_a_version_is_told(client: "CodeArtifactClient", shelf: Shelf) -> None:
    """Assets are counted, changes of the status and of nothing else are told as such."""
    assert shelf.upload(WHEEL).status == 200
    assert shelf.upload(SDIST).status == 200
    call: Any = client.update_package_versions_status
    for target in ("Unlisted", "Archived", "Published"):
        call(**DEMO, versions=["1.0"], targetStatus=target)
    client.dispose_package_versions(**DEMO, versions=["1.0"])
    client.delete_package_versions(**DEMO, versions=["1.0"])
    events = told(shelf.emulation)
    assert [gist(event)[1:] for event in events[:-1]] == [
        (
            "Created",
            "Published",
            {"assetsAdded": 1, "metadataUpdated": True, "statusChanged": True},
        ),
        ("Updated", "Published", {"assetsAdded": 1}),
        ("Updated", "Unlisted", {"statusChanged": True}),
        ("Updated", "Archived", {"statusChanged": True}),
        ("Updated", "Published", {"statusChanged": True}),
        ("Updated", "Disposed", {"assetsRemoved": 2, "statusChanged": True}),
    ]
    assert events[-1]["detail"]["operationType"] == "Deleted"
    numbers = [event["detail"]["sequenceNumber"] for event in events]
    assert numbers == sorted(set(numbers))
    for field in ("id", "eventDeduplicationId"):
        assert len({event.get(field) or event["detail"][field] for event in events}) == len(events)
    revisions = [event["detail"]["packageVersionRevision"] for event in events]
    assert len(set(revisions)) == 2
    assert revisions[1:] == [revisions[1]] * 6


@pytest.mark.documented("Monitoring CodeArtifact events")
def test_what_changes_nothing_is_not_told(client: "CodeArtifactClient", shelf: Shelf) -> None:
    """The same bytes again, the same status again, a refusal and reading are no events."""
    assert shelf.upload(WHEEL).status == 200
    assert shelf.upload(WHEEL).status == 200
    assert shelf.upload(make_wheel(extra=b"# other")).status == 409
    client.update_package_versions_status(**DEMO, versions=["1.0"], targetStatus="Published")
    client.update_package_versions_status(**DEMO, versions=["1.0", "9.9"], targetStatus="Archived")
    client.put_package_origin_configuration(
        **DEMO, restrictions={"publish": "ALLOW", "upstream": "ALLOW"}
    )
    assert shelf.download(WHEEL).status == 200
    assert [gist(event)[1] for event in told(shelf.emulation)] == ["Created"]


@pytest.mark.documented("Monitoring CodeArtifact events")
def test_deleting_a_package_tells_of_each_version(
    client: "CodeArtifactClient", shelf: Shelf
) -> None:
    """One event for each version of the deleted package."""
    for version in ("1.0", "2.0", "3.0"):
        assert shelf.upload(make_wheel(version=version)).status == 200
    client.delete_package(**DEMO)
    deleted = told(shelf.emulation)[3:]
    assert {event["detail"]["packageVersion"] for event in deleted} == {"1.0", "2.0", "3.0"}
    assert {gist(event)[1] for event in deleted} == {"Deleted"}


@pytest.mark.assumed("the values that are documented for the state do not have Deleted among them")
def test_deleted_version_shows_its_last_state(client: "CodeArtifactClient", shelf: Shelf) -> None:
    """What was deleted is described as it was; all its assets were removed."""
    for distribution in (WHEEL, SDIST):
        assert shelf.upload(distribution).status == 200
    client.update_package_versions_status(**DEMO, versions=["1.0"], targetStatus="Archived")
    client.delete_package_versions(**DEMO, versions=["1.0"])
    *_, before, deleted = told(shelf.emulation)
    assert gist(deleted)[2:] == (
        "Archived",
        {"assetsRemoved": 2, "metadataUpdated": True, "statusChanged": True},
    )
    revision = before["detail"]["packageVersionRevision"]
    assert deleted["detail"]["packageVersionRevision"] == revision


@pytest.mark.documented("Monitoring CodeArtifact events")
def test_retaining_and_ingesting_are_told(
    make_shelf: Callable[..., Shelf], connected: Shelf, registry: PublicRegistry
) -> None:
    """A public version is told of where it is ingested and where it is retained, not between."""
    registry.add(WHEEL)
    make_shelf("middle", connected.repository)
    app = make_shelf("app", "middle")
    assert app.download(WHEEL).status == 200
    created = {"assetsAdded": 1, "metadataUpdated": True, "statusChanged": True}
    assert sorted(gist(event)[:2] for event in told(app.emulation)) == [
        ("app", "Created"),
        ("public", "Created"),
    ]
    assert all(gist(event)[3] == created for event in told(app.emulation))


@pytest.mark.documented("Monitoring CodeArtifact events")
def test_copying_is_told_of_the_destination(
    client: "CodeArtifactClient", shelf: Shelf, make_shelf: Callable[..., Shelf]
) -> None:
    """A copy creates a version; an overwritten one has updated, added and removed assets."""
    target = make_shelf("target")
    for distribution in (WHEEL, SDIST):
        assert shelf.upload(distribution).status == 200
    assert target.upload(make_wheel(extra=b"# other")).status == 200
    request: Any = {
        "domain": "team",
        "format": "pypi",
        "package": "demo",
        "sourceRepository": "store",
        "versions": ["1.0"],
    }
    make_shelf("new")
    client.copy_package_versions(**request, destinationRepository="new")
    client.copy_package_versions(**request, destinationRepository="target", allowOverwrite=True)
    created = {"assetsAdded": 2, "metadataUpdated": True, "statusChanged": True}
    assert [gist(event) for event in told(shelf.emulation)[3:]] == [
        ("new", "Created", "Published", created),
        ("target", "Updated", "Published", {"assetsAdded": 1, "assetsUpdated": 1}),
    ]


@pytest.mark.documented("CodeArtifact event format and example")
def test_unfinished_version_is_told_with_its_namespace(
    team: "CodeArtifactClient", emulation: Emulation
) -> None:
    """Each asset of a generic package is an event, and so is finishing it."""
    tool: Any = {"domain": "team", "repository": "store", "format": "generic", "namespace": "ns"}
    for name, unfinished in (("one", True), ("two", True), ("two", False)):
        team.publish_package_version(
            **tool,
            package="tool",
            packageVersion="1.0",
            assetName=name,
            assetContent=b"x",
            assetSHA256=hashlib.sha256(b"x").hexdigest(),
            unfinished=unfinished,
        )
    events = told(emulation)
    assert [gist(event)[1:3] for event in events] == [
        ("Created", "Unfinished"),
        ("Updated", "Unfinished"),
        ("Updated", "Published"),
    ]
    assert events[-1]["detail"]["changes"] == NOTHING | {"statusChanged": True}
    assert events[0]["detail"]["packageNamespace"] == "ns"
    assert events[0]["resources"][0].endswith(":package/team/store/generic/ns/tool")


@pytest.mark.documented("Monitoring CodeArtifact events")
def test_owner_and_administrator_are_both_told(people: People, emulation: Emulation) -> None:
    """The domain's owner and the repository's administrator get one event each, told apart."""
    other = People(emulation, emulation.other_account())
    owner = people.codeartifact()
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{other.account.number}:root"},
                "Action": ["codeartifact:CreateRepository", "codeartifact:GetAuthorizationToken"],
                "Resource": "*",
            }
        ],
    }
    owner.put_domain_permissions_policy(domain="team", policyDocument=json.dumps(document))
    guest = other.codeartifact()
    domain: Any = {"domain": "team", "domainOwner": people.account.number}
    guest.create_repository(**domain, repository="theirs")
    token = guest.get_authorization_token(**domain)["authorizationToken"]
    shelf = Shelf(emulation, "team", "theirs", token, owner=people.account.number)
    assert shelf.upload(WHEEL).status == 200
    events = told(emulation)
    assert [event["account"] for event in events] == [people.account.number, other.account.number]
    assert len({event["id"] for event in events}) == 2
    first, second = (event["detail"] for event in events)
    assert first == second
    assert first["repositoryAdministrator"] == other.account.number
    assert events[0]["resources"] == events[1]["resources"]


@pytest.mark.assumed("the pages that list what is told do not mention it")
def test_deleting_a_repository_tells_nothing(client: "CodeArtifactClient", shelf: Shelf) -> None:
    """What goes with its repository goes silently."""
    assert shelf.upload(WHEEL).status == 200
    client.delete_repository(domain="team", repository="store")
    assert len(told(shelf.emulation)) == 1


# --- EventBridge ---------------------------------------------------------------------------------


@pytest.fixture
def queue(people: People) -> str:
    """The address of a queue that a rule on the default bus fills with published versions."""
    sqs = people.ask("sqs")
    url = str(sqs.create_queue(QueueName="published")["QueueUrl"])
    put_rule(people, "published", f"arn:aws:sqs:{REGION}:{people.account.number}:published")
    return url


def put_rule(people: People, name: str, target: str, **state: str) -> None:
    """Send published versions of repositories in `team` to a target."""
    pattern = {
        "source": ["aws.codeartifact"],
        "detail-type": ["CodeArtifact Package Version State Change"],
        "detail": {"domainName": ["team"], "packageVersionState": ["Published"]},
    }
    bridge = people.ask("events")
    bridge.put_rule(Name=name, EventPattern=json.dumps(pattern), **state)
    bridge.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": target}])


def received(people: People, queue: str) -> list[Event]:
    """What is in the queue, read and forgotten."""
    sqs = people.ask("sqs")
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


@pytest.mark.documented("Monitoring CodeArtifact events")
def test_rule_sends_matching_events_to_its_queue(
    people: People, queue: str, emulation: Emulation
) -> None:
    """The queue gets the whole event, and only those that the rule's pattern matches."""
    shelf = people.shelf()
    assert shelf.upload(WHEEL).status == 200
    people.codeartifact().dispose_package_versions(**DEMO, versions=["1.0"])
    published, disposed = told(emulation)
    assert gist(disposed)[2] == "Disposed"
    assert received(people, queue) == [published]


@pytest.mark.documented("Monitoring CodeArtifact events")
def test_rule_of_another_account_gets_nothing(
    people: People, queue: str, emulation: Emulation
) -> None:
    """Events reach the accounts concerned only; a rule that is disabled is none."""
    other = People(emulation, emulation.other_account())
    client = other.codeartifact()
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    assert other.shelf().upload(WHEEL).status == 200
    assert received(people, queue) == []
    people.ask("events").disable_rule(Name="published")
    assert people.shelf().upload(WHEEL).status == 200
    assert received(people, queue) == []
