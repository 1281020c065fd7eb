"""What holds for every package format found: routes, actions, names, order of versions."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.entities import DomainId, PackageFormat
from pytest_codeartifact.emulator.formats import discover
from pytest_codeartifact.emulator.formats.base import Format, Route
from pytest_codeartifact.emulator.iam.callers import Caller
from tests.support.actions import ACTIONS
from tests.support.emulation import ACCOUNT, REGION, Emulation, basic

FORMATS = discover()
ROUTES = [(word, route) for word, form in FORMATS.items() for route in form.routes()]
each_route = pytest.mark.parametrize(
    ("word", "route"), ROUTES, ids=[f"{word} {route.method} {route.path}" for word, route in ROUTES]
)
each_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
HOST = f"team-{ACCOUNT}.d.codeartifact.{REGION}.amazonaws.com"


def address(word: str, route: Route) -> str:
    return f"/{HOST}/{word}/store/" + re.sub("<[^>]+>", "demo", route.path)


@pytest.fixture
def emulation(tmp_path: Path) -> Iterator[Emulation]:
    with Emulation(tmp_path / "state") as emulation:
        client = emulation.client()
        client.create_domain(domain="team")
        client.create_repository(domain="team", repository="store")
        yield emulation
        assert emulation.crashes() == []


def test_formats_are_those_of_the_model() -> None:
    """At least Python packages, and nothing that the API has no word for."""
    assert PackageFormat.PYPI in FORMATS
    assert all(form.name is word for word, form in FORMATS.items())


@each_route
def test_route_has_an_action_of_iam(word: str, route: Route) -> None:
    """Each route asks for a real action, reading for `ReadFromRepository`."""
    assert PackageFormat(word) in FORMATS
    assert route.action in ACTIONS
    if route.method == "GET":
        assert route.action == "ReadFromRepository"


@each_route
def test_route_needs_a_token(emulation: Emulation, word: str, route: Route) -> None:
    """Without a token each route is closed."""
    answer = emulation.request(route.method, address(word, route))
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")


@each_route
def test_route_needs_its_repository(emulation: Emulation, word: str, route: Route) -> None:
    """With a token, a missing repository is not found."""
    token = emulation.client().get_authorization_token(domain="team")["authorizationToken"]
    path = address(word, route).replace("/store/", "/gone/")
    headers = {"Authorization": basic("aws", token)}
    assert emulation.request(route.method, path, headers).status == 404


@each_route
def test_route_needs_a_permission(emulation: Emulation, word: str, route: Route) -> None:
    """With a good token of somebody without rights each route that gets so far is closed."""
    ann = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann", "AIDAANN", "AKIAANN")
    tokens = emulation.emulator._template.tokens
    token, _ = tokens.mint(ann, DomainId(REGION, ACCOUNT, "team"), None)
    headers = {"Authorization": basic("aws", token)}
    answer = emulation.request(route.method, address(word, route), headers)
    if route.on_package:
        # Which package is meant stands in the body, so an empty one is refused as such.
        assert answer.status in {400, 403}
    else:
        assert answer.status == 403
        assert f"codeartifact:{route.action}" in answer.message
        assert ":repository/team/store" in answer.message


@each_format
@given(data=st.data())
def test_names_are_normal_once_and_for_all(form: Format, data: st.DataObject) -> None:
    """Parsing a parsed name changes nothing; what is no name is a ValueError."""
    text = data.draw(
        st.one_of(st.text(max_size=20), st.from_regex(r"[\w.-]{1,12}", fullmatch=True))
    )
    try:
        package = form.parse_name(text)
    except ValueError:
        return
    assert form.parse_name(package.name) == package
    assert re.fullmatch(r"[^#/\s]{1,255}", package.name)


@each_format
@given(versions=st.lists(st.text(max_size=8), min_size=2, max_size=6, unique=True))
def test_order_of_versions_is_total(form: Format, versions: list[str]) -> None:
    """Any texts can be sorted, always in one way."""
    flipped = versions[::-1]
    assert sorted(versions, key=form.sort_key) == sorted(flipped, key=form.sort_key)


@each_format
def test_connections_are_known_ones(form: Format) -> None:
    """A format's connections are the service's own, in the format's own words."""
    for connection in form.external_connections:
        assert connection.startswith("public:")
        assert form.public_registry(connection).startswith("https://")
