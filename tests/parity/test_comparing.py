from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.parity.comparing import ANYTHING, NOTHING, Expectation, differences

DAY = date(2026, 9, 1)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def found(recorded: Any, seen: Any, *, is_whole: bool = True) -> list[tuple[str, Any, Any]]:  # noqa: ANN401
    expected = [Expectation("a step", DAY, {"value": recorded}, is_whole)]
    told = differences("a-probe", expected, {"a step": {"value": seen}})
    return [(each.path, each.recorded, each.seen) for each in told]


@given(JSON)
def test_value_agrees_with_itself(value: Any) -> None:  # noqa: ANN401
    """Whatever was recorded, the same seen again is no difference."""
    assert found(value, value) == []


@given(JSON, JSON)
def test_other_value_is_a_difference(one: Any, other: Any) -> None:  # noqa: ANN401
    """A record that is whole agrees with nothing but itself."""
    if repr(one) != repr(other) and ANYTHING not in repr(one):
        assert found([one], [other])


@pytest.mark.parametrize(
    ("recorded", "seen", "path"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "value.a.b[1]"),
        ({"a": "x"}, {}, "value.a"),
        ({}, {"a": "x"}, "value.a"),
        ([1], [1, 2], "value[1]"),
        ([1, 2], [1], "value[1]"),
        ("x", ["x"], "value"),
        (1, True, "value"),
        (0, None, "value"),
    ],
)
def test_difference_names_the_path(recorded: object, seen: object, path: str) -> None:
    """What differs is found without reading both values in whole."""
    [(told, _, _)] = found(recorded, seen)
    assert told == path


def test_missing_member_is_told_as_nothing() -> None:
    """On either side."""
    assert found({"a": 1}, {"b": 2}) == [("value.a", 1, NOTHING), ("value.b", NOTHING, 2)]


def test_partial_record_says_nothing_of_other_members() -> None:
    """What nobody knows is not compared; what is known still is."""
    assert found({"a": 1}, {"a": 1, "b": 2}, is_whole=False) == []
    assert found({"a": 1}, {"a": 3, "b": 2}, is_whole=False) == [("value.a", 1, 3)]
    assert found({"a": 1}, {"b": 2}, is_whole=False) == [("value.a", 1, NOTHING)]


def test_placeholders_agree_by_what_they_stand_for() -> None:
    """Other numbers are no difference as long as the same thing appears again."""
    assert found(["<digest:1>", "<digest:2>"], ["<digest:7>", "<digest:3>"]) == []
    assert found(["<digest:1>", "<digest:1>"], ["<digest:1>", "<digest:2>"])
    assert found(["<digest:1>", "<digest:2>"], ["<digest:1>", "<digest:1>"])
    assert found("<digest:1>", "<revision:1>")
    assert found("of <domain:1>", "of <domain:1> and more")


def test_placeholders_agree_across_steps() -> None:
    """The same thing in a later step is the same thing."""
    expected = [
        Expectation(step, DAY, {"value": "<revision:1>"}, is_whole=True) for step in ("one", "two")
    ]
    same = {"one": {"value": "<revision:4>"}, "two": {"value": "<revision:4>"}}
    other = {"one": {"value": "<revision:4>"}, "two": {"value": "<revision:5>"}}
    assert differences("p", expected, same) == []
    assert [each.step for each in differences("p", expected, other)] == ["two"]


def test_times_agree_whatever_they_are() -> None:
    """Whether two things happen in the same millisecond is chance."""
    assert found(["<time:1>", "<time:1>"], ["<time:1>", "<time:2>"]) == []


def test_unknown_part_of_a_text_may_be_anything() -> None:
    """What stands around it must be there."""
    assert found(f"a {ANYTHING} of <domain:1>", "a word, or two, of <domain:3>") == []
    assert found(f"a {ANYTHING} of <domain:1>", "a word of <repository:1>")
    assert found(f"{ANYTHING} end", "the end.")


def test_step_that_is_not_seen_any_more_is_a_difference() -> None:
    """A record cannot lose its meaning unnoticed; a step without a record may be there."""
    expected = [Expectation("gone", DAY, {"value": 1}, is_whole=True)]
    [told] = differences("p", expected, {"new": {"value": 1}})
    assert (told.step, told.path, told.seen, told.date) == ("gone", "", NOTHING, DAY)
