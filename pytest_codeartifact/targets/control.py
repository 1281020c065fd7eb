"""Steering the emulator from outside its process: clock, logs, upstreams, accounts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

import urllib3

from pytest_codeartifact.errors import ControlError
from pytest_codeartifact.targets.leases import Access

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Crash:
    """A defect of the emulator that a request ran into."""

    number: int
    request: str
    traceback: str = field(repr=False)

    def __str__(self) -> str:
        """The request and what went wrong, in one line."""
        lines = self.traceback.strip().splitlines()
        return f"{self.request}: {lines[-1].strip() if lines else 'no traceback'}"


class Control:
    """The emulator's control interface: its clock, its logs, its upstreams, its accounts."""

    def __init__(self, access: Access) -> None:
        self.endpoint_url = access.endpoint_url.rstrip("/")
        self._region = access.region
        self._headers = urllib3.make_headers(
            basic_auth=f"{access.access_key_id}:{access.secret_access_key}"
        )
        # Not through the machine's proxies: the server is on this machine.
        self._pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT_SECONDS)

    def advance(self, seconds: float) -> float:
        """Move the emulator's clock forward; returns its new time in seconds since the epoch."""
        return float(self._call("POST", "clock", {"advance_seconds": seconds})["now"])

    def clock(self) -> float:
        """The emulator's time in seconds since the epoch."""
        return float(self._call("GET", "clock")["now"])

    def requests(self, after: int = 0) -> Sequence[Mapping[str, Any]]:
        """What was asked of the emulator: requests with a number above `after`, oldest first."""
        return cast(
            "list[dict[str, Any]]", self._call("GET", f"requests?after={after}")["requests"]
        )

    def fetches(self, after: int = 0) -> Sequence[Mapping[str, Any]]:
        """What the emulator read from public registries: address and status, oldest first."""
        return cast("list[dict[str, Any]]", self._call("GET", f"fetches?after={after}")["fetches"])

    def crashes(self, after: int = 0) -> Sequence[Crash]:
        """Defects that requests ran into: those with a number above `after`, oldest first."""
        told = self._call("GET", f"crashes?after={after}")["crashes"]
        return [
            Crash(int(each["number"]), str(each["request"]), str(each["traceback"]))
            for each in told
        ]

    def upstreams(self) -> Mapping[str, str]:
        """The address behind each external connection, such as `public:pypi`."""
        return {name: str(url) for name, url in self._call("GET", "upstreams").items()}

    def set_upstream(self, connection: str, url: str) -> None:
        """Point an external connection at another address; for all users of this server."""
        self._call("POST", "upstreams", {connection: url})

    def new_account(self) -> Access:
        """A fresh account in the same region, with an administrator's key."""
        made = self._call("POST", "accounts")
        return Access(
            endpoint_url=self.endpoint_url,
            account=str(made["account"]),
            region=self._region,
            access_key_id=str(made["access_key_id"]),
            secret_access_key=str(made["secret_access_key"]),
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _call(self, method: str, what: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 -- JSON
        answer = self._pool.request(
            method,
            f"{self.endpoint_url}/_emulator/{what}",
            headers=self._headers,
            json=body,
        )
        if answer.status != HTTPStatus.OK:
            text = answer.data.decode("utf-8", "replace").strip()
            msg = f"the emulator refused {method} {what}: HTTP {answer.status} {text[:200]}"
            raise ControlError(msg)
        return json.loads(answer.data)
