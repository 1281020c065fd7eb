import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pytest_codeartifact.redaction import MASK
from pytest_codeartifact.transcripts.blocks import Command, read_steps
from pytest_codeartifact.transcripts.matching import (
    Matched,
    Mismatch,
    compare,
    literal,
    output_lines,
)
from pytest_codeartifact.transcripts.placeholders import TYPES

ENDPOINT = "http://127.0.0.1:8080/awscicd-111122223333.d.codeartifact.ap-southeast-1.amazonaws.com"
SAMPLES = {
    "account": "111122223333",
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "duration": "11 hours and 59 minutes",
    "endpoint": ENDPOINT,
    "path": "/home/me/.pypirc",
    "port": "8080",
    "region": "ap-southeast-1",
    "size": "1.4 kB",
    "time": "2026-05-26 01:01:27+07:00",
    "token": MASK,
    "version": "3.10.post1",
}


def matches(shown: str, output: str, **bindings: str) -> bool:
    return isinstance(compare(shown.split("\n"), output, bindings), Matched)


@pytest.mark.parametrize(
    ("shown", "output", "does"),
    [
        ("a b", "a b\n", True),
        ("a b", "a b", True),
        ("a b", "a  b\n", False),
        ("a b", "a\tb\n", False),
        ("a b", "a b \n", False),
        ("a b", " a b\n", False),
        ("a", "a\n\n\n", True),
        ("a", "\na\n", False),
        ("a", "a\nb\n", False),
        ("a\nb", "a\n", False),
        ("a\n\nb", "a\n\nb\n", True),
        ("a\n\nb", "a\nb\n", False),
        ("a.c", "abc\n", False),
        ("a*", "abc\n", False),
    ],
)
def test_lines_are_literal(shown: str, output: str, does: bool) -> None:  # noqa: FBT001 -- a table
    """Every character counts, blanks included; only blank lines at the end do not."""
    assert matches(shown, output) is does


@pytest.mark.parametrize(
    ("shown", "output", "does"),
    [
        ("...", "", True),
        ("...", "a\nb\n", True),
        ("a\n...", "a\n", True),
        ("...\nz", "a\nb\nz\n", True),
        ("...\nz", "a\nz\nb\n", False),
        ("...\nb\n...\nd\n...", "a\nb\nc\nd\ne\n", True),
        ("...\nd\n...\nb\n...", "a\nb\nc\nd\ne\n", False),
        ("...\nb", "b\na\nb\n", True),
        ("a...", "abc\n", False),
        (" ...", "x\n", False),
    ],
)
def test_dots_stand_for_any_lines(shown: str, output: str, does: bool) -> None:  # noqa: FBT001 -- a table
    """A line `...` takes none or many lines, and what follows it still has to come."""
    assert matches(shown, output) is does


@pytest.mark.parametrize(
    ("shown", "output", "does"),
    [
        ("a b (ws)", "a\tb\n", True),
        ("a b (ws)", "a \t b  \n", True),
        ("a b (ws)", "ab\n", False),
        ("ab (ws)", "a b\n", False),
        ("a b (ws)", " a b\n", False),
        ("a*z (glob)", "a to z\n", True),
        ("a?z (glob)", "abz\n", True),
        ("a?z (glob)", "abbz\n", False),
        ("a.z (glob)", "abz\n", False),
        ("a+\\d (re)", "aaa7\n", True),
        ("a+\\d (re)", "aaa7x\n", False),
        ("a (WS)", "a (WS)\n", True),
    ],
)
def test_markers_loosen_their_own_line(shown: str, output: str, does: bool) -> None:  # noqa: FBT001 -- a table
    """(ws), (glob) and (re) at the end of a line change how that line is compared."""
    assert matches(shown, output) is does
    assert matches(f"{shown}\na b", f"{output}a\tb\n") is False


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_placeholder_takes_values_of_its_type_only(kind: str) -> None:
    """Each type accepts its sample, and none of what the others look like unless it is one."""
    assert matches(f"is <{kind}>.", f"is {SAMPLES[kind]}.")
    assert not matches(f"is <{kind}>.", "is .")
    assert not matches(f"is <{kind}>.", "is something else.")


def test_samples_cover_every_type() -> None:
    """A new type of placeholder needs a sample here."""
    assert SAMPLES.keys() == TYPES.keys()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("account", "1111222233334"),
        ("account", "11112222333"),
        ("digest", "9f86d0"),
        ("endpoint", "awscicd-111122223333.d.codeartifact.ap-southeast-1.amazonaws.com"),
        ("region", "singapore"),
        ("time", "today"),
        ("token", "hunter2"),
    ],
)
def test_placeholder_refuses_malformed_values(kind: str, value: str) -> None:
    """A value that only resembles the type is not accepted."""
    assert not matches(f"<{kind}>", value)


def test_endpoint_ends_before_the_format() -> None:
    """`<endpoint>` is the domain's address, so that a document can go on with the path."""
    result = compare(["<endpoint>/pypi/demo-repo/"], f"{ENDPOINT}/pypi/demo-repo/\n", {})
    assert result == Matched({"endpoint": ENDPOINT})


def test_placeholder_must_agree_with_what_it_was_bound_to() -> None:
    """A value is bound once and required from then on, in one output and in later ones."""
    first = compare(["<version:a> <version:b>"], "1.0 2.0\n", {})
    assert first == Matched({"version:a": "1.0", "version:b": "2.0"})
    assert isinstance(first, Matched)
    assert isinstance(compare(["<version:b>"], "2.0\n", first.bindings), Matched)
    later = compare(["now <version:b>"], "now 1.0\n", first.bindings)
    assert isinstance(later, Mismatch)
    assert later.conflicts == (("version:b", "2.0", "1.0"),)


def test_placeholder_twice_in_a_line_is_one_value() -> None:
    """The same placeholder in one line stands for the same text both times."""
    assert matches("<version> is <version>", "1.0 is 1.0\n")
    assert not matches("<version> is <version>", "1.0 is 2.0\n")


def test_unnamed_placeholder_may_differ_everywhere() -> None:
    """The name `_` binds nothing."""
    assert compare(["<version:_> <version:_>"], "1.0 2.0\n", {}) == Matched({})


def test_binding_that_fails_later_is_taken_back() -> None:
    """A line that `...` could end at is passed over when the rest does not fit its value."""
    result = compare(["...", "<version>", "...", "last <version>"], "1.0\n2.0\nlast 2.0\n", {})
    assert result == Matched({"version": "2.0"})


@pytest.mark.parametrize("text", ["<html>", "<acount>", "<foo:bar>", "<time", "< time >"])
def test_other_angle_brackets_are_literal(text: str) -> None:
    """Only the types that exist are placeholders."""
    assert matches(text, text)
    assert not matches(text, "x")


def test_escaped_placeholder_is_literal() -> None:
    """A backslash takes the meaning from a placeholder."""
    assert matches("\\<time>", "<time>")
    assert not matches("\\<time>", SAMPLES["time"])


def test_mismatch_shows_what_was_expected_with_values_filled_in() -> None:
    """What agreed is shown as it came, so that a difference shows what is wrong and no more."""
    result = compare(
        ["at <time>", "...", "name demo", "<version:_>"],
        "at 2026-05-26 01:01:27\nx\ny\nname other\n1.0\n",
        {},
    )
    assert result == Mismatch(
        expected=("at 2026-05-26 01:01:27", "x", "y", "name demo", "1.0"),
        got=("at 2026-05-26 01:01:27", "x", "y", "name other", "1.0"),
    )
    assert isinstance(result, Mismatch)
    assert result.sources == (0, 1, 1, 2, 3)


def test_characters_that_are_not_seen_are_written_as_their_numbers() -> None:
    """Neither an editor nor a reader of files takes a part of an output for the end of a line."""
    assert literal("10%\r\x1b[0m") == r"10%\u000d\u001b\[0m (re)"
    assert literal("a\u2028") == r"a\u2028 (re)"
    assert literal("a\tb \u00e9") == "a\tb \u00e9"


_LINES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=12)
    | st.sampled_from(
        ["...", "$ x", "> y", ">", "[1]", "(no output)", "a (ws)", "b (re)", "<time>", "\\<port>"]
    ),
    max_size=5,
)


@settings(deadline=None)
@given(_LINES)
@example(["...", ">", "> a", "$ a", "[1]"])
def test_output_written_literally_matches_itself_alone(lines: list[str]) -> None:
    """Whatever a program prints can be written down so that it and nothing else is accepted."""
    output = "".join(f"{line}\n" for line in lines)
    shown = [literal(line) for line in output_lines(output)]
    assert isinstance(compare(shown, output, {}), Matched)
    for at in range(len(shown)):
        other = [*output_lines(output)]
        other[at] += "!"
        assert isinstance(compare(shown, "\n".join(other), {}), Mismatch)


@settings(deadline=None)
@given(_LINES)
def test_output_written_literally_survives_the_document(lines: list[str]) -> None:
    """Lines that look like prompts or markers come back from a console block unchanged."""
    output = "".join(f"{line}\n" for line in lines)
    assume("```" not in output)
    shown = [literal(line) for line in output_lines(output)]
    assume(shown)
    text = "\n".join(["```console", "$ x", *shown, "```", ""])
    (command,) = read_steps(text)[0].actions
    assert isinstance(command, Command)
    assert list(command.expected or ()) == shown


@settings(deadline=None)
@given(_LINES, st.data())
def test_dots_may_replace_any_run_of_lines(lines: list[str], data: st.DataObject) -> None:
    """An output still matches when some of its lines are shown as `...`."""
    got = output_lines("".join(f"{line}\n" for line in lines))
    start = data.draw(st.integers(0, len(got)))
    end = data.draw(st.integers(start, len(got)))
    shown = [literal(line) for line in got]
    shown[start:end] = ["..."]
    assert isinstance(compare(shown, "\n".join(got), {}), Matched)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["...", "a", "b", "<version>"]), max_size=8),
    st.lists(st.sampled_from(["a", "b", "1", "2"]), max_size=12),
)
def test_comparison_agrees_with_one_regular_expression(shown: list[str], got: list[str]) -> None:
    """Dots, literal lines and one bound placeholder mean what a regular expression would say."""
    pattern, bound = "", False
    for line in shown:
        if line == "...":
            pattern += r"(?:[^\n]*\n)*"
        elif line == "<version>":
            pattern += r"(?P=v)\n" if bound else r"(?P<v>\d)\n"
            bound = True
        else:
            pattern += f"{line}\\n"
    output = "".join(f"{line}\n" for line in got)
    expected = re.fullmatch(pattern, output) is not None
    assert isinstance(compare(shown, output, {}), Matched) is expected


def test_long_output_with_many_dots_is_compared_quickly() -> None:
    """Thousands of lines and several wildcards end, with the right answer."""
    output = "same\n" * 3000
    assert matches("...\nsame\n...\nsame\n...", output)
    assert not matches("...\nsame\n...\nother\n...", output)
