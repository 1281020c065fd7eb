import os

import pytest

# A snippet must see nothing of the machine's or the outer run's configuration.
_HIDDEN = ("PIP_", "PYTEST_", "AWS_", "XDG_", "UV_", "HTTP", "http")


@pytest.fixture
def nobodys_machine(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty home and no configuration, with a public registry that nobody serves."""
    for name in [name for name in os.environ if name.startswith(_HIDDEN)]:
        monkeypatch.delenv(name)
    home = pytester.path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly -p no:cacheprovider")
    monkeypatch.setenv("PYTEST_CODEARTIFACT_PUBLIC_PYPI", "http://127.0.0.1:9/simple/")
