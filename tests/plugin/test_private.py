"""An emulator of one test's own, beside the one that is shared."""

from pathlib import Path

import pytest


@pytest.fixture
def temporary(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the runs of a test keep temporary files."""
    # Short: the server's sockets and the system's limits on their names.
    folder = pytester.mkdir("t")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_private_emulator_is_noticed_by_nobody(pytester: pytest.Pytester, temporary: Path) -> None:
    """Clock, faults and a reset of one test reach neither the shared emulator nor another test."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_changes_everything(
            codeartifact_private, codeartifact_emulator, codeartifact_target,
            codeartifact_domain, number):
            private, control = codeartifact_private, codeartifact_private.control
            assert private.endpoint_url != codeartifact_target.endpoint_url
            assert private.account == codeartifact_target.account
            assert private.client().list_domains()["domains"] == []
            assert control.faults() == []
            assert control.clock() - codeartifact_emulator.clock() < 3600
            private.client().create_domain(domain="team")
            control.break_registry("down")
            control.advance(86_400)
            assert codeartifact_emulator.faults() == []
            assert control.clock() - codeartifact_emulator.clock() > 86_000
            control.reset()
            assert private.client().list_domains()["domains"] == []
            assert control.clock() - codeartifact_emulator.clock() < 3600
            [domain] = codeartifact_target.client().list_domains()["domains"]
            assert domain["name"] == codeartifact_domain.name
        """
    )
    # A state that is kept has room for one server, which is the shared one.
    result = pytester.runpytest_inprocess("--codeartifact-state=kept")
    result.assert_outcomes(passed=2)
    assert [each for each in temporary.glob("pytest-codeartifact*") if "private" in each.name] == []


def test_reset_comes_back_to_the_address_of_the_run(pytester: pytest.Pytester) -> None:
    """The public registry that the run is configured for stays the one after a reset."""
    pytester.makepyfile(
        """
        def test_a(codeartifact_private):
            control = codeartifact_private.control
            control.set_upstream("public:pypi", "http://127.0.0.1:9/elsewhere/")
            control.reset()
            assert control.upstreams()["public:pypi"] == "http://127.0.0.1:9/configured/"
        """
    )
    result = pytester.runpytest_inprocess(
        "--codeartifact-public-pypi=http://127.0.0.1:9/configured/"
    )
    result.assert_outcomes(passed=1)


def test_crash_of_a_private_emulator_fails_its_test(pytester: pytest.Pytester) -> None:
    """A defect is reported at the end of the test that met it, also when the test has failed."""
    pytester.makepyfile(
        """
        import pytest
        from pytest_codeartifact.targets.control import Crash

        @pytest.fixture
        def crashing(codeartifact_private):
            crash = Crash(1, "GET /defect", "ValueError: planted")
            codeartifact_private.control.crashes = lambda: [crash]

        def test_passes(crashing): pass
        def test_fails(crashing): assert False
        def test_does_not_crash(codeartifact_private): pass
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=2, failed=1, errors=2)
    result.stdout.fnmatch_lines(["the emulator crashed on GET /defect: ValueError: planted"])


def test_secrets_of_a_private_emulator_are_masked(pytester: pytest.Pytester) -> None:
    """The report of a failed test shows neither its administrator's key nor that of a role."""
    pytester.makepyfile(
        """
        import pathlib

        def test_a(codeartifact_private):
            role = codeartifact_private.roles().role([])
            secrets = [each.environment() for each in (codeartifact_private, role)]
            pathlib.Path("keys").write_text("\\n".join(
                value for each in secrets for name, value in each.items()
                if name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")))
            raise AssertionError(secrets)
        """
    )
    result = pytester.runpytest_inprocess("-l")
    result.assert_outcomes(failed=1)
    keys = (pytester.path / "keys").read_text().splitlines()
    assert len(keys) == 3
    for key in keys:
        # Nor the end of a long one that pytest has shortened in the middle.
        assert key[-12:] not in result.stdout.str()
    result.stdout.fnmatch_lines(["*'AWS_SESSION_TOKEN': '[*][*][*][*][*][*]'*"])


@pytest.mark.parametrize("args", [(), ("-n1",)], ids=["alone", "worker"])
def test_interrupted_run_leaves_no_private_emulator(
    pytester: pytest.Pytester, temporary: Path, args: tuple[str, ...]
) -> None:
    """A run that is told to end in the middle of a test still stops what the test started."""
    pytester.makepyfile(
        """
        import os, signal

        def test_a(codeartifact_private):
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        """
    )
    result = pytester.runpytest_subprocess(*args)
    assert result.ret != pytest.ExitCode.OK
    assert list(temporary.glob("pytest-codeartifact*")) == []
