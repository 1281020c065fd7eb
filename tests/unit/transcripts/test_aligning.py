import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.transcripts.aligning import Pair, align
from pytest_codeartifact.transcripts.matching import ANY_LINES


def aligned(expected: list[str], got: list[str]) -> list[Pair]:
    return align(expected, got, lambda place, at: expected[place] == got[at])


@pytest.mark.parametrize(
    ("expected", "got", "pairs"),
    [
        (["a", "b"], ["a", "b"], [(0, 0), (1, 1)]),
        (["a", "b"], ["b"], [(1, 0)]),
        (["b"], ["a", "b"], [(None, 0), (0, 1)]),
        (["a 1", "b 1"], ["b 2"], [(1, 0)]),
        (["a 1", "b 1"], ["a 2", "new", "b 2"], [(0, 0), (None, 1), (1, 2)]),
        (["...", "z"], ["x", "y", "z"], [(0, None), (1, 2)]),
        (["...", "done 1", "..."], ["x", "done 2", "y"], [(0, None), (1, 1), (2, None)]),
        (["it is a", "it is b"], ["it is b", "it is c"], [(1, 0), (None, 1)]),
        (["for <time>"], ["x", "for ever"], [(None, 0), (0, 1)]),
        (["a"], [], []),
        (["..."], [], [(0, None)]),
        ([], ["a"], [(None, 0)]),
    ],
)
def test_line_becomes_the_one_that_is_most_like_it(
    expected: list[str], got: list[str], pairs: list[Pair]
) -> None:
    """What stays stays, the rest is paired by likeness, and `...` takes what is left over."""
    assert aligned(expected, got) == pairs


def longest_common(one: list[str], other: list[str]) -> int:
    if not one or not other:
        return 0
    if one[0] == other[0]:
        return 1 + longest_common(one[1:], other[1:])
    return max(longest_common(one[1:], other), longest_common(one, other[1:]))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["is a", "is b", "c", "..."]), max_size=7),
    st.lists(st.sampled_from(["is a", "is b", "c", "is d"]), max_size=7),
)
def test_most_lines_are_kept(expected: list[str], got: list[str]) -> None:
    """No other way keeps more; all is in order, and each line of output is shown or covered."""
    pairs = aligned(expected, got)
    kept = [(i, j) for i, j in pairs if i is not None and j is not None and expected[i] == got[j]]
    assert len(kept) == longest_common([each for each in expected if each != ANY_LINES], got)
    for side in zip(*pairs, strict=True):
        places = [place for place in side if place is not None]
        assert places == sorted(set(places))
    dots = [i for i, j in pairs if j is None]
    assert dots == [i for i, line in enumerate(expected) if line == ANY_LINES]
    if not dots:
        assert [j for _, j in pairs] == list(range(len(got)))
