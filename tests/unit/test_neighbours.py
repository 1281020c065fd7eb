"""Other services behind the same door: moto's, for the accounts that are ours."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pytest_codeartifact.emulator.iam.accounts import Account
from pytest_codeartifact.emulator.neighbours.forgetting import forget
from tests.support.emulation import ACCOUNT, Emulation, refusal
from tests.support.people import BEARER, People, allow


@pytest.fixture(scope="module")
def emulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulation]:
    """One for all tests here: loading the neighbours takes a moment."""
    with Emulation(tmp_path_factory.mktemp("state")) as emulation:
        yield emulation


def test_caller_is_known_to_sts(emulation: Emulation) -> None:
    """Both sides agree on who the administrator of an account is."""
    for account in (emulation.owner, emulation.other_account()):
        identity = People(emulation, account).sts().get_caller_identity()
        assert identity["Account"] == account.number
        assert identity["Arn"] == f"arn:aws:iam::{account.number}:user/administrator"


def test_wrong_secret_is_refused_for_neighbours_too(emulation: Emulation) -> None:
    """The signature is verified before the other service sees anything."""
    wrong = Account(ACCOUNT, emulation.owner.access_key_id, "wrong")
    with pytest.raises(ClientError) as refused:
        People(emulation, wrong).sts().get_caller_identity()
    assert refusal(refused)["Error"]["Code"] == "SignatureDoesNotMatch"


def test_user_made_through_iam_is_a_caller_without_rights(emulation: Emulation) -> None:
    """A new user's key signs well, and nothing is allowed until a policy says so."""
    iam = People(emulation, emulation.owner).iam
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = Account(ACCOUNT, key["AccessKeyId"], key["SecretAccessKey"])
    client = emulation.client(ann)
    with pytest.raises(client.exceptions.AccessDeniedException) as refused:
        client.create_domain(domain="team")
    assert f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized" in str(refused.value)
    iam.update_access_key(UserName="ann", AccessKeyId=ann.access_key_id, Status="Inactive")
    with pytest.raises(ClientError) as refused:
        client.list_domains()
    assert refusal(refused)["Error"]["Code"] == "UnrecognizedClientException"


def test_refusal_of_a_neighbour_arrives(emulation: Emulation) -> None:
    """What moto refuses is answered with moto's words, whatever headers it sends along."""
    iam = People(emulation, emulation.owner).iam
    with pytest.raises(ClientError) as refused:
        iam.put_user_policy(UserName="administrator", PolicyName="p", PolicyDocument="{}")
    assert refusal(refused)["Error"]["Code"] == "MalformedPolicyDocument"
    assert emulation.crashes() == []


def test_restart_forgets_users_and_keeps_administrators(tmp_path: Path) -> None:
    """The state has no users: their tokens open nothing then, an administrator's go on."""
    with Emulation(tmp_path) as before:
        people = People(before, before.owner)
        people.codeartifact().create_domain(domain="team")
        people.codeartifact().create_repository(domain="team", repository="store")
        name = f"user-{secrets.token_hex(4)}"
        shelves = people.shelf(), people.shelf(people.user(name, BEARER, allow("*")))
        assert [shelf.get("simple/demo/").status for shelf in shelves] == [404, 404]
    with Emulation(tmp_path) as after:
        answers = [replace(each, emulation=after).get("simple/demo/") for each in shelves]
        assert [each.status for each in answers] == [404, 403]


def test_accounts_are_registered_once(tmp_path: Path) -> None:
    """However many ask first and at once, each account has one administrator with one key."""
    with Emulation(tmp_path) as emulation, ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            people = People(emulation, emulation.other_account())
            clients = [people.ask("iam") for _ in range(8)]
            answers = [pool.submit(client.list_access_keys) for client in clients]
            keys = [each.result()["AccessKeyMetadata"] for each in answers]
            assert {len(each) for each in keys} == {1}
        assert emulation.crashes() == []


def test_accounts_are_registered_again_where_moto_was_emptied(emulation: Emulation) -> None:
    """Moto's state is the process's: whoever else empties it takes no administrator away."""
    people = People(emulation, emulation.owner)
    assert people.sts().get_caller_identity()["Account"] == ACCOUNT
    forget(None)
    assert [each["UserName"] for each in people.iam.list_users()["Users"]] == ["administrator"]
    arn = f"arn:aws:iam::{ACCOUNT}:user/administrator"
    assert people.sts().get_caller_identity()["Arn"] == arn
