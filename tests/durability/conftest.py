"""Servers of a test's own, each ended for sure."""

import itertools
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.durability.serving import NOWHERE, PROGRAM, Place, Server

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what reads processes where the system does not show them as files."""
    if sys.platform == "linux":
        return
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="processes are looked at through /proc"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """The folders of this test."""
    return Place(tmp_path)


@pytest.fixture
def start_server(place: Place) -> Iterator[Callable[..., Server]]:
    """Start `serve` with options; `state` and `ready_path` may name those of an earlier server."""
    started: list[Server] = []
    numbers = itertools.count(1)

    def start(
        *options: str,
        state: Path | None = None,
        ready_path: Path | None = None,
        upstream: str = NOWHERE,
        ignored: signal.Signals | None = None,
    ) -> Server:
        number = next(numbers)
        server_state = state or place.path / f"state-{number}"
        ready_path = ready_path or place.path / f"ready-{number}.json"
        error_path = place.path / f"errors-{number}.txt"
        command = [*PROGRAM, "serve", "--ready-file", str(ready_path), *options]
        command += ["--state", str(server_state), "--upstream", f"public:pypi={upstream}"]
        if ignored is not None:
            command = ["sh", "-c", f'trap "" {ignored.value}; exec "$@"', "sh", *command]
        with error_path.open("w") as errors:
            child = subprocess.Popen(
                command,
                env=place.environment,
                cwd=place.path,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        server = Server(child, server_state, ready_path, error_path)
        started.append(server)
        server.wait_until_ready()
        return server

    yield start
    for server in started:
        server.close()
