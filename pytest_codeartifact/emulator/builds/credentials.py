"""Credentials for what runs inside a build: served on loopback, to who knows a build's secret.

Source: "Container credential provider" (AWS SDKs and Tools Reference Guide).
"""

import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pytest_codeartifact.emulator.builds.machine import BuildProblem
from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.formats.base import json_response, message_response
from pytest_codeartifact.emulator.http import Request, Response
from pytest_codeartifact.emulator.neighbours.service_sessions import Issued

PREFIX = "/v2/credentials/"
# Clients ask again a quarter of an hour before the end; they shall then get newer ones.
_FRESH_SECONDS = 20 * 60.0


@dataclass(slots=True)
class Lease:
    """A build's right to credentials: of which role, for which secret, and how to get new ones."""

    role_arn: str
    secret: str = field(repr=False)
    issued: Issued = field(repr=False)
    renew: Callable[[], Issued] = field(repr=False)


class ContainerCredentials:
    """Answers below `PREFIX`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[str, Lease] = {}
        self._renewing = threading.Lock()

    def grant(self, uuid: str, lease: Lease) -> None:
        """From now on, a build gets credentials."""
        self._leases[uuid] = lease

    def revoke(self, uuid: str) -> None:
        """A build gets no more credentials."""
        self._leases.pop(uuid, None)

    def answer(self, request: Request) -> Response:
        """Answer a request whose path begins with `PREFIX`."""
        lease = self._leases.get(request.path.removeprefix(PREFIX))
        told = request.headers.get("authorization", "")
        # The same answer whether the build or the secret is unknown.
        if lease is None or not hmac.compare_digest(told.encode(), lease.secret.encode()):
            return message_response(403, "these credentials are another build's")
        try:
            issued = self._current(lease)
        except BuildProblem as problem:
            return message_response(403, problem.message)
        # Clients compare with the machine's clock.
        expires = datetime.fromtimestamp(issued.expires - self._clock.offset_seconds, UTC)
        return json_response(
            200,
            {
                "RoleArn": lease.role_arn,
                "AccessKeyId": issued.access_key_id,
                "SecretAccessKey": issued.secret_access_key,
                "Token": issued.session_token,
                "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
            },
        )

    def _current(self, lease: Lease) -> Issued:
        with self._renewing:
            if lease.issued.expires - self._clock.now() < _FRESH_SECONDS:
                lease.issued = lease.renew()
            return lease.issued
