from collections.abc import Mapping, Sequence
from typing import Any

from pytest_codeartifact.article.watching import Watch
from pytest_codeartifact.findings import Network, Usage
from pytest_codeartifact.targets.control import Crash
from pytest_codeartifact.targets.gateway import Connection

HOST = "demo-111122223333.d.codeartifact.eu-west-1.amazonaws.com"


class Server:
    """A server with a log, and a gate before it."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = [{"number": 1, "status": 200}]
        self.crashed: list[Crash] = []
        self.met: list[Connection] = []

    def requests(self) -> Sequence[Mapping[str, Any]]:
        return self.asked

    def fetches(self) -> Sequence[Mapping[str, Any]]:
        return [{"number": 1, "status": 200}]

    def crashes(self) -> Sequence[Crash]:
        return self.crashed

    def connections(self, after: int = 0) -> Sequence[Connection]:
        return [each for each in self.met if each.number > after]


def test_only_what_is_new_is_told() -> None:
    """What had happened before the watch, or was told already, is not told again."""
    server = Server()
    watch = Watch(server, server)
    server.asked.append(
        {"number": 2, "status": 200, "operation": "CreateDomain", "received_bytes": 7}
    )
    server.met.append(Connection(1, HOST, 443, is_refused=False))
    server.met.append(Connection(2, "example.com", 443, is_refused=True))
    happened = watch.since()
    assert happened.usage() == Usage(requests=1, bytes_received=7, resources=1)
    assert happened.network() == Network({HOST: 1}, {"example.com": 1}, {})
    assert watch.since().usage() == Usage()


def test_hosts_that_were_named_and_not_met_are_passed_by() -> None:
    """A host of the service in an output, to which no connection was made, explains a failure."""
    server = Server()
    watch = Watch(server, server)
    server.crashed.append(Crash(1, "GET /", "KeyError: 'x'"))
    around = watch.since().surroundings(f"cannot reach {HOST}; see codebuild.amazonaws.com")
    assert around.passed_by == [HOST]
    assert around.crashes == ("GET /: KeyError: 'x'",)
    server.met.append(Connection(1, HOST, 443, is_refused=False))
    assert watch.since().surroundings(f"cannot reach {HOST}").passed_by == []


def test_nobody_is_passed_by_without_a_gate() -> None:
    """By plain addresses programs may name any host."""
    assert Watch(Server(), None).since().surroundings(HOST).passed_by == []
