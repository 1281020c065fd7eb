from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import DomainId
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.iam.tokens import Tokens
from pytest_codeartifact.lessons.tokens import TokenTimes, times_in


def test_token_tells_from_when_to_when_it_is_good() -> None:
    """The times of a token stand in its first part, wherever in a file the token is."""
    clock = Clock()
    caller = Caller("1" * 12, f"arn:aws:iam::{'1' * 12}:user/me", "AIDA", "AKIA")
    token, expires = Tokens(b"k" * 16, clock).mint(caller, DomainId("r", "1" * 12, "d"), 900)
    assert times_in(f"index-url = https://aws:{token}@host/") == TokenTimes(expires - 900, expires)


@given(st.text())
def test_text_without_a_token_has_no_times(text: str) -> None:
    """Whatever stands in a configuration file, reading it does not fail."""
    assert times_in(text) is None


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.", max_size=200))
def test_broken_token_has_no_times(rest: str) -> None:
    """A token that was cut off, or was none, says nothing."""
    assert times_in(f"password = eyJ2ZXIiOjEsImlzdSI6{rest}") is None
