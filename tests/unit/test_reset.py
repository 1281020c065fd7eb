"""Forgetting everything, or what one account owns, while others may be asking."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pytest_codeartifact.emulator.iam.accounts import Account
from tests.support.distributions import make_wheel
from tests.support.emulation import ACCOUNT, OTHER_ACCOUNT, Emulation, Shelf, refusal
from tests.support.people import People, allow
from tests.support.public_registry import PublicRegistry

WHEEL = make_wheel()
CONFIGURED = "http://127.0.0.1:9/simple/"


@pytest.fixture
def emulation(tmp_path: Path) -> Iterator[Emulation]:
    """An emulator that must not have crashed by the end."""
    with Emulation(tmp_path / "state") as emulation:
        yield emulation
        assert emulation.crashes() == []


def reset(emulation: Emulation, account: str | None = None) -> None:
    document = None if account is None else {"account": account}
    answer = emulation.control("POST", "reset", document)
    assert (answer.status, answer.json()) == (200, {"reset": account or "everything"})


def account_of(emulation: Emulation, number: str) -> Account:
    told = emulation.control("POST", "accounts", {"account": number}).json()
    return Account(number, told["access_key_id"], told["secret_access_key"])


def shelf_of(emulation: Emulation, account: Account | None = None) -> Shelf:
    """A repository `store` in a domain `team` of an account, made anew."""
    account = account or emulation.owner
    client = emulation.client(account)
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    token = client.get_authorization_token(domain="team")["authorizationToken"]
    return Shelf(emulation, "team", "store", token, account.number)


def code(call: Callable[..., object], **request: Any) -> str:  # noqa: ANN401 - boto3's
    """The error code of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refusal(refused)["Error"]["Code"])


# --- Everything ------------------------------------------------------------------------------


def test_reset_leaves_an_empty_server_with_its_owner(emulation: Emulation) -> None:
    """The owner's key goes on; domains, other accounts and their keys are gone."""
    shelf = shelf_of(emulation)
    assert shelf.upload(WHEEL).status == 200
    other = account_of(emulation, OTHER_ACCOUNT)
    shelf_of(emulation, other)
    reset(emulation)
    assert emulation.client().list_domains()["domains"] == []
    assert code(emulation.client(other).list_domains) == "UnrecognizedClientException"
    assert shelf.get("simple/demo/").status == 404
    again = shelf_of(emulation)
    assert again.get("simple/demo/").status == 404
    assert again.upload(WHEEL).status == 200
    assert account_of(emulation, OTHER_ACCOUNT) != other


def test_reset_puts_back_what_a_test_moved(emulation: Emulation) -> None:
    """Clock, faults and addresses are as at the start, or as they were configured since."""
    control = emulation.control
    assert control("PUT", "upstreams", {"public:npmjs": "http://127.0.0.1:8/"}).status == 200
    before = control("GET", "upstreams").json()
    assert before["public:pypi"] == CONFIGURED
    emulation.travel(3600)
    control("POST", "faults", {"kind": "down", "connection": "public:pypi"})
    for name in ("public:pypi", "public:npmjs"):
        control("POST", "upstreams", {name: "http://127.0.0.1:7/"})
    reset(emulation)
    assert control("GET", "clock").json()["offset_seconds"] == 0
    assert control("GET", "faults").json() == {"faults": []}
    assert control("GET", "upstreams").json() == before


def test_reset_empties_journals_whose_numbers_go_on(emulation: Emulation) -> None:
    """Who reads on from a number misses nothing that comes after the reset."""
    emulation.client().list_domains()
    last = emulation.control("GET", "requests").json()["next"]
    reset(emulation)
    for name in ("requests", "fetches", "events"):
        assert emulation.control("GET", name).json() == {name: [], "next": 0}
    emulation.client().list_domains()
    [entry] = emulation.control("GET", f"requests?after={last}").json()["requests"]
    assert entry["number"] > last


def test_reset_hides_no_crash(tmp_path: Path) -> None:
    """A defect is still told after a reset, so that the test that met it fails."""
    with Emulation(tmp_path / "state") as emulation:
        emulation.emulator.app._tell_crash("GET /defect", "", ValueError("planted"))
        reset(emulation)
        assert emulation.crashes() == ["GET /defect"]


def test_reset_is_not_undone_by_a_restart(tmp_path: Path) -> None:
    """A kept state is as empty after a restart as it was after the reset; the owner stays."""
    with Emulation(tmp_path / "state") as emulation:
        owner, other = emulation.owner, account_of(emulation, OTHER_ACCOUNT)
        shelf_of(emulation, other)
        reset(emulation)
    with Emulation(tmp_path / "state") as again:
        assert again.owner == owner
        assert again.client(owner).list_domains()["domains"] == []
        assert code(again.client(other).list_domains) == "UnrecognizedClientException"


def test_reset_lets_the_public_registry_be_read_again(
    emulation: Emulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No listing is remembered, not even one that was read in the future."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with PublicRegistry() as registry:
        registry.add(WHEEL)
        emulation.control("PUT", "upstreams", {"public:pypi": registry.url})
        for asked in (1, 2):
            shelf = shelf_of(emulation)
            emulation.client().associate_external_connection(
                domain="team", repository="store", externalConnection="public:pypi"
            )
            assert shelf.files() == [WHEEL.filename]
            emulation.travel(3600)
            assert registry.count("/simple/demo/") == asked
            # From now on older listings are forgotten, which must not be a time yet to come.
            emulation.control("POST", "faults", {"connection": "public:pypi", "kind": "yanked"})
            reset(emulation)


def test_clock_that_went_back_outdates_listings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kept state may hold listings from a time that has not come yet; they are read again."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with PublicRegistry() as registry:
        registry.add(WHEEL)
        upstreams = {"public:pypi": registry.url}
        with Emulation(tmp_path / "state", upstreams=upstreams) as emulation:
            shelf = shelf_of(emulation)
            emulation.client().associate_external_connection(
                domain="team", repository="store", externalConnection="public:pypi"
            )
            emulation.travel(6 * 3600)
            shelf.files()
        with Emulation(tmp_path / "state", upstreams=upstreams) as again:
            token = again.client().get_authorization_token(domain="team")["authorizationToken"]
            assert Shelf(again, "team", "store", token).files() == [WHEEL.filename]
        assert registry.count("/simple/demo/") == 2


# --- Other services --------------------------------------------------------------------------


def test_reset_forgets_users_roles_and_buckets(emulation: Emulation) -> None:
    """Keys of users and sessions are unknown, names are free again, the owner is known to STS."""
    people = People(emulation, emulation.owner)
    user = people.user("ann", allow("*"))
    session = people.in_role(allow("*"))
    for account in (emulation.owner, account_of(emulation, OTHER_ACCOUNT)):
        People(emulation, account).ask("s3").create_bucket(
            Bucket=f"bucket-{account.number}",
            CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
        )
    reset(emulation)
    for keys in (user, session):
        assert code(people.codeartifact(keys).list_domains) == "UnrecognizedClientException"
        assert code(people.sts(keys).get_caller_identity) == "InvalidClientTokenId"
    owner = f"arn:aws:iam::{ACCOUNT}:user/administrator"
    assert people.sts().get_caller_identity()["Arn"] == owner
    assert [each["UserName"] for each in people.iam.list_users()["Users"]] == ["administrator"]
    assert people.iam.list_roles()["Roles"] == []
    assert people.ask("s3").list_buckets()["Buckets"] == []
    people.ask("s3").create_bucket(
        Bucket=f"bucket-{OTHER_ACCOUNT}",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )


# --- One account -----------------------------------------------------------------------------


def test_reset_of_an_account_spares_the_others(emulation: Emulation) -> None:
    """Its domains, users and roles go, its key stays; nothing else changes."""
    mine, theirs = account_of(emulation, "123456789012"), account_of(emulation, OTHER_ACCOUNT)
    shelves = {account.number: shelf_of(emulation, account) for account in (mine, theirs)}
    users = {a.number: People(emulation, a).user("ann", allow("*")) for a in (mine, theirs)}
    emulation.travel(60)
    reset(emulation, mine.number)
    assert emulation.client(mine).list_domains()["domains"] == []
    assert len(emulation.client(theirs).list_domains()["domains"]) == 1
    assert shelves[mine.number].get("simple/demo/").status == 404
    assert shelves[theirs.number].upload(WHEEL).status == 200
    people = People(emulation, mine)
    assert [each["UserName"] for each in people.iam.list_users()["Users"]] == ["administrator"]
    asked = people.codeartifact(users[mine.number])
    assert code(asked.list_domains) == "UnrecognizedClientException"
    assert people.codeartifact(users[theirs.number]).list_domains()["domains"]
    assert emulation.control("GET", "clock").json()["offset_seconds"] == 60
    assert emulation.control("GET", "requests").json()["requests"]


# --- While others ask ------------------------------------------------------------------------


def test_requests_meet_the_state_before_or_after(emulation: Emulation) -> None:
    """Whatever is under way while everything is forgotten is answered or refused, never failed."""
    ended = threading.Event()
    seen: set[int] = set()

    def work(ask: Callable[[], int]) -> None:
        while not ended.is_set():
            seen.add(ask())

    def publish() -> int:
        try:
            shelf = shelf_of(emulation)
        except ClientError as error:
            metadata: Any = error.response.get("ResponseMetadata")
            return int(metadata["HTTPStatusCode"])
        return max(shelf.upload(WHEEL).status, shelf.download(WHEEL).status)

    def read() -> int:
        token = tokens[0]
        shelf = Shelf(emulation, "team", "store", token)
        return max(shelf.get("simple/demo/").status, shelf.download(WHEEL).status)

    def call_sts() -> int:
        identity = People(emulation, emulation.owner).sts().get_caller_identity()
        assert identity["Account"] == ACCOUNT
        return int(identity["ResponseMetadata"]["HTTPStatusCode"])

    tokens = [shelf_of(emulation).token]
    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(work, each) for each in (publish, read, read, call_sts)]
        try:
            for _ in range(10):
                reset(emulation)
        finally:
            ended.set()
        for each in asking:
            each.result()
    assert seen <= {200, 404, 409}, seen
    told = json.dumps(emulation.control("GET", "crashes").json())
    assert emulation.crashes() == [], told
