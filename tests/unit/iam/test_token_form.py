import functools
import itertools
import json
import re
import string
from base64 import urlsafe_b64decode
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import DomainId
from pytest_codeartifact.emulator.errors import Validation
from pytest_codeartifact.emulator.iam.callers import Caller, Session
from pytest_codeartifact.emulator.iam.tokens import Claims, Tokens
from pytest_codeartifact.redaction import TOKEN_MARK, TOKEN_PATTERN

KEY = bytes(range(16))
DOMAIN = DomainId("eu-west-1", "111122223333", "team-one")
ANN = Caller("111122223333", "arn:aws:iam::111122223333:user/ann", "AIDA1", "AKIA1")
BUILD = replace(ANN, arn="arn:aws:sts::111122223333:assumed-role/build/b1", expires=1_793_405_000.9)
NOW = 1_793_404_800


class Watch(Clock):
    """A clock that stands still until it is set."""

    def __init__(self, now: float = NOW + 0.75) -> None:
        super().__init__()
        self.moment = now

    def now(self) -> float:
        return self.moment


def minted(caller: Caller = ANN, *, now: float = NOW + 0.75) -> str:
    return Tokens(KEY, Watch(now)).mint(caller, DOMAIN, None)[0]


def header_of(token: str) -> str:
    encoded = token.partition(".")[0]
    return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


@functools.cache
def one_token() -> str:
    return minted()


def test_token_says_who_asked_and_for_which_domain() -> None:
    """Reading a token gives the principal, the domain and the whole seconds of its life."""
    tokens = Tokens(KEY, Watch())
    caller = replace(ANN, is_administrator=True)
    token, expiry = tokens.mint(caller, DOMAIN, 900)
    assert expiry == NOW + 900
    assert tokens.read(token) == Claims(caller, DOMAIN, issued=NOW, expires=NOW + 900)


def test_token_carries_what_the_session_adds() -> None:
    """Session policies and session tags stay with the token: requests are judged by them."""
    session = Session(
        role_arn=f"arn:aws:iam::{ANN.account}:role/ci/builder",
        issued=NOW - 60.5,
        policies=('{"Statement":[]}',),
        tags=(("team", "a"), ("stage", "")),
        transitive=("team",),
    )
    caller = replace(BUILD, session=session)
    tokens = Tokens(KEY, Watch())
    claims = tokens.read(tokens.mint(caller, DOMAIN, None)[0])
    assert claims is not None
    assert claims.caller == caller


@pytest.mark.parametrize(
    ("caller", "seconds", "expiry"),
    [
        (ANN, None, NOW + 43_200),
        (ANN, 900, NOW + 900),
        (ANN, 43_200, NOW + 43_200),
        (ANN, 0, NOW + 43_200),
        (BUILD, 0, 1_793_405_000),
        (BUILD, None, NOW + 43_200),
    ],
    ids=["default", "shortest", "longest", "zero-long-lived", "zero-session", "outlives-session"],
)
def test_token_lives_as_long_as_asked(caller: Caller, seconds: int | None, expiry: int) -> None:
    """Twelve hours by default; with 0 exactly as long as temporary credentials."""
    assert Tokens(KEY, Watch()).mint(caller, DOMAIN, seconds)[1] == expiry


@pytest.mark.parametrize(
    ("seconds", "bound"),
    [
        (1, "greater than or equal to 900"),
        (899, "greater than or equal to 900"),
        (-1, "greater than or equal to 900"),
        (43_201, "less than or equal to 43200"),
    ],
)
def test_impossible_duration_is_refused(seconds: int, bound: str) -> None:
    """Between 0 and a quarter of an hour, and beyond twelve hours, there are no tokens."""
    with pytest.raises(Validation) as raised:
        Tokens(KEY, Watch()).mint(ANN, DOMAIN, seconds)
    assert raised.value.message == (
        f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy "
        f"constraint: Member must have value {bound}"
    )


def test_token_ends_at_its_expiry() -> None:
    """A token that was read before is refused once the clock reaches its end."""
    watch = Watch()
    tokens = Tokens(KEY, watch)
    token, expiry = tokens.mint(ANN, DOMAIN, 900)
    watch.moment = expiry - 0.01
    assert tokens.read(token) is not None
    watch.moment = expiry
    assert tokens.read(token) is None


def test_token_has_the_form_of_real_ones() -> None:
    """Five URL-safe parts, a readable header, well over a thousand characters."""
    token = minted()
    assert re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){4}", token)
    assert 1000 < len(token) < 2500
    header = json.loads(header_of(token))
    assert header_of(token).startswith('{"ver":1,"isu":1793404800,"enc":"A128GCM",')
    assert header["exp"] - header["isu"] == 43_200
    assert header["alg"] == "A128GCMKW"
    assert set(header) == {"ver", "isu", "enc", "kid", "tag", "exp", "alg", "iv"}


def test_token_of_the_longest_names_is_not_too_long() -> None:
    """A user in the deepest path with the longest names still gets a usable token."""
    caller = replace(ANN, arn=f"arn:aws:iam::111122223333:user/{'p' * 510}/{'u' * 64}")
    domain = DomainId("ap-southeast-1", "111122223333", "d" * 50)
    tokens = Tokens(KEY, Watch())
    token, _ = tokens.mint(caller, domain, None)
    assert len(token) < 2500
    claims = tokens.read(token)
    assert claims is not None
    assert (claims.caller.arn, claims.domain) == (caller.arn, domain)


def in_session(policy: str) -> Caller:
    session = Session(f"arn:aws:iam::{ANN.account}:role/build", NOW, (policy,), (("team", "a"),))
    return replace(BUILD, session=session)


@pytest.mark.parametrize("caller", [ANN, in_session("{}" * 1000)], ids=["short", "deflated"])
def test_token_is_a_standard_encryption(caller: Caller) -> None:
    """A library for JSON Web Encryption opens the token with the same key."""
    algorithms = ["A128GCMKW", "A128GCM", "DEF"]
    registry = jwe.JWERegistry(algorithms=algorithms, strict_check_header=False)
    opened = jwe.decrypt_compact(minted(caller), OctKey.import_key(KEY), registry=registry)
    assert opened.plaintext is not None
    assert json.loads(opened.plaintext)["caller"]["arn"] == caller.arn


def test_token_of_a_long_session_policy_is_not_too_long() -> None:
    """A session policy of the greatest size fits into a token that fits into a header."""
    statements = [{"Effect": "Allow", "Action": f"s3:Get{n}", "Resource": "*"} for n in range(35)]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})[:2048]
    tokens = Tokens(KEY, Watch())
    token, _ = tokens.mint(in_session(policy), DOMAIN, None)
    assert len(token) < 2500
    claims = tokens.read(token)
    assert claims is not None
    assert claims.caller == in_session(policy)


@pytest.mark.parametrize("now", [9, 1_793_404_800, 11_793_404_800, 111_793_404_800])
def test_token_carries_the_mark_of_the_emulator(now: float) -> None:
    """However many digits its times have, a token contains the mark that tells it from real."""
    token = minted(now=now)
    assert TOKEN_MARK in token
    assert re.fullmatch(TOKEN_PATTERN, token)
    assert '"kid":"emulated-codeartifact"' in header_of(token)


def test_token_shows_nothing_of_its_claims() -> None:
    """Two tokens for the same thing are different, and the claims are not in the clear."""
    first, second = minted(), minted()
    assert first.split(".")[1:] != second.split(".")[1:]
    parts = [urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in first.split(".")]
    assert not any(b"111122223333" in part for part in parts)


@settings(deadline=None)
@given(data=st.data())
def test_altered_token_is_refused(data: st.DataObject) -> None:
    """Any single other character anywhere makes a token worthless."""
    token = one_token()
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(string.printable).filter(lambda c: c != token[place]))
    altered = token[:place] + other + token[place + 1 :]
    assert Tokens(KEY, Watch()).read(altered) is None


@settings(deadline=None)
@given(data=st.data())
def test_token_with_moved_dot_is_refused(data: st.DataObject) -> None:
    """The parts of a token cannot be cut differently, so one token has one spelling."""
    token = one_token()
    parts = token.split(".")
    joined = "".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(joined)), min_size=4, max_size=4).map(sorted))
    bounds = [0, *cuts, len(joined)]
    altered = ".".join(joined[start:end] for start, end in itertools.pairwise(bounds))
    assert altered == token or Tokens(KEY, Watch()).read(altered) is None


def test_every_last_character_of_a_part_matters() -> None:
    """The bits that base64 leaves over at the end of a part cannot be used either."""
    token = one_token()
    tokens = Tokens(KEY, Watch())
    ends = [place - 1 for place, sign in enumerate(token + ".") if sign == "."]
    altered = [
        token[:end] + other + token[end + 1 :]
        for end in ends
        for other in string.ascii_letters + string.digits + "-_"
        if other != token[end]
    ]
    assert len(altered) == 5 * 63
    assert [text for text in altered if tokens.read(text) is not None] == []


@settings(deadline=None)
@given(text=st.text(max_size=60) | st.text(string.ascii_letters + ".", max_size=60))
def test_garbage_is_no_token(text: str) -> None:
    """What is no token is none, and no error either."""
    assert Tokens(KEY, Watch()).read(text) is None


def test_huge_garbage_is_no_token() -> None:
    """An endless text is refused without being decoded."""
    assert Tokens(KEY, Watch()).read(minted() + "A" * 10_000_000) is None


def test_token_of_another_key_is_garbage() -> None:
    """One emulator's tokens are worthless to another."""
    assert Tokens(bytes(16), Watch()).read(minted()) is None


def test_many_tokens_stay_readable() -> None:
    """More tokens than are remembered can be in use."""
    tokens = Tokens(KEY, Watch())
    made = [tokens.mint(ANN, DOMAIN, 900)[0] for _ in range(1100)]
    assert all(tokens.read(token) is not None for token in made)
    assert tokens.read(made[0]) is not None
