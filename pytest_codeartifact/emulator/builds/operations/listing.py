"""Pages of lists as CodeBuild gives them: at most 100 items, in the order that was asked for."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pytest_codeartifact.emulator.api.paging import Key, page
from pytest_codeartifact.emulator.builds.calls import Call
from pytest_codeartifact.emulator.builds.errors import InvalidInput
from pytest_codeartifact.emulator.errors import Validation

Item = TypeVar("Item")
PAGE = 100


def listed(
    call: Call,
    items: Iterable[Item],
    request: Mapping[str, Any],
    *,
    name: str,
    key: Callable[[Item], Key],
    order: str = "ASCENDING",
) -> tuple[list[Item], str | None]:
    """The items of the page that a request asks for, and the token of the next page.

    `name` is the operation's, `order` the one without a `sortOrder`. Raises InvalidInput for a
    token that is not valid for the request.
    """
    try:
        return page(
            items,
            key=key,
            request=request,
            default=PAGE,
            fingerprint=f"{name} {call.region} {call.account}",
            reverse=request.get("sortOrder", order) == "DESCENDING",
        )
    except Validation as error:
        # MODEL (ListProjects, ListBuilds, …): the only exception of lists.
        raise InvalidInput(error.message) from error
