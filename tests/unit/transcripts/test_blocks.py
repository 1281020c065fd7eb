import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.transcripts.blocks import (
    ClaimMark,
    Command,
    DocumentError,
    ShownBlock,
    ShownFile,
    Step,
    read_document,
    read_steps,
)


def steps_of(text: str) -> tuple[Step, ...]:
    return read_steps(textwrap.dedent(text))


def commands_of(text: str) -> list[Command]:
    actions = [action for step in steps_of(text) for action in step.actions]
    return [action for action in actions if isinstance(action, Command)]


def test_plain_document_gives_a_step_for_each_block() -> None:
    """Without any annotation, each console block is a step named by the heading above it."""
    steps = steps_of("""\
        # Greeting people
        ```console
        $ echo hello
        hello
        ```
        And more politely:
        ```console
        $ echo good day
        ```
        ## Leaving, *now*
        ```console
        $ echo bye
        ```
        """)
    assert [step.id for step in steps] == [
        "01-greeting-people",
        "02-greeting-people",
        "03-leaving-now",
    ]
    assert [step.title for step in steps][::2] == ["Greeting people", "Leaving, *now*"]


def test_command_knows_its_lines() -> None:
    """A command and its output carry the line numbers a reader would look for."""
    first, second = commands_of("""\
        Some prose.

        ```console
        $ echo hello
        hello

        $ echo a; false
        a
        [1]
        ```
        """)
    assert (first.line, first.expected_line, first.expected) == (4, 5, ("hello",))
    assert (second.line, second.expected_line, second.expected) == (7, 8, ("a",))
    assert (first.exit_code, second.exit_code) == (0, 1)
    assert (first.exit_line, second.exit_line) == (0, 9)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("$ echo \\\n    two", "echo \\\n    two"),
        ("$ echo \\\n> two \\\n>   three", "echo \\\ntwo \\\n  three"),
        ("$ cat <<END\n> $ not a prompt\n>\n> END", "cat <<END\n$ not a prompt\n\nEND"),
        ("$ echo a \\\\\nout", "echo a \\\\"),
        ("$ echo \\\n$ x", "echo \\\n$ x"),
    ],
    ids=["backslash", "prompted", "here-document", "even-backslashes", "dollar-after-backslash"],
)
def test_command_goes_on_over_lines(shown: str, text: str) -> None:
    """A backslash at the end or `> ` at the beginning continues a command."""
    assert next(iter(commands_of(f"```console\n{shown}\n```\n"))).text == text


@pytest.mark.parametrize(
    ("shown", "expected", "exit_code"),
    [
        ("", None, 0),
        ("\n\n", None, 0),
        ("[3]", None, 3),
        ("(no output)", (), 0),
        ("(no output)\n[2]", (), 2),
        ("a\n\nb\n\n", ("a", "", "b"), 0),
        ("\na  ", ("", "a  "), 0),
        ("[1]\nafter", ("[1]", "after"), 0),
        ("\n[3]", None, 3),
        ("a\n\n[3]\n", ("a",), 3),
        ("[1234]", ("[1234]",), 0),
    ],
)
def test_claims_about_output(shown: str, expected: tuple[str, ...] | None, exit_code: int) -> None:
    """Nothing shown claims nothing; silence and exit codes have to be stated."""
    (command,) = commands_of(f"```console\n$ x\n{shown}\n```\n")
    assert (command.expected, command.exit_code) == (expected, exit_code)


@pytest.mark.parametrize(
    ("info", "first_line", "is_run"),
    [
        ("console", "$ x", True),
        ("shell-session", "$ x", True),
        ("console {stderr}", "$ x", True),
        ("", "$ x", True),
        ("bash", "$ x", True),
        ("bash", "x", False),
        ("", "x", False),
        ("python", "$ x", False),
        ("text", "$ x", False),
    ],
)
def test_language_and_prompt_tell_what_is_run(info: str, first_line: str, is_run: bool) -> None:  # noqa: FBT001 -- a table
    """Console languages are run, shell languages when they show a prompt, others never."""
    assert bool(commands_of(f"```{info}\n{first_line}\n```\n")) is is_run


@pytest.mark.parametrize("info", ["console stderr", "console {stderr}", "console title=x,stderr"])
def test_word_stderr_joins_the_streams(info: str) -> None:
    """A block says in its first line that it shows standard error too."""
    assert commands_of(f"```{info}\n$ x\n```\n")[0].with_stderr
    assert not commands_of("```console\n$ stderr\n```\n")[0].with_stderr


def test_named_step_holds_all_up_to_the_next_heading_or_step() -> None:
    """A step with a name takes several blocks and the files shown in between, in order."""
    steps = steps_of("""\
        # One
        <!-- step: 01-make -->
        <!-- file: a/b.txt -->
        ```text
        content

        ```
        ```console
        $ one
        ```
        ```json
        {"only": "shown"}
        ```
        ```console
        $ two
        ```
        <!-- step: 02-more -->
        ```console
        $ three
        ```
        ## Two
        ```console
        $ four
        ```
        """)
    assert [step.id for step in steps] == ["01-make", "02-more", "03-two"]
    shown, one, two = steps[0].actions
    assert shown == ShownFile(5, "a/b.txt", "content\n\n")
    assert isinstance(one, Command)
    assert isinstance(two, Command)
    assert [one.text, two.text] == ["one", "two"]


def test_file_waits_for_the_commands_after_it() -> None:
    """Without a step's name a shown file belongs to the next console block."""
    (step,) = steps_of("""\
        # Files
        <!-- file: x.py -->
        ```python
        print(1)
        ```
        ## Run
        ```console
        $ python x.py
        ```
        """)
    assert [type(action) for action in step.actions] == [ShownFile, Command]


def test_skipped_block_is_a_step_of_its_own() -> None:
    """What is left out keeps its reason, and the step around it goes on after it."""
    steps = steps_of("""\
        <!-- step: a -->
        ```console
        $ one
        ```
        <!-- skip: needs an account -->
        ```console
        $ two
        ```
        ```console
        $ three
        ```
        <!-- step: b -->
        <!-- skip: costs money -->
        ```console
        $ four
        ```
        """)
    assert [(step.id, step.skip_reason, len(step.actions)) for step in steps] == [
        ("a", None, 2),
        ("02-step", "needs an account", 1),
        ("b", "costs money", 1),
    ]


def test_provenance_is_the_steps() -> None:
    """A step names the environments whose packages must be the repository's."""
    (step,) = steps_of("""\
        <!-- step: a -->
        <!-- provenance: clean -->
        ```console
        $ one
        ```
        """)
    assert step.provenance == ("clean",)


def test_claims_are_the_next_blocks() -> None:
    """Every command of a block carries the claims before it; a claim says once what it is."""
    text = textwrap.dedent("""\
        <!-- claim: C1   it greets -->
        <!-- claim: C.2 and is <b>polite</b>: always -->
        <!-- skip: later -->
        ```console
        $ one
        $ two
        ```
        ```console
        $ three
        ```
        <!-- claim: C1 -->
        ```json
        {}
        ```
        <!-- file: x -->
        ```text
        ```
        <!-- claim: C1 it greets -->
        ```console
        $ four
        ```
        """)
    commands = commands_of(text)
    assert [command.claims for command in commands] == [("C1", "C.2"), ("C1", "C.2"), (), ("C1",)]
    assert read_document(text).claims == (
        ClaimMark("C1", 1, "it greets"),
        ClaimMark("C.2", 2, "and is <b>polite</b>: always"),
    )


def test_material_is_kept_and_not_run() -> None:
    """A block with a name is there for others to look at, also when it looks like commands."""
    document = read_document(
        textwrap.dedent("""\
        <!-- material: policy -->

        ```json
        {
        ```
        <!-- material: example -->
        ```console
        $ x
        ```
        <!-- file: buildspec.yml -->
        <!-- material: buildspec -->
        ```yaml
        version: 0.2
        ```
        ```console
        $ y
        ```
        """)
    )
    assert document.materials == {
        "policy": ShownBlock(4, "{\n"),
        "example": ShownBlock(8, "$ x\n"),
        "buildspec": ShownBlock(13, "version: 0.2\n"),
    }
    (step,) = document.steps
    file, command = step.actions
    assert file == ShownFile(13, "buildspec.yml", "version: 0.2\n")
    assert isinstance(command, Command)


def test_indented_code_with_a_prompt_is_a_block() -> None:
    """Four blanks or a tab make code; blank lines belong to it when more of it follows."""
    first, second, third, fourth = commands_of("""\
        # Title
            $ echo a

              a

            $ echo b
            b


        Prose, and a second
            $ line that is not code

        1. A list:

                $ echo c
            c is no output of it.
        <!-- claim: C1 it works -->
        \t$ echo d
        \t  d
        """)
    assert (first.line, first.expected_line, first.expected) == (2, 3, ("", "  a"))
    assert (second.line, second.expected_line, second.expected) == (6, 7, ("b",))
    assert (third.line, third.text, third.expected) == (15, "echo c", None)
    assert (fourth.line, fourth.expected, fourth.claims) == (18, ("  d",), ("C1",))


@pytest.mark.parametrize(
    "text",
    [
        "```\n```\n\n   $ x\n",
        "# A\n\n    x\n\n    $ y\n",
        "# A\nprose\n    $ x\n",
        "# A\n\n    > x\n",
    ],
    ids=["three-blanks", "within-code", "within-prose", "no-prompt"],
)
def test_other_indented_lines_are_not_run(text: str) -> None:
    """What is not indented enough, or does not begin with a prompt, is not a block."""
    assert read_steps(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "    ```console\n    $ echo a\n      b\n    ```\n",
        "~~~console\n$ echo a\n  b\n~~~\n",
        "````console\n$ echo a\n  b\n````\n",
        "```console\r\n$ echo a\r\n  b\r\n```\r\n",
    ],
    ids=["in-a-list", "tildes", "four-backticks", "windows-newlines"],
)
def test_fences_of_all_kinds_are_read(text: str) -> None:
    """Indented, longer, other and CRLF fences give the same command."""
    (command,) = [action for step in read_steps(text) for action in step.actions]
    assert isinstance(command, Command)
    assert (command.text, command.expected) == ("echo a", ("  b",))


def test_tab_that_reaches_into_a_block_leaves_blanks() -> None:
    """What is cut off is as wide as the fence's indentation, whatever blanks it is made of."""
    (command,) = commands_of("  ```console\n  $ x\n\ta\n b\n   \tc\n  ```\n")
    assert command.expected == ("  a", "b", " \tc")


def test_block_inside_another_block_is_not_run() -> None:
    """A document that shows Markdown does not run what that Markdown holds."""
    assert commands_of("````markdown\n```console\n$ x\n```\n````\n") == []


def test_commented_out_block_is_not_run() -> None:
    """A block within an HTML comment is not there."""
    text = "<!--\n```console\n$ x\n```\n-->\n```console\n$ y\n```\n"
    assert [command.text for command in commands_of(text)] == ["y"]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("\n```console\n$ x\n", 2, "never closed"),
        ("```console\nout\n$ x\n```\n", 2, "output before"),
        ("```console\n$ x \\\n```\n", 2, "goes on after"),
        ("<!-- step: a b -->\n", 1, "letters, digits"),
        ("<!-- step: a -->\nprose\n", 1, "no block"),
        (
            "<!-- step: a -->\n```console\n$ x\n```\n\n<!-- step: a -->\n```console\n$ y\n```",
            6,
            "a second",
        ),
        ("<!-- file: ../x -->\n```\nx\n```\n", 1, "within the working folder"),
        ("<!-- file: /x -->\n```\nx\n```\n", 1, "within the working folder"),
        ("\n<!-- provenance: v -->\n", 2, "a step with a name"),
        ("<!-- file: x -->\n# Next\n```\nx\n```\n", 1, "no block follows"),
        ("prose\n<!-- skip: later -->\n", 2, "no block follows"),
        ("<!-- skip: -->\n```console\n$ x\n```\n", 1, "says why"),
        ("<!-- material: a b -->\n```\nx\n```\n", 1, "letters, digits"),
        ("<!-- material: a -->\n# Next\n```\nx\n```\n", 1, "no block follows"),
        ("<!-- material: a -->\n```\n```\n<!-- material: a -->\n```\n```\n", 4, "a second"),
        ("<!-- claim: -->\n```console\n$ x\n```\n", 1, "letters, digits"),
        ("<!-- claim: C1: x -->\n```console\n$ x\n```\n", 1, "letters, digits"),
        ("<!-- claim: C1 -->\n```console\n$ x\n```\n", 1, "nobody said"),
        ("<!-- claim: C1 x -->\n```json\n```\n", 1, "no block of commands"),
        ("<!-- claim: C1 x -->\n# Next\n```console\n$ x\n```\n", 1, "no block of commands"),
        ("<!-- claim: C1 x -->\n<!-- claim: C1 y -->\n```console\n$ x\n```\n", 2, "in line 1"),
    ],
)
def test_unreadable_document_names_the_line(text: str, line: int, what: str) -> None:
    """What cannot be read is refused with the line and the reason, never passed over."""
    with pytest.raises(DocumentError, match=what) as raised:
        read_steps(text)
    assert raised.value.line == line
    assert str(raised.value).startswith(f"line {line}: ")


_LINE = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=20)
_WORD = st.text("abcdefgh $>.-", min_size=1, max_size=12)


def _is_output(line: str) -> bool:
    return not line.startswith(("$ ", "> ", "```")) and line != ">"


_COMMANDS = st.builds(
    lambda word, shown, code: (word, shown, code),
    _WORD.filter(lambda word: word.strip() != ""),
    st.lists(_LINE.filter(_is_output), max_size=4).filter(
        lambda lines: (
            not lines or (lines[-1].strip() != "" and not lines[-1].startswith(("[", "(")))
        )
    ),
    st.integers(0, 255),
)


@settings(deadline=None)
@given(st.lists(_COMMANDS, min_size=1, max_size=4), st.integers(0, 3))
def test_block_reads_as_it_was_written(
    written: list[tuple[str, list[str], int]], blank_lines: int
) -> None:
    """Every command comes back with its text, its output and its exit code."""
    lines = []
    for word, shown, code in written:
        lines += [f"$ {word}", *shown, *([f"[{code}]"] if code else []), *[""] * blank_lines]
    steps = read_steps("\n".join(["```console", *lines, "```", ""]))
    read = [action for action in steps[0].actions if isinstance(action, Command)]
    assert [
        (command.text, list(command.expected or ()), command.exit_code) for command in read
    ] == [(word, [line.rstrip("\r") for line in shown], code) for word, shown, code in written]
    assert [lines[command.line - 2] for command in read] == [f"$ {word}" for word, _, _ in written]


@settings(deadline=None)
@given(st.text(st.sampled_from("`~$ >\\\nab[1]#<!->:stepfile\t"), max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail otherwise than by saying which line is wrong."""
    refused: DocumentError | None = None
    try:
        read_steps(text)
    except DocumentError as error:
        refused = error
    assert refused is None or 1 <= refused.line <= text.count("\n") + 1
