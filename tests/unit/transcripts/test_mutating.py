import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pytest_codeartifact.transcripts.blocks import Command, read_steps
from pytest_codeartifact.transcripts.matching import ANY_LINES, Matched, compare
from pytest_codeartifact.transcripts.mutating import OTHER_VALUES, Alteration, alterations
from pytest_codeartifact.transcripts.placeholders import TYPES


def command(shown: str) -> Command:
    (step,) = read_steps(f"```console\n$ x\n{shown}\n```\n")
    (read,) = step.actions
    assert isinstance(read, Command)
    return read


def altered(shown: str, output: str = "") -> list[str]:
    return [each.after for each in alterations(command(shown), output)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("awscicd Active", "bwscicd Active"),
        ("Zed 9", "Aed 9"),
        ("* 9 *", "* 0 *"),
        ("0.1.0 Published (ws)", "1.1.0 Published (ws)"),
        ("* failed: * (glob)", "* gailed: * (glob)"),
        ("*? (glob)", "*?altered (glob)"),
        ("a+ (re)", "(?!) (re)"),
        ("<version> ok", "<version> pk"),
        ("<version>", "0.0.0.altered"),
        ("<account> <region:home>", "000000000000 <region:home>"),
        ("<time> (ws)", "1970-01-01 00:00:00 (ws)"),
        ("\\<time>", "<uime>"),
        ("<sizd>", "<tizd>"),
        ("{", "{altered"),
        ("åß", "åßaltered"),
        ("(no output)", "altered"),
    ],
)
def test_line_says_something_else(before: str, after: str) -> None:
    """One letter or digit is another one; where there is none, a value or a word."""
    (found,) = alterations(command(before))
    assert (found.line_index, found.line_number) == (0, 3)
    assert (found.before, found.after) == (before, after)
    assert found.command.expected == (after,)


def test_each_assertion_is_altered_by_itself() -> None:
    """Every line but `...` has its turn, then the exit code; the rest stays as it is."""
    shown = command("a\n...\nm\n\n[1]")
    first, second, code = alterations(shown)
    assert first == Alteration(0, 3, "a", "b", first.command)
    assert second == Alteration(2, 5, "m", "n", second.command)
    assert code == Alteration(None, 7, "[1]", "[2]", code.command)
    assert first.command.expected == ("b", "...", "m")
    assert second.command.expected == ("a", "...", "n")
    assert (code.command.expected, code.command.exit_code) == (shown.expected, 2)


@pytest.mark.parametrize("code", [0, 1, 254, 255])
def test_stated_exit_code_becomes_another(code: int) -> None:
    """Where an exit code is stated, even 0, another one that exists takes its place."""
    (found,) = alterations(command(f"[{code}]"))
    assert 0 <= found.command.exit_code <= 255
    assert found.command.exit_code != code


def test_nothing_is_altered_where_nothing_is_said() -> None:
    """No output shown is no assertion, and `...` alone is none either."""
    assert altered("") == []
    assert altered("...") == []


def test_word_that_was_printed_elsewhere_is_not_chosen() -> None:
    """An altered line is none that `...` could give back, and becomes no marker."""
    assert altered("a", "a\nb\n") == ["aaltered"]
    assert altered("a", "a\nb\naaltered\n") == ["aaltered1"]
    assert altered("...\nab", "bb\nab\n") == ["ac"]
    assert altered("* (wr)", "* (wr)\n* (xr)\n") == ["* (wr)altered"]


def test_other_values_are_of_their_types() -> None:
    """There is one for each type; a masked token has no other form."""
    assert OTHER_VALUES.keys() == TYPES.keys()
    for kind, value in OTHER_VALUES.items():
        assert re.fullmatch(TYPES[kind], value) or kind == "token"


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=6)
# What a document shows, and what was printed there.
_PARTS = st.one_of(
    st.lists(st.sampled_from(["a", "b", "c", "aaltered", "0.0.0.altered", ""]), max_size=4).map(
        lambda lines: (ANY_LINES, lines)
    ),
    st.sampled_from(
        [
            *(("a", ["a"]), ("b", ["b"]), ("", [""]), ("* (glob)", ["b"]), ("[ab] (re)", ["a"])),
            *(("a b (ws)", ["a\tb"]), ("<version>", ["1.0"]), ("<version:x> (ws)", ["2.0 "])),
            *(("\\<time>", ["<time>"]), ("<port>-<port>", ["80-80"]), ("a?c* (glob)", ["abcd"])),
        ]
    ),
    _TEXT.map(lambda text: (text, [text])),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(_PARTS, min_size=1, max_size=6))
def test_altered_line_is_noticed(parts: list[tuple[str, list[str]]]) -> None:
    """Whatever a true command shows, no alteration of it is true of the same output."""
    shown = tuple(line for line, _ in parts)
    output = "".join(f"{line}\n" for _, lines in parts for line in lines)
    assume(isinstance(compare(shown, output, {}), Matched))
    found = list(alterations(Command(1, "x", shown, 2), output))
    assert [each.line_index for each in found] == [
        at for at, line in enumerate(shown) if line != ANY_LINES
    ]
    for each in found:
        expected = each.command.expected or ()
        assert [at for at, line in enumerate(expected) if line != shown[at]] == [each.line_index]
        assert not isinstance(compare(expected, output, {}), Matched)
