"""What happens around the commands of an article: at the server, on the way to it, at home."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_codeartifact.article.verdicts import Surroundings
from pytest_codeartifact.findings import Network, Usage
from pytest_codeartifact.targets.control import Crash
from pytest_codeartifact.targets.gateway import Connection, hosts_in

_MAKING = frozenset({"CreateDomain", "CreateRepository"})
_OK = 200
_DOTS_OF_ENDPOINTS = 3


class Watched(Protocol):
    """An account whose server tells what happened."""

    def requests(self) -> Sequence[Mapping[str, Any]]: ...
    def crashes(self) -> Sequence[Crash]: ...
    def fetches(self) -> Sequence[Mapping[str, Any]]: ...


class Gate(Protocol):
    """The way programs take to the server, when they use its real host names."""

    def connections(self, after: int = 0) -> Sequence[Connection]: ...


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened between two moments."""

    requests: tuple[Mapping[str, Any], ...]
    fetches: tuple[Mapping[str, Any], ...]
    crashes: tuple[str, ...]
    connections: tuple[Connection, ...]
    is_gated: bool
    caller: str = ""

    def usage(self) -> Usage:
        """What was asked of the service."""
        return Usage(
            requests=len(self.requests),
            bytes_received=sum(int(each.get("received_bytes", 0)) for each in self.requests),
            bytes_sent=sum(int(each.get("sent_bytes", 0)) for each in self.requests),
            resources=sum(
                each.get("operation") in _MAKING and int(each["status"]) == _OK
                for each in self.requests
            ),
        )

    def network(self) -> Network:
        """Which hosts were connected to, refused, and read by the emulator."""
        return Network(
            connections=_counted(each.host for each in self.connections if not each.is_refused),
            refused=_counted(each.host for each in self.connections if each.is_refused),
            fetched=_counted(str(each["status"]) for each in self.fetches),
        )

    def surroundings(self, text: str) -> Surroundings:
        """What may explain a failure whose output was `text`."""
        met = {each.host for each in self.connections}
        # Shorter names, such as codebuild.amazonaws.com, stand for services in policies.
        named = {host for host in hosts_in(text) if host.count(".") >= _DOTS_OF_ENDPOINTS}
        missed = sorted(named - met) if self.is_gated else []
        return Surroundings(
            requests=self.requests,
            crashes=self.crashes,
            refused=[each.host for each in self.connections if each.is_refused],
            passed_by=missed,
            fetched=[int(each["status"] or 0) for each in self.fetches],
            caller=self.caller,
        )


class Watch:
    """Tells what happened since it was last asked."""

    def __init__(self, watched: Watched, gate: Gate | None, caller: str = "") -> None:
        """`caller` is whose permissions may be too few, in a real account."""
        self._caller = caller
        self._watched = watched
        self._gate = gate
        self._seen: dict[str, int] = {}
        self.since()

    def since(self) -> Happened:
        """What happened since the last call, or since the watch began."""
        connections = self._gate.connections(self._last("connections")) if self._gate else ()
        self._see("connections", [each.number for each in connections])
        crashes = [each for each in self._watched.crashes() if each.number > self._last("crashes")]
        self._see("crashes", [each.number for each in crashes])
        return Happened(
            requests=self._new("requests", self._watched.requests()),
            fetches=self._new("fetches", self._watched.fetches()),
            crashes=tuple(str(each) for each in crashes),
            connections=tuple(connections),
            is_gated=self._gate is not None,
            caller=self._caller,
        )

    def _new(
        self, name: str, entries: Sequence[Mapping[str, Any]]
    ) -> tuple[Mapping[str, Any], ...]:
        found = tuple(each for each in entries if each["number"] > self._last(name))
        self._see(name, [each["number"] for each in found])
        return found

    def _last(self, name: str) -> int:
        return self._seen.get(name, 0)

    def _see(self, name: str, numbers: Sequence[int]) -> None:
        self._seen[name] = max([self._last(name), *numbers])


def _counted(names: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(names).items()))
