"""Which programs an article will be run with, told without starting any of them."""

import importlib.metadata
import shutil

# Program, and the distribution it comes with when that is installed beside the plugin.
_PROGRAMS = (
    ("aws", "awscli"),
    ("build", "build"),
    ("twine", "twine"),
    ("pip", "pip"),
    ("pip-compile", "pip-tools"),
)


def programs() -> list[str]:
    """The programs of an article with their versions, and where they come from."""
    return [_program(name, distribution) for name, distribution in _PROGRAMS]


def _program(name: str, distribution: str) -> str:
    try:
        return f"{name} {importlib.metadata.version(distribution)} (installed)"
    except importlib.metadata.PackageNotFoundError:
        found = shutil.which(name)
    return f"{name} ({found})" if found else f"{name} (missing)"
