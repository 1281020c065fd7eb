"""Authorization tokens by boto3, and what they open."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.support.emulation import ACCOUNT, Emulation, Shelf, refusal

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

HOUR = 3600


@pytest.fixture
def client(emulation: Emulation) -> "CodeArtifactClient":
    """The administrator's client, with a domain and a repository."""
    client = emulation.client()
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    return client


@pytest.mark.documented("AWS CodeArtifact authentication and tokens")
@pytest.mark.parametrize(
    ("asked", "lives"), [(None, 12 * HOUR), (900, 900), (12 * HOUR, 12 * HOUR), (0, 12 * HOUR)]
)
def test_token_lives_as_long_as_asked(
    client: "CodeArtifactClient", emulation: Emulation, asked: int | None, lives: int
) -> None:
    """The default is twelve hours; the expiry told is the one that counts."""
    more = {} if asked is None else {"durationSeconds": asked}
    before = int(emulation.emulator.clock.now())
    answer = client.get_authorization_token(domain="team", **more)  # type: ignore[arg-type]  # one of the members
    expires = answer["expiration"].timestamp()
    assert before + lives <= expires <= emulation.emulator.clock.now() + lives
    shelf = Shelf(emulation, "team", "store", answer["authorizationToken"])
    emulation.travel(lives - 60)
    assert shelf.get("simple/demo/").status == 404
    emulation.travel(61)
    assert shelf.get("simple/demo/").status == 401


@pytest.mark.documented("GetAuthorizationToken")
@pytest.mark.parametrize("seconds", [1, 60, 899, 43_201, 50_000])
def test_impossible_duration_is_refused(client: "CodeArtifactClient", seconds: int) -> None:
    """Nothing between 0 and 900 seconds, nothing beyond twelve hours."""
    with pytest.raises(client.exceptions.ValidationException) as refused:
        client.get_authorization_token(domain="team", durationSeconds=seconds)
    assert refusal(refused)["reason"] == "FIELD_VALIDATION_FAILED"


@pytest.mark.observed("aws-cdk issue 19792")
def test_token_needs_its_domain(client: "CodeArtifactClient") -> None:
    """There is no token for a domain that does not exist."""
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.get_authorization_token(domain="gone")
    assert refusal(refused)["Error"]["Message"] == (
        f"Domain not found. Domain 'gone' owned by account '{ACCOUNT}' does not exist"
    )


@pytest.mark.documented("AWS CodeArtifact authentication and tokens")
def test_token_opens_every_repository_of_its_domain_only(
    client: "CodeArtifactClient", emulation: Emulation
) -> None:
    """A token is made for a domain: all of its repositories, none of another domain's."""
    client.create_repository(domain="team", repository="app")
    client.create_domain(domain="other")
    client.create_repository(domain="other", repository="store")
    token = client.get_authorization_token(domain="team")["authorizationToken"]
    statuses = [
        Shelf(emulation, domain, repository, token).get("simple/demo/").status
        for domain, repository in (("team", "store"), ("team", "app"), ("other", "store"))
    ]
    assert statuses == [404, 404, 401]


@pytest.mark.documented("AWS CodeArtifact authentication and tokens")
def test_tokens_differ_and_all_stay_good(
    client: "CodeArtifactClient", emulation: Emulation
) -> None:
    """A new token does not end the old ones."""
    made = [client.get_authorization_token(domain="team")["authorizationToken"] for _ in range(3)]
    assert len(set(made)) == 3
    assert all(len(token) > 1000 for token in made)
    for token in made:
        assert Shelf(emulation, "team", "store", token).get("simple/demo/").status == 404


@pytest.mark.documented("GetAuthorizationToken")
def test_expiration_is_a_time_of_the_emulators_clock(
    client: "CodeArtifactClient", emulation: Emulation
) -> None:
    """After a journey of the clock, new tokens count from the new time."""
    emulation.travel(240)
    answer = client.get_authorization_token(domain="team", durationSeconds=900)
    ahead = answer["expiration"] - datetime.now(UTC)
    assert 900 < ahead.total_seconds() <= 1140
