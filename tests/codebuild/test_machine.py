import pytest

from pytest_codeartifact.codebuild.machine import LocalMachine

CALLERS_OWN = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"),
    *("HOME", "PIP_INDEX_URL"),
)


def test_builds_inherit_nothing_of_the_callers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, the home folder and settings of other programs stay where they are."""
    for name in CALLERS_OWN:
        monkeypatch.setenv(name, f"marked-{name}")
    machine = LocalMachine.here()
    assert machine.environment.keys().isdisjoint(CALLERS_OWN)
    assert "marked" not in f"{dict(machine.environment)} {machine!r}"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "address", ["http://user:marked@proxy.test:3128", "user:marked@proxy.test:3128"]
)
def test_proxy_with_a_password_is_not_passed_on(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy is left out where its address holds a password."""
    monkeypatch.setenv(name, address)
    machine = LocalMachine.here()
    assert name not in machine.environment
    assert "marked" not in f"{dict(machine.environment)} {machine!r}"


def test_paths_and_proxies_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds find programs and reach servers as this process does."""
    variables = {
        "PATH": "/marked/bin",
        "TMPDIR": "/marked/tmp",
        "HTTPS_PROXY": "http://proxy.test:3128",
        "no_proxy": "127.0.0.1,.test",
    }
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    machine = LocalMachine.here()
    assert {name: machine.environment.get(name) for name in variables} == variables


def test_environment_of_builds_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is printed says nothing of the variables."""
    monkeypatch.setenv("PATH", "/marked/bin")
    assert "marked" not in repr(LocalMachine.here())
