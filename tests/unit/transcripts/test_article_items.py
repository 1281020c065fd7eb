import contextlib
import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from types_boto3_codeartifact import CodeArtifactClient

from pytest_codeartifact.article import items, walk
from pytest_codeartifact.targets.control import Crash
from pytest_codeartifact.targets.patience import at_once
from pytest_codeartifact.tools.home import Home
from pytest_codeartifact.tools.reach import Gateway
from pytest_codeartifact.tools.toolbox import Tools

ARTICLE = """\
    # A tiny article
    <!-- step: 01-begin -->
    ```console
    $ echo run >> ~/runs; echo $AWS_REGION
    <region>
    ```
    <!-- step: 02-break -->
    ```console
    $ echo CLAIM
    fine
    ```
    <!-- step: 03-end -->
    ```console
    $ cat ~/runs
    run
    ```
    """

Run = Callable[..., pytest.RunResult]
PLAIN = (
    *("--codeartifact", "--codeartifact-endpoint=plain", "--no-header"),
    *("-p", "no:xdist", "-p", "no:randomly"),
)


class FakeTarget:
    """An account on no server at all: these articles ask nothing of the service."""

    account = "111122223333"
    region = "ap-southeast-1"
    endpoint_url = "http://127.0.0.1:9"
    caller = ""
    patience = at_once()

    def __init__(self) -> None:
        self.is_closed = False

    def environment(self) -> Mapping[str, str]:
        return {"AWS_REGION": self.region, "AWS_SECRET_ACCESS_KEY": "correct-horse-battery"}

    def requests(self) -> Sequence[Mapping[str, Any]]:
        return []

    def fetches(self) -> Sequence[Mapping[str, Any]]:
        return []

    def crashes(self) -> Sequence[Crash]:
        return []

    def client(self) -> CodeArtifactClient:
        raise AssertionError("nothing is to be asked of the service")


class Homes:
    """The homes that were made, and the targets that were asked for."""

    def __init__(self) -> None:
        self.targets: list[FakeTarget] = []
        self.paths: list[Path] = []

    @contextlib.contextmanager
    def target(self, config: pytest.Config) -> Iterator[FakeTarget]:
        del config
        target = FakeTarget()
        self.targets.append(target)
        yield target
        target.is_closed = True


@pytest.fixture
def homes(monkeypatch: pytest.MonkeyPatch) -> Homes:
    """Articles run against an account in memory, with no programs but the system's."""
    made = Homes()

    class PlainTools(Tools):
        @classmethod
        def create(
            cls,
            path: Path,
            *,
            account: Mapping[str, str],
            outside_index: str | None = None,
            gateway: Gateway | None = None,
        ) -> "PlainTools":
            assert gateway is None
            made.paths.append(path)
            return cls(Home.create(path, account=account, outside_index=outside_index, offered=()))

    monkeypatch.setattr(items, "article_target", made.target)
    monkeypatch.setattr(walk, "Tools", PlainTools)
    return made


@pytest.fixture
def run(pytester: pytest.Pytester, homes: Homes) -> Run:
    """Run pytest on a tiny article whose second step claims what is given."""
    assert homes.targets == []

    def run_with(*args: str, claim: str = "fine") -> pytest.RunResult:
        text = textwrap.dedent(ARTICLE).replace("CLAIM", claim)
        pytester.path.joinpath("tiny.md").write_text(text)
        return pytester.runpytest_inprocess(*PLAIN, *args)

    return run_with


def test_steps_are_items_in_the_articles_order(run: Run) -> None:
    """Each step is an item with a readable id, in the order of the document."""
    result = run("--collect-only", "-q", "tiny.md")
    assert result.outlines[:3] == [
        "tiny.md::01-begin",
        "tiny.md::02-break",
        "tiny.md::03-end",
    ]


def test_true_article_passes(run: Run) -> None:
    """All steps of a true article pass."""
    run("tiny.md").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("selection", "passed"),
    [
        (["tiny.md::03-end"], 1),
        (["-k", "03-end", "tiny.md"], 1),
        (["tiny.md::03-end", "tiny.md::01-begin"], 2),
    ],
    ids=["node-id", "keyword", "backwards"],
)
def test_step_does_its_prerequisites_once(run: Run, selection: list[str], passed: int) -> None:
    """A step asked for alone, or out of order, finds what the ones before it leave, once."""
    result = run(*selection)
    assert result.parseoutcomes()["passed"] == passed
    assert result.ret == 0


def test_failed_step_is_reported_once(run: Run) -> None:
    """One step fails with its own text, and what depends on it says which step it needs."""
    result = run("-rs", "tiny.md", claim="broken")
    result.assert_outcomes(passed=1, failed=1, skipped=1)
    text = result.stdout.str()
    assert "tiny.md:10: step 02-break: claim L9" in text
    assert re.search(r"^10 \| -fine$", text, re.MULTILINE)
    assert re.search(r"^   \| \+broken$", text, re.MULTILINE)
    assert "verdict: article-wrong" in text
    assert "needs step 02-break" in text
    assert "Traceback" not in text
    assert ".py:" not in text.split("short test summary")[0]


def test_step_whose_prerequisite_fails_unseen_fails(run: Run) -> None:
    """When the failed step is not reported itself, what needs it fails and shows why."""
    result = run("-k", "03-end", "tiny.md", claim="broken")
    result.assert_outcomes(failed=1, deselected=2)
    result.stdout.fnmatch_lines(
        ["needs step 02-break, which failed:", "tiny.md:10: step 02-break*"]
    )


def test_failed_step_alone_is_run_again(run: Run) -> None:
    """`--lf` runs the step that failed, with what it needs."""
    run("tiny.md", claim="broken").assert_outcomes(passed=1, failed=1, skipped=1)
    run("--lf", "tiny.md").assert_outcomes(passed=1, deselected=2)


def test_skipped_block_is_a_skipped_item(pytester: pytest.Pytester, homes: Homes) -> None:
    """A block the article leaves out is reported with its reason, and nothing is started."""
    pytester.path.joinpath("a.md").write_text(
        "<!-- step: a -->\n<!-- skip: costs money -->\n```console\n$ false\n```\n"
    )
    result = pytester.runpytest_inprocess(*PLAIN, "-rs", "a.md")
    result.assert_outcomes(skipped=1)
    assert "costs money" in result.stdout.str()
    assert homes.targets == []


def test_unreadable_article_is_a_collection_error(pytester: pytest.Pytester, homes: Homes) -> None:
    """A slip in the document is one line with file and line number."""
    pytester.path.joinpath("a.md").write_text("\n```console\n$ x\n")
    result = pytester.runpytest_inprocess(*PLAIN, "a.md")
    result.assert_outcomes(errors=1)
    assert "a.md:2: this block is never closed" in result.stdout.str()
    assert homes.targets == []


@pytest.mark.parametrize("claim", ["fine", "broken"])
def test_nothing_is_left_behind(run: Run, homes: Homes, claim: str) -> None:
    """However the article went, its server and its home are gone at the end."""
    run("tiny.md", claim=claim)
    (target,) = homes.targets
    assert target.is_closed
    (path,) = homes.paths
    assert not path.parent.exists()


def test_each_article_has_an_account_of_its_own(
    run: Run, pytester: pytest.Pytester, homes: Homes
) -> None:
    """Two articles in one run do not share a target, a home, or placeholders."""
    other = "<!-- step: a -->\n```console\n$ echo eu-west-1; cat ~/runs\n<region:x>\n[1]\n```\n"
    pytester.path.joinpath("other.md").write_text(other)
    run("tiny.md", "other.md").assert_outcomes(passed=4)
    assert len(homes.targets) == len(set(homes.paths)) == 2


def test_items_of_an_article_stay_together_under_xdist(run: Run, pytester: pytest.Pytester) -> None:
    """Every step carries the same group, so that one worker gets all of them."""
    pytester.makeconftest("""
        import json, pathlib
        def pytest_collection_modifyitems(items):
            groups = [mark.args for item in items for mark in item.iter_markers("xdist_group")]
            pathlib.Path("groups.json").write_text(json.dumps(groups))
        """)
    run("tiny.md").assert_outcomes(passed=3)
    groups = json.loads(pytester.path.joinpath("groups.json").read_text())
    assert groups == [["codeartifact-article-tiny.md"]] * 3


def test_secret_of_the_account_is_in_no_report(run: Run) -> None:
    """A command that prints the secret key does not get it into the output."""
    result = run("-rA", "tiny.md", claim="$AWS_SECRET_ACCESS_KEY")
    assert "correct-horse-battery" not in result.stdout.str()
    assert "+******" in result.stdout.str()


def test_article_is_not_collected_without_the_option(
    pytester: pytest.Pytester, homes: Homes
) -> None:
    """Markdown files are left alone unless articles were asked for."""
    pytester.path.joinpath("a.md").write_text("```console\n$ false\n```\n")
    pytester.makepyfile("def test_a():\n    pass\n")
    result = pytester.runpytest_inprocess("-p", "no:xdist", "-p", "no:randomly")
    result.assert_outcomes(passed=1)
    assert homes.targets == []
