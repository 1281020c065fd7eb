import sys

import pytest

HEAVY = (
    *("boto3", "botocore", "moto", "granian", "cryptography", "rich", "filelock", "urllib3"),
    *("requests", "pypi_simple", "configparser", "platformdirs"),
)


def test_plain_run_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    """A run that never asks for the plugin does not pay for what stands behind it."""
    pytester.makepyfile(
        f"""
        import sys

        def test_a():
            print()

        def test_nothing_heavy_is_there(pytestconfig):
            assert pytestconfig.pluginmanager.hasplugin("codeartifact")
            assert [name for name in {HEAVY} if name in sys.modules] == []
        """
    )
    result = pytester.runpytest_subprocess("--disable-plugin-autoload", "-p", "codeartifact")
    result.assert_outcomes(passed=2)


def test_importing_the_plugin_needs_only_pytest_and_the_standard_library(
    pytester: pytest.Pytester,
) -> None:
    """Whatever the entry point imports is pytest's, the standard library's or our own."""
    program = (
        "import sys, pytest; before = set(sys.modules); import pytest_codeartifact.plugin;"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}"
        " - set(sys.stdlib_module_names) - {'_pytest'}))"
    )
    result = pytester.run(sys.executable, "-c", program)
    assert result.outlines == ["['pytest_codeartifact']"]
