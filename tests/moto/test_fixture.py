"""The fixture that puts a test into a mock."""

import pytest


def test_fixture_gives_a_client_of_an_empty_service(pytester: pytest.Pytester) -> None:
    """Each test has its own service, which clients of the tested code find without a region."""
    pytester.makepyfile(
        """
        import boto3
        import pytest

        @pytest.mark.parametrize("number", range(2))
        def test_a(codeartifact_moto, codeartifact_settings, number):
            assert codeartifact_moto.list_domains()["domains"] == []
            made = codeartifact_moto.create_domain(domain="team")["domain"]
            assert f":{codeartifact_settings.region.value}:123456789012:" in made["arn"]
            assert boto3.client("codeartifact").describe_domain(domain="team")["domain"] == made
            boto3.client("sqs").create_queue(QueueName="beside")
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=2)


def test_plugin_leaves_moto_alone_until_asked(pytester: pytest.Pytester) -> None:
    """Who does not use the fixture does not pay for moto."""
    pytester.makepyfile(
        """
        import sys

        def test_a(codeartifact_settings):
            assert not [name for name in sys.modules if name.partition(".")[0] == "moto"]
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
