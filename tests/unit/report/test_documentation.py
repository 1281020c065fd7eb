import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from pytest_codeartifact.findings import Verdict
from pytest_codeartifact.report import assemble
from pytest_codeartifact.targets.ledger import Spent
from pytest_codeartifact.targets.patience import Wait
from tests.unit.report import sample

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "report.md").read_text(encoding="utf-8")
# As a run on a real account tells it.
ACCOUNT = {
    **asdict(Spent(requests=1)),
    "usd": Spent(requests=1).usd,
    "throttled": 0,
    "waits": [asdict(Wait("it", 1, 0.5))],
}
DOCUMENT = assemble(sample.failing_run(), sample.FAILED_RUN, ACCOUNT)
PASSED = assemble(sample.passing_run(), sample.RUN)
# Their keys are not ours: hosts, and whatever is known of a place.
FREE = {"connections", "refused", "fetched"}


def documented(key: str) -> set[str]:
    """The keys that the section of a key names."""
    section = PAGE.partition(f"### `{key}`\n")[2].partition("\n### ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def paths(value: object, prefix: str = "") -> Iterator[str]:
    """Every path below a value that leads to something that is no container."""
    if isinstance(value, dict) and prefix not in FREE:
        for name, each in value.items():
            yield from paths(each, f"{prefix}.{name}" if prefix else name)
    elif isinstance(value, list):
        for each in value:
            yield from paths(each, f"{prefix}[]")
    elif prefix:
        yield prefix


def found(key: str) -> set[str]:
    """The keys that a part of two reports has, one of a good run and one of a bad one."""
    values = [DOCUMENT[key], PASSED[key]]
    values = [value for value in values if value is not None]
    members = [each for value in values for each in (value if isinstance(value, list) else [value])]
    return {path for member in members for path in paths(member)}


@pytest.mark.parametrize("key", [key for key in DOCUMENT if key not in {"schema", "environment"}])
def test_keys_are_documented_and_no_others(key: str) -> None:
    """The reference names exactly the keys that reports have."""
    assert documented(key) - {"commands[]"} == found(key)


def test_sections_are_the_keys_of_the_document() -> None:
    """Each key of the document has its section, in the same order."""
    assert re.findall(r"^### `(\w+)`$", PAGE, re.MULTILINE) == list(DOCUMENT)


def test_verdicts_are_documented() -> None:
    """Each verdict has its row."""
    section = PAGE.partition("## Verdicts")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)) == set(Verdict)
