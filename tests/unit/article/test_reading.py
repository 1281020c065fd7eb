from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.article.reading import KnownSentence, Sentence, recognise, sentences

TEXT = """\
A house of bricks

The house has two rooms. Each room has a door: the door is red.

$ open door
It is  open
"""


def known(text: str) -> tuple[KnownSentence, ...]:
    """A text as a table knows it, with a claim for each sentence."""
    return tuple(
        KnownSentence(each.line, each.sha256, (f"C{at:02}",))
        for at, each in enumerate(sentences(text))
    )


def test_text_is_read_as_sentences_with_their_lines() -> None:
    """Prose is cut at the ends of sentences, what is shown stays whole."""
    assert [(each.line, each.text) for each in sentences(TEXT)] == [
        (1, "A house of bricks"),
        (3, "The house has two rooms."),
        (3, "Each room has a door: the door is red."),
        (5, "$ open door"),
        (6, "It is  open"),
    ]


def test_blanks_do_not_change_a_hash() -> None:
    """A copy that was indented or wrapped with other blanks is the same sentence."""
    assert Sentence(1, "  It is\topen ").sha256 == Sentence(9, "It is open").sha256
    assert Sentence(1, "It is open").sha256 != Sentence(1, "It is shut").sha256


def test_copy_is_recognised_with_nothing_changed() -> None:
    """The text itself has every line where it was."""
    edition = recognise(TEXT, known(TEXT))
    assert edition is not None
    assert edition.lines == {1: 1, 3: 3, 5: 5, 6: 6}
    assert (edition.vanished, edition.appeared) == ((), ())


def test_changed_copy_tells_what_moved_vanished_and_appeared() -> None:
    """A new line moves the ones below, a changed sentence is gone here and new there."""
    changed = TEXT.replace("\n\nThe house", "\nA new line\n\nThe house").replace("red", "blue")
    edition = recognise(changed, known(TEXT))
    assert edition is not None
    assert edition.lines == {1: 1, 3: 4, 5: 6, 6: 7}
    assert [each.line for each in edition.vanished] == [3]
    assert [(each.line, each.text) for each in edition.appeared] == [
        (2, "A new line"),
        (4, "Each room has a door: the door is blue."),
    ]


def test_other_text_is_not_recognised() -> None:
    """What shares few of the sentences is something else."""
    assert recognise("A house of bricks\n\nAnd nothing more.\n", known(TEXT)) is None
    assert recognise("", known(TEXT)) is None


@given(st.lists(st.sampled_from(TEXT.splitlines()), min_size=1, max_size=12))
def test_recognised_lines_say_the_same(lines: list[str]) -> None:
    """Whatever became of a text, a line that is recognised has a sentence of the old one."""
    text = "\n".join(lines)
    edition = recognise(text, known(TEXT))
    if edition is None:
        return
    old = {each.line: set[str]() for each in sentences(TEXT)}
    for each in sentences(TEXT):
        old[each.line].add(each.sha256)
    new: dict[int, set[str]] = {}
    for each in sentences(text):
        new.setdefault(each.line, set()).add(each.sha256)
    assert all(old[before] & new[after] for before, after in edition.lines.items())
