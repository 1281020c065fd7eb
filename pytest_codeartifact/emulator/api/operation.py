"""An API operation is one function: this declares it, and says what it may use.

    @operation(on_domain)
    def describe_domain(
        call: Call, request: shapes.DescribeDomainRequest
    ) -> shapes.DescribeDomainResult:

The name of the function is the operation's name in snake case, as in boto3. The rules given to the
decorator say what the caller must be allowed to do, before the function runs. Each service has a
`Call` of its own, with what its operations work on.
"""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType, ModuleType
from typing import Any, Generic, Self, TypeVar

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.errors import InternalServer
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.iam.grants import Grant


@dataclass(frozen=True, slots=True)
class ApiCall:
    """What every operation may use besides its request."""

    caller: Caller
    region: str
    base_url: str
    clock: Clock

    def made_by(self, caller: Caller, region: str, base_url: str) -> Self:
        """This call as one that `caller` made in `region`, reaching us at `base_url`."""
        return replace(self, caller=caller, region=region, base_url=base_url)


AnyCall = TypeVar("AnyCall", bound=ApiCall)

GrantRule = Callable[[AnyCall, str, Mapping[str, Any]], Sequence[Grant]]
"""Given the call, the operation's API name and its request: what must be granted."""

Handler = Callable[[AnyCall, Any], Mapping[str, Any]]
AnyHandler = TypeVar("AnyHandler", bound=Callable[..., Mapping[str, Any]])


@dataclass(frozen=True, slots=True)
class Operation(Generic[AnyCall]):
    """A handler with its declared grants."""

    name: str
    handler: Handler[AnyCall]
    rules: tuple[GrantRule[AnyCall], ...]

    def grants(self, call: AnyCall, request: Mapping[str, Any]) -> list[Grant]:
        """Everything the caller must be allowed to do for this request."""
        return [grant for rule in self.rules for grant in rule(call, self.name, request)]


class NotEmulated(InternalServer):
    """The service has this operation, the emulator does not.

    501 instead of the model's 500: clients show code and message of either, but send a request
    that got 500 again and again before they do.
    """

    status = 501

    def __init__(self, operation_name: str) -> None:
        super().__init__(f"The operation {operation_name} is not emulated yet.")


# --- Declaring -------------------------------------------------------------------------------

_MARK = "api_operation"


def operation(
    *rules: GrantRule[AnyCall], name: str | None = None
) -> Callable[[AnyHandler], AnyHandler]:
    """Declare a function to be an operation; the function itself stays as it is.

    `rules` say what the caller must be granted before it runs. `name` is the operation's name in
    the API, needed only where the function's name is not the same in snake case.
    """

    def declare(handler: AnyHandler) -> AnyHandler:
        api_name = name or "".join(word.capitalize() for word in handler.__name__.split("_"))
        setattr(handler, _MARK, Operation(api_name, handler, rules))
        return handler

    return declare


def declared(candidate: object) -> Operation[Any] | None:
    """The operation a function was declared to be, or None for anything else."""
    found = getattr(candidate, _MARK, None)
    return found if isinstance(found, Operation) else None


# --- Finding ---------------------------------------------------------------------------------


def gather_folder(package: str, known: Collection[str]) -> Mapping[str, Operation[Any]]:
    """Every operation that the modules of a package declare; raises ValueError as `gather` does."""
    folder = importlib.import_module(package).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(folder))
    return gather((importlib.import_module(f"{package}.{name}") for name in names), known)


def gather(modules: Iterable[ModuleType], known: Collection[str]) -> Mapping[str, Operation[Any]]:
    """The operations that the modules declare themselves, by API name.

    `known` are the operations that the service has. Raises ValueError for a name that is not among
    them, or that is declared twice.
    """
    found: dict[str, Operation[Any]] = {}
    for module in modules:
        for candidate in vars(module).values():
            operation = declared(candidate)
            # One module may import a function of another; it is declared where it is defined.
            if operation is None or candidate.__module__ != module.__name__:
                continue
            if operation.name not in known:
                msg = f"{module.__name__}: the service has no operation {operation.name}"
                raise ValueError(msg)
            if operation.name in found:
                msg = f"{module.__name__}: the operation {operation.name} is declared twice"
                raise ValueError(msg)
            found[operation.name] = operation
    return MappingProxyType(found)
