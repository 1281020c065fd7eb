from pathlib import Path

import pytest

WRONG = """\
# Rewritten

Prose stays as it is: hello.

```console
$ echo hello; echo 2026-05-26 01:01:27
good day
<time:now>
```

```console
$ true
$ false
[1]
```
"""
RIGHT = WRONG.replace("good day\n", "hello\n")


@pytest.fixture
def wrong(pytester: pytest.Pytester) -> Path:
    """An article whose first output is not what is printed."""
    path = pytester.path / "wrong.md"
    path.write_text(WRONG)
    return path


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Verify an article that asks nothing of the service."""
    return pytester.runpytest_subprocess(
        "--codeartifact", "--codeartifact-endpoint=plain", *arguments
    )


def test_output_is_rewritten_and_nothing_else(pytester: pytest.Pytester, wrong: Path) -> None:
    """Outputs become what was printed, placeholders and prose stay, the file is named."""
    result = run(pytester, "--codeartifact-update", "wrong.md")
    result.assert_outcomes(passed=2)
    assert wrong.read_text() == RIGHT
    result.stdout.fnmatch_lines(["rewritten: wrong.md"])
    assert [path.name for path in pytester.path.glob("*.md*")] == ["wrong.md"]


def test_right_article_is_not_touched(pytester: pytest.Pytester, wrong: Path) -> None:
    """What needs no change is not written, and no file is named."""
    wrong.write_text(RIGHT)
    before = wrong.stat().st_mtime_ns
    result = run(pytester, "--codeartifact-update", "wrong.md")
    result.assert_outcomes(passed=2)
    assert wrong.stat().st_mtime_ns == before
    result.stdout.no_fnmatch_line("rewritten*")


def test_command_that_fails_is_not_blessed(pytester: pytest.Pytester, wrong: Path) -> None:
    """An exit code is no output: the step fails, and the outputs before it are rewritten."""
    wrong.write_text(WRONG.replace("$ true\n", "$ exit 3\n"))
    result = run(pytester, "--codeartifact-update", "wrong.md")
    result.assert_outcomes(passed=1, failed=1)
    assert wrong.read_text() == RIGHT.replace("$ true\n", "$ exit 3\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--codeartifact-update"], "name the Markdown files"),
        (["--codeartifact-update", "wrong.md", "-n", "2"], "leave out -n"),
    ],
    ids=["no-file", "workers"],
)
def test_update_is_refused_where_it_could_do_harm(
    pytester: pytest.Pytester, wrong: Path, arguments: list[str], words: str
) -> None:
    """Without a file, or in several processes, nothing is rewritten and the reason is told."""
    result = run(pytester, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--codeartifact-update: *{words}*"])
    assert wrong.read_text() == WRONG


def test_update_is_refused_in_ci(
    pytester: pytest.Pytester, wrong: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CI verifies; it never rewrites what it verifies."""
    monkeypatch.setenv("CI", "1")
    result = run(pytester, "--codeartifact-update", "wrong.md")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*the variable CI is set*"])
    assert wrong.read_text() == WRONG
