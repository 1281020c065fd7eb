"""Pages of a list, by tokens that survive changes to the list between two pages.

A token holds the key of the last item shown, so the next page begins behind that key whether or
not the item is still there. It is bound to the operation and its parameters.
"""

import base64
import hashlib
import json
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pytest_codeartifact.emulator.errors import Validation

Item = TypeVar("Item")
Key = str | tuple[str | int | float, ...]
"""What items are ordered and remembered by: unique among them, at most about 500 characters."""

_PAGING_MEMBERS = frozenset({"nextToken", "maxResults"})
_LONGEST_KEY_BYTES = 8192


def page(
    items: Iterable[Item],
    *,
    key: Callable[[Item], Key],
    request: Mapping[str, Any],
    default: int,
    fingerprint: str,
    reverse: bool = False,
) -> tuple[list[Item], str | None]:
    """Return the items the request asks for, ordered by `key`, and the token of the next page.

    `reverse` orders them from the greatest key down, as with `sorted`.
    The page holds `maxResults` of the request or `default` items. The token is valid for requests
    with the same `fingerprint` (the operation's name and whatever else the list depends on, such
    as the caller's account) and the same other members. Raises Validation for any other token.
    Assumed: AWS documents neither the order of its lists nor the error for a bad token.
    """
    ordered = sorted(items, key=key, reverse=reverse)
    binding = _binding(fingerprint, request)
    start = 0
    if "nextToken" in request:
        last = _last_key(request["nextToken"], binding)
        start = _start(ordered, key, last, reverse=reverse)
    end = start + request.get("maxResults", default)
    shown = ordered[start:end]
    has_more = end < len(ordered)
    return shown, _token(key(shown[-1]), binding) if has_more else None


def _start(ordered: list[Item], key: Callable[[Item], Key], last: Key, *, reverse: bool) -> int:
    """Where the items behind the last key shown begin."""
    try:
        if reverse:
            return len(ordered) - bisect_left(ordered[::-1], last, key=key)
        return bisect_right(ordered, last, key=key)
    except TypeError as error:
        # A made-up token, whose key has another form than this list's keys.
        raise _invalid() from error


def _binding(fingerprint: str, request: Mapping[str, Any]) -> str:
    members = {name: value for name, value in request.items() if name not in _PAGING_MEMBERS}
    text = json.dumps([fingerprint, members], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _token(last: Key, binding: str) -> str:
    # Compressed, or two names of 255 characters each could pass the model's limit of 2000.
    text = json.dumps([binding, last], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).rstrip(b"=").decode()


def _last_key(token: str, binding: str) -> Key:
    try:
        packed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        # Bounded: what unpacks to more was not made here.
        text = zlib.decompressobj().decompress(packed, _LONGEST_KEY_BYTES)
        bound_to, last = json.loads(text)
    except (ValueError, TypeError, zlib.error, RecursionError) as error:
        raise _invalid() from error
    if bound_to != binding:
        raise _invalid()
    return tuple(last) if isinstance(last, list) else last


def _invalid() -> Validation:
    return Validation("The nextToken is not valid for this request.")
