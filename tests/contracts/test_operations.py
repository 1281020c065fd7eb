"""What holds for every operation found: real actions, on the resources they are granted on."""

from collections.abc import Collection
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_codeartifact.emulator.api.model import operations
from pytest_codeartifact.emulator.calls import Call
from pytest_codeartifact.emulator.entities import (
    ROOT_PATTERN,
    DomainId,
    PackageGroup,
    PackageGroupId,
)
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.operations import discover
from tests.support.actions import (
    ACTIONS,
    NO_RESOURCE,
    ON_DOMAIN,
    ON_PACKAGE,
    ON_PACKAGE_GROUP,
    ON_REPOSITORY,
    ON_TAGGED,
)

FOUND = discover()
STEM = "arn:aws:codeartifact:eu-west-1:111122223333"
REQUEST = {
    "domain": "team",
    "repository": "store",
    "format": "npm",
    "namespace": "scope",
    "package": "demo",
    "packageVersion": "1.0",
    "packageGroup": "/npm/*",
    "sourceRepository": "from",
    "destinationRepository": "store",
    "externalConnection": "public:pypi",
    "resourceArn": f"{STEM}:domain/team",
}


def groups_of(domain: DomainId) -> list[PackageGroup]:
    return [
        PackageGroup(PackageGroupId(domain, pattern), None, None, {}, {}, 1.0)
        for pattern in (ROOT_PATTERN, "/npm/*")
    ]


def stored() -> Any:  # noqa: ANN401 - no more of a store than a rule may ask
    """A state in which every domain exists, with the root group and one more."""
    domains, groups = SimpleNamespace(get=lambda domain: domain), SimpleNamespace(of=groups_of)
    view = SimpleNamespace(domains=domains, package_groups=groups)
    return SimpleNamespace(read=lambda: nullcontext(view))


def members_of(name: str) -> Collection[str]:
    shape = operations()[name].input_shape
    return shape.members if shape else ()


def grants_of(name: str, **more: Any) -> set[tuple[str, str]]:  # noqa: ANN401 - any member
    untouched: Any = None
    call = Call(
        caller=Caller("111122223333", "arn:aws:iam::111122223333:user/ann", "AIDA1", "AKIA1"),
        region="eu-west-1",
        base_url="",
        store=stored(),
        registry=untouched,
        tokens=untouched,
        clock=untouched,
        quotas=untouched,
    )
    members = members_of(name)
    request = {key: value for key, value in REQUEST.items() if key in members}
    grants = FOUND[name].grants(call, request | more)
    return {(grant.action, grant.resource) for grant in grants}


def test_list_of_actions_is_whole() -> None:
    """The model's operations and the three actions without one are all there is."""
    only_permissions = {
        "ReadFromRepository",
        "PutPackageMetadata",
        "AssociateWithDownstreamRepository",
    }
    assert set(operations()) | only_permissions == ACTIONS
    assert len(ACTIONS) == 51


@pytest.mark.parametrize("name", sorted(FOUND))
def test_operation_asks_for_its_own_action(name: str) -> None:
    """Each operation needs the action of its name, on the kind of resource it acts on."""
    resource = {
        NO_RESOURCE: "*",
        ON_DOMAIN: f"{STEM}:domain/team",
        ON_REPOSITORY: f"{STEM}:repository/team/store",
        ON_PACKAGE: f"{STEM}:package/team/store/npm/scope/demo",
        ON_PACKAGE_GROUP: f"{STEM}:package-group/team/npm/%2a",
        ON_TAGGED: f"{STEM}:domain/team",
    }
    [expected] = [arn for actions, arn in resource.items() if name in actions]
    assert (f"codeartifact:{name}", expected) in grants_of(name)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_every_grant_names_a_real_action(name: str) -> None:
    """Nothing is asked for that no policy could grant."""
    upstreams = {"upstreams": [{"repositoryName": "base"}]}
    more = upstreams if "upstreams" in members_of(name) else {}
    for action, resource in grants_of(name, **more):
        service, _, word = action.partition(":")
        assert (service == "codeartifact" and word in ACTIONS) or (
            action == "sts:GetServiceBearerToken" and resource == "*"
        )


@pytest.mark.parametrize("name", ["CreateRepository", "UpdateRepository"])
def test_each_upstream_must_be_granted(name: str) -> None:
    """Whoever names upstreams needs a permission on each of them."""
    upstreams = [{"repositoryName": "base"}, {"repositoryName": "other"}]
    wanted = {
        ("codeartifact:AssociateWithDownstreamRepository", f"{STEM}:repository/team/{repository}")
        for repository in ("base", "other")
    }
    assert wanted <= grants_of(name, upstreams=upstreams)


def test_token_needs_two_permissions_in_order() -> None:
    """Observed: when both are missing, the denial names the service's own action first."""
    rules = FOUND["GetAuthorizationToken"].rules
    assert len(rules) == 2
    assert grants_of("GetAuthorizationToken") == {
        ("codeartifact:GetAuthorizationToken", f"{STEM}:domain/team"),
        ("sts:GetServiceBearerToken", "*"),
    }
