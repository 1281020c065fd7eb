from pathlib import Path

import pytest

from pytest_codeartifact.article.original import NAME, original
from pytest_codeartifact.article.plan import WALKTHROUGH_PATH, Plan, commands_of, plan_for

OWN = """\
# My article

It prints a greeting. It ends with zero.

## Greet

<!-- claim: G1 the greeting is printed -->

```console
$ echo hello
hello
```

```console
$ echo silent > file
```
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Somebody's article with a claim mark."""
    path = tmp_path / "mine.md"
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def walkthrough() -> Plan:
    """The plan of the built-in article."""
    return plan_for(WALKTHROUGH_PATH, "walkthrough.md")


def skeleton() -> str:
    """A text with what the article shows at its lines; what it says is not here."""
    known = original().known_lines()
    return "".join(f"{known.get(line, '')}\n" for line in range(1, max(known) + 1))


def test_marks_of_an_article_are_its_claims(own: Path) -> None:
    """A mark is a claim, and the expected lines below prove it."""
    plan = plan_for(own, "mine.md")
    assert [(claim.id, claim.says) for claim in plan.claims] == [("G1", "the greeting is printed")]
    assert plan.claims_at[11] == ("G1",)
    assert plan.article is None


def test_article_without_marks_claims_what_its_commands_print(own: Path) -> None:
    """Each command with an output is a claim, named by its line; a silent one claims nothing."""
    own.write_text("\n".join(each for each in OWN.splitlines() if "claim:" not in each))
    plan = plan_for(own, "mine.md")
    assert [claim.id for claim in plan.claims] == ["L9"]
    assert plan.claims_at == {9: ("L9",), 10: ("L9",)}


def test_prose_of_an_own_article_is_unclaimed(own: Path) -> None:
    """Sentences that nobody proves are told, headings and blocks are none."""
    plan = plan_for(own, "mine.md")
    assert [(each.line, each.text) for each in plan.unclaimed] == [
        (3, "It prints a greeting."),
        (3, "It ends with zero."),
    ]
    assert plan.title == "My article"


def test_text_with_half_of_the_article_is_a_copy_of_it(tmp_path: Path) -> None:
    """A copy is recognised by what it shows, its steps are named as the article's."""
    path = tmp_path / "copy.md"
    path.write_text(skeleton(), encoding="utf-8")
    plan = plan_for(path, "copy.md")
    assert plan.is_the_article
    assert [step.id for step in plan.steps] == [block.step for block in original().blocks]
    assert plan.claims_at[18] == ("C01",)
    assert set(plan.materials.blocks) == {"policy", "buildspec"}
    assert sorted(plan.supplies or {}) == [48]
    assert plan.last_of_article == "10-delete"


def test_moved_copy_keeps_its_claims(tmp_path: Path) -> None:
    """Where lines come in, everything below moves with its claims, and they are unclaimed."""
    path = tmp_path / "copy.md"
    path.write_text("Something new\n\n" + skeleton(), encoding="utf-8")
    plan = plan_for(path, "copy.md")
    assert plan.claims_at[20] == ("C01",)
    assert [claim.line for claim in plan.claims if claim.id == "C01"] == [20]
    assert [(each.line, each.text) for each in plan.unclaimed] == [(1, "Something new")]
    assert plan.table_line(20) == 18


def test_corrected_copy_has_nothing_unclaimed(tmp_path: Path) -> None:
    """Lines that a correction put in are known, and belong to the claims of their erratum."""
    lines = skeleton().splitlines()
    lines[17] = "awscicd\tActive"
    lines.insert(105, "version: 0.2")
    path = tmp_path / "copy.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    plan = plan_for(path, "copy.md")
    assert plan.unclaimed == ()
    assert plan.claims_at[106] == ("C23",)
    assert plan.materials.blocks["buildspec"].text.startswith("version: 0.2\n")


def test_walkthrough_follows_the_article(walkthrough: Plan) -> None:
    """Each command of the article is one of the walkthrough's, so its errata are found there."""
    done = {command.words for step in walkthrough.steps for command in commands_of(step)}
    wanted = [command.words for command in walkthrough.article_commands]
    assert [words for words in wanted if words not in done] == []
    assert walkthrough.article is not None
    assert walkthrough.article.name == NAME
    assert walkthrough.last_of_article == "14-delete-domain"
