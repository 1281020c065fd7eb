"""What keeps a run from working where it must not: each guard refuses, and says what to do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.errors import GuardError
from pytest_codeartifact.targets import guards
from pytest_codeartifact.targets.guards import Identity, Room
from pytest_codeartifact.targets.ownership import (
    EXPIRES_TAG,
    RUN_TAG,
    TAGS,
    Claim,
    Ownership,
    naming_of,
)
from pytest_codeartifact.targets.patience import Patience

ACCOUNT, OTHER = "210987654321", "999988887777"
ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/nightly/GitHubActions"
NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
OWNERSHIP = Ownership("pca", "9f3c01ab", "jo", NOW, NOW + timedelta(hours=4), "1.0")


class Sts:
    """Says who calls, or fails as boto3 does."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def get_caller_identity(self) -> dict[str, str]:
        if self.error:
            raise self.error
        return {"Account": ACCOUNT, "Arn": ARN}


class Domains:
    """Lists domains in pages, with tags."""

    def __init__(self, **tags: dict[str, str]) -> None:
        self.tags = tags

    def get_paginator(self, _: str) -> "Domains":
        return self

    def paginate(self) -> list[dict[str, Any]]:
        found = [{"name": name, "arn": name} for name in self.tags]
        return [{"domains": found[:1]}, {"domains": found[1:]}]

    def list_tags_for_resource(self, *, resourceArn: str) -> dict[str, Any]:  # noqa: N803 -- its name
        return {
            "tags": [{"key": key, "value": text} for key, text in self.tags[resourceArn].items()]
        }


def test_aws_guard_admits_an_account_that_is_listed() -> None:
    """Who calls is told when the account is one of those named."""
    identity = guards.identify(Sts(), [OTHER, ACCOUNT], "--it")
    assert identity == Identity(ACCOUNT, ARN)
    assert identity.owner == "nightly/GitHubActions"


def test_aws_guard_refuses_another_account_without_showing_it() -> None:
    """Credentials of an account that nobody named are refused; ids are shown by their end."""
    with pytest.raises(GuardError) as refused:
        guards.identify(Sts(), [OTHER], "--it")
    said = str(refused.value)
    assert "********4321" in said
    assert "********7777" in said
    assert "name the account by --it" in said
    assert ACCOUNT not in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NoCredentialsError(), "aws sso login"),
        (
            ClientError({"Error": {"Code": "ExpiredToken", "Message": "it expired"}}, "GetIt"),
            "it expired",
        ),
    ],
)
def test_aws_guard_tells_who_cannot_log_in_what_to_do(error: Exception, said: str) -> None:
    """No credentials, or none that count any more, is a sentence and not a traceback."""
    with pytest.raises(GuardError, match=said):
        guards.identify(Sts(error), [ACCOUNT], "--it")


Profile = Callable[[str], boto3.Session]


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    def make(text: str) -> boto3.Session:
        path = tmp_path / "config"
        path.write_text(text)
        variables = {
            "config_file": (None, None, str(path), None),
            "credentials_file": (None, None, str(tmp_path / "none"), None),
            "profile": (None, None, "work", None),
        }
        return boto3.Session(
            region_name="eu-west-1", botocore_session=botocore.session.Session(variables)
        )

    return make


OF_SERVICE = """\
[profile work]
services = here
[services here]
codeartifact =
  endpoint_url = http://127.0.0.1:1
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[profile work]\nendpoint_url = http://127.0.0.1:1\n", "'work'.*endpoint_url"),
        (OF_SERVICE, "endpoint_url of codeartifact in services here"),
    ],
)
def test_endpoint_guard_refuses_a_profile_that_redirects(
    profile: Profile, text: str, said: str
) -> None:
    """A profile that leads elsewhere is named, with where it says so."""
    with pytest.raises(GuardError, match=said):
        guards.refuse_redirection(profile(text))


def test_endpoint_guard_lets_an_ordinary_profile_pass(profile: Profile) -> None:
    """Services that no profile uses, and other settings, do no harm."""
    guards.refuse_redirection(
        profile(
            "[profile work]\nregion = eu-west-1\n"
            "[services other]\nsts =\n  endpoint_url = http://127.0.0.1:1\n"
        )
    )


def test_quota_preflight_counts_all_pages_and_names_what_is_left_over() -> None:
    """Domains of every page count; those of earlier runs that have expired are named."""
    old = OWNERSHIP.tags() | {EXPIRES_TAG: "2026-11-27T00:00:00Z"}
    client = Domains(**{"mine": {}, "pca-old": old, "pca-new": OWNERSHIP.tags(), "pca-his": {}})
    room = guards.room_for_domains(client, 10, "pca", NOW)
    assert room == Room(4, 10, ("pca-old",))
    assert room.free == 6


def test_quota_preflight_does_without_domains_that_are_listed_late() -> None:
    """A domain that is gone but still listed stops nobody."""

    class Late(Domains):
        def list_tags_for_resource(self, *, resourceArn: str) -> dict[str, Any]:  # noqa: N803 -- its name
            told = {"Code": "ResourceNotFoundException", "Message": resourceArn}
            raise ClientError(cast("Any", {"Error": told}), "ListTagsForResource")

    room = guards.room_for_domains(Late(**{"pca-gone": {}}), 10, "pca", NOW)
    assert room.left_over == ()


@pytest.mark.parametrize("domains", [8, 9, 10, 12])
def test_quota_preflight_refuses_from_eight_of_ten(domains: int) -> None:
    """Where there is no room for the domains of a run, nothing is begun."""
    with pytest.raises(GuardError) as refused:
        guards.refuse_short_room(Room(domains, 10, ("pca-old",)))
    said = str(refused.value)
    assert f"{domains} of 10 domains" in said
    assert "pca-old" in said
    assert "pytest-codeartifact sweep --delete" in said


@pytest.mark.parametrize("domains", [0, 7])
def test_quota_preflight_lets_a_run_begin_where_there_is_room(domains: int) -> None:
    """Up to seven of ten, a run has the three it needs."""
    guards.refuse_short_room(Room(domains, 10))


def test_what_may_not_be_listed_is_refused_with_where_the_policy_is() -> None:
    """A caller that may not even list is told what it lacks."""

    class Denied:
        def get_paginator(self, _: str) -> None:
            told = "not codeartifact:ListDomains"
            raise ClientError({"Error": {"Code": "Denied", "Message": told}}, "ListDomains")

    with pytest.raises(GuardError, match=r"codeartifact:ListDomains.*examples/nightly/iam"):
        guards.room_for_domains(Denied(), 10, "pca", NOW)


# --- Names and tags ------------------------------------------------------------------------------


def test_names_carry_prefix_time_and_run_and_fit_a_domain() -> None:
    """A name tells whose it is and how old, also without tags, and is short enough."""
    assert OWNERSHIP.stem == "pca-20261128t0300-9f3c01ab"
    naming = naming_of(OWNERSHIP)
    assert naming.name().startswith(f"{OWNERSHIP.stem}-")
    assert len(naming.name()) <= 40
    assert naming.tags == OWNERSHIP.tags()


def test_names_of_two_processes_do_not_meet() -> None:
    """Workers of one run number their things alone, and yet never by the same name."""
    namings = [naming_of(OWNERSHIP) for _ in range(3)]
    names = [each.name() for each in namings for _ in range(5)]
    assert len(set(names)) == 15


def test_tags_are_read_back() -> None:
    """What a run writes, a sweep understands."""
    claim = Claim.read(OWNERSHIP.tags())
    assert claim == Claim("9f3c01ab", "jo", OWNERSHIP.expires, "1.0")


@given(st.sampled_from(TAGS), st.text(max_size=30))
def test_tags_that_are_not_ours_claim_nothing(name: str, text: str) -> None:
    """Whatever stands in one of the tags, it is ours only when it is as we write it."""
    claim = Claim.read(OWNERSHIP.tags() | {name: text})
    if name == RUN_TAG and claim is not None:
        assert len(text) == 8
    if name == EXPIRES_TAG and claim is not None:
        assert claim.expires.strftime("%Y-%m-%dT%H:%M:%SZ") == text
    assert Claim.read({key: text for key, text in OWNERSHIP.tags().items() if key != name}) is None


@given(st.text())
def test_owner_is_always_a_valid_tag(owner: str) -> None:
    """Any name of a session becomes a value that every service takes as a tag."""
    made = Ownership("pca", "9f3c01ab", owner, NOW, NOW, "1").tags()
    assert all(each.isascii() and len(each) <= 128 for each in made.values())


# --- Waiting -------------------------------------------------------------------------------------


class Early(Exception):
    """It is not there yet."""


def attempts(failures: int) -> Callable[[], str]:
    left = [Early()] * failures

    def attempt() -> str:
        if left:
            raise left.pop()
        return "there"

    return attempt


def is_early(error: Exception) -> bool:
    return isinstance(error, Early)


def test_waiting_ends_with_what_was_waited_for_and_is_noted() -> None:
    """An attempt that comes too early is repeated, and the report can say how often."""
    patience = Patience(look_seconds=0.001, limit_seconds=30)
    assert patience.until("it", attempts(3), is_early) == "there"
    [wait] = patience.waits
    assert (wait.what, wait.tries) == ("it", 3)


def test_waiting_is_bounded() -> None:
    """What never comes is not waited for beyond the limit, and its own error is raised."""
    patience = Patience(look_seconds=0.001, limit_seconds=0)
    with pytest.raises(Early):
        patience.until("it", attempts(1), is_early)


def test_other_errors_are_not_waited_for() -> None:
    """An error that says nothing of being early is raised at once."""
    patience = Patience(look_seconds=0.001, limit_seconds=30)
    with pytest.raises(Early):
        patience.until("it", attempts(1), lambda _: False)
    assert patience.waits == []


def test_looking_again_counts_only_what_was_not_there_yet() -> None:
    """What is there at the first look was not waited for."""
    patience = Patience(look_seconds=0.001, limit_seconds=30)
    for _ in patience.pauses("it"):
        break
    assert patience.waits == []
    for number, _ in enumerate(patience.pauses("it")):
        if number == 2:
            break
    assert [each.tries for each in patience.waits] == [2]
