"""An emulator for each test, asked by boto3 and by plain HTTP; evidence for what is expected."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact.emulator.quotas import Quotas
from tests.support.emulation import Emulation, Shelf
from tests.support.people import People
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

EVIDENCE = frozenset({"documented", "observed", "assumed"})
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test of the service's behaviour that does not say how the behaviour is known."""
    for item in items:
        if HERE not in item.path.parents:
            continue
        marks = [mark for mark in item.iter_markers() if mark.name in EVIDENCE]
        if len(marks) != 1 or not marks[0].args:
            msg = f"{item.nodeid} needs exactly one of documented, observed, assumed, with a text"
            raise pytest.UsageError(msg)


@pytest.fixture
def emulation(tmp_path: Path) -> Iterator[Emulation]:
    """An emulator that must not have crashed by the end."""
    with Emulation(tmp_path / "state") as emulation:
        yield emulation
        assert emulation.crashes() == []


@pytest.fixture
def make_emulation(tmp_path: Path) -> Iterator[Callable[[Quotas], Emulation]]:
    """Make an emulator with other limits."""
    made: list[Emulation] = []

    def make(quotas: Quotas) -> Emulation:
        made.append(Emulation(tmp_path / f"state-{len(made)}", quotas=quotas))
        return made[-1]

    yield make
    for emulation in made:
        crashes = emulation.crashes()
        emulation.close()
        assert crashes == []


@pytest.fixture
def client(emulation: Emulation) -> "CodeArtifactClient":
    """The administrator's boto3 client."""
    return emulation.client()


@pytest.fixture
def team(client: "CodeArtifactClient") -> "CodeArtifactClient":
    """The administrator's client, with a domain `team` and its repository `store`."""
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    return client


@pytest.fixture
def people(emulation: Emulation) -> People:
    """An account of its own, as moto keeps users for the whole process; with `team` and `store`."""
    people = People(emulation, emulation.other_account())
    client = people.codeartifact()
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    return people


@pytest.fixture
def make_shelf(emulation: Emulation, client: "CodeArtifactClient") -> Callable[..., Shelf]:
    """Make a repository of the domain `team`, with upstreams or a connection to PyPI."""
    client.create_domain(domain="team")
    token = client.get_authorization_token(domain="team")["authorizationToken"]

    def make(name: str, *upstreams: str, connected: bool = False) -> Shelf:
        client.create_repository(
            domain="team",
            repository=name,
            upstreams=[{"repositoryName": upstream} for upstream in upstreams],
        )
        if connected:
            client.associate_external_connection(
                domain="team", repository=name, externalConnection="public:pypi"
            )
        return Shelf(emulation, "team", name, token)

    return make


@pytest.fixture
def shelf(make_shelf: Callable[..., Shelf]) -> Shelf:
    """The endpoint of the repository `store`, which has no upstreams."""
    return make_shelf("store")


@pytest.fixture
def registry(emulation: Emulation, monkeypatch: pytest.MonkeyPatch) -> Iterator[PublicRegistry]:
    """A fake public registry that `public:pypi` points to."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with PublicRegistry() as registry:
        assert emulation.control("POST", "upstreams", {"public:pypi": registry.url}).status == 200
        yield registry


@pytest.fixture
def connected(make_shelf: Callable[..., Shelf]) -> Shelf:
    """A repository with the connection to the public registry."""
    return make_shelf("public", connected=True)
