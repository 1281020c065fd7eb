"""The operations of the API, a family to a file; whatever stands in this folder is found."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from types import MappingProxyType, ModuleType

from pytest_codeartifact.emulator.api.model import operations
from pytest_codeartifact.emulator.api.operation import Operation, declared


def discover() -> Mapping[str, Operation]:
    """Every operation of this folder by its API name; raises ValueError as `gather` does."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return gather(importlib.import_module(f"{__name__}.{name}") for name in names)


def gather(modules: Iterable[ModuleType]) -> Mapping[str, Operation]:
    """The operations that the modules declare themselves, by API name.

    Raises ValueError for a name that the service does not have, or that is declared twice.
    """
    found: dict[str, Operation] = {}
    for module in modules:
        for candidate in vars(module).values():
            operation = declared(candidate)
            # One module may import a function of another; it is declared where it is defined.
            if operation is None or candidate.__module__ != module.__name__:
                continue
            if operation.name not in operations():
                msg = f"{module.__name__}: the service has no operation {operation.name}"
                raise ValueError(msg)
            if operation.name in found:
                msg = f"{module.__name__}: the operation {operation.name} is declared twice"
                raise ValueError(msg)
            found[operation.name] = operation
    return MappingProxyType(found)
