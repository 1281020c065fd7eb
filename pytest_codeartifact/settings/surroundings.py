"""What surrounds a run: the environment variables of this process, and those for others."""

import os
from pathlib import Path

import pytest

from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.settings.definitions import (
    ACCOUNT,
    PREFIX,
    PUBLIC_PYPI,
    REGION,
    SEPARATORS,
    Definition,
    harmless,
)

_ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
# All that the server's process inherits: no AWS variable, no setting of another program.
_PASSED_ON = (
    "PATH",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)


def endpoint_variables() -> tuple[str, ...]:
    """The environment variables that send AWS calls to another address, by name."""
    names = (name for name, text in os.environ.items() if text)
    return tuple(sorted(name for name in names if name.startswith(_ENDPOINT_VARIABLE)))


def in_actions() -> Path | None:
    """The step summary's file when this runs in GitHub Actions, else None; "" is no file."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return None
    return Path(os.environ.get("GITHUB_STEP_SUMMARY") or os.devnull)


def public_pypi_of_environment() -> str | None:
    """The index that the variable names, for those who run without pytest; None where it is unset.

    Raises CodeArtifactError for what is no address.
    """
    return _checked_of_environment(PUBLIC_PYPI)


def server_environment(home: Path) -> dict[str, str]:
    """The environment of the emulator's server: almost empty, with `home` as its home folder."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    certificates = of_pip("cert")
    if certificates and not {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"} & environment.keys():
        environment["SSL_CERT_FILE"] = certificates
    # The server is told where public:pypi points; it shall not look into pip's files once more.
    return environment | {"HOME": str(home), "PIP_CONFIG_FILE": os.devnull, "PYTHONUTF8": "1"}


def kernel_environment(folder: Path) -> dict[str, str]:
    """The environment of a notebook's kernel: this process's own, with IPython's files apart."""
    return dict(os.environ) | {"IPYTHONDIR": str(folder / "ipython"), "NO_COLOR": "1"}


def accounts_of_environment() -> tuple[str, ...]:
    """The accounts that the variable names, none where it is unset; raises CodeArtifactError."""
    text = _checked_of_environment(ACCOUNT)
    return () if text is None else tuple(SEPARATORS.split(text))


def region_of_environment() -> str | None:
    """The Region that the variable names, None where it is unset; raises CodeArtifactError."""
    return _checked_of_environment(REGION)


def prefix_of_environment() -> str | None:
    """The prefix that the variable names, None where it is unset; raises CodeArtifactError."""
    return _checked_of_environment(PREFIX)


def of_pip(key: str) -> str | None:
    """A value of pip's own configuration; a bad file is a pytest.UsageError."""
    # Not needed by those who set the address, nor by plain runs.
    from pytest_codeartifact import pip_configuration  # noqa: PLC0415

    try:
        return pip_configuration.index_url() if key == "index-url" else pip_configuration.value(key)
    except pip_configuration.PipConfigurationError as error:
        raise pytest.UsageError(str(error)) from None


def _checked_of_environment(definition: Definition) -> str | None:
    """What the variable of a setting says, for those who run without pytest."""
    text = definition.of_environment()
    if text is not None and not definition.accepts(text):
        raise CodeArtifactError(
            f"{definition.variable}: expected {definition.wanted}, not {harmless(text)!r}"
        )
    return text
