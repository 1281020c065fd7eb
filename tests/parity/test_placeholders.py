import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.parity.placeholders import Placeholders

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
TOKEN = "eyJ2ZXIiOjEsImlzdSI6MTYwMH0.AAAA-_bbbb.CCCC.dddd1234.EEEE"
SECRET = "wJalr/XUtnFEMI+K7MDENG=bPxRfi"
SOURCES: dict[str, str] = {
    "its own account": ACCOUNT,
    "another account": OTHER_ACCOUNT,
    "an account with hyphens": "4444-5555-6666",
    "a token": TOKEN,
    "a signed token of three parts": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.c2lnbmF0dXJl",
    "a secret that was told": SECRET,
    "an access key": "AKIAIOSFODNN7EXAMPLE",
}


def encoded(text: str) -> str:
    """Every character percent-encoded, which URLs allow."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


WAYS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "quoted": lambda text: quote(text, safe=""),
    "all of it encoded": encoded,
    "encoded twice": lambda text: encoded(text).replace("%", "%25"),
}
AROUND = st.text(st.characters(exclude_categories=["Cs", "Nd"]), max_size=8)


def placeholders() -> Placeholders:
    made = Placeholders([ACCOUNT], "eu-west-1")
    made.hide(SECRET)
    return made


def planted(text: str) -> st.SearchStrategy[Any]:
    """JSON that has a text somewhere: in a key, in a list, within another text."""
    within = st.tuples(AROUND, AROUND).map(lambda around: around[0] + text + around[1])
    leaves = st.one_of(st.none(), st.booleans(), st.integers(0, 999), AROUND)

    def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.one_of(
            st.lists(leaves, max_size=2).flatmap(
                lambda others: inner.map(lambda one: [*others, one])
            ),
            st.dictionaries(AROUND, leaves, max_size=2).flatmap(
                lambda others: inner.map(lambda one: {**others, "member": one})
            ),
            inner.map(lambda one: {text: one}),
        )

    return st.recursive(within, nested, max_leaves=4)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("source", SOURCES)
@settings(max_examples=25)
@given(data=st.data())
def test_no_account_and_no_token_survives(source: str, way: str, data: st.DataObject) -> None:
    """Wherever it is planted, and however it is encoded, nothing of it is left."""
    secret = SOURCES[source]
    hidden = WAYS[way](secret)
    document = data.draw(planted(hidden))
    told = json.dumps(placeholders().json(document), ensure_ascii=False)
    assert secret not in unquote(unquote(told))
    assert not re.search(r"[0-9]{12}", told)


@given(st.integers(10**11, 10**20), st.text(max_size=3))
def test_number_that_could_hold_an_account_is_hidden(number: int, name: str) -> None:
    """Also as a JSON number, and also one with more digits."""
    assert not re.search(r"[0-9]{12}", json.dumps(placeholders().json({name: number})))


def test_own_account_is_hidden_within_a_longer_number() -> None:
    """It is known, so it is no matter what stands beside it."""
    assert ACCOUNT not in placeholders().text(f"9{ACCOUNT}8")


def test_token_in_a_basic_header_is_hidden() -> None:
    """The base64 of a user and a token tells the token, too."""
    header = "Basic " + base64.b64encode(f"aws:{TOKEN}".encode()).decode()
    told = placeholders().text(f"sent {header}.")
    assert header not in told
    assert told == "sent Basic ******."


def test_same_value_has_the_same_number_everywhere() -> None:
    """So one sees where the same thing appears again, in whatever text."""
    made = placeholders()
    made.learn("domain", "team")
    first = made.json({"owner": ACCOUNT, "bucket": f"assets-{OTHER_ACCOUNT}"})
    again = made.json([f"arn:aws:codeartifact:eu-west-1:{ACCOUNT}:domain/team", OTHER_ACCOUNT])
    assert first == {"bucket": "assets-<account:2>", "owner": "<account:1>"}
    assert again == ["arn:aws:codeartifact:<region>:<account:1>:domain/<domain:1>", "<account:2>"]


def test_numbers_do_not_depend_on_the_order_of_members() -> None:
    """A service that sends the members in another order says the same."""
    one = placeholders().json({"a": OTHER_ACCOUNT, "b": "777788889999"})
    other = placeholders().json({"b": "777788889999", "a": OTHER_ACCOUNT})
    assert one == other


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("at 2026-11-28T09:30:00.123Z.", "at <time:1>."),
        ("Sat, 28 Nov 2026 09:30:00 GMT", "<time:1>"),
        ("since 1793404800.123", "since <time:1>"),
        ("arn:aws:kms:eu-west-1:1:key/0f1e2d3c-1111-2222-3333-444455556666", "key/<key:1>"),
        ("request 0f1e2d3c-1111-2222-3333-444455556666", "request <request-id:1>"),
        ("#sha256=" + "ab" * 32, "#sha256=<digest:1>"),
        ("current revision: " + "A" * 43 + "=", "current revision: <revision:1>"),
        ("RepoId: abc123, Package", "RepoId: <repository-id:1>, Package"),
        ("http://127.0.0.1:8080/x", "http://<host:1>/x"),
        ("eu-west-12 and eu-west-1", "eu-west-12 and <region>"),
    ],
)
def test_what_differs_from_run_to_run_is_known_by_its_look(text: str, told: str) -> None:
    """Times, ids, hashes, revisions, hosts of this machine, the Region."""
    assert placeholders().text(text).endswith(told)


def test_plain_address_reads_as_the_real_host() -> None:
    """On AWS and on the emulator an endpoint is told in the same words."""
    made = placeholders()
    made.learn("domain", "team")
    made.addressed_by("http://127.0.0.1:8080")
    host = f"team-{ACCOUNT}.d.codeartifact.eu-west-1.amazonaws.com"
    plain = made.text(f"http://127.0.0.1:8080/{host}/pypi/store/")
    assert plain == placeholders_of_team().text(f"https://{host}/pypi/store/")
    assert plain == (
        "https://<domain:1>-<account:1>.d.codeartifact.<region>.amazonaws.com/pypi/store/"
    )


def placeholders_of_team() -> Placeholders:
    made = placeholders()
    made.learn("domain", "team")
    return made


def test_members_tell_what_looks_like_a_word() -> None:
    """A short revision, a next token and a size are hidden where they are members."""
    answer = {
        "revision": "r1",
        "nextToken": "2",
        "size": 1108,
        "createdTime": datetime(2026, 11, 28, tzinfo=UTC),
        "version": "r1",
        "status": "2",
    }
    assert placeholders().json(answer) == {
        "createdTime": "<time:1>",
        "nextToken": "<next-token:1>",
        "revision": "<revision:1>",
        "size": "<size:1>",
        "status": "2",
        "version": "r1",
    }


@pytest.mark.parametrize("longer", ["team-10", "team-1-a", "team-1x"])
def test_name_that_goes_on_is_another_one(longer: str) -> None:
    """Numbered names begin with each other."""
    made = placeholders()
    made.learn("repository", "team-1")
    assert made.text(longer) == longer
    assert made.text("'team-1' team-1/x") == "'<repository:1>' <repository:1>/x"
