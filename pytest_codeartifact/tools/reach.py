"""How programs reach servers: the proxies they ask, and the certificates they trust.

The machine's own way stands in its environment variables and in pip's configuration.
"""

import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pytest_codeartifact import pip_configuration

PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CA_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    # Where npm was built with a file of its own, that one counts alone.
    "npm_config_cafile",
)
_ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"


class Gateway(Protocol):
    """A proxy on this machine through which AWS's real host names lead to the service."""

    @property
    def ca_file(self) -> Path: ...
    def environment(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Reach:
    """How the programs of one home reach servers.

    `ca_file` is what they trust, None for what each trusts by itself. `by_host_names` says that
    they address the service as if it were AWS, by its real host names.
    """

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: Path | None = None
    by_host_names: bool = False

    @classmethod
    def of_machine(cls) -> "Reach":
        """As this machine reaches the outside.

        Raises PipConfigurationError when pip's configuration cannot be read.
        """
        ca_file = machine_ca_file()
        trusted = ca_variables(ca_file) if ca_file is not None else {}
        return cls(machine_proxies() | trusted, ca_file)

    @classmethod
    def through(cls, gateway: Gateway) -> "Reach":
        """Through the gateway and no other way; the machine's proxies and certificates are not."""
        return cls(dict(gateway.environment()), gateway.ca_file, by_host_names=True)

    def led(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Variables of an account, without the service's address where its names are used."""
        return {
            name: text
            for name, text in variables.items()
            if not (self.by_host_names and name.startswith(_ENDPOINT_VARIABLE))
        }


def machine_ca_file() -> Path | None:
    """The CA file that the machine's own configuration names, or None.

    Raises PipConfigurationError when pip's configuration cannot be read.
    """
    named = [os.environ.get(name) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")]
    named.append(pip_configuration.value("cert"))
    return next((Path(text) for text in named if text and Path(text).is_file()), None)


def aws_ca_file() -> Path | None:
    """The CA file by which this machine trusts AWS: the clients' own variable, or as all do.

    Raises PipConfigurationError when pip's configuration cannot be read.
    """
    named = os.environ.get("AWS_CA_BUNDLE")
    return Path(named) if named and Path(named).is_file() else machine_ca_file()


def machine_proxies() -> dict[str, str]:
    """The proxies the machine uses for addresses outside, by variable name; may be empty."""
    both = {name: os.environ.get(name) or os.environ.get(name.upper()) for name in PROXIES}
    found = {name: text for name, text in both.items() if text}
    excepted = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    return proxy_variables(found, excepted) if found else {}


def goes_direct(host: str) -> bool:
    """Whether the machine's own settings except a host from its proxies."""
    return bool(urllib.request.proxy_bypass(host))


def proxy_variables(proxies: Mapping[str, str], excepted: str = "") -> dict[str, str]:
    """Proxies by their names in `PROXIES`, as variables in both spellings.

    `excepted` is what is reached without any, in the form of the variable no_proxy.
    """
    # What we test runs on this machine and is never asked through a proxy.
    without = ",".join(filter(None, (excepted, *_LOOPBACK)))
    found = dict(proxies) | {"no_proxy": without}
    return found | {name.upper(): text for name, text in found.items()}


def ca_variables(ca_file: Path) -> dict[str, str]:
    """The variables by which programs trust what `ca_file` certifies."""
    return dict.fromkeys(_CA_VARIABLES, str(ca_file))
