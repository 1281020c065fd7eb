"""A throw-away certificate authority, which says that the gateway is whatever host is asked for."""

import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_codeartifact.tools.process import MissingTool

if TYPE_CHECKING:
    import trustme

_FILE_NAME = "certificate-authority.pem"
_ORGANIZATION = "pytest-codeartifact, for one run of tests"


class Authority:
    """Makes a certificate for each host once; its own key stays in the memory of this process."""

    def __init__(self, authority: "trustme.CA", ca_file: Path) -> None:
        self.ca_file = ca_file
        self._authority = authority
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._making = threading.Lock()

    @classmethod
    def create(cls, folder: Path) -> "Authority":
        """A new authority; `ca_file`, which programs have to trust, is written into `folder`.

        Raises MissingTool where the library for it is not installed.
        """
        try:
            import trustme  # noqa: PLC0415 -- loads cryptography, which plain addresses do without
        except ImportError:
            raise MissingTool("trustme") from None
        authority = trustme.CA(organization_name=_ORGANIZATION)
        ca_file = folder / _FILE_NAME
        authority.cert_pem.write_to_path(ca_file)
        return cls(authority, ca_file)

    def context(self, host: str) -> ssl.SSLContext:
        """What serves TLS as `host`."""
        with self._making:
            if host not in self._contexts:
                self._contexts[host] = self._make(host)
            return self._contexts[host]

    def _make(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # The emulator speaks nothing newer.
        context.set_alpn_protocols(["http/1.1"])
        # A client that leaves without a word has left, as with plain HTTP.
        context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF
        # A ticket written to a client that has left already would turn its end into an error.
        context.num_tickets = 0
        made = self._authority.issue_cert(_identity(host), organization_name=_ORGANIZATION)
        made.configure_cert(context)
        return context


def _identity(host: str) -> str:
    """The name that a certificate for `host` bears."""
    first, _, rest = host.partition(".")
    # The library takes `ab--cd` for an encoded name and fails to decode it; a domain may have it.
    return f"*.{rest}" if first[2:4] == "--" else host
