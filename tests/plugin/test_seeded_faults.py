"""One thing about the article is broken on purpose: exactly that is told, and nothing else."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact.article.plan import WALKTHROUGH_PATH
from pytest_codeartifact.redaction import TOKEN_MARK
from tests.support.public_registry import PublicRegistry

PROJECT_PATH = Path(__file__).parents[2]
# Checks do not depend on the steps; only the named ones are run beside them.
STEPS = "not (C0 or C1 or C2 or C3)"


class Faulty:
    """Runs the built-in article with a fault in it."""

    def __init__(self, pytester: pytest.Pytester, registry: PublicRegistry) -> None:
        self.pytester = pytester
        self._registry = registry

    def run(self, fault: str, *arguments: str) -> pytest.RunResult:
        return self.pytester.run(
            *(sys.executable, "-m", "pytest", "--codeartifact", "-p", "no:cacheprovider"),
            # Without the probes, and as if started in an empty folder.
            *(str(WALKTHROUGH_PATH), f"--rootdir={self.pytester.path}", "-c", os.devnull),
            *("-p", "tests.support.seeded_faults", f"--seeded-fault={fault}"),
            f"--codeartifact-public-pypi={self._registry.url}",
            *("--codeartifact-report=out", *arguments),
            timeout=120,
        )

    def report(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.pytester.path / "out/report.json").read_text())
        return read

    def claims(self) -> dict[str, str]:
        """The verdict of each claim."""
        return {each["id"]: each["verdict"] for each in self.report()["claims"]}


@pytest.fixture
def faulty(
    pytester: pytest.Pytester, registry: PublicRegistry, monkeypatch: pytest.MonkeyPatch
) -> Faulty:
    """What runs the article; the plugin that breaks it is one of the tests' own modules."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PROJECT_PATH)]))
    return Faulty(pytester, registry)


def test_other_greeting_is_one_failure_of_its_claim(faulty: Faulty) -> None:
    """The package says something else: the step that runs it fails for its claim, by its line."""
    result = faulty.run("greeting", "-k", STEPS, "-rs")
    result.assert_outcomes(passed=9, failed=1, skipped=5, deselected=20)
    result.stdout.re_match_lines([r"walkthrough\.md:\d+: step 10-run: claim C17$"])
    result.stdout.re_match_lines([r".*\| -hello from CodeArtifact package$"])
    result.stdout.re_match_lines([r".*\| \+hello from elsewhere$"])
    result.stdout.fnmatch_lines(["SKIPPED * needs step 10-run"])
    (failure,) = faulty.report()["failures"]
    assert (failure["step"], failure["claims"], failure["verdict"]) == (
        "10-run",
        ["C17"],
        "article-wrong",
    )
    assert [name for name, verdict in faulty.claims().items() if verdict == "article-wrong"] == [
        "C17"
    ]


def test_missing_repository_is_one_failure_with_what_needs_it(faulty: Faulty) -> None:
    """Without the repository nobody logs in: one step fails, and all that follow name it."""
    result = faulty.run("repository", "-k", STEPS, "-rs")
    result.assert_outcomes(passed=3, failed=1, skipped=11, deselected=20)
    result.stdout.re_match_lines([r"walkthrough\.md:\d+: step 04-login-twine: claims? .*C10"])
    (failure,) = faulty.report()["failures"]
    assert failure["claims"] == ["C10", "C11"]
    assert "Repository" in failure["text"]
    needs = [each for each in faulty.report()["steps"] if each["outcome"] == "needs"]
    assert {each["reason"] for each in needs} == {"needs step 04-login-twine"}
    assert len(needs) == 11


def test_dropped_permission_is_one_failure_of_its_claim(faulty: Faulty) -> None:
    """The role lacks one action: the check of the policy fails, those of its other parts do not."""
    result = faulty.run("permission", "-k", "C20 or C21 or C22 or C23")
    result.assert_outcomes(passed=3, failed=1, deselected=31)
    (failure,) = faulty.report()["failures"]
    assert (failure["claims"], failure["verdict"]) == (["C20"], "article-wrong")
    assert "codeartifact:GetRepositoryEndpoint" in failure["text"]


def test_planted_token_is_in_no_output(faulty: Faulty) -> None:
    """A token that a failing step shows and writes is masked in every output and file."""
    options = ("-k", "04-login-twine or 05-build", "-l", "-rA", "-vv", "--junitxml=out/junit.xml")
    result = faulty.run("token", *options)
    result.assert_outcomes(failed=1, skipped=1, deselected=33)
    assert "******" in result.stdout.str()
    assert TOKEN_MARK not in result.stdout.str() + result.stderr.str()
    written = [path for path in faulty.pytester.path.rglob("*") if path.is_file()]
    assert {"report.json", "report.html", "report.md", "junit.xml"} <= {p.name for p in written}
    assert [path for path in written if TOKEN_MARK.encode() in path.read_bytes()] == []
    credentials = [
        trace["name"]
        for step in faulty.report()["footprint"]["steps"]
        for trace in step["added"]
        if trace["kind"] == "credential"
    ]
    assert credentials == ["~/.pypirc", "~/work/requirements-leak.txt"]
