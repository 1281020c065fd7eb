import json
import shlex
import socket
from pathlib import Path

import botocore.session
import pytest

from pytest_codeartifact import __version__
from pytest_codeartifact.cli import main
from pytest_codeartifact.emulator import operations

READY = {
    "endpoint_url": "http://127.0.0.1:8080",
    "account": "111122223333",
    "region": "eu-west-1",
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "it's secret",
    "pid": 7,
}


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` names the program and its version."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["serve", "--port", "70000"],
        ["serve", "--port", "-1"],
        ["serve", "--port", "x"],
        ["serve", "--region", "Moon 1"],
        ["serve", "--account", "1234"],
        ["serve", "--upstream", "public:pypi"],
        ["serve", "--upstream", "public:pypi=ftp://x/"],
        ["serve", "--quota", "domains"],
        ["serve", "--quota", "moons=1"],
        ["serve", "--quota", "domains=-1"],
        ["env", "--shell", "tcsh"],
        ["coverage", "--all"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and the reason, before anything is started."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_variables_are_printed_for_a_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Read back by the shell's rules, they are those of the running server."""
    ready = tmp_path / "server.json"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        ready.write_text(json.dumps(READY | {"endpoint_url": url}))
        assert main(["env", "--ready-file", str(ready), "--shell", "sh"]) == 0
    words = shlex.split(capsys.readouterr().out)
    variables = dict(word.split("=", 1) for word in words if "=" in word)
    assert variables["AWS_ENDPOINT_URL"] == url
    assert variables["AWS_ACCESS_KEY_ID"] == READY["access_key_id"]
    assert variables["AWS_SECRET_ACCESS_KEY"] == READY["secret_access_key"]
    assert variables["AWS_DEFAULT_REGION"] == READY["region"]


@pytest.mark.parametrize("content", [None, "", "no JSON"])
def test_missing_server_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    """Without a readable ready file there is exit code 1 and one line that helps."""
    ready = tmp_path / "server.json"
    if content is not None:
        ready.write_text(content)
    assert main(["env", "--ready-file", str(ready), "--shell", "sh"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) == 1


def names_in_botocore() -> set[str]:
    """The operations of the service as the installed botocore names them."""
    return set(botocore.session.Session().get_service_model("codeartifact").operation_names)


def test_coverage_tells_every_operation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for each operation of botocore's model, and the count of those that are served."""
    names = names_in_botocore()
    monkeypatch.setattr(operations, "discover", lambda: dict.fromkeys(names))
    assert main(["coverage"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [[name, "served"] for name in sorted(names)]
    assert last == f"{len(names)} of {len(names)} operations"


def test_coverage_fails_when_an_operation_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, and the line of the operation says so."""
    names = names_in_botocore()
    left = names - {"DisposePackageVersions"}
    monkeypatch.setattr(operations, "discover", lambda: dict.fromkeys(left))
    assert main(["coverage"]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.endswith("missing")] == [
        "DisposePackageVersions"
    ]
    assert last == f"{len(left)} of {len(names)} operations"
