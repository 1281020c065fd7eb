from dataclasses import replace

import pytest

from pytest_codeartifact.article.claims import KINDS, Claim, ClaimError, check_table, table
from pytest_codeartifact.article.original import original
from pytest_codeartifact.article.plan import (
    WALKTHROUGH_PATH,
    Plan,
    asserting_lines,
    commands_of,
    plan_for,
)
from pytest_codeartifact.transcripts.blocks import read_document

STEPS = read_document("<!-- step: a -->\n```console\n$ x\none\n$ y\n[2]\n```\n").steps
GOOD = Claim("C1", 1, "transcript", "group", "x prints one", shown={"a": ("one", "[2]")})


@pytest.fixture(scope="module")
def walkthrough() -> Plan:
    """The plan of the built-in article."""
    return plan_for(WALKTHROUGH_PATH, "walkthrough.md")


def test_claim_with_its_proof_is_accepted() -> None:
    """Expected lines, exit codes, steps, checks and sources are all proofs."""
    others = [
        replace(GOOD, id="C2", shown={}, steps=("a",)),
        replace(GOOD, id="C3", shown={}, check="known"),
        replace(GOOD, id="C4", shown={}, kind="prose", source={"title": "A page"}),
    ]
    check_table([GOOD, *others], STEPS, ["known"])


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (replace(GOOD, kind="rumour"), "C1: 'rumour' is none of"),
        (replace(GOOD, shown={"a": ("two",)}), "C1: step a does not show 'two'"),
        (replace(GOOD, shown={"b": ("one",)}), "C1: there is no step 'b'"),
        (replace(GOOD, check="unknown"), "C1: there is no check 'unknown'"),
        (replace(GOOD, shown={}), "C1: nothing proves it"),
        (replace(GOOD, shown={}, kind="prose"), "C1: prose needs a source"),
    ],
    ids=["kind", "line", "step", "check", "proof", "source"],
)
def test_claim_without_its_proof_is_refused(claim: Claim, words: str) -> None:
    """What a claim rests on and is not there is named."""
    with pytest.raises(ClaimError, match=words):
        check_table([claim], STEPS, ["known"])


def test_two_claims_of_one_id_are_refused() -> None:
    """An id is one claim's."""
    with pytest.raises(ClaimError, match="C1: a second claim has this id"):
        check_table([GOOD, GOOD], STEPS, [])


def test_every_expected_line_of_the_walkthrough_is_claimed(walkthrough: Plan) -> None:
    """No line is compared without a claim that says what for; `...` compares nothing."""
    unclaimed = [
        (step.id, line)
        for step in walkthrough.steps
        for command in commands_of(step)
        for number, line in enumerate(command.expected or (), command.expected_line)
        if line != "..." and number not in walkthrough.claims_at
    ]
    assert unclaimed == []


def test_every_claim_of_the_walkthrough_has_a_proof_or_a_source(walkthrough: Plan) -> None:
    """A claim is shown by a step, checked, or cited."""
    shown = {claim for claims in walkthrough.claims_at.values() for claim in claims}
    for claim in walkthrough.claims:
        proven = claim.id in shown or claim.steps or claim.check
        assert bool(proven) is not (claim.kind == "prose"), claim.id


def test_every_sentence_of_the_article_makes_a_claim_or_says_why_not() -> None:
    """Nothing is left over, and every claim has a sentence that makes it on its line."""
    known = original()
    ids = {claim.id for claim in table()}
    for sentence in known.sentences:
        assert bool(sentence.claims) is not bool(sentence.note), sentence
        assert set(sentence.claims) <= ids
    by_line = known.claims_by_line()
    assert [claim.id for claim in table() if claim.id not in by_line[claim.line]] == []


def test_all_kinds_of_claims_are_there() -> None:
    """The table has claims of each kind, thirty and more."""
    assert {claim.kind for claim in table()} == KINDS
    assert len(table()) >= 30


def test_words_that_claims_rest_on_stand_in_the_article() -> None:
    """What is to be altered is there to be altered, in the article as in the walkthrough."""
    shown = plan_for(WALKTHROUGH_PATH, "walkthrough.md").materials
    for claim in table():
        for name, words in claim.rests_on.items():
            for word in words:
                assert word in original().materials.blocks[name].text, claim.id
                assert word in shown.blocks[name].text, claim.id


def test_lines_that_assert_are_those_of_command_output_and_exit_code() -> None:
    """A command speaks by its own line, its expected ones, and its exit code's."""
    one, two = commands_of(STEPS[0])
    assert list(asserting_lines(one)) == [3, 4]
    assert list(asserting_lines(two))[:2] == [5, 6]
