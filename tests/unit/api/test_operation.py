from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest

from pytest_codeartifact.emulator.api.model import operations, snake_case
from pytest_codeartifact.emulator.api.operation import (
    GrantRule,
    Handler,
    declared,
    gather,
    operation,
)
from pytest_codeartifact.emulator.calls import (
    Call,
    in_domain,
    on_domain,
    on_domain_by_owner,
    on_nothing,
    on_package,
    on_package_group,
    on_repository,
    on_repository_by_owner,
    on_tagged,
)
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.operations import discover

ROOT = "arn:aws:codeartifact:eu-west-1:111122223333"


class Anywhere:
    """Stands for the parts of the emulator that grant rules never touch."""


def call_by(account: str) -> Call:
    untouched: Any = Anywhere()
    return Call(
        caller=Caller(account, f"arn:aws:iam::{account}:user/ann", "AIDA1", "AKIA1"),
        region="eu-west-1",
        base_url="http://127.0.0.1:9",
        store=untouched,
        registry=untouched,
        tokens=untouched,
        clock=untouched,
        quotas=untouched,
    )


def handler_named(name: str) -> Handler[Call]:
    def handler(call: Call, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"caller": call.caller.arn, "request": request}

    handler.__name__ = name
    return handler


def module_with(name: str, *handlers: Handler[Call]) -> ModuleType:
    module = ModuleType(name)
    for number, handler in enumerate(handlers):
        handler.__module__ = name
        setattr(module, f"handler_{number}", handler)
    return module


@pytest.mark.parametrize("name", sorted(operations()))
def test_function_named_as_in_boto3_is_the_operation(name: str) -> None:
    """The snake-case name of each of the 48 operations leads back to the operation."""
    handler = handler_named(snake_case(name))
    assert operation()(handler) is handler
    found = declared(handler)
    assert found is not None
    assert (found.name, found.handler) == (name, handler)


def test_operation_can_be_named_otherwise() -> None:
    """A function may be called as it likes when the declaration names the operation."""
    found = declared(operation(name="TagResource")(handler_named("label")))
    assert found is not None
    assert found.name == "TagResource"


def test_plain_function_is_no_operation() -> None:
    """Only what was declared counts."""
    assert declared(handler_named("describe_domain")) is None


@pytest.mark.parametrize(
    ("rule", "request_members", "resource"),
    [
        (on_domain, {"domain": "one"}, f"{ROOT}:domain/one"),
        (
            on_domain,
            {"domain": "one", "domainOwner": "444455556666"},
            "arn:aws:codeartifact:eu-west-1:444455556666:domain/one",
        ),
        (on_repository, {"domain": "one", "repository": "r"}, f"{ROOT}:repository/one/r"),
        (
            on_package,
            {"domain": "one", "repository": "r", "format": "pypi", "package": "My_Package.X"},
            f"{ROOT}:package/one/r/pypi//my-package-x",
        ),
        (
            on_package,
            {
                "domain": "one",
                "repository": "r",
                "format": "npm",
                "namespace": "types",
                "package": "My_Package",
            },
            f"{ROOT}:package/one/r/npm/types/My_Package",
        ),
        (
            on_package_group,
            {"domain": "one", "packageGroup": "/npm/%/a$"},
            f"{ROOT}:package-group/one/npm/%25/a%24",
        ),
        (on_domain_by_owner, {"domain": "one"}, f"{ROOT}:domain/one"),
        (on_repository_by_owner, {"domain": "one", "repository": "r"}, f"{ROOT}:repository/one/r"),
        (in_domain, {"domain": "one"}, "*"),
        (on_nothing, {}, "*"),
        (on_tagged, {"resourceArn": f"{ROOT}:domain/one"}, f"{ROOT}:domain/one"),
    ],
)
def test_rule_grants_the_operation_on_its_resource(
    rule: GrantRule[Call], request_members: dict[str, str], resource: str
) -> None:
    """Each rule names the action of the operation and the ARN of what it acts on."""
    found = declared(operation(rule)(handler_named("describe_domain")))
    assert found is not None
    grants = found.grants(call_by("111122223333"), request_members)
    assert [(grant.action, grant.resource) for grant in grants] == [
        ("codeartifact:DescribeDomain", resource)
    ]


def test_discovered_operations_are_of_the_service() -> None:
    """Whatever stands in the folder is an operation of the service, under its own name."""
    found = discover()
    assert all(found[name].name == name for name in found)
    assert set(found) <= set(operations())


def test_declared_operations_are_gathered() -> None:
    """Every declared function of a module is found, whatever else stands there."""
    domain = operation(on_domain)(handler_named("describe_domain"))
    module = module_with("m", domain, handler_named("helper"))
    assert {name: found.handler for name, found in gather([module], operations()).items()} == {
        "DescribeDomain": domain
    }


def test_imported_operation_is_not_gathered_twice() -> None:
    """A module that imports another's operation does not declare it again."""
    domain = operation(on_domain)(handler_named("describe_domain"))
    home, guest = module_with("home", domain), ModuleType("guest")
    guest.describe_domain = domain  # type: ignore[attr-defined]  # a module made on the spot
    assert list(gather([home, guest], operations())) == ["DescribeDomain"]


def test_operation_declared_twice_is_refused() -> None:
    """Two functions cannot be one operation."""
    first, second = (operation()(handler_named("describe_domain")) for _ in range(2))
    with pytest.raises(ValueError, match="b: the operation DescribeDomain is declared twice"):
        gather([module_with("a", first), module_with("b", second)], operations())


def test_unknown_operation_is_refused() -> None:
    """A misspelt name does not become an operation nobody can call."""
    module = module_with("a", operation()(handler_named("describe_domian")))
    with pytest.raises(ValueError, match="the service has no operation DescribeDomian"):
        gather([module], operations())
