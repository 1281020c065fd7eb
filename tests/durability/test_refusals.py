"""What the command line refuses, each in one line with an exit code that says whose fault it is."""

import json
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_codeartifact import __version__
from tests.durability.serving import NOWHERE, Place, Server


def test_state_folder_serves_one_server_at_a_time(
    place: Place, start_server: Callable[..., Server]
) -> None:
    """A second server on a state folder is refused, and the first one is not disturbed."""
    server = start_server()

    second = place.run(
        "serve", "--state", str(server.state), "--ready-file", str(place.path / "second.json")
    )

    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr.count("\n") == 1
    assert "in use by another server" in second.stderr
    assert server.client().list_domains()["domains"] == []


def test_port_of_another_server_is_refused(
    place: Place, start_server: Callable[..., Server]
) -> None:
    """Two servers never share a port, although each of them could share it with itself."""
    server = start_server()

    second = place.run("serve", "--port", str(server.port), "--upstream", f"public:pypi={NOWHERE}")

    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr.count("\n") == 1
    assert f"cannot listen on 127.0.0.1 port {server.port}" in second.stderr


def test_port_of_another_program_is_refused(place: Place) -> None:
    """A port that some other program listens on is refused."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = place.run("serve", "--port", str(port), "--upstream", f"public:pypi={NOWHERE}")

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        ((), "COMMAND"),
        (("nonsense",), "nonsense"),
        (("serve", "--port", "65536"), "65536"),
        (("serve", "--port", "-1"), "--port"),
        (("serve", "--region", "Mars"), "Mars"),
        (("serve", "--account", "123"), "123"),
        (("serve", "--upstream", "public:pypi=nowhere"), "public:pypi=http"),
        (("serve", "--upstream", "public:nobody=http://127.0.0.1/"), "public:nobody"),
        (("serve", "--quota", "patience=3"), "--quota"),
        (("serve", "--unknown"), "--unknown"),
        (("env", "--shell", "tcsh"), "tcsh"),
    ],
)
def test_bad_options_are_refused_in_one_line(
    arguments: tuple[str, ...], culprit: str, place: Place
) -> None:
    """Wrong usage exits with 2 and names what is wrong."""
    ended = place.run(*arguments)

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert culprit in ended.stderr


@pytest.mark.parametrize("option", ["--state", "--ready-file"])
def test_path_that_cannot_be_made_is_refused_in_one_line(option: str, place: Place) -> None:
    """A place below a file is refused with the path that stands in the way."""
    file = place.path / "file"
    file.touch()

    ended = place.run("serve", option, str(file / "below"), "--upstream", f"public:pypi={NOWHERE}")

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert str(file) in ended.stderr


@pytest.mark.parametrize("host", ["", "nobody.invalid"])
def test_unknown_host_is_refused_in_one_line(host: str, place: Place) -> None:
    """A host that is none cannot be listened on."""
    ended = place.run("serve", "--host", host, "--upstream", f"public:pypi={NOWHERE}")

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "cannot listen on" in ended.stderr


def test_broken_pip_configuration_is_named(place: Place) -> None:
    """The server asks where pip installs from, and says which file keeps it from knowing."""
    file = place.path / "pip.conf"
    file.write_text("no section\n")

    ended = place.run("serve", environment={"PIP_CONFIG_FILE": str(file)})

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert str(file) in ended.stderr


def test_version_is_told(place: Place) -> None:
    """The program says its name and version."""
    told = place.run("--version")

    assert (told.returncode, told.stdout) == (0, f"pytest-codeartifact {__version__}\n")


def test_env_without_a_server_says_how_to_start_one(place: Place) -> None:
    """With nothing to point to, `env` prints nothing a shell would run."""
    told = place.run("env")

    assert (told.returncode, told.stdout) == (1, "")
    assert "no server is running; start one with" in told.stderr


def test_env_refuses_what_is_no_ready_file(place: Place) -> None:
    """A file of another kind is named, and no part of it is shown."""
    file = place.path / "other.json"
    file.write_text(json.dumps({"secret_access_key": "do-not-show"}))

    told = place.run("env", "--ready-file", str(file))

    assert (told.returncode, told.stdout) == (1, "")
    assert str(file) in told.stderr
    assert "do-not-show" not in told.stderr


def test_env_of_a_killed_server_is_refused(
    place: Place, start_server: Callable[..., Server]
) -> None:
    """A killed server leaves its ready file behind, which leads nobody to a dead address."""
    server = start_server()
    server.kill()
    assert server.ready_path.exists()

    told = place.run("env", "--ready-file", str(server.ready_path))

    assert (told.returncode, told.stdout) == (1, "")
    assert "is gone" in told.stderr


def test_ready_file_is_for_its_owner_only(start_server: Callable[..., Server]) -> None:
    """The file holds a secret, so nobody else may read it."""
    assert start_server().ready_path.stat().st_mode & 0o777 == 0o600


def test_ready_file_of_a_later_server_stays(
    tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    """A server that ends does not take away the file by which a later one is found."""
    shared = tmp_path / "shared.json"
    earlier = start_server(ready_path=shared)
    later = start_server(ready_path=shared)

    assert earlier.tell(signal.SIGTERM) == 0

    assert json.loads(shared.read_text())["endpoint_url"] == later.access.endpoint_url
