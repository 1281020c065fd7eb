import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.distributions import make_wheel
from tests.support.installed import installed_wheel
from tests.support.public_registry import PublicRegistry

# A run inside a run must see nothing of the machine's or the outer run's configuration, nor that
# the outer one is in CI: pytest and the plugin print other things there.
_HIDDEN = (
    *("PIP_", "PYTEST_CODEARTIFACT_", "PYTEST_XDIST_", "PYTEST_ADDOPTS", "AWS_", "XDG_"),
    *("CI", "BUILD_NUMBER", "GITHUB_"),
)


@pytest.fixture(autouse=True)
def nobodys_configuration(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty home, no pip configuration, plugins of the outer run that only disturb left out."""
    for name in [name for name in os.environ if name.startswith(_HIDDEN)]:
        monkeypatch.delenv(name)
    home = pytester.path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly")


@pytest.fixture
def article(pytester: pytest.Pytester) -> Path:
    """A Markdown file of one step that needs no program but the shell."""
    path = pytester.path / "small.md"
    path.write_text("# Small\n\n## Say hello\n\n```console\n$ echo hello\nhello\n```\n")
    return path


@pytest.fixture
def registry() -> Iterator[PublicRegistry]:
    """A public registry with the build backend and the public package the article needs."""
    with PublicRegistry() as registry:
        registry.add(installed_wheel("flit-core"))
        registry.add(make_wheel("idna", "3.10"))
        yield registry
