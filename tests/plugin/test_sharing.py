from pathlib import Path

import pytest


@pytest.fixture
def temporary(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the runs of a test keep temporary files."""
    # Short: the server's sockets and the system's limits on their names.
    folder = pytester.mkdir("t")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_workers_share_one_server_and_the_last_removes_it(
    pytester: pytest.Pytester, temporary: Path
) -> None:
    """All workers use the same endpoint; after the run nothing is left of it."""
    pytester.makepyfile(
        """
        import os, pathlib, pytest

        @pytest.mark.parametrize("number", range(6))
        def test_a(codeartifact_target, codeartifact_repository, number):
            worker = os.environ["PYTEST_XDIST_WORKER"]
            pathlib.Path(f"seen-{worker}-{number}").write_text(codeartifact_target.endpoint_url)
        """
    )
    result = pytester.runpytest_subprocess("-n2", "--dist=load")
    result.assert_outcomes(passed=6)
    seen = list(pytester.path.glob("seen-*"))
    assert {path.name.split("-")[1] for path in seen} == {"gw0", "gw1"}
    assert len({path.read_text() for path in seen}) == 1
    assert list(temporary.glob("pytest-codeartifact*")) == []


def test_header_starts_no_server(pytester: pytest.Pytester, temporary: Path) -> None:
    """A run with the option that asks nothing of the emulator does not have one."""
    pytester.makepyfile(
        """
        import pathlib, tempfile

        def test_a():
            folder = pathlib.Path(tempfile.gettempdir())
            assert list(folder.glob("pytest-codeartifact*")) == []
        """
    )
    result = pytester.runpytest_subprocess("--codeartifact", "-n1", ".")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["codeartifact: *, endpoint hosts (default), *"])
    assert list(temporary.glob("pytest-codeartifact*")) == []


@pytest.mark.parametrize("args", [(), ("-n2",)], ids=["alone", "workers"])
def test_interrupted_run_leaves_nothing(
    pytester: pytest.Pytester, temporary: Path, args: tuple[str, ...]
) -> None:
    """A run that is told to end in the middle of a test still stops its server."""
    pytester.makepyfile(
        """
        import os, signal

        def test_a(codeartifact_repository):
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        """
    )
    result = pytester.runpytest_subprocess(*args)
    assert result.ret != pytest.ExitCode.OK
    assert list(temporary.glob("pytest-codeartifact*")) == []
