"""An API operation is one function: this declares it, and says what it may use.

    @operation(on_domain)
    def describe_domain(
        call: Call, request: shapes.DescribeDomainRequest
    ) -> shapes.DescribeDomainResult:

The name of the function is the operation's name in snake case, as in boto3. The rules given to the
decorator say what the caller must be allowed to do, before the function runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from packaging.utils import canonicalize_name

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import (
    DomainId,
    PackageFormat,
    PackageId,
    RepositoryId,
)
from pytest_codeartifact.emulator.iam.authorize import Grant
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.iam.tokens import Tokens
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.emulator.registry import Registry
from pytest_codeartifact.emulator.store import Store


@dataclass(frozen=True, slots=True)
class Call:
    """All that an operation may use besides its request."""

    caller: Caller
    region: str
    base_url: str
    store: Store
    registry: Registry
    tokens: Tokens
    clock: Clock
    quotas: Quotas

    def made_by(self, caller: Caller, region: str, base_url: str) -> "Call":
        """This call as one that `caller` made in `region`, reaching us at `base_url`."""
        return replace(self, caller=caller, region=region, base_url=base_url)

    def domain_id(self, request: Mapping[str, Any]) -> DomainId:
        """The domain a request names; without `domainOwner` the caller's own account is meant."""
        return DomainId(
            self.region, request.get("domainOwner", self.caller.account), request["domain"]
        )


GrantRule = Callable[[Call, str, Mapping[str, Any]], Sequence[Grant]]
"""Given the call, the operation's API name and its request: what must be granted."""

Handler = Callable[[Call, Any], Mapping[str, Any]]
AnyHandler = TypeVar("AnyHandler", bound=Handler)


@dataclass(frozen=True, slots=True)
class Operation:
    """A handler with its declared grants."""

    name: str
    handler: Handler
    rules: tuple[GrantRule, ...]

    def grants(self, call: Call, request: Mapping[str, Any]) -> list[Grant]:
        """Everything the caller must be allowed to do for this request."""
        return [grant for rule in self.rules for grant in rule(call, self.name, request)]


# --- Declaring -------------------------------------------------------------------------------

_MARK = "codeartifact_operation"


def operation(*rules: GrantRule, name: str | None = None) -> Callable[[AnyHandler], AnyHandler]:
    """Declare a function to be an operation; the function itself stays as it is.

    `rules` say what the caller must be granted before it runs. `name` is the operation's name in
    the API, needed only where the function's name is not the same in snake case.
    """

    def declare(handler: AnyHandler) -> AnyHandler:
        api_name = name or "".join(word.capitalize() for word in handler.__name__.split("_"))
        setattr(handler, _MARK, Operation(api_name, handler, rules))
        return handler

    return declare


def declared(candidate: object) -> Operation | None:
    """The operation a function was declared to be, or None for anything else."""
    found = getattr(candidate, _MARK, None)
    return found if isinstance(found, Operation) else None


# --- Grant rules: the resource an operation acts on ------------------------------------------
# AWS (Actions, resources, and condition keys for AWS CodeArtifact): actions are named like the
# operations, and each is granted on one kind of resource.


def _grant(operation_name: str, resource: str) -> list[Grant]:
    return [Grant(f"codeartifact:{operation_name}", resource)]


def _repository_id(call: Call, request: Mapping[str, Any]) -> RepositoryId:
    return RepositoryId(call.domain_id(request), request["repository"])


def on_domain(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
    """The operation on the domain the request names."""
    return _grant(operation_name, call.domain_id(request).arn)


def on_repository(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
    """The operation on the repository the request names."""
    return _grant(operation_name, _repository_id(call, request).arn)


def on_package(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
    """The operation on the package the request names, within its repository."""
    package_format, name = PackageFormat(request["format"]), request["package"]
    if package_format is PackageFormat.PYPI:
        # AWS (Python package name normalization): policies see the normalised name.
        name = canonicalize_name(name)
    package = PackageId(package_format, request.get("namespace", ""), name)
    return _grant(operation_name, package.arn_in(_repository_id(call, request)))


def on_nothing(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:  # noqa: ARG001 - a rule
    """The operation as such: it has no resource, so policies must grant it on `*`."""
    return _grant(operation_name, "*")


def on_tagged(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:  # noqa: ARG001 - a rule
    """The operation on the resource whose tags the request is about."""
    return _grant(operation_name, request["resourceArn"])
