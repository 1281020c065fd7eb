import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.builds.errors import (
    InvalidInput,
    ResourceAlreadyExists,
    ResourceNotFound,
)
from pytest_codeartifact.emulator.builds.project_settings import (
    changed_settings,
    checked_settings,
    is_inline,
    new_settings,
)
from pytest_codeartifact.emulator.builds.projects import Project, ProjectId, Projects

DEMO = ProjectId("111122223333", "eu-west-1", "demo")
OTHER = ProjectId("444455556666", "eu-west-1", "demo")
GIVEN: dict[str, Any] = {
    "name": "demo",
    "source": {"type": "S3", "location": "bucket/source.zip"},
    "artifacts": {"type": "NO_ARTIFACTS"},
    "environment": {
        "type": "LINUX_CONTAINER",
        "image": "any",
        "computeType": "BUILD_GENERAL1_SMALL",
    },
    "serviceRole": "arn:aws:iam::111122223333:role/path/builder",
}


def project(identity: ProjectId = DEMO) -> Project:
    return Project(identity, created=1.0, modified=1.0, settings={"tags": []})


@pytest.fixture
def projects() -> Projects:
    """With one project, `demo`."""
    projects = Projects()
    projects.create(project())
    return projects


def test_name_is_taken_in_its_account_and_region(projects: Projects) -> None:
    """The same name elsewhere is another project."""
    with pytest.raises(ResourceAlreadyExists, match=DEMO.arn):
        projects.create(project())
    projects.create(project(OTHER))
    assert [each.id for each in projects.of("111122223333", "eu-west-1")] == [DEMO]
    assert projects.of("111122223333", "eu-central-1") == []


def test_builds_are_counted_from_one(projects: Projects) -> None:
    """Each project counts for itself, and begins anew when it was deleted."""
    projects.create(project(OTHER))
    assert [projects.next_number(DEMO) for _ in range(3)] == [1, 2, 3]
    assert projects.next_number(OTHER) == 1
    projects.delete(DEMO)
    with pytest.raises(ResourceNotFound):
        projects.next_number(DEMO)
    projects.create(project())
    assert projects.next_number(DEMO) == 1


def test_no_number_is_given_twice(projects: Projects) -> None:
    """However many threads ask at once."""
    numbers: list[int] = []

    def ask() -> None:
        numbers.extend(projects.next_number(DEMO) for _ in range(200))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 801))


def test_changes_are_made_one_after_another(projects: Projects) -> None:
    """No change is lost to another at the same time."""
    threads = [
        threading.Thread(
            target=projects.change,
            args=(DEMO, lambda before, n=number: {**before, f"member {n}": n}, 2.0),
        )
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(projects.find(DEMO).settings) == 21
    assert projects.find(DEMO).modified == 2.0


def test_refused_change_changes_nothing(projects: Projects) -> None:
    """A project stays as it was, its time too."""

    def refuse(_: object) -> dict[str, Any]:
        raise InvalidInput("no")

    with pytest.raises(InvalidInput):
        projects.change(DEMO, refuse, 2.0)
    assert projects.find(DEMO) == project()


@pytest.mark.parametrize(("account", "left"), [(None, 0), ("111122223333", 1), ("000000000000", 2)])
def test_reset_forgets_an_account_or_everything(
    projects: Projects, account: str | None, left: int
) -> None:
    """Projects and the numbers of their builds go together."""
    projects.create(project(OTHER))
    projects.next_number(DEMO)
    projects.reset(account)
    assert sum(projects.get(identity) is not None for identity in (DEMO, OTHER)) == left
    if account == DEMO.account:
        projects.create(project())
        assert projects.next_number(DEMO) == 1


@pytest.mark.parametrize(
    ("buildspec", "expected"),
    [
        ("", False),
        ("buildspec.yml", False),
        ("ci/buildspec.yml", False),
        ("arn:aws:s3:::bucket/{a}.yml", False),
        ("version: 0.2\nphases: {}", True),
        ('{"version": 0.2, "phases": {}}', True),
    ],
)
def test_text_of_a_buildspec_is_told_from_its_place(buildspec: str, *, expected: bool) -> None:
    """A path or an ARN says where it is, everything else is it."""
    assert is_inline(buildspec) is expected


def test_empty_members_count_as_not_set() -> None:
    """Some clients send empty structures and lists for what nobody set."""
    settings = new_settings({**GIVEN, "vpcConfig": {}, "secondarySources": []}, DEMO)
    assert {"vpcConfig", "secondarySources", "name"}.isdisjoint(settings)


def test_settings_are_checked_again_without_change() -> None:
    """What the service made of a request is a request that changes nothing."""
    settings = new_settings(GIVEN, DEMO)
    assert changed_settings(settings, {"name": "demo"}, DEMO) == settings
    assert checked_settings(settings, DEMO) == settings


@given(location=st.text(max_size=40))
def test_any_location_is_kept_or_refused(location: str) -> None:
    """A location is the service's or this machine's, or said to be neither."""
    source = {"type": "S3", "location": location}
    try:
        kept = new_settings({**GIVEN, "source": source}, DEMO)
    except InvalidInput:
        return
    bucket, _, key = location.partition("/")
    assert kept["source"] == source
    assert location.startswith("file:///") or (bucket and key)
