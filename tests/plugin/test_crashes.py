import pytest

# A target that is open already, with an emulator that crashes when a test says so.
CONFTEST = """
    import pytest
    from pytest_codeartifact import targets
    from pytest_codeartifact.targets.control import Crash

    class FakeControl:
        def __init__(self):
            self.log = [Crash(1, "GET /old", "ValueError: before the run")]

        def crashes(self, after=0):
            return [crash for crash in self.log if crash.number > after]

        def crash(self, request):
            traceback = "Traceback:\\n  line\\nKeyError: 'wrong'\\n"
            self.log.append(Crash(len(self.log) + 1, request, traceback))

    class FakeTarget:
        def __init__(self):
            self.control = FakeControl()
            self.secrets = {"planted-secret"}
            self.crashes_before = self.last_crash()
            self.crashes = self.control.crashes

        def last_crash(self):
            return self.control.log[-1].number

    def pytest_configure(config):
        config.stash[targets.TARGET] = FakeTarget()

    @pytest.fixture
    def codeartifact_fake(pytestconfig):
        return pytestconfig.stash[targets.TARGET].control
"""


def test_crash_of_the_emulator_fails_the_test_that_caused_it(pytester: pytest.Pytester) -> None:
    """A test that ran into a defect of the emulator fails at its end, and only that one."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        """
        def test_before(codeartifact_fake): pass
        def test_crashing(codeartifact_fake): codeartifact_fake.crash("POST /v1/domain")
        def test_after(codeartifact_fake): pass
        def test_stranger(): pass
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_crashing*",
            "the emulator crashed on POST /v1/domain: KeyError: 'wrong'",
        ]
    )


def test_crash_does_not_hide_the_failure_of_a_teardown(pytester: pytest.Pytester) -> None:
    """Where the teardown fails as well, both are reported."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def broken(codeartifact_fake):
            yield
            codeartifact_fake.crash("DELETE /v1/domain")
            raise OSError("left behind")

        def test_crashing(broken): pass
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    assert "left behind" in result.stdout.str()
    assert "the emulator crashed on DELETE /v1/domain" in result.stdout.str()


def test_secret_key_of_the_target_is_masked_in_reports(pytester: pytest.Pytester) -> None:
    """Secrets that only the target knows are masked, though they look like nothing special."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("def test_a(): raise OSError('planted-' + 'secret')")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*planted-secret*")
    result.stdout.fnmatch_lines(["E*OSError: [*][*][*][*][*][*]"])
