"""Steering the emulator from outside its process: clock, logs, faults, upstreams, accounts."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

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


class Events:
    """The EventBridge events of one test: those of its domains, since the test asked for them."""

    def __init__(self, control: "Control", domains: Callable[[], frozenset[str]]) -> None:
        """`domains` gives the names of the test's domains at the time it is called."""
        self._control = control
        self._domains = domains
        self._first = max((each["number"] for each in control.events()), default=0)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.all())

    def all(self) -> Sequence[Mapping[str, Any]]:
        """Every event so far as EventBridge delivers it, oldest first."""
        domains = self._domains()
        told = self._control.events(after=self._first)
        return [
            {key: value for key, value in each.items() if key != "number"}
            for each in told
            if each["detail"]["domainName"] in domains
        ]

    def of(self, package: str) -> Sequence[Mapping[str, Any]]:
        """The events of the package with this name, oldest first."""
        return [each for each in self.all() if each["detail"]["packageName"] == package]


class Control:
    """The emulator's control: its clock, its logs, what is broken, its upstreams, its accounts."""

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

    def events(self, after: int = 0) -> Sequence[Mapping[str, Any]]:
        """The EventBridge events of all accounts, each with its `number`, oldest first."""
        return cast("list[dict[str, Any]]", self._call("GET", f"events?after={after}")["events"])

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

    def configure_upstream(self, connection: str, url: str) -> None:
        """Like `set_upstream`, and a reset comes back to this address."""
        self._call("PUT", "upstreams", {connection: url})

    def break_registry(
        self,
        kind: str,
        connection: str = "public:pypi",
        *,
        package: str | None = None,
        **details: Any,  # noqa: ANN401 -- each kind has its own
    ) -> None:
        """Break the public registry behind a connection, for one package or all; faults add up.

        Kinds: `down`, `slow` (`seconds`), `failing` (`status`, 503), `throttled`, `corrupt`,
        `wrong-hash`, `yanked` (`reason`), `replaced` (`file` and `content`, bytes).
        """
        fault = {"kind": kind, "connection": connection} | details
        if package is not None:
            fault["package"] = package
        if "content" in fault:
            fault["content_base64"] = base64.b64encode(fault.pop("content")).decode()
        self._call("POST", "faults", fault)

    def mend_registry(self, connection: str | None = None) -> None:
        """End all faults, or those of one connection."""
        query = "" if connection is None else f"?connection={quote(connection)}"
        self._call("DELETE", f"faults{query}")

    def faults(self) -> Sequence[Mapping[str, Any]]:
        """What is broken now, in the order in which it was."""
        return cast("list[dict[str, Any]]", self._call("GET", "faults")["faults"])

    def reset(self, account: str | None = None) -> None:
        """Forget everything but the server's own account, or only what one account owns."""
        self._call("POST", "reset", None if account is None else {"account": account})

    def new_account(self, number: str | None = None) -> Access:
        """A fresh account in the same region, or that of a number, with an administrator's key."""
        made = self._call("POST", "accounts", None if number is None else {"account": number})
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
            msg = f"the emulator refused {method} {what}: {_reason(answer.status, answer.data)}"
            raise ControlError(msg)
        return json.loads(answer.data)


def _reason(status: int, body: bytes) -> str:
    """What the emulator says in its own words; what anything else says by status and body."""
    text = body.decode("utf-8", "replace").strip()
    try:
        return str(json.loads(text)["message"])
    except (ValueError, LookupError, TypeError):
        return f"HTTP {status} {text[:200]}"
