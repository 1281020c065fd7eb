import io
import re

import pytest

from pytest_codeartifact.emulator.api.model import (
    CODEARTIFACT,
    operations,
    service_model,
    snake_case,
)
from pytest_codeartifact.emulator.api.rest_json import RestJson
from pytest_codeartifact.emulator.api.validation import matcher
from pytest_codeartifact.emulator.http import Request

PATTERNS = sorted(
    {
        pattern
        for model in (service_model(), service_model("codebuild"))
        for name in model.shape_names
        if (pattern := model.shape_for(name).metadata.get("pattern"))
    }
)


def route(method: str, path: str) -> str | None:
    return RestJson(CODEARTIFACT).operation(Request(method, path, "", {}, io.BytesIO()))


def test_path_leads_to_its_operation() -> None:
    """The plural path that only one of three policy operations has is routed like the others."""
    assert (
        route("DELETE", "/v1/repository/permissions/policies")
        == "DeleteRepositoryPermissionsPolicy"
    )
    assert route("GET", "/v1/domain") == "DescribeDomain"


def test_unknown_path_leads_nowhere() -> None:
    """A path or a method that the API does not have is no operation."""
    assert route("GET", "/v1/domain/") is None
    assert route("PATCH", "/v1/domain") is None


def test_every_operation_has_a_route_of_its_own() -> None:
    """No two operations share a method and a path."""
    routes = {(model.http["method"], model.http["requestUri"]) for model in operations().values()}
    assert len(routes) == len(operations()) == 48
    assert not any("{" in path for _, path in routes)


def test_snake_case_is_the_name_in_boto3() -> None:
    """Operations are called as boto3 calls them."""
    assert snake_case("ListAllowedRepositoriesForGroup") == "list_allowed_repositories_for_group"


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_of_the_model_is_understood(pattern: str) -> None:
    """Each pattern either is valid in Python or has a translation."""
    assert matcher(pattern) is not None


def test_foreign_pattern_is_refused() -> None:
    """A pattern that a newer model might bring fails loudly instead of allowing everything."""
    with pytest.raises(re.error):
        matcher(r"\p{L}+")
