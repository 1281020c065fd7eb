import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emulation import Emulation, basic


@pytest.fixture
def emulation(tmp_path: Path) -> Iterator[Emulation]:
    """An emulator that must not have crashed by the end."""
    with Emulation(tmp_path / "state") as emulation:
        yield emulation
        assert emulation.crashes() == []


def test_health_needs_no_key(emulation: Emulation) -> None:
    """Whether the server answers can be asked by everybody."""
    answer = emulation.request("GET", "/_emulator/health")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("name", ["clock", "accounts", "upstreams", "requests", "nonsense"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stranger_is_refused(emulation: Emulation, method: str, name: str) -> None:
    """Everything else needs the owner's key, whatever a stranger shows."""
    owner = emulation.owner
    for authorization in (
        None,
        "Basic",
        "Basic !!!",
        "Basic é",
        "Bearer x",
        basic(owner.access_key_id, "wrong"),
        basic("", owner.secret_access_key),
        base64.b64encode(b"\xff:\xff").decode(),
    ):
        headers = {} if authorization is None else {"Authorization": authorization}
        answer = emulation.request(method, f"/_emulator/{name}", headers)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert owner.secret_access_key.encode() not in answer.body


def test_key_of_another_account_controls_nothing(emulation: Emulation) -> None:
    """An account that the emulator made is no owner of the emulator."""
    other = emulation.other_account()
    headers = {"Authorization": basic(other.access_key_id, other.secret_access_key)}
    assert emulation.request("GET", "/_emulator/clock", headers).status == 401


def test_unknown_action_is_not_found(emulation: Emulation) -> None:
    """The owner is told what is not known."""
    assert emulation.control("GET", "nonsense").status == 404
    assert emulation.control("DELETE", "clock").status == 404


def test_clock_is_moved_and_told(emulation: Emulation) -> None:
    """Moves add up, fractions of seconds too."""
    emulation.control("POST", "clock", {"advance_seconds": 60})
    answer = emulation.control("POST", "clock", {"advance_seconds": 30.5}).json()
    assert answer["offset_seconds"] == 90.5
    told = emulation.control("GET", "clock").json()
    assert told["offset_seconds"] == 90.5
    assert told["now"] >= answer["now"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"nonsense",
        b"\xff",
        b"[" * 60_000,
        b'{"advance_seconds": "1"}',
        b'{"advance_seconds": true}',
        b'{"advance_seconds": null}',
        b'{"advance_seconds": -1}',
        b'{"advance_seconds": NaN}',
        b'{"advance_seconds": 1e400}',
        b'{"advance_seconds": ' + b"9" * 5000 + b"}",
        b'{"advance_seconds": ' + b"9" * 100_000 + b"}",
    ],
    ids=lambda body: f"{len(body)} {body[:24]!r}",
)
def test_bad_move_of_the_clock_is_refused(emulation: Emulation, body: bytes) -> None:
    """What is not a number of seconds forward changes nothing."""
    owner = emulation.owner
    headers = {"Authorization": basic(owner.access_key_id, owner.secret_access_key)}
    assert emulation.request("POST", "/_emulator/clock", headers, body).status == 400
    assert emulation.control("GET", "clock").json()["offset_seconds"] == 0


@pytest.mark.parametrize(
    "wanted",
    [
        {"public:nosuch": "http://127.0.0.1:1/"},
        {"public:pypi": 7},
        {"public:pypi": None},
        {"public:pypi": "http://127.0.0.1:1/", "pypi": "http://127.0.0.1:1/"},
        [],
    ],
)
def test_bad_upstream_is_refused_whole(emulation: Emulation, wanted: object) -> None:
    """One bad entry, and none is taken."""
    before = emulation.control("GET", "upstreams").json()
    assert emulation.control("POST", "upstreams", wanted).status == 400
    assert emulation.control("GET", "upstreams").json() == before


@pytest.mark.parametrize("after", ["x", "-1", "1.0", "", "٣", "9" * 5000])
def test_bad_number_of_an_entry_is_refused(emulation: Emulation, after: str) -> None:
    """The journals are read from a number on."""
    answer = emulation.control("GET", f"requests?after={after}")
    # An empty value is as good as none.
    assert answer.status == (400 if after else 200)


def test_requests_are_told_from_a_number_on(emulation: Emulation) -> None:
    """Each request to a service is told once, with who made it and what came of it."""
    emulation.client().list_domains()
    emulation.client().create_domain(domain="team")
    told = emulation.control("GET", "requests").json()
    assert [(e["operation"], e["status"]) for e in told["requests"]] == [
        ("ListDomains", 200),
        ("CreateDomain", 200),
    ]
    assert told["requests"][0]["principal"].endswith(":user/administrator")
    rest = emulation.control("GET", f"requests?after={told['requests'][0]['number']}").json()
    assert [e["operation"] for e in rest["requests"]] == ["CreateDomain"]
    nothing = emulation.control("GET", f"requests?after={told['next']}").json()
    assert nothing == {"requests": [], "next": told["next"]}


def test_journal_holds_no_secret(emulation: Emulation) -> None:
    """A token in a path is masked."""
    client = emulation.client()
    client.create_domain(domain="team")
    token = client.get_authorization_token(domain="team")["authorizationToken"]
    emulation.request("GET", f"/pypi/{token}/simple/")
    assert token.encode() not in emulation.control("GET", "requests").body
