"""Who comes in: the caller behind a signed request."""

from typing import Protocol

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.http import Request
from pytest_codeartifact.emulator.iam.callers import Caller, Keyring, Scope, verify
from pytest_codeartifact.emulator.iam.refusals import ExpiredToken


class Gate(Protocol):
    """Tells callers from strangers."""

    def admit(self, request: Request, payload_sha256: str) -> tuple[Caller, Scope]:
        """Who signed the request, and for what; raises Refusal."""
        ...


class SignatureGate:
    """Fulfils `Gate` by the signature, as AWS does."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock

    def admit(self, request: Request, payload_sha256: str) -> tuple[Caller, Scope]:
        """Who signed the request, and for what; raises Refusal.

        Clients sign with the machine's time, also when the emulator's clock was moved; what ends
        by that clock are temporary credentials.
        """
        clock = self._clock
        caller, scope = verify(request, payload_sha256, self._keyring, clock.machine_now())
        if caller.expires is not None and clock.now() >= caller.expires:
            raise ExpiredToken
        return caller, scope
