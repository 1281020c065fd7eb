from collections.abc import Sequence

import pytest

from pytest_codeartifact.article import errata
from pytest_codeartifact.article.errata import Corrections, Ran
from pytest_codeartifact.article.materials import Material, Materials
from pytest_codeartifact.article.original import (
    Block,
    Copy,
    Original,
    Rule,
    Supply,
    TableEdit,
    copy_in_file,
    copy_in_table,
    original,
)
from pytest_codeartifact.article.reading import KnownSentence, recognise, sentences
from pytest_codeartifact.findings import Edit, Erratum
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.transcripts.blocks import Command

TEXT = """\
A short article

$ show name
demo Active

$ show day
day 1 of May

$ remove
"""
RULES = (
    Rule(
        id="E1",
        line=4,
        kind="wrong",
        found="output",
        claims=("C1",),
        says="a tab, not a blank",
        edits=(TableEdit(4, 1, ("demo\tActive",)),),
    ),
    Rule(
        id="E2",
        line=4,
        kind="omitted",
        found="output",
        claims=("C1",),
        says="more lines before",
        edits=(TableEdit(4, 0, ("...",)),),
    ),
    Rule(
        id="E3",
        line=9,
        kind="omitted",
        found="silent",
        claims=("C2",),
        says="it prints what it removed",
        edits=(TableEdit(10, 0, ("...",)),),
    ),
    Rule(
        id="E4",
        line=9,
        kind="omitted",
        found="files",
        claims=(),
        says="the file is never made",
        edits=(TableEdit(9, 0, ("$ echo > demo.txt",)),),
        files=("demo.txt",),
        before=9,
    ),
)
KNOWN = tuple(KnownSentence(each.line, each.sha256) for each in sentences(TEXT))
TABLE = Original(
    sentences=KNOWN,
    blocks=(
        Block(3, "01", "$ show name\ndemo Active\n"),
        Block(6, "02", "$ show day\nday 1 of May\n"),
        Block(9, "03", "$ remove\n"),
    ),
    materials=Materials({}),
    readings={"day 1 of May": "day <digest:_> of May"},
    supplies=(Supply(9, "demo.txt", ""),),
    rules=RULES,
)
NAME, DAY, REMOVE = (command for block in TABLE.blocks for command in block.commands())


@pytest.fixture
def corrections() -> Corrections:
    """The corrections of the article where its lines are those of the table."""
    return Corrections(TABLE, Copy("short.md", dict(enumerate(TEXT.splitlines(), 1))))


def completed(stdout: str, exit_code: int = 0) -> Completed:
    """What a command printed."""
    return Completed(("x",), exit_code, stdout, "", 0.0)


def found(corrections: Corrections, printed: Sequence[tuple[Command, str]]) -> dict[str, Erratum]:
    """The errata by their ids, of what commands printed."""
    ran = [Ran("step", command, completed(text)) for command, text in printed]
    commands = [command for command, _ in printed]
    return {each.id: each for each in errata.of_outputs(corrections, commands, ran, {})}


@pytest.mark.parametrize(
    ("printed", "ids"),
    [
        ("demo Active\n", []),
        ("demo\tActive\n", ["E1"]),
        ("first\ndemo Active\n", ["E2"]),
        ("first\ndemo\tActive\n", ["E1", "E2"]),
        ("other\n", ["L3"]),
    ],
    ids=["as-shown", "tab", "more", "both", "unforeseen"],
)
def test_only_what_is_needed_is_an_erratum(
    corrections: Corrections, printed: str, ids: list[str]
) -> None:
    """What agrees as it stands is no erratum, and a correction that is not needed is none."""
    assert sorted(found(corrections, [(NAME, printed)])) == ids


def test_correction_does_not_hide_a_changed_article(corrections: Corrections) -> None:
    """A correction replaces the line it was made for; another line in its place stays wrong."""
    other = Command(NAME.line, NAME.text, ("demo Deleted",), NAME.expected_line)
    assert corrections.judge(other, completed("demo\tActive\n"), {}) is None


def test_example_is_read_as_what_it_stands_for(corrections: Corrections) -> None:
    """An example value agrees with others of its kind, and the rest of its line with nothing."""
    day = "a" * 32
    assert corrections.judge(DAY, completed(f"day {day} of May\n"), {}) is not None
    assert corrections.judge(DAY, completed(f"day {day} of June\n"), {}) is None


def test_other_exit_code_agrees_with_nothing(corrections: Corrections) -> None:
    """A command that fails is not what the article shows, whatever it prints."""
    assert corrections.judge(NAME, completed("demo Active\n", 1), {}) is None


def test_silent_command_that_prints_is_an_erratum(corrections: Corrections) -> None:
    """Where the article shows nothing, what was printed is the proof."""
    assert found(corrections, [(REMOVE, "")]) == {}
    erratum = found(corrections, [(REMOVE, "{}\n")])["E3"]
    assert erratum.proof == "step printed: {}"
    assert (erratum.line, erratum.kind, erratum.claims) == (9, "omitted", ("C2",))


def test_erratum_has_the_lines_of_its_edit(corrections: Corrections) -> None:
    """An edit says what goes and comes, and what stands around it."""
    erratum = found(corrections, [(NAME, "demo\tActive\n")])["E1"]
    assert erratum.shows == "demo Active"
    assert erratum.proof == r"step printed: demo\tActive"
    assert erratum.edits == (
        Edit(
            first=4,
            removed=("demo Active",),
            inserted=("demo\tActive",),
            before=("A short article", "", "$ show name"),
            after=("", "$ show day", "day 1 of May"),
        ),
    )


def test_file_that_is_missing_is_an_erratum(corrections: Corrections) -> None:
    """A file is asked for before the line that needs it, and only there."""
    assert [each.id for each in errata.of_files(corrections, lambda _: False, {9})] == ["E4"]
    assert list(errata.of_files(corrections, lambda _: True, {9})) == []
    assert list(errata.of_files(corrections, lambda _: False, {3})) == []


def test_edit_of_a_moved_copy_is_by_its_own_lines() -> None:
    """Where lines were put in above, places and edits move along, also those of blank lines."""
    text = "New\nNew too\n" + TEXT
    edition = recognise(text, KNOWN)
    copy = Copy("short.md", dict(enumerate(text.splitlines(), 1)), edition)
    assert [copy.place(line) for line in (3, 5, 10)] == [5, 7, 12]
    (edit,) = RULES[0].edits
    assert copy.edit(edit).first == 6


def test_every_rule_of_the_table_is_about_lines_that_are_known() -> None:
    """What the table removes is what it says the article shows, in blocks or materials."""
    table, copy = original(), copy_in_table()
    known = table.known_lines()
    for rule in table.rules:
        for edit in rule.edits:
            removed = range(edit.first, edit.first + edit.removed)
            assert all(known.get(line) for line in removed), rule.id
            if rule.found == "output":
                corrections = Corrections(table, copy)
                commands = [each for block in table.blocks for each in block.commands()]
                assert any(rule in corrections.for_output(each) for each in commands), rule.id


def test_text_of_somebody_else_is_no_copy() -> None:
    """A document about something else is not taken for the article."""
    assert copy_in_file("x.md", TEXT) is None


def test_fragments_are_errata_and_whole_documents_are_not() -> None:
    """The table's fragments are found; the same with what is missing are not."""
    table = original()
    corrections = Corrections(table, copy_in_table())
    ids = [each.id for each in errata.of_fragments(corrections, table.materials)]
    assert ids == ["E10", "E11"]
    whole = Materials(
        {
            "policy": Material('{"Version": "2012-10-17", "Statement": []}', 1),
            "buildspec": Material("version: 0.2\nphases: {}\n", 1),
        }
    )
    assert list(errata.of_fragments(corrections, whole)) == []
