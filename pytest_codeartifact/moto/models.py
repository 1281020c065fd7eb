"""What moto keeps of CodeArtifact: an emulator, opened when first needed and ended by a reset."""

import atexit
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.models import DEFAULT_ACCOUNT_ID

from pytest_codeartifact.emulator.configuration import Configuration
from pytest_codeartifact.emulator.neighbours.forgetting import Turnstile
from pytest_codeartifact.emulator.registry.connections import KNOWN
from pytest_codeartifact.emulator.wiring import Emulator
from pytest_codeartifact.moto.callers import Indulgent, MotoGate

NOWHERE = "nowhere:say-where-by-pytest_codeartifact.moto.set_upstream"
"""Where external connections point at first: no address, so that nothing is asked for it."""


class MockedService:
    """An emulator in a temporary folder, which goes with it.

    `checked` is the application that asks for signatures and policies, `indulgent` the one that
    does as moto does by default.
    """

    def __init__(self) -> None:
        with ExitStack() as stack:
            folder = tempfile.TemporaryDirectory(prefix="codeartifact-", ignore_cleanup_errors=True)
            configuration = Configuration(
                state_path=Path(stack.enter_context(folder)),
                account=DEFAULT_ACCOUNT_ID,
                upstreams=dict.fromkeys(KNOWN, NOWHERE),
            )
            self.emulator = Emulator(configuration)
            stack.callback(self.emulator.close)
            self._held = stack.pop_all()
        identities = self.emulator.identities
        identities.open()
        self.checked = self.emulator.app
        self.indulgent = self.emulator.guarded_by(MotoGate(identities), Indulgent())
        # A mock may be left standing, and then nobody resets it.
        atexit.register(self.close)

    def close(self) -> None:
        """Close the emulator and remove its folder."""
        atexit.unregister(self.close)
        self._held.close()


class CodeArtifactBackend(BaseBackend):
    """The service until the next reset; it costs nothing before its first request."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._turnstile = Turnstile()
        self._opening = threading.Lock()
        self._service: MockedService | None = None

    @contextmanager
    def service(self) -> Iterator[MockedService]:
        """The service, which is not reset meanwhile."""
        with self._turnstile.among_others():
            with self._opening:
                service = self._service = self._service or MockedService()
            # Users and roles may have changed since, without moto telling.
            service.emulator.identities.changed()
            yield service

    def reset(self) -> None:
        """Forget everything; the next request finds an empty service."""
        with self._turnstile.alone():
            service, self._service = self._service, None
            if service is not None:
                service.close()


codeartifact_backends = BackendDict(CodeArtifactBackend, "codeartifact")
"""Where moto looks for the service."""


def the_backend() -> CodeArtifactBackend:
    """The one that serves all accounts and regions, since accounts share domains."""
    return codeartifact_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
