import os
from pathlib import Path

import pytest

import pytest_codeartifact

PLUGIN_PATH = Path(pytest_codeartifact.__file__).parent
BUILT_IN = str(PLUGIN_PATH / "article" / "walkthrough.md")
PROBES = str(PLUGIN_PATH / "parity" / "all.probes")


@pytest.mark.parametrize(
    "args",
    [
        ("--codeartifact", "tests"),
        ("tests", "--codeartifact"),
        ("--codeartifact=local", "tests"),
        ("--codeartifact", "--", "tests"),
    ],
    ids=" ".join,
)
def test_option_leaves_the_path_alone(pytester: pytest.Pytester, args: tuple[str, ...]) -> None:
    """Wherever the bare option stands, the path next to it stays a path."""
    pytester.mkdir("tests")
    config = pytester.parseconfigure(*args)
    assert config.getoption("codeartifact") == "local"
    assert config.args == ["tests"]


def test_bare_mutate_leaves_the_path_alone(pytester: pytest.Pytester) -> None:
    """The option means yes without a value, and the path after it stays a path."""
    pytester.mkdir("tests")
    config = pytester.parseconfigure("--codeartifact", "--codeartifact-mutate", "tests")
    assert config.args == ["tests"]
    assert config.getoption("codeartifact_mutate") == "yes"


def test_option_in_addopts_variable_leaves_the_path_alone(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare option in PYTEST_ADDOPTS does not swallow the path on the command line."""
    pytester.mkdir("tests")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--codeartifact")
    config = pytester.parseconfigure("tests")
    assert config.getoption("codeartifact") == "local"
    assert config.args == ["tests"]


def test_option_in_ini_leaves_the_path_alone(pytester: pytest.Pytester) -> None:
    """A bare option at the end of addopts does not swallow the path on the command line."""
    pytester.makeini("[pytest]\naddopts = --codeartifact\n")
    pytester.mkdir("tests")
    assert pytester.parseconfigure("tests").args == ["tests"]


def test_conftest_below_the_path_after_the_option_is_loaded_first(
    pytester: pytest.Pytester,
) -> None:
    """The folder after a bare option still may define options in its conftest file."""
    pytester.makepyfile(
        **{
            "sub/conftest": "def pytest_addoption(parser): parser.addoption('--own')",
            "sub/test_own": "def test_own(pytestconfig):\n"
            "    assert pytestconfig.getoption('own') == '1'\n",
        }
    )
    result = pytester.runpytest_inprocess("--codeartifact", "sub", "--own=1", "--collect-only")
    result.stdout.fnmatch_lines(["*<Function test_own>*", "*1 test collected*"])
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("ini", ["", "[pytest]\ntestpaths = tests\n"], ids=["empty", "testpaths"])
def test_option_without_a_path_selects_the_built_in_article(
    pytester: pytest.Pytester, ini: str
) -> None:
    """With the option and no path, only the built-in article runs, whatever `testpaths` says."""
    if ini:
        pytester.makeini(ini)
    pytester.makepyfile(**{"tests/test_mine": "def test_mine(): pass"})
    assert pytester.parseconfigure("--codeartifact").args == [BUILT_IN, PROBES]


def test_run_without_the_option_is_left_as_it_is(pytester: pytest.Pytester, article: Path) -> None:
    """Without the option Markdown files are not collected, found or given."""
    pytester.makepyfile(test_mine="def test_mine(): pass")
    assert pytester.runpytest_inprocess("--collect-only", "-q").parseoutcomes() == {"test": 1}
    given = pytester.runpytest_inprocess("--collect-only", article)
    assert given.ret != pytest.ExitCode.OK


@pytest.mark.parametrize("value", ["AWS", "mars", "tests/"])
def test_unknown_target_is_a_usage_error(pytester: pytest.Pytester, value: str) -> None:
    """Anything but local and aws is refused in one line."""
    result = pytester.runpytest_inprocess(f"--codeartifact={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --codeartifact: expected local or aws, not '{value}'"])


NAMED = ("--codeartifact-region=eu-west-1", "--codeartifact-account=210987654321")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the Region must be named: by --codeartifact-region,*"),
        (NAMED[:1], "the account must be named: by --codeartifact-account,*"),
        ([*NAMED, "--codeartifact-state=kept"], "--codeartifact-state is about the emulator*"),
        ([*NAMED, "--codeartifact-mutate"], "--codeartifact-mutate is about the emulator*"),
        ([*NAMED, "--codeartifact-endpoint=plain"], "--codeartifact-endpoint is about*"),
    ],
)
def test_aws_guard_refuses_what_is_not_thought_through(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    """A real account is not touched before Region and account are named, and nothing else asked."""
    for name in ("AWS_ENDPOINT_URL", *(each for each in os.environ if "CODEARTIFACT" in each)):
        monkeypatch.delenv(name, raising=False)
    result = pytester.runpytest_inprocess("--codeartifact=aws", "--collect-only", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --codeartifact=aws: {said}"])


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CODEARTIFACT"])
def test_endpoint_guard_names_the_variable_that_redirects(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Calls that would go elsewhere than to AWS are refused, with which variable does that."""
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    result = pytester.runpytest_inprocess("--codeartifact=aws", *NAMED)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{variable} would lead the calls away*unset it*"])


def test_one_account_is_played_by_the_emulator(pytester: pytest.Pytester) -> None:
    """Accounts to choose from are for a real run; the emulator is one."""
    accounts = [f"--codeartifact-account={number * 12}" for number in "12"]
    result = pytester.runpytest_inprocess("--codeartifact", *accounts)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --codeartifact-account: an emulator plays one account*"])


def test_real_account_is_not_chosen_by_the_environment(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real account is chosen only by what stands on the command line itself."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--codeartifact=aws")
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *only when typed on the command line*"])


def test_bad_setting_is_a_usage_error_without_the_option_too(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad value is refused at the start, not in the first test that needs it."""
    monkeypatch.setenv("PYTEST_CODEARTIFACT_ACCOUNT", "mine")
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: PYTEST_CODEARTIFACT_ACCOUNT: expected *12 digits*"])


def test_help_shows_all_options_in_one_group(pytester: pytest.Pytester) -> None:
    """`pytest --help` lists every option under one heading, with its variable and ini name."""
    result = pytester.runpytest_inprocess("--help")
    result.stdout.fnmatch_lines(
        [
            "AWS CodeArtifact:",
            "  --codeartifact=[[]local|aws[]]*",
            "  --codeartifact-region=REGION*",
            "*PYTEST_CODEARTIFACT_REGION*",
            "  --codeartifact-account=ID*",
            "  --codeartifact-public-pypi=URL*",
            "  --codeartifact-state=DIR*",
            "*codeartifact_region*",
        ]
    )


def test_group_mark_is_known_without_xdist(pytester: pytest.Pytester) -> None:
    """Strict markers accept the group mark of article steps where xdist is switched off."""
    pytester.makepyfile(
        "import pytest\n@pytest.mark.xdist_group('a')\n@pytest.mark.article\ndef test_a(): pass\n"
    )
    result = pytester.runpytest_inprocess(
        "-p", "no:xdist", "-p", "no:cacheprovider", "--strict-markers"
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("mode", ["load", "loadgroup"])
def test_steps_of_an_article_stay_in_one_worker(pytester: pytest.Pytester, mode: str) -> None:
    """However tests are handed out, one worker does all steps of an article."""
    step = "## Step {0}\n\n```console\n$ echo {0}\n{0}\n```\n\n"
    for name in ("one", "two", "three"):
        text = "".join(step.format(number) for number in range(4))
        (pytester.path / f"{name}.md").write_text(f"# {name}\n\n{text}")
    pytester.makepyfile(test_mine="def test_a(): pass\ndef test_b(): pass\n")
    result = pytester.runpytest_inprocess("--codeartifact", ".", "-n2", f"--dist={mode}", "-v")
    result.assert_outcomes(passed=14)
    passed = [line.split() for line in result.outlines if " PASSED " in line]
    steps = {(words[0], words[-1].split("::")[0]) for words in passed if ".md::" in words[-1]}
    assert len(steps) == 3


def test_article_is_collected_from_anywhere(pytester: pytest.Pytester) -> None:
    """In an empty folder steps and checks of the built-in article are found, then the probes."""
    result = pytester.runpytest_inprocess("--codeartifact", "--collect-only", "-q")
    found = [line for line in result.outlines if "::" in line]
    items = [line for line in found if not line.startswith("parity::")]
    assert items == found[: len(items)]
    assert len(items) < len(found)
    steps = [line for line in items if "::C" not in line]
    assert steps[0] == "walkthrough.md::01-create-domain"
    assert steps == sorted(steps) == items[: len(steps)]
    assert len(steps) >= 14
    assert "walkthrough.md::C06-kept-when-the-registry-is-gone" in items


def test_conftest_above_the_plugin_is_not_loaded(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies above the place of installation is no part of a run of the built-in article."""
    place = pytester.mkdir("place")
    (place / "conftest.py").write_text("raise SystemExit('loaded')")
    (place / "article").mkdir()
    article = place / "article" / "walkthrough.md"
    article.write_text("# Small\n\n## Say hello\n\n```console\n$ echo hello\nhello\n```\n")
    monkeypatch.setattr("pytest_codeartifact.plugin._ARTICLE", article)
    monkeypatch.chdir(pytester.mkdir("empty"))
    result = pytester.runpytest_inprocess("--codeartifact", "--collect-only", "-q")
    assert result.ret == pytest.ExitCode.OK
    assert [line for line in result.outlines if "::" in line]


def test_markdown_that_was_given_is_run_with_the_option(
    pytester: pytest.Pytester, article: Path
) -> None:
    """An article of one's own is run step by step, on its own account."""
    result = pytester.runpytest_inprocess("--codeartifact", article.name, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["small.md::* PASSED*"])


@pytest.mark.parametrize("args", [(), ("-n2",)], ids=["alone", "workers"])
def test_markdown_that_is_found_runs_beside_tests(
    pytester: pytest.Pytester, article: Path, args: tuple[str, ...]
) -> None:
    """In a folder that was given, articles and tests are collected together."""
    assert article.exists()
    pytester.makepyfile(test_mine="def test_mine(): pass")
    pytester.runpytest_inprocess("--codeartifact", ".", *args).assert_outcomes(passed=2)
