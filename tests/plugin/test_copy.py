"""A copy of the article itself: followed as it stands, its errata found, the patch applied."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact.article.original import original
from tests.support.public_registry import PublicRegistry

STEPS = "not (C0 or C1 or C2 or C3)"


@pytest.fixture
def copy(pytester: pytest.Pytester) -> Path:
    """What the article shows, at its lines; what it says is no part of this project."""
    known = original().known_lines()
    path = pytester.path / "article.md"
    path.write_text("".join(f"{known.get(at, '')}\n" for at in range(1, max(known) + 1)))
    return path


def verify(
    pytester: pytest.Pytester, registry: PublicRegistry, *arguments: str
) -> tuple[pytest.RunResult, dict[str, Any]]:
    """Follow the copy; what pytest said, and the report."""
    result = pytester.run(
        *(sys.executable, "-m", "pytest", "--codeartifact", "-p", "no:cacheprovider"),
        f"--codeartifact-public-pypi={registry.url}",
        *("--codeartifact-report=out", "article.md", "-k", STEPS, *arguments),
        timeout=120,
    )
    return result, json.loads((pytester.path / "out" / "report.json").read_text())


def test_errata_are_found_and_their_patch_mends_the_article(
    pytester: pytest.Pytester, registry: PublicRegistry, copy: Path
) -> None:
    """The article passes with its errata told; patched, it passes with nothing left to tell."""
    result, told = verify(pytester, registry)
    result.assert_outcomes(passed=10, deselected=20)
    found = {each["id"]: each for each in told["errata"]}
    assert {"E01", "E02", "E03", "E06", "E07", "E08", "E09", "E10", "E11", "E12", "E13"} <= {*found}
    assert found["E01"]["line"] == 18
    assert r"awscicd\tActive" in found["E01"]["proof"]
    remaining = {each["name"] for each in told["footprint"]["remaining"]}
    assert "~/.config/pip/pip.conf: global.index-url" in remaining
    assert "~/.pypirc: codeartifact.password" in remaining
    assert told["environment"]["article.md"]["endpoint"] == "hosts"
    before = copy.read_text()
    assert pytester.run("git", "apply", "out/errata.patch").ret == 0
    assert copy.read_text() != before
    result, told = verify(pytester, registry)
    result.assert_outcomes(passed=10, deselected=20)
    assert (told["errata"], told["unclaimed"]) == ([], [])


def test_changed_line_is_not_hidden_by_a_correction(
    pytester: pytest.Pytester, registry: PublicRegistry, copy: Path
) -> None:
    """An article that says another version is wrong, though the line is corrected otherwise."""
    copy.write_text(copy.read_text().replace("0.1.0   Published", "0.2.0   Published"))
    result, told = verify(pytester, registry)
    result.assert_outcomes(passed=6, failed=1, skipped=3, deselected=20)
    (failure,) = told["failures"]
    assert (failure["step"], failure["claims"], failure["line"]) == (
        "07-list-versions",
        ["C15"],
        67,
    )
