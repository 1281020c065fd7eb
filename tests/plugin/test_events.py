"""The events that a test can read without any queue or rule."""

import pytest


def test_events_are_those_of_the_test(pytester: pytest.Pytester) -> None:
    """From the asking on, of the test's own domains, in the envelope that EventBridge delivers."""
    pytester.makepyfile(
        """
        def test_first(codeartifact_repository, codeartifact_package, codeartifact_events):
            assert codeartifact_events.all() == []
            codeartifact_repository.upload(codeartifact_package.wheel)
            [event] = codeartifact_events
            assert event["source"] == "aws.codeartifact"
            assert event["detail-type"] == "CodeArtifact Package Version State Change"
            assert set(event) == {
                "version", "id", "detail-type", "source", "account", "time", "region",
                "resources", "detail"}
            assert event["detail"]["operationType"] == "Created"
            assert event["detail"]["repositoryName"] == codeartifact_repository.name

        def test_of_a_package(
            codeartifact_repository, make_codeartifact_package, codeartifact_events):
            for name in ("demo", "other"):
                codeartifact_repository.upload(*make_codeartifact_package(name).paths)
            kinds = [each["detail"]["operationType"] for each in codeartifact_events.of("demo")]
            assert kinds == ["Created", "Updated"]
            assert codeartifact_events.of("missing") == []
            assert len(codeartifact_events.all()) == 4

        def test_of_nobody_else(
            codeartifact_events, codeartifact_emulator, codeartifact_target,
            make_codeartifact_package):
            workspace = codeartifact_target.workspace()
            elsewhere = workspace.repository(workspace.domain())
            before = codeartifact_emulator.events()[-1]["number"]
            elsewhere.upload(make_codeartifact_package("demo").wheel)
            assert codeartifact_events.all() == []
            [event] = codeartifact_emulator.events(after=before)
            assert event["detail"]["packageName"] == "demo"
            workspace.close()
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=3)
