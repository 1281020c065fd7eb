import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.redaction import MASK, TOKEN_MARK, TOKEN_PATTERN, redact

TOKEN = f"eyJ2ZXIiOjEsImlzdSI6MTc5MzQwNDgwMCw{TOKEN_MARK}.a-b_c.d.{'Ee' * 300}.f"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"token: {TOKEN}\n", f"token: {MASK}\n"),
        (f'{{"authorizationToken": "{TOKEN}"}}', f'{{"authorizationToken": "{MASK}"}}'),
        (f"https://aws:{TOKEN}@host/pypi/r/simple/", f"https://aws:{MASK}@host/pypi/r/simple/"),
        ("https://aws:hunter2@host/simple/", f"https://aws:{MASK}@host/simple/"),
        ("aws:hunter2@host", f"aws:{MASK}@host"),
        (f"cut off: {TOKEN[:30]}", f"cut off: {MASK}"),
        (f"The token is {TOKEN}. Keep it.", f"The token is {MASK}. Keep it."),
    ],
)
def test_token_is_masked_wherever_it_stands(text: str, expected: str) -> None:
    """Neither a token nor a password in an address survives, and nothing else changes."""
    assert redact(text) == expected


@settings(deadline=None)
@given(password=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_basic_header_is_masked(password: str) -> None:
    """The encoded pair of user and password is as secret as the password."""
    encoded = base64.b64encode(f"aws:{password}".encode()).decode()
    assert redact(f"Authorization: Basic {encoded}") == f"Authorization: Basic {MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:codeartifact:eu-west-1:111122223333:domain/team-one",
        "arn:aws:iam::111122223333:user/ann@example.com",
        "arn:aws:sns:eu-west-1:111122223333:ann@example",
        "pip install demo==1.0",
        "",
    ],
)
def test_text_without_secrets_is_left_alone(text: str) -> None:
    """ARNs and mail addresses are not mistaken for passwords."""
    assert redact(text) == text


def test_given_secrets_are_masked_whole() -> None:
    """Exact secrets go, the longer before the shorter, and an empty one masks nothing."""
    assert redact("s3cret-long and s3cret", ["s3cret", "", "s3cret-long"]) == f"{MASK} and {MASK}"


def test_secret_with_special_characters_is_masked() -> None:
    """A secret is a text and not a pattern."""
    assert redact("key a+b/c= end", ["a+b/c="]) == f"key {MASK} end"


@settings(deadline=None)
@given(text=st.text(), secret=st.text(min_size=1).filter(lambda text: text not in MASK))
def test_secret_never_survives(text: str, secret: str) -> None:
    """Wherever a secret stands it is gone afterwards."""
    assert secret not in redact(f"{text} {secret} {text}", [secret]).replace(MASK, "")


def test_pattern_finds_a_token_in_a_page() -> None:
    """The pattern is fit for searching files."""
    assert re.findall(TOKEN_PATTERN, f"a {TOKEN} b") == [TOKEN]
