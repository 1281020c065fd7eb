import textwrap
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.transcripts.blocks import Command, DocumentError, read_document
from pytest_codeartifact.transcripts.judging import judge
from pytest_codeartifact.transcripts.matching import Matched, compare, output_lines
from pytest_codeartifact.transcripts.updating import updated


def commands_of(text: str) -> list[Command]:
    actions = [action for step in read_document(text).steps for action in step.actions]
    return [action for action in actions if isinstance(action, Command)]


def printed(command: Command, output: str) -> Completed:
    return Completed((command.text,), command.exit_code, output, "", 0.0)


def update(text: str, *outputs: str, **bindings: str) -> str:
    return updated(text, zip(commands_of(text), outputs, strict=True), bindings)


def shown_after(expected: str, output: str, **bindings: str) -> str:
    """What a fenced block shows instead of `expected` once the command printed `output`."""
    new = update(f"```console\n$ x\n{expected}\n```\n", output, **bindings)
    return new.removeprefix("```console\n$ x\n").removesuffix("\n```\n")


def test_only_outputs_are_rewritten() -> None:
    """Prose, commands, exit codes, blank lines, other blocks and indentation stay as they are."""
    text = textwrap.dedent("""\
        # Title

        <!-- claim: C1 it greets -->
        1. Do this:

           ```console
           $ greet \\
           >   you
           hello
           [3]

           $ silent
           (no output)
           $ unshown
           $ other
           kept
           ```

        ```text
        $ greet
        hello
        ```

            $ greet
            hello

        The end: hello.
        """)
    new = update(text, "good day\n", "not at all\n", "anything\n", "kept\n", "\n  bye\nnow\n")
    assert new == text.replace("   hello\n   [3]", "   good day\n   [3]").replace(
        "(no output)", "not at all"
    ).replace("    $ greet\n    hello\n\nThe", "    $ greet\n\n      bye\n    now\n\nThe")


@pytest.mark.parametrize(
    ("expected", "output", "shown"),
    [
        ("a", "a\n", "a"),
        ("a", "b\nc\n", "b\nc"),
        ("a\nb\nc", "a\nc\n", "a\nc"),
        ("a\nc", "a\nb\nc\n", "a\nb\nc"),
        ("a", "\n\n", "(no output)"),
        ("...\na", "", "(no output)"),
        ("(no output)", "a\n", "a"),
        ("a b (ws)\nc", "a\tb\nd\n", "a b (ws)\nd"),
        ("a* (glob)\n\\d+ (re)\nc", "abc\n17\nd\n", "a* (glob)\n\\d+ (re)\nd"),
        ("( (re)", "(\n", "("),
        ("...\nbuilt demo-1.0\n...", "x\ny\nbuilt demo-2.0\nz\n", "...\nbuilt demo-2.0\n..."),
        ("...\nlast 1\n", "x\nlast 2\n", "...\nlast 2\n"),
        ("first\n...", "a\nb\nc\n", "a\n..."),
        ("...\na\n...\nb", "b\n", "...\nb"),
        ("a\nb", "[1]\n", "\\[1\\] (re)"),
        ("a", "$ x\n> y\n", "\\$\\ x (re)\n[>]\\ y (re)"),
        ("a", "```\n", "[`]`` (re)"),
        ("a", "...\nb* (glob)\nc", "\\.\\.\\. (re)\nb\\*\\ \\(glob\\) (re)\nc"),
        ("a (ws)", "...\n", "... (ws)"),
        ("a <version>", "...\n", "\\.\\.\\. (re)"),
        ("[2]\na", "[1]\na\n", "\\[1\\] (re)\na"),
        ("a", "10%\r20%\r\n", "10%\\u000d20%\\u000d (re)"),
        ("a\n> b", "> b\n", "[>]\\ b (re)"),
        ("a\n>>> b", ">>> b\n", ">>> b"),
        ("[1]\na", "[1]\n", "\\[1\\] (re)"),
        ("(no output)\na", "(no output)\n", "\\(no\\ output\\) (re)"),
    ],
)
def test_lines_that_match_are_kept_and_others_written_literally(
    expected: str, output: str, shown: str
) -> None:
    """What still matches keeps its marks, `...` covers what it can, the rest is written down."""
    assert shown_after(expected, output) == shown


@pytest.mark.parametrize(
    ("expected", "output", "shown"),
    [
        ("in <duration>", "done in 3 s\n", "done in <duration>"),
        ("a-<version>.tar.gz", "b-2.0.tar.gz\n", "b-<version>.tar.gz"),
        ("at <time:_>, <size>", "on 2026-01-02 03:04:05: 7 MB\n", "on <time:_>: <size>"),
        ("<account> (ws)", "account\t111122223333\n", "account <account> (ws)"),
        ("<version:a> <version:a>", "is 1.0 and 1.0\n", "is <version:a> and <version:a>"),
        ("<version:a> <version:a>", "is 1.0 and 2.0\n", "is <version:a> and 2.0"),
        ("<version:b> or <version:b>", "is 1.0\n", "is 1.0"),
        ("v<version>", "w2.0\n", "w2.0"),
        ("took <duration>", "took very long\n", "took very long"),
        ("<version> a\n<version> b", "1.0 a\n2.0 b\n", "<version> a\n2.0 b"),
        ("<version>", "1.0 [ (re)\n", "1\\.0\\ \\[\\ \\(re\\) (re)"),
        ("<version> * (glob)", "at 1.0\n", "at 1.0"),
        ("<version>", "$ 1.0\n", "\\$\\ 1\\.0 (re)"),
        ("<version>", "is 1.0\x1b[0m\n", "is\\ 1\\.0\\u001b\\[0m (re)"),
        ("at <time>", "the \\<time> is 2026-01-02 03:04:05\n", "the \\\\<time> is <time>"),
    ],
    ids=range(15),
)
def test_placeholders_are_put_back(expected: str, output: str, shown: str) -> None:
    """Where a line that changes had placeholders, values of their types become these again."""
    assert shown_after(expected, output, **{"version:b": "9"}) == shown


def test_values_must_agree_with_those_before() -> None:
    """A placeholder that stands for another value since an earlier line is not put here."""
    text = "```console\n$ x\n<version> a\n$ y\n<version>\n$ z\nis <version>\n```\n"
    new = update(text, "1.0 a\n", "2.0\n", "was 1.0\n")
    assert new == "```console\n$ x\n<version> a\n$ y\n2.0\n$ z\nwas <version>\n```\n"


@pytest.mark.parametrize(
    ("expected", "output"),
    [
        ("a b (ws)\n...\n<version>\n* (glob)\n\\d (re)", "a\tb\nx\n\n1.0\ny\n7\n"),
        ("...\n...", ""),
        ("\na", "\na\n\n"),
        ("(no output)", "\n"),
    ],
)
def test_true_output_is_not_touched(expected: str, output: str) -> None:
    """Where all is as shown nothing is rewritten, however loosely it is shown."""
    assert shown_after(expected, output) == expected


def test_windows_newlines_survive() -> None:
    """New lines end like the others of the document."""
    text = "```console\r\n$ x\r\na\r\nb\r\n```\r\n"
    assert update(text, "c\n\nb\n") == "```console\r\n$ x\r\nc\r\n\r\nb\r\n```\r\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_plain_document_stays_one_and_ends_as_it_did(newline: str) -> None:
    """Neither a blank line nor a fence gets into a plain block, nor a newline to the very end."""
    text = newline.join(["Title", "", "  $ x", "  a"])
    new = newline.join(["Title", "", "  $ x", "  b", "   (re)", "  c", "  [`]`` (re)"])
    assert update(text, "b\n\nc\n```\n") == new


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=8)
_VALUES = st.sampled_from(
    ["1.0", "2.0", "3 s", "111122223333", "a 1.0 b", "x", "y", "", " ", "..."]
)
_EXPECTED = st.lists(
    st.sampled_from(
        [
            *(
                "...",
                "",
                "a",
                "a b (ws)",
                "a* (glob)",
                "[ab]+ (re)",
                "( (re)",
                "[1]",
                "(no output)",
            ),
            *("<version>", "v <version:x> (ws)", "<account> <duration:_>", "\\<time>", "x", "> y"),
        ]
    )
    | _VALUES
    | _TEXT,
    max_size=6,
)
_OUTPUT = st.lists(
    st.sampled_from(["a", "b", "a\tb", "a  b", "> y", ">", "$ x", "[1]", "(no output)", "<time>"])
    | st.sampled_from(["```", "````", "~~~", "# x", "<!-- step: x -->", "    $ y", "\t"])
    | _VALUES
    | _TEXT,
    max_size=8,
).map(lambda lines: "".join(f"{line}\n" for line in lines))


Form = Callable[[Sequence[str], str], list[str]]


def fenced(shown: Sequence[str], indent: str) -> list[str]:
    inside = [indent + line for line in shown]
    return ["Text.", "", f"{indent}```console", *inside, f"{indent}```"]


def indented(shown: Sequence[str], indent: str) -> list[str]:
    return ["# Title", "", *(f"    {indent}{line}" for line in shown), "", "The end."]


def plain(shown: Sequence[str], indent: str) -> list[str]:
    inside = [indent + line for line in shown]
    return ["A title", "", *inside, "", "Text,", "of two lines."]


def without_outputs(text: str) -> str:
    lines = text.split("\n")
    for command in reversed(commands_of(text)):
        if command.expected is not None:
            begin = command.expected_line - 1
            del lines[begin : begin + (len(command.expected) or 1)]
    return "\n".join(lines)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([fenced, indented, plain]),
    st.lists(st.tuples(_EXPECTED, st.sampled_from([[], ["[2]"]])), min_size=1, max_size=3),
    st.sampled_from(["", "  ", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.data(),
)
def test_updated_document_agrees_with_what_was_printed(
    form: Form,
    commands: list[tuple[list[str], list[str]]],
    indent: str,
    newline: str,
    data: st.DataObject,
) -> None:
    """After an update the same outputs are as shown, and nothing but outputs has changed."""
    shown = [[f"$ do {at}", *lines, *code, ""] for at, (lines, code) in enumerate(commands)]
    written = form([line for lines in shown for line in lines], indent)
    text = newline.join(written)
    before = commands_or_none(text)
    assume(before)
    outputs = [data.draw(_OUTPUT) for _ in before]
    known = {"account": "111122223333"}
    new = updated(text, zip(before, outputs, strict=True), known)
    after = commands_of(new)
    assert [each.text for each in after] == [each.text for each in before]
    assert without_outputs(new) == without_outputs(text)
    bindings: Mapping[str, str] = known
    for command, output in zip(after, outputs, strict=True):
        bindings = judge(command, printed(command, output), bindings)
    assert updated(new, zip(after, outputs, strict=True), known) == new


def commands_or_none(text: str) -> list[Command]:
    try:
        return commands_of(text)
    except DocumentError:
        return []


@settings(deadline=None)
@given(_OUTPUT)
def test_new_output_is_written_down_exactly(output: str) -> None:
    """Lines that are new leave nothing open: another output is not as shown."""
    text = "```console\n$ x\nno such line\n```\n"
    lines = output_lines(output)
    assume(lines and "no such line" not in lines)
    (command,) = commands_of(update(text, output))
    for at in range(len(lines)):
        other = [*lines[:at], f"{lines[at]}!", *lines[at + 1 :]]
        assert not isinstance(compare(command.expected or (), "\n".join(other), {}), Matched)
