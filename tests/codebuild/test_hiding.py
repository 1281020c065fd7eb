import base64
import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.codebuild.hiding import LONGEST_PATTERN, MASK, Hidden
from pytest_codeartifact.redaction import MASK as TOKEN_MASK

_TOKEN = "eyJ2ZXIiOjEsImlzdSI6MTc5MzQwNDgwMCw.a-b_c.d.EeEeEe.f"
_KEY = "ASIAIOSFODNN7EXAMPLE"
_HEADER = base64.b64encode(b"aws:hunter2").decode()


def _in_pieces(hidden: Hidden, text: str, cuts: Sequence[int]) -> str:
    """The text masked as a log does it that has to pass on what it gets, cut at these places."""
    shown, pending, before = "", "", ""
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    for start, end in itertools.pairwise(places):
        pending += text[start:end]
        settled = hidden.settled(pending, before)
        piece, pending = pending[:settled], pending[settled:]
        shown += hidden.masked(piece, before)
        before = shown[-1:]
    return shown + hidden.masked(pending, before)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the parameter is s3cret.", f"the parameter is {MASK}."),
        ("s3cret-long s3cret", f"{MASK} {MASK}"),
        (f"export KEY={_KEY}", f"export KEY={MASK}"),
        (f"token {_TOKEN}\n", f"token {TOKEN_MASK}\n"),
        ("https://aws:hunter2@host/x", f"https://aws:{TOKEN_MASK}@host/x"),
        (f"Authorization: Basic {_HEADER}", f"Authorization: Basic {TOKEN_MASK}"),
        ("arn:aws:codeartifact:eu-west-1:1:x", "arn:aws:codeartifact:eu-west-1:1:x"),
        ("nothing to hide\r50%\r100%\n", "nothing to hide\r50%\r100%\n"),
        ("ASIANS and AKIA", "ASIANS and AKIA"),
    ],
)
def test_what_is_hidden_is_masked(text: str, expected: str) -> None:
    """Values, access key IDs, tokens, passwords and headers are masked, and nothing else."""
    assert Hidden(["s3cret", "s3cret-long", ""]).masked(text) == expected


def test_long_values_are_hidden_line_by_line() -> None:
    """Of a value of several lines each is hidden, but for those that say nothing."""
    hidden = Hidden(['{\n  "password": "pa ss"\r\n}\n'])
    assert hidden.masked('x   "password": "pa ss" {y}') == f"x {MASK} {{y}}"


def test_values_are_hidden_from_when_they_are_added() -> None:
    """A value can come later than what hides it."""
    hidden = Hidden()
    assert hidden.masked("s3cret") == "s3cret"
    hidden.add("s3cret")
    assert hidden.masked("s3cret") == MASK
    assert "s3cret" not in repr(hidden)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("all of it", ""),
        ("the s3c", "s3c"),
        ("the s3cret", "s3cret"),
        ("the s3cret-longer", ""),
        ("my key: ASIA123", "ASIA123"),
        (f"token {_TOKEN}", _TOKEN),
        ("https://aws:hunt", "aws:hunt"),
        ("https://aws:hunter2@host", ""),
        ("arn:aws:codeartifact", ""),
        ("Basic YXdz", "YXdz"),
        ("xs3cret-los3c", "s3c"),
        ("eeeee", "e"),
        ("aws:s3cret", "aws:s3cret"),
        ("", ""),
    ],
)
def test_what_may_have_begun_is_waited_for(text: str, left: str) -> None:
    """No more is kept back than what may turn out to be hidden."""
    hidden = Hidden(["s3cret", "s3cret-long"])
    assert text[hidden.settled(text) :] == left


def test_what_never_ends_is_not_waited_for() -> None:
    """Something that begins like a password is passed on when it goes on and on."""
    text = f"x aws:{'y' * (2 * LONGEST_PATTERN)}"
    assert Hidden().settled(text) == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the s3cret-v", f"the {MASK}"),
        ("the s3", "the s3"),
        ("the s3cret-value", f"the {MASK}"),
        ("done", "done"),
        (f"token {_TOKEN[:30]}", f"token {TOKEN_MASK}"),
    ],
)
def test_beginning_of_a_value_is_masked_when_it_tells(text: str, expected: str) -> None:
    """Where something else comes in between, a good part of a value is masked as well."""
    assert Hidden(["s3cret-value"]).cut_off(text) == expected


_VALUES = ["s3cret", "s3cret-long", "cretin", "two words", "aab", "ba", "w"]
_FORMS = [_TOKEN, _TOKEN[:25], _KEY, _HEADER, "aws:hunter2@host", "arn:aws:x:y"]
_FRAGMENTS = st.one_of(
    # Two of these in one word may be taken for one, and cut into two: as good, and not the same.
    st.sampled_from(_FORMS).map(" {} ".format),
    st.sampled_from([*_VALUES, *(value[: len(value) // 2] for value in _VALUES)]),
    st.sampled_from([_TOKEN[:12], _KEY[:10], _HEADER[:4], " aws:", "\n", "\r"]),
    st.text("ab w:@.Ae-", max_size=4),
)
_TEXTS = st.lists(_FRAGMENTS, max_size=8).map("".join)
_CUTS = st.lists(st.integers(0, 400), max_size=12)


@settings(deadline=None, max_examples=300)
@given(text=_TEXTS, cuts=_CUTS)
def test_pieces_are_masked_as_the_whole(text: str, cuts: list[int]) -> None:
    """Wherever a text is cut, the log is the same."""
    hidden = Hidden(_VALUES)
    assert _in_pieces(hidden, text, cuts) == hidden.masked(text)


@settings(deadline=None)
@given(
    value=st.text(st.characters(codec="utf-8", exclude_characters="*\r\n"), min_size=1),
    around=st.text(st.characters(codec="utf-8", exclude_characters="*")),
    cuts=_CUTS,
)
def test_values_never_survive(value: str, around: str, cuts: list[int]) -> None:
    """Whatever a value is, and however it comes, it is not shown."""
    text = f"{around}{value}{around}{value[: len(value) // 2]}"
    assert value not in _in_pieces(Hidden([value]), text, cuts)


def test_every_single_cut_is_right() -> None:
    """One long text with everything in it is the same, character by character and as a whole."""
    hidden = Hidden(_VALUES)
    parts = [_TOKEN, "aws:hunter2@host", _KEY, _HEADER, *_VALUES, "nothing"] * 3
    random.Random(7).shuffle(parts)
    text = " ".join(parts)
    assert _in_pieces(hidden, text, range(len(text))) == hidden.masked(text)
