"""The endpoint's own rules, with a format and a registry made for the test."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.endpoint import Endpoint
from pytest_codeartifact.emulator.entities import (
    Domain,
    DomainId,
    PackageFormat,
    PackageId,
    Repository,
    RepositoryId,
)
from pytest_codeartifact.emulator.formats.base import Format, Route, Visit, message_response
from pytest_codeartifact.emulator.http import Request, Response
from pytest_codeartifact.emulator.iam.authorize import PolicyAuthorizer
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.iam.identities import ADMINISTRATOR_ACCESS, Identity
from pytest_codeartifact.emulator.iam.tokens import Tokens
from pytest_codeartifact.emulator.names import EndpointHost
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.emulator.store.sqlite import SqliteStore

TEAM = DomainId("eu-west-1", "111122223333", "team")
HOST = EndpointHost("eu-west-1", "111122223333", "team")
DEMO = PackageId(PackageFormat.NPM, "", "demo")
ANN = Caller("111122223333", "arn:aws:iam::111122223333:user/ann", "AIDA1", "AKIA1")


class OnlyAdministrators:
    """Nobody else was ever made."""

    generation = 0

    def identity(self, caller: Caller) -> Identity | None:
        return Identity((ADMINISTRATOR_ACCESS,)) if caller.is_administrator else Identity()


class Fake:
    """A format with one route that reads, one that asks for its package, one that forgets to."""

    name = PackageFormat.NPM

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "read/<name>", self._read, "ReadFromRepository"),
            Route("PUT", "asks", self._asks, "PublishPackageVersion", on_package=True),
            Route("PUT", "forgets", self._read, "PublishPackageVersion", on_package=True),
        )

    def _read(self, visit: Visit) -> Response:
        return message_response(200, visit.parameters.get("name", ""))

    def _asks(self, visit: Visit) -> Response:
        visit.permit(DEMO)
        return message_response(200, "published")


@pytest.fixture
def endpoint(tmp_path: Path) -> Any:  # noqa: ANN401 - a generator of an endpoint
    store = SqliteStore(tmp_path)
    with store.write() as tx:
        tx.domains.put(Domain(TEAM, "key", 0.0))
        tx.repositories.put(
            Repository(RepositoryId(TEAM, "store"), "uid", TEAM.owner, None, (), (), 0.0)
        )
    nothing = cast("Any", None)
    formats = {PackageFormat.NPM: cast("Format", Fake())}
    tokens = Tokens(b"k" * 16, Clock())
    authorizer = PolicyAuthorizer(store, OnlyAdministrators(), Clock())
    yield Endpoint(store, nothing, tokens, authorizer, formats, Quotas(), Clock())
    store.close()


def answer(
    endpoint: Endpoint, path: str, *, method: str = "GET", administrator: bool = True
) -> Response:
    caller = Caller(ANN.account, ANN.arn, ANN.principal_id, ANN.access_key_id, administrator)
    token, _ = endpoint._tokens.mint(caller, TEAM, None)
    headers = {"authorization": f"Bearer {token}"}
    return endpoint.answer(HOST, path, Request(method, f"/{path}", "", headers, io.BytesIO()))


def test_route_gets_its_parameters(endpoint: Endpoint) -> None:
    """A part of the path arrives decoded, with and without the trailing slash."""
    for path in ("npm/store/read/some name", "npm/store/read/some name/"):
        found = answer(endpoint, path)
        assert found.status == 200
        assert b"some name" in cast("bytes", found.body)


def test_who_asked_is_noted(endpoint: Endpoint) -> None:
    """The request log learns the principal, of refusals too."""
    for path in ("npm/store/read/x", "npm/gone/read/x"):
        assert answer(endpoint, path).notes["principal"] == ANN.arn


def test_permission_on_the_package_is_asked(endpoint: Endpoint) -> None:
    """Without it the handler goes no further."""
    assert answer(endpoint, "npm/store/asks", method="PUT").status == 200
    refused = answer(endpoint, "npm/store/asks", method="PUT", administrator=False)
    assert refused.status == 403
    assert b"package/team/store/npm//demo" in cast("bytes", refused.body)


def test_forgotten_permission_is_a_defect(endpoint: Endpoint) -> None:
    """A route that does its work without asking is never a success."""
    assert answer(endpoint, "npm/store/forgets", method="PUT").status == 500


def test_permission_on_the_repository_comes_first(endpoint: Endpoint) -> None:
    """A caller without rights does not reach the handler."""
    assert answer(endpoint, "npm/store/read/x", administrator=False).status == 403


def test_missing_repository_is_told_to_whom_may_read_it(endpoint: Endpoint) -> None:
    """Without permission the answer is the same, whether or not there is such a repository."""
    assert answer(endpoint, "npm/gone/read/x").status == 404
    for name in ("gone", "store"):
        refused = answer(endpoint, f"npm/{name}/read/x", administrator=False)
        assert refused.status == 403
