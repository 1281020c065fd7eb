"""How `serve` and `env` bring a shell to the server."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.durability.serving import PATIENCE_SECONDS, PROGRAM, Place, Server

ASK = """
import boto3
for each in boto3.client("codeartifact").list_domains()["domains"]:
    print(each["name"])
"""


def _variables(server: Server) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": server.access.endpoint_url,
        "AWS_ACCESS_KEY_ID": server.access.access_key_id,
        "AWS_SECRET_ACCESS_KEY": server.access.secret_access_key,
        "AWS_DEFAULT_REGION": server.access.region,
        "AWS_REGION": server.access.region,
    }


def test_announcement_says_where_and_how_to_stop(start_server: Callable[..., Server]) -> None:
    """What is printed once it answers: address, command for one's shell, how to stop; no secret."""
    server = start_server()

    said = "".join(server.said)

    assert server.access.endpoint_url in said
    assert f"env --ready-file {server.ready_path}" in said
    assert "Ctrl-C" in said
    assert server.access.secret_access_key not in said


def test_evaluated_env_leads_sh_to_the_server(
    place: Place, start_server: Callable[..., Server]
) -> None:
    """After `eval "$(… env)"` an AWS client in that shell talks to the server."""
    server = start_server()
    server.client().create_domain(domain="from-outside")
    script = 'eval "$("$0" "$@" env --shell sh --ready-file "$READY")"; "$0" -c "$ASK"'
    disturbing = {
        "AWS_SESSION_TOKEN": "old",
        "AWS_PROFILE": "missing",
        "AWS_REGION": "eu-west-1",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }

    done = subprocess.run(
        ["sh", "-c", script, *PROGRAM],
        env=place.environment | disturbing | {"READY": str(server.ready_path), "ASK": ASK},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )

    assert done.stdout == "from-outside\n"


@pytest.mark.parametrize(
    ("shell", "line", "unset"),
    [
        ("sh", "export {}={}", "unset "),
        ("fish", "set -gx {} '{}'", "set -e "),
        ("powershell", "$Env:{} = '{}'", "Remove-Item -ErrorAction SilentlyContinue "),
    ],
)
def test_env_speaks_each_shell(
    shell: str, line: str, unset: str, place: Place, start_server: Callable[..., Server]
) -> None:
    """Each shell gets the five variables in its own words, and loses what would disturb them."""
    server = start_server()

    told = place.run("env", "--shell", shell, "--ready-file", str(server.ready_path))

    expected = [line.format(name, value) for name, value in _variables(server).items()]
    first, *others = told.stdout.splitlines()
    assert others == expected
    assert first.startswith(unset)
    assert "AWS_SESSION_TOKEN" in first
    assert "AWS_PROFILE" in first


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_sourced_env_sets_variables_in_fish(
    place: Place, start_server: Callable[..., Server]
) -> None:
    """What `env` prints for fish is valid there."""
    server = start_server()
    told = place.run("env", "--shell", "fish", "--ready-file", str(server.ready_path))

    done = subprocess.run(
        [str(shutil.which("fish")), "-c", f"{told.stdout}; echo $AWS_SECRET_ACCESS_KEY"],
        env=place.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )

    assert done.stdout.strip() == server.access.secret_access_key


def test_env_finds_the_last_server_started(
    place: Place, start_server: Callable[..., Server]
) -> None:
    """Without an option, server and `env` meet at a file below the user's home."""
    home = Path(place.environment["HOME"])
    server = start_server(ready_path=home / ".local/state/pytest-codeartifact/server.json")

    told = place.run("env", "--shell", "sh")

    assert f"export AWS_ENDPOINT_URL={server.access.endpoint_url}" in told.stdout.splitlines()


@pytest.mark.skipif(os.name == "nt", reason="without $SHELL it is PowerShell there")
def test_env_without_a_shell_variable_speaks_sh(
    place: Place, start_server: Callable[..., Server]
) -> None:
    """Containers often start without `$SHELL`, and what they start is a POSIX shell."""
    server = start_server()
    without = {name: text for name, text in place.environment.items() if name != "SHELL"}

    done = subprocess.run(
        [*PROGRAM, "env", "--ready-file", str(server.ready_path)],
        env=without,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )

    assert done.stdout.startswith("unset ")
    assert f"export AWS_ENDPOINT_URL={server.access.endpoint_url}" in done.stdout.splitlines()
