import pytest

LOOK = """
    def where(tools):
        environment = tools.home.environment()
        named = [name for name in environment if name.startswith("AWS_ENDPOINT_URL")]
        return "plain" if named else "hosts"

    def test_tools(codeartifact_tools):
        assert where(codeartifact_tools) == "{usual}"

    def test_tools_of_who_asks(codeartifact_tools, codeartifact_gateway):
        assert where(codeartifact_tools) == "hosts"
        assert codeartifact_tools.home.environment()["https_proxy"] == codeartifact_gateway.url
"""


@pytest.mark.parametrize(
    ("arguments", "usual"),
    [
        ((), "plain"),
        (("--codeartifact-endpoint=plain",), "plain"),
        (("--codeartifact-endpoint=hosts",), "hosts"),
    ],
    ids=["nothing", "plain", "hosts"],
)
def test_tools_use_host_names_where_setting_or_test_wants_it(
    pytester: pytest.Pytester, arguments: tuple[str, ...], usual: str
) -> None:
    """The setting decides for all tests, and a test that asks for the gateway for itself."""
    pytester.makepyfile(LOOK.format(usual=usual))
    pytester.runpytest_inprocess(*arguments).assert_outcomes(passed=2)


def test_gateway_is_closed_after_the_test(pytester: pytest.Pytester) -> None:
    """No thread of it is there any more when the next test begins."""
    pytester.makepyfile(
        """
        import threading

        def gateways():
            return [each for each in threading.enumerate() if "gateway" in each.name]

        def test_a(codeartifact_gateway):
            assert len(gateways()) == 1

        def test_b():
            assert gateways() == []
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=2)
