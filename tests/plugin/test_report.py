import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact.redaction import TOKEN_MARK

ARTICLE = """\
# A small article

## Say hello

<!-- claim: G1 the greeting is printed -->

```console
$ echo hello
WORD
```

## Say it again

<!-- claim: G2 it can be said twice -->

```console
$ echo hello; echo hello
hello
hello
```
"""


@pytest.fixture
def small(pytester: pytest.Pytester) -> Path:
    """An article of two steps and two claims that needs no program but the shell."""
    path = pytester.path / "small.md"
    path.write_text(ARTICLE.replace("WORD", "hello"))
    return path


@pytest.fixture
def wrong(small: Path) -> Path:
    """The same article with a greeting that is not printed."""
    small.write_text(ARTICLE.replace("WORD", "good day"))
    return small


def document(pytester: pytest.Pytester, folder: str = "out") -> dict[str, Any]:
    """The report that a run wrote."""
    read: dict[str, Any] = json.loads((pytester.path / folder / "report.json").read_text())
    return read


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Verify the small article with a report."""
    return pytester.runpytest_subprocess(
        *("--codeartifact", "--codeartifact-report=out", "--codeartifact-endpoint=plain"),
        *("small.md", *arguments),
    )


def test_true_article_is_reported_claim_by_claim(pytester: pytest.Pytester, small: Path) -> None:
    """Every claim has its verdict, evidence and step; the files of the report are there."""
    assert small.exists()
    result = run(pytester)
    result.assert_outcomes(passed=2)
    told = document(pytester)
    assert told["summary"]["outcome"] == "passed"
    assert [(each["id"], each["verdict"], each["steps"]) for each in told["claims"]] == [
        ("G1", "verified", ["01-say-hello"]),
        ("G2", "verified", ["02-say-it-again"]),
    ]
    assert told["claims"][0]["evidence"][0]["text"] == "hello"
    assert (told["errata"], told["failures"], told["unclaimed"]) == ([], [], [])
    assert told["environment"]["small.md"]["endpoint"] == "plain"
    names = {path.name for path in (pytester.path / "out").iterdir()}
    assert names == {"report.json", "report.html", "report.md"}
    result.stdout.fnmatch_lines(["*the article, claim by claim*", "*2 of 2 verified*"])


def test_false_claim_is_one_failure_with_verdict_and_patch(
    pytester: pytest.Pytester, wrong: Path
) -> None:
    """One step fails for one claim, says whose fault it is, and the patch mends the article."""
    result = run(pytester)
    result.assert_outcomes(failed=1, skipped=1)
    told = document(pytester)
    (failure,) = told["failures"]
    assert (failure["claims"], failure["verdict"], failure["line"]) == (["G1"], "article-wrong", 9)
    assert {each["id"]: each["verdict"] for each in told["claims"]} == {
        "G1": "article-wrong",
        "G2": "not-run",
    }
    assert [step["outcome"] for step in told["steps"]] == ["failed", "needs"]
    result.stdout.fnmatch_lines(["small.md:9: step 01-say-hello: claim G1", "verdict: *"])
    done = pytester.run("git", "apply", "out/errata.patch")
    assert done.ret == 0
    assert wrong.read_text() == ARTICLE.replace("WORD", "hello")


def test_junit_has_the_claims_of_each_step(pytester: pytest.Pytester, small: Path) -> None:
    """Each step is a test case with its claims as properties."""
    assert small.exists()
    run(pytester, "--junitxml=out/junit.xml").assert_outcomes(passed=2)
    cases = ET.parse(pytester.path / "out" / "junit.xml").getroot().iter("testcase")
    found = {
        case.attrib["name"]: [(each.attrib["name"], each.attrib["value"]) for each in props]
        for case in cases
        for props in [list(case.iter("property"))]
    }
    assert found == {"01-say-hello": [("claim", "G1")], "02-say-it-again": [("claim", "G2")]}


def test_report_crosses_the_processes_of_xdist(pytester: pytest.Pytester, small: Path) -> None:
    """What workers found is told by the main process, as without workers."""
    (pytester.path / "other.md").write_text("```console\n$ echo 1\n1\n```\n")
    assert small.exists()
    run(pytester, "other.md", "-n", "2").assert_outcomes(passed=3)
    told = document(pytester)
    assert sorted((each["document"], each["id"]) for each in told["claims"]) == [
        ("other.md", "L2"),
        ("small.md", "G1"),
        ("small.md", "G2"),
    ]


def test_github_gets_summary_and_annotations(
    pytester: pytest.Pytester, wrong: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Actions a failure stands beside its line and in the summary; elsewhere nobody hears it."""
    assert wrong.exists()
    run(pytester).stdout.no_fnmatch_line("::error*")
    summary = pytester.path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    result = run(pytester)
    result.stdout.fnmatch_lines(["::error file=small.md,line=9,title=*G1*"])
    assert "G1" in summary.read_text()


def test_altered_lines_are_noticed(pytester: pytest.Pytester, small: Path) -> None:
    """With the option each claim has an item that alters what it rests on; the score is told."""
    assert small.exists()
    result = run(pytester, "--codeartifact-mutate", "-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*small.md::mutants-G1 PASSED*", "*2 of 2 claims would be*"])
    told = document(pytester)["mutation"]
    assert (told["ran"], told["mutants"], told["survived"]) == (True, 3, [])


def test_survivor_fails_the_run(pytester: pytest.Pytester, small: Path) -> None:
    """A line that accepts anything proves nothing: its claim is listed as a survivor."""
    small.write_text(ARTICLE.replace("WORD", "* (glob)"))
    result = run(pytester, "--codeartifact-mutate")
    told = document(pytester)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert [each["claim"] for each in told["mutation"]["survived"]] == ["G1"]


def test_report_that_cannot_be_written_is_one_line(pytester: pytest.Pytester, small: Path) -> None:
    """A folder that is none fails the run, with what is wrong and without a traceback."""
    (pytester.path / "out").mkdir()
    (pytester.path / "out" / "report.json").mkdir()
    assert small.exists()
    result = run(pytester)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["no report: *report.json*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_token_of_a_user_is_in_no_file_of_the_report(pytester: pytest.Pytester) -> None:
    """A token that an article prints, in whatever way, is masked wherever it could show."""
    (pytester.path / "small.md").write_text(
        "```console\n"
        "$ aws codeartifact create-domain --domain demo --query domain.name\n"
        "$ aws codeartifact get-authorization-token --domain demo --output text "
        "--query authorizationToken > token.txt; cat token.txt; cat token.txt >&2; false\n"
        "secret\n"
        "```\n"
    )
    result = run(pytester, "-l", "-rA", "-vv", "--junitxml=out/junit.xml")
    result.assert_outcomes(failed=1)
    assert TOKEN_MARK not in result.stdout.str() + result.stderr.str()
    texts = [path.read_text() for path in (pytester.path / "out").iterdir()]
    assert len(texts) >= 4
    assert [text for text in texts if TOKEN_MARK in text] == []
    assert all("******" in text for text in texts if "get-authorization-token" in text)


def test_token_in_a_file_to_be_shared_fails_its_step(pytester: pytest.Pytester) -> None:
    """Requirements with a token in them are a failure, though every command went well."""
    (pytester.path / "small.md").write_text(
        "```console\n"
        "$ aws codeartifact create-domain --domain demo --query domain.name\n"
        "$ aws codeartifact get-authorization-token --domain demo --output text "
        "--query authorizationToken > requirements.txt\n"
        "```\n"
    )
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["a token stands in ~/work/requirements.txt"])


def test_program_that_ignores_the_proxy_is_named(pytester: pytest.Pytester) -> None:
    """Whoever goes around the gateway to the service's host is told so, and who it was."""
    host = "demo-111122223333.d.codeartifact.ap-southeast-1.amazonaws.com"
    # Nothing leaves the machine: the name leads to a port of it where nobody listens.
    (pytester.path / "small.md").write_text(
        "```console\n"
        '$ python3 -c "import socket; '
        f"socket.create_connection(('127.0.0.1', 1))\"  # {host}\n"
        "```\n"
    )
    result = run(pytester, "--codeartifact-endpoint=hosts")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [f"verdict: environment, python3 did not go through the proxy: no connection * {host}*"]
    )


def test_refused_host_is_named(pytester: pytest.Pytester) -> None:
    """A program that asks for another host than AWS's does not get there, and it is told."""
    (pytester.path / "small.md").write_text(
        "```console\n"
        '$ python3 -c "import urllib.request; '
        "urllib.request.urlopen('https://registry.invalid/simple/')\"\n"
        "```\n"
    )
    result = run(pytester, "--codeartifact-endpoint=hosts")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["verdict: environment, python3 asked for registry.invalid, *"])
    assert document(pytester)["network"]["refused"] == {"registry.invalid": 1}
