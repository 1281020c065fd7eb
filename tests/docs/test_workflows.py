"""The nightly workflow that a guide shows, and the exit codes it promises."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

PROJECT_PATH = Path(__file__).parents[2]
PAGE = (PROJECT_PATH / "docs" / "how-to" / "gate-nightly.md").read_text(encoding="utf-8")
OTHERS = "\n".join(
    path.read_text(encoding="utf-8")
    for path in (PROJECT_PATH / "README.md", *sorted((PROJECT_PATH / "docs").rglob("*.md")))
    if path.name != "gate-nightly.md"
)
ARTICLE = """\
# Hello

<!-- claim: C1 a domain can be made -->

```console
$ aws codeartifact create-domain --domain hello --query domain.status --output text
Active
```
"""
CASES = [
    ("everything passed", ["my-article.md", "tests"]),
    ("a step, a check or a test failed", ["wrong.md"]),
    ("a step, a check or a test failed", ["test_wrong.py"]),
    ("a file could not be read as an article or as tests", ["broken.md"]),
    ("a file could not be read as an article or as tests", ["test_broken.py"]),
    ("a file that is named does not exist", ["missing.md"]),
    ("a bad option or setting, or a guard that refuses the account", ["--codeartifact-region=x"]),
    ("a bad option or setting, or a guard that refuses the account", ["--codeartifact=aws"]),
    ("nothing was selected, or the article has no commands", ["-k", "no_such", "my-article.md"]),
    ("nothing was selected, or the article has no commands", ["prose.md"]),
]
TESTS = "def test_domain(codeartifact_domain):\n    assert codeartifact_domain.name\n"


def block(language: str) -> str:
    """The only fenced block of a language in the page."""
    [text] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return str(text)


def workflow() -> dict[str, Any]:
    read: dict[str, Any] = YAML(typ="safe").load(block("yaml"))
    return read


def steps() -> list[dict[str, Any]]:
    [job] = workflow()["jobs"].values()
    found: list[dict[str, Any]] = job["steps"]
    return found


def commands() -> Iterator[list[str]]:
    """The words of each command that the workflow runs."""
    for step in steps():
        for command in step.get("run", "").split(" && "):
            if command:
                yield shlex.split(command)


def pytest_runs() -> list[list[str]]:
    return [words[1:] for words in commands() if words[0] == ".venv/bin/pytest"]


def codes() -> dict[str, int]:
    """The table of exit codes."""
    rows = re.findall(r"^\| ([^|]+) \| (\d) \|$", PAGE, re.MULTILINE)
    return {what: int(code) for what, code in rows}


@pytest.fixture
def folder(pytester: pytest.Pytester, nobodys_machine: None) -> Path:
    """A repository as the page has it: an article and tests of its own."""
    del nobodys_machine  # asked for, so that nothing of this machine is seen
    path = pytester.path
    (path / "my-article.md").write_text(ARTICLE)
    (path / "tests").mkdir()
    (path / "tests" / "test_mine.py").write_text(TESTS)
    return path


def test_workflow_runs_nightly_with_little_power() -> None:
    """It is started by a schedule, reads the repository, and names no secret."""
    read = workflow()
    assert set(read["on"]) == {"schedule", "workflow_dispatch"}
    [schedule] = read["on"]["schedule"]
    assert len(schedule["cron"].split()) == 5
    assert read["permissions"] == {"contents": "read"}
    [checkout] = [each for each in steps() if each.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"] == {"persist-credentials": False}
    assert not re.search(r"secret|token|password|aws_", block("yaml"), re.IGNORECASE)


def test_workflow_uses_actions_as_the_examples_do() -> None:
    """Actions are pinned by the commits of the files to copy, with the version beside them."""
    examples = PROJECT_PATH / "examples" / "nightly" / "github" / "nightly.yml"
    theirs = re.findall(r"uses: (\S+@.*)$", examples.read_text(encoding="utf-8"), re.MULTILINE)
    ours = re.findall(r"uses: (.*)$", block("yaml"), re.MULTILINE)
    assert len(ours) == 3
    assert [each for each in ours if each not in theirs] == []


def test_workflow_runs_what_the_pages_speak_of() -> None:
    """Each program and each option of the plugin stands in the README or another page."""
    words = [word.partition("=")[0] for command in commands() for word in command]
    programs = {command[0] for command in commands()}
    assert programs == {"python3", ".venv/bin/pip", ".venv/bin/pytest"}
    ours = {word for word in words if word.startswith("--codeartifact")} | programs
    assert ours > programs
    assert [each for each in sorted(ours) if each not in OTHERS] == []


def test_workflow_keeps_all_that_its_runs_write() -> None:
    """Every report and every JUnit file lies below the folder that is uploaded."""
    [kept] = [each["with"]["path"] for each in steps() if "upload-artifact" in each.get("uses", "")]
    written = [
        word.partition("=")[2]
        for words in pytest_runs()
        for word in words
        if word.startswith(("--codeartifact-report=", "--junitxml="))
    ]
    assert len(written) == len(set(written)) == 5
    assert all(path.startswith(f"{kept}/") for path in written)


@pytest.mark.parametrize(
    ("paths", "kept"),
    [
        (["my-article.md"], {"mine/report.json", "mine/report.html", "mine/report.md", "mine.xml"}),
        (["tests"], {"tests.xml"}),
    ],
    ids=["article", "tests"],
)
def test_run_of_the_workflow_writes_its_results(
    pytester: pytest.Pytester, folder: Path, paths: list[str], kept: set[str]
) -> None:
    """The lines that the page shows pass as they stand and leave what it promises."""
    [words] = [words for words in pytest_runs() if words[-1:] == paths]

    result = pytester.runpytest_inprocess(*words)

    assert result.ret == 0
    results = folder / "results"
    found = {path.relative_to(results) for path in results.rglob("*") if path.is_file()}
    assert {path.as_posix() for path in found} == kept


def test_run_of_the_built_in_article_finds_its_steps(
    pytester: pytest.Pytester, folder: Path
) -> None:
    """The line without a file is about the built-in article, wherever it is typed."""
    del folder  # asked for, so that files lie around that are not meant
    [words] = [words for words in pytest_runs() if words[-1].startswith("-")]

    result = pytester.runpytest_inprocess(*words, "--collect-only", "-q")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*walkthrough.md::*"])
    result.stdout.no_fnmatch_line("*my-article.md*")


def test_article_tells_github_and_junit_what_it_proved(
    pytester: pytest.Pytester, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The summary of the step has the claims, and the JUnit file has them as properties."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    [words] = [words for words in pytest_runs() if words[-1] == "my-article.md"]

    pytester.runpytest_inprocess(*words)

    assert "| C1 | a domain can be made |" in (folder / "summary.md").read_text(encoding="utf-8")
    assert '<property name="claim" value="C1"' in (folder / "results" / "mine.xml").read_text()


@pytest.mark.parametrize(
    ("what", "arguments"),
    CASES,
    ids=[arguments[-1] for _, arguments in CASES],
)
def test_exit_code_is_the_one_promised(
    pytester: pytest.Pytester, folder: Path, what: str, arguments: list[str]
) -> None:
    """Each row of the page's table is what pytest really ends with."""
    (folder / "wrong.md").write_text(ARTICLE.replace("Active", "Deleted"))
    (folder / "broken.md").write_text("# Hello\n\n```console\n$ aws\n")
    (folder / "prose.md").write_text("# Hello\n\nNothing to do.\n")
    (folder / "test_wrong.py").write_text("def test_wrong():\n    assert not 1\n")
    (folder / "test_broken.py").write_text("def test_broken(:\n")

    result = pytester.runpytest_inprocess("--codeartifact", *arguments)

    assert result.ret == codes()[what]


def test_every_promised_exit_code_is_tried() -> None:
    """The table has no row that the test above leaves out."""
    assert {what for what, _ in CASES} == set(codes())


@pytest.mark.parametrize(
    ("skip", "outcome", "code"), [("", "passed", 0), ("<!-- skip: later -->\n", "incomplete", 1)]
)
def test_skipped_step_is_found_by_the_line_shown(
    pytester: pytest.Pytester, folder: Path, skip: str, outcome: str, code: int
) -> None:
    """A run with a skipped step ends with 0, and the line that reads the report says 1."""
    more = f"\n## Another\n\n<!-- claim: C2 domains are listed -->\n{skip}\n"
    more += "```console\n$ aws codeartifact list-domains --query 'length(domains)'\n1\n```\n"
    (folder / "my-article.md").write_text(ARTICLE + more)
    [words] = [words for words in pytest_runs() if words[-1] == "my-article.md"]
    assert pytester.runpytest_inprocess(*words).ret == 0
    report = json.loads((folder / "results" / "mine" / "report.json").read_text())
    assert report["summary"]["outcome"] == outcome

    [line] = [each for each in PAGE.splitlines() if each.startswith("python3 -c ")]
    command = [sys.executable, *shlex.split(line)[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=30, check=False)

    assert (done.returncode, done.stderr) == (code, b"")
