import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_codeartifact.emulator.control import BODY_BYTES
from pytest_codeartifact.emulator.iam.accounts import Account
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


@pytest.mark.parametrize(
    "name",
    ["clock", "accounts", "upstreams", "faults", "reset", "requests", "events", "nonsense"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
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
    assert emulation.control("GET", "reset").status == 404


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
        {"public:pypi": "127.0.0.1:9"},
        {"public:pypi": "file:///etc"},
        {"public:pypi": "http://[::1"},
        {"public:pypi": "http://127.0.0.1:1/", "pypi": "http://127.0.0.1:1/"},
        [],
    ],
)
def test_bad_upstream_is_refused_whole(emulation: Emulation, wanted: object) -> None:
    """One bad entry, and none is taken."""
    before = emulation.control("GET", "upstreams").json()
    assert emulation.control("POST", "upstreams", wanted).status == 400
    assert emulation.control("GET", "upstreams").json() == before


def test_configured_upstream_is_pointed_to_as_well(emulation: Emulation) -> None:
    """Configuring an address is pointing there, until somebody points elsewhere."""
    for url in ("http://127.0.0.1:1/", "http://127.0.0.1:2/"):
        assert emulation.control("PUT", "upstreams", {"public:pypi": url}).status == 200
        assert emulation.control("GET", "upstreams").json()["public:pypi"] == url


def test_account_of_a_number_is_opened_once(emulation: Emulation) -> None:
    """Asked for again, it is the same account with the same key; it is a caller like any other."""
    wanted = {"account": "123456789012"}
    told = emulation.control("POST", "accounts", wanted).json()
    assert told["account"] == "123456789012"
    assert emulation.control("POST", "accounts", wanted).json() == told
    account = Account(told["account"], told["access_key_id"], told["secret_access_key"])
    domain = emulation.client(account).create_domain(domain="team")["domain"]
    assert domain["owner"] == "123456789012"


BAD_ACCOUNTS = [
    {"account": "12345678901"},
    {"account": "12345678901x"},
    {"account": "١٢٣٤٥٦٧٨٩٠١٢"},
    {"account": 123456789012},
    {"account": None},
    {"acount": "123456789012"},
    {"account": "123456789012", "domain": "team"},
    ["123456789012"],
    "123456789012",
]


@pytest.mark.parametrize("document", BAD_ACCOUNTS, ids=str)
@pytest.mark.parametrize("name", ["accounts", "reset"])
def test_bad_account_is_refused(emulation: Emulation, name: str, document: object) -> None:
    """What names no account opens none, and is not taken for all of them."""
    emulation.client().create_domain(domain="team")
    assert emulation.control("POST", name, document).status == 400
    assert len(emulation.client().list_domains()["domains"]) == 1


# --- Faults: what they do is in tests/behaviour/test_faults.py -------------------------------


def test_faults_are_placed_told_and_ended(emulation: Emulation) -> None:
    """Each answer tells all there are, with their details and places, in their order."""
    control = emulation.control
    assert control("GET", "faults").json() == {"faults": []}
    down = {"kind": "down", "connection": "public:pypi"}
    failing = {"kind": "failing", "status": 502, "connection": "public:pypi", "package": "demo"}
    assert control("POST", "faults", down).json() == {"faults": [down]}
    assert control("POST", "faults", failing).json() == {"faults": [down, failing]}
    assert control("GET", "faults").json() == {"faults": [down, failing]}
    assert control("DELETE", "faults?connection=public:npmjs").json() == {"faults": [down, failing]}
    assert control("DELETE", "faults?connection=public:pypi").json() == {"faults": []}


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({}, "'connection' says what is broken"),
        ({"kind": "down"}, "'connection' says what is broken"),
        ({"kind": "down", "connection": 7}, "'connection' says what is broken"),
        ({"kind": "down", "connection": "public:nosuch"}, "'public:nosuch' is no connection"),
        ({"connection": "public:pypi"}, "the kind of a fault is one of down, slow,"),
        ({"connection": "public:pypi", "kind": "borken"}, "not 'borken'"),
        ({"connection": "public:pypi", "kind": "down", "package": 7}, "the name of a package"),
        ({"connection": "public:pypi", "kind": "down", "package": "a b"}, "'a b' is no name of a"),
        ({"connection": "public:pypi", "kind": "slow", "seconds": 99}, "at most 30, not 99"),
    ],
    ids=str,
)
def test_bad_fault_is_refused_by_name(emulation: Emulation, fault: object, text: str) -> None:
    """The refusal names what is wrong, and nothing is broken."""
    answer = emulation.control("POST", "faults", fault)
    assert (answer.status, text in answer.message) == (400, True), answer.message
    assert emulation.control("GET", "faults").json() == {"faults": []}


def test_end_of_faults_of_no_connection_is_refused(emulation: Emulation) -> None:
    """A misspelt connection is not taken for one without faults."""
    answer = emulation.control("DELETE", "faults?connection=public:nosuch")
    assert (answer.status, "'public:nosuch'" in answer.message) == (400, True)


def test_too_large_body_is_refused(emulation: Emulation) -> None:
    """What is larger than a file to replace another with is not read to its end."""
    owner = emulation.owner
    headers = {"Authorization": basic(owner.access_key_id, owner.secret_access_key)}
    body = b" " * (BODY_BYTES + 1)
    answer = emulation.request("POST", "/_emulator/faults", headers, body)
    assert (answer.status, answer.message) == (400, f"the body is larger than {BODY_BYTES} bytes")


# --- Journals --------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("method", "name"),
    [("DELETE", "faults?conn=public:pypi"), ("GET", "requests?since=3")],
)
def test_misspelt_question_is_refused(emulation: Emulation, method: str, name: str) -> None:
    """What the query cannot say is refused, before anything happens."""
    fault = {"connection": "public:pypi", "kind": "down"}
    emulation.control("POST", "faults", fault)
    assert emulation.control(method, name).status == 400
    assert len(emulation.control("GET", "faults").json()["faults"]) == 1
