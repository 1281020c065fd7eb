"""What a run with --codeartifact says first: target, settings with their sources, programs."""

import importlib.metadata
import shutil

import pytest

from pytest_codeartifact import targets
from pytest_codeartifact.errors import CodeArtifactError

# Program, and the distribution it comes with when that is installed beside the plugin.
_PROGRAMS = (
    ("aws", "awscli"),
    ("build", "build"),
    ("twine", "twine"),
    ("pip", "pip"),
    ("pip-compile", "pip-tools"),
)


def lines(config: pytest.Config) -> list[str]:
    """The header's lines; starts the emulator, and raises pytest.UsageError when it will not."""
    settings = targets.settings_of(config)
    region, account, state = settings.region, settings.account, settings.state
    parts = [
        f"{settings.target.value} ({settings.target.origin})",
        f"region {region.value} ({region.origin})",
        f"account {account.value} ({account.origin})",
        f"endpoint {_endpoint(config)}",
        f"public:pypi {settings.public_pypi.origin}",
    ]
    if state.value is not None:
        parts.append(f"state {state.value} ({state.origin})")
    return [f"codeartifact: {', '.join(parts)}", f"codeartifact programs: {', '.join(_programs())}"]


def _endpoint(config: pytest.Config) -> str:
    if config.getoption("collectonly"):
        return "not started"
    try:
        return targets.target_of(config).endpoint_url
    except CodeArtifactError as error:
        raise pytest.UsageError(str(error)) from None


def _programs() -> list[str]:
    return [_program(name, distribution) for name, distribution in _PROGRAMS]


def _program(name: str, distribution: str) -> str:
    try:
        return f"{name} {importlib.metadata.version(distribution)} (installed)"
    except importlib.metadata.PackageNotFoundError:
        found = shutil.which(name)
    return f"{name} ({found})" if found else f"{name} (missing)"
