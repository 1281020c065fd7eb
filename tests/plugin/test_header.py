import pytest


def test_header_says_what_is_used_and_who_said_so(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first line names target, region, account, endpoint and registry with their sources."""
    pytester.makeini("[pytest]\ncodeartifact_account = 444455556666\n")
    pytester.makepyfile("def test_a(): pass")
    monkeypatch.setenv("PYTEST_CODEARTIFACT_REGION", "eu-west-1")
    result = pytester.runpytest_inprocess("--codeartifact", "--collect-only", ".")
    first = (
        "codeartifact: local (from option), region eu-west-1 (from environment), "
        "account 444455556666 (from ini), endpoint hosts (default), public:pypi default"
    )
    second = "codeartifact programs: aws * (installed), build *, twine *, pip *, pip-compile *"
    result.stdout.fnmatch_lines([first, second])


def test_header_does_not_show_the_address_of_the_registry(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private index may hold a password, so only the source of the address is printed."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:hunter2@mirror.example/simple")
    result = pytester.runpytest_inprocess("--codeartifact", "--collect-only", ".")
    result.stdout.fnmatch_lines(["codeartifact: *public:pypi from pip configuration"])
    result.stdout.no_fnmatch_line("*hunter2*")


def test_run_without_the_option_has_no_header(pytester: pytest.Pytester) -> None:
    """A plain run does not mention the plugin beyond pytest's own list."""
    pytester.makepyfile("def test_a(): pass")
    pytester.runpytest_inprocess().stdout.no_fnmatch_line("codeartifact*:*")
