import signal

import pytest

from pytest_codeartifact.interrupts import terminate_as_interrupt


def test_told_to_end_run_tears_down(pytester: pytest.Pytester) -> None:
    """SIGTERM during a test runs the finalizers and ends pytest as Ctrl-C does."""
    pytester.makeconftest(
        """
        from pytest_codeartifact.interrupts import terminate_as_interrupt

        def pytest_configure(config):
            config.add_cleanup(terminate_as_interrupt())
        """
    )
    pytester.makepyfile(
        """
        import os, pathlib, signal
        import pytest

        @pytest.fixture
        def resource():
            yield
            pathlib.Path("torn-down").touch()

        def test_a(resource):
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        """
    )
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert (pytester.path / "torn-down").exists()


def test_restoring_gives_the_former_handler_back() -> None:
    """After the run SIGTERM does again what it did before."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        restore = terminate_as_interrupt()
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        restore()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)


def test_handler_of_somebody_else_is_left_alone() -> None:
    """Who handles SIGTERM already keeps it, before and after."""

    def theirs(number: int, frame: object) -> None: ...

    before = signal.signal(signal.SIGTERM, theirs)
    try:
        terminate_as_interrupt()()
        assert signal.getsignal(signal.SIGTERM) is theirs
    finally:
        signal.signal(signal.SIGTERM, before)
