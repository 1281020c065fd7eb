"""Decisions that are remembered, while policies change and many ask."""

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import DomainId, RepositoryId, ResourcePolicy
from pytest_codeartifact.emulator.errors import AccessDenied
from pytest_codeartifact.emulator.iam.authorize import Circumstances, PolicyAuthorizer
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.iam.documents import read_identity_policy
from pytest_codeartifact.emulator.iam.grants import Grant
from pytest_codeartifact.emulator.iam.identities import Identity
from pytest_codeartifact.emulator.neighbours.identities import MotoIdentities
from pytest_codeartifact.emulator.remembered import ENTRIES
from pytest_codeartifact.emulator.store.sqlite import SqliteStore

ACCOUNT, REGION, ACTION = "111122223333", "eu-west-1", "codeartifact:ReadFromRepository"
STORE = RepositoryId(DomainId(REGION, ACCOUNT, "team"), "store")
ANN = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann", "AIDA1", "AKIA1")
HERE = Circumstances(REGION, "127.0.0.1", is_secure=False)
ASKING, QUESTIONS, CHANGES = 48, 20, 60


class OnePolicy(MotoIdentities):
    """A user with one policy, told of as moto's are."""

    def __init__(self) -> None:
        super().__init__()
        self.statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]

    def identity(self, caller: Caller) -> Identity | None:  # noqa: ARG002 - there is one
        document = {"Version": "2012-10-17", "Statement": self.statements}
        return Identity((read_identity_policy(json.dumps(document)),))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path)
    yield store
    store.close()


@pytest.fixture
def _eager() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def _by_identity(store: SqliteStore, identities: OnePolicy, effect: str) -> None:  # noqa: ARG001 - one of two
    identities.statements = [{"Effect": effect, "Action": "*", "Resource": "*"}]
    identities.changed()


def _by_repository(store: SqliteStore, identities: OnePolicy, effect: str) -> None:  # noqa: ARG001 - one of two
    statement = {"Effect": effect, "Action": "*", "Resource": "*", "Principal": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with store.write() as tx:
        tx.policies.put(ResourcePolicy(STORE.arn, document, "1"))


Change = Callable[[SqliteStore, OnePolicy, str], None]


@pytest.mark.usefixtures("_eager")
@pytest.mark.parametrize("change", [_by_identity, _by_repository], ids=["identity", "repository"])
def test_change_holds_for_all_who_ask_after_it(store: SqliteStore, change: Change) -> None:
    """Once a change is made, nobody who asks later is answered by what was before."""
    identities = OnePolicy()
    authorizer = PolicyAuthorizer(store, identities, Clock())
    begun = made = 0
    wrong: list[tuple[int, bool]] = []

    def ask() -> None:
        for _ in range(QUESTIONS):
            before = made
            allowed = _is_allowed(authorizer)
            # Where a change was under way meanwhile, either answer is right.
            if begun == before and allowed is bool(before % 2):
                wrong.append((before, allowed))

    with ThreadPoolExecutor(ASKING) as pool:
        for number in range(1, CHANGES):
            # Everything is looked up anew while the change that counts is made.
            identities.changed()
            asking = [pool.submit(ask) for _ in range(ASKING)]
            begun = number
            change(store, identities, "Deny" if number % 2 else "Allow")
            made = number
            for each in asking:
                each.result()
            assert _is_allowed(authorizer) is not bool(number % 2)
    assert wrong == []


def _is_allowed(authorizer: PolicyAuthorizer) -> bool:
    try:
        authorizer.require(ANN, Grant.on_repository(ACTION, STORE), HERE)
    except AccessDenied:
        return False
    return True


def test_generation_never_returns(store: SqliteStore) -> None:
    """However many say at once that something changed, each change has a number of its own."""
    identities = OnePolicy()
    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(identities.changed) for _ in range(800)]:
            each.result()
    assert identities.generation == 800
    assert _is_allowed(PolicyAuthorizer(store, identities, Clock()))


def test_remembered_decisions_are_bounded(store: SqliteStore) -> None:
    """Whoever asks for ever new things does not fill the memory."""
    authorizer = PolicyAuthorizer(store, OnePolicy(), Clock())
    for number in range(ENTRIES + 10):
        package = Grant(ACTION, f"{STORE.arn}/{number}")
        authorizer.require(ANN, package, HERE)
    assert len(authorizer._cases._known[1]) <= ENTRIES
