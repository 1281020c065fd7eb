import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.emulator.api.model import Json, operations
from pytest_codeartifact.emulator.api.paging import page
from pytest_codeartifact.emulator.api.validation import validate
from pytest_codeartifact.emulator.errors import Validation

NAMES = st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=12)


def list_page(
    items: list[Any], *, reverse: bool = False, **request: str | int | None
) -> tuple[list[Any], str | None]:
    return page(
        items,
        key=lambda item: item,
        request=request,
        default=3,
        fingerprint="ListPackages",
        reverse=reverse,
    )


def all_pages(items: list[Any], **request: Json) -> list[list[Any]]:
    shown, token = list_page(items, **request)
    pages = [shown]
    while token is not None:
        shown, token = list_page(items, **request, nextToken=token)
        pages.append(shown)
    return pages


@settings(deadline=None)
@given(items=NAMES, size=st.integers(1, 13))
def test_pages_together_are_the_whole(items: list[str], size: int) -> None:
    """For every page size each item is shown once, in the order of its key."""
    pages = all_pages(items, maxResults=size)
    assert list(itertools.chain(*pages)) == sorted(items)
    assert all(len(shown) == size for shown in pages[:-1])


@settings(deadline=None)
@given(items=st.lists(st.tuples(st.floats(allow_nan=False), st.text()), unique=True))
def test_items_with_compound_keys_are_paged_whole(items: list[tuple[float, str]]) -> None:
    """A key of a number and a name survives the token."""
    assert list(itertools.chain(*all_pages(items))) == sorted(items)


@settings(deadline=None)
@given(items=NAMES, gone=st.sets(st.integers(0, 11)), reverse=st.booleans())
def test_deletion_between_pages_repeats_and_skips_nothing(
    items: list[str], gone: set[int], *, reverse: bool
) -> None:
    """What is deleted after the first page, even its last item, moves nothing else; either way."""
    ordered = sorted(items, reverse=reverse)
    first, token = list_page(items, reverse=reverse, maxResults=4)
    assert first == ordered[:4]
    remaining = [item for place, item in enumerate(ordered) if place not in gone]
    second: list[str] = []
    if token is not None:
        second, _ = list_page(remaining, reverse=reverse, maxResults=12, nextToken=token)
    assert second == [item for item in remaining if item not in first]


def test_page_has_the_default_size() -> None:
    """A request without a size gets the operation's own."""
    assert list_page(list("abcde"))[0] == ["a", "b", "c"]


def test_last_page_has_no_token() -> None:
    """A full page that ends with the list is the last one."""
    assert list_page(list("abc"))[1] is None


def test_page_size_may_change_between_pages() -> None:
    """The token does not hold on to the size it was made with."""
    _, token = list_page(list("abcdef"), maxResults=2)
    assert list_page(list("abcdef"), maxResults=4, nextToken=token) == (list("cdef"), None)


@pytest.mark.parametrize(
    ("fingerprint", "members"),
    [("ListDomains", {"domain": "one"}), ("ListPackages", {"domain": "two"}), ("ListPackages", {})],
)
def test_token_of_another_query_is_refused(fingerprint: str, members: dict[str, str]) -> None:
    """A token is good for the operation and the parameters it was made for."""
    _, token = list_page(list("abcde"), domain="one")
    request = {**members, "nextToken": token}
    with pytest.raises(Validation, match="nextToken is not valid"):
        page(
            list("abcde"),
            key=lambda item: item,
            request=request,
            default=3,
            fingerprint=fingerprint,
        )


@settings(deadline=None)
@given(token=st.text(max_size=60))
def test_garbage_token_is_refused(token: str) -> None:
    """No text but a token is one."""
    with pytest.raises(Validation):
        list_page(list("abcde"), nextToken=token)


def test_token_with_a_key_of_another_form_is_refused() -> None:
    """A forged position cannot be compared with the list's keys and is no defect of ours."""
    request = {"domain": "one"}
    _, token = page(
        [(1, "a"), (2, "b")], key=lambda item: item, request=request, default=1, fingerprint="x"
    )
    with pytest.raises(Validation):
        page(
            ["a", "b"],
            key=lambda item: item,
            request={**request, "nextToken": token},
            default=1,
            fingerprint="x",
        )


@settings(deadline=None)
@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["C", "Z"]), min_size=255, max_size=255),
        min_size=2,
        max_size=2,
        unique=True,
    )
)
def test_token_of_longest_names_is_valid_input(names: list[str]) -> None:
    """Even the longest namespace and package make a token that the model lets in again."""
    items = [("generic", name, name[::-1]) for name in names]
    _, token = list_page(items, maxResults=1)
    shape = operations()["ListDomains"].input_shape
    assert shape is not None
    assert token is not None
    validate(shape, {"nextToken": token})
    assert token.replace("-", "").replace("_", "").isalnum()
