import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_codeartifact.article.plan import WALKTHROUGH_PATH
from tests.support.public_registry import PublicRegistry

_USERS_FILES = (
    ".pypirc",
    ".netrc",
    ".npmrc",
    ".aws/config",
    ".aws/credentials",
    ".config/pip/pip.conf",
    ".pip/pip.conf",
)

# A shell that runs tests in the background may have this signal ignored.
_AS_A_TERMINAL_DOES = """
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.console_main())
"""


@pytest.fixture
def home(pytester: pytest.Pytester) -> Path:
    """A user's home with a file at every place that tools write to."""
    path = pytester.path / "home"
    for name in _USERS_FILES:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(f"# the user's own {name}\n")
    return path


@pytest.fixture
def temporary(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of the runs in this test; servers have theirs below it."""
    path = pytester.path / "temporary"
    path.mkdir()
    monkeypatch.setenv("TMPDIR", str(path))
    return path


def _state_of(home: Path) -> dict[str, str]:
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.rglob("*")
        if path.is_file()
    }


def _command(registry: PublicRegistry, *more: str) -> list[str]:
    address = f"--codeartifact-public-pypi={registry.url}"
    return [
        sys.executable,
        "-m",
        "pytest",
        "--codeartifact",
        "-p",
        "no:cacheprovider",
        address,
        str(WALKTHROUGH_PATH),
        *more,
    ]


def test_whole_article_is_verified_without_network_and_leaves_the_user_alone(
    pytester: pytest.Pytester, registry: PublicRegistry, home: Path, temporary: Path
) -> None:
    """All steps, checks and mutants pass on this machine alone; no file of the user's changes."""
    before = _state_of(home)
    options = ("-q", "--codeartifact-mutate", "--codeartifact-report=out")
    result = pytester.run(*_command(registry, *options), timeout=300)
    assert result.ret == pytest.ExitCode.OK
    assert _state_of(home) == before
    assert list(temporary.iterdir()) == []
    assert registry.downloads >= 2
    told = json.loads((pytester.path / "out" / "report.json").read_text())
    claims = {each["id"]: each for each in told["claims"]}
    assert len(claims) >= 30
    assert {each["verdict"] for each in claims.values()} == {"verified", "cited"}
    cited = {name for name, each in claims.items() if each["verdict"] == "cited"}
    assert cited == {name for name, each in claims.items() if each["kind"] == "prose"}
    assert (told["unclaimed"], told["failures"]) == ([], [])
    assert len(told["errata"]) >= 10
    assert told["mutation"]["survived"] == []
    assert told["mutation"]["claims_noticed"] == len(claims) - len(cited)
    assert told["footprint"]["remaining"] == []
    assert {each["origin"] for each in told["provenance"]} == {"published", "public:pypi"}
    assert (told["network"]["external"], told["network"]["refused"]) == (0, {})
    assert told["usage"]["resources"] == 2
    assert told["summary"]["floor_seconds"] > 0


def test_shuffled_article_is_shown_in_its_own_order(pytester: pytest.Pytester) -> None:
    """Steps stand in the article's order, whatever another plugin did to the list."""
    pytester.makeconftest(
        """
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_collection_modifyitems(items):
            items.reverse()
        """
    )
    steps = "\n\n".join(
        f"## Step {number}\n\n```console\n$ echo {number}\n{number}\n```" for number in (1, 2, 3)
    )
    for name in ("one.md", "two.md"):
        pytester.path.joinpath(name).write_text(f"# {name}\n\n{steps}\n")
    result = pytester.runpytest("--codeartifact", "--collect-only", "-q", "one.md", "two.md")
    shown = [line for line in result.outlines if ".md::" in line]
    assert shown == [f"{name}::0{n}-step-{n}" for name in ("two.md", "one.md") for n in (1, 2, 3)]


def test_interrupted_article_leaves_the_user_alone_and_nothing_running(
    pytester: pytest.Pytester, registry: PublicRegistry, home: Path, temporary: Path
) -> None:
    """Ctrl-C in the middle of a step ends tools and server; no file of the user's changes."""
    before = _state_of(home)
    registry.gate.clear()  # the build waits for its backend
    registry.arrived.clear()
    run = subprocess.Popen(
        [sys.executable, "-c", _AS_A_TERMINAL_DOES, *_command(registry, "-v")[3:]],
        cwd=pytester.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert registry.arrived.wait(60), "the build never asked for its backend"
        run.send_signal(signal.SIGINT)
        output, _ = run.communicate(timeout=30)
    finally:
        registry.gate.set()
        run.kill()
        run.wait()
    assert run.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "KeyboardInterrupt" in output
    assert _state_of(home) == before
    assert list(temporary.iterdir()) == []
