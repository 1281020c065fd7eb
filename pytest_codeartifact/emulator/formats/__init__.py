"""Package formats: each module here with a `FORMAT` is one."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from pytest_codeartifact.emulator.entities import PackageFormat
from pytest_codeartifact.emulator.formats.base import Format


def discover() -> Mapping[PackageFormat, Format]:
    """A fresh instance of every format found in this folder."""
    found: dict[PackageFormat, Format] = {}
    for module in iter_modules(__path__):
        format_class = getattr(import_module(f"{__name__}.{module.name}"), "FORMAT", None)
        if format_class is not None:
            found[format_class.name] = format_class()
    return found
