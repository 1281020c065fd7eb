import textwrap

import pytest

from pytest_codeartifact.transcripts.blocks import (
    Command,
    ShownBlock,
    ShownFile,
    Step,
    read_document,
)
from pytest_codeartifact.transcripts.plain import Paragraph, paragraphs

PAGE = """\
Parcels: Sent and Received

P
Pat··2 min read

There are two offices: one sends. Open both:

$ parcels open --office north \\
    --output text
north Open

  $ parcels open --office south
  south Open
  $ parcels list

Two offices

   north
     │  by train
     ▼
   south

Send one, and look at the label first:

$ cat label.txt
[to]
office = "south"
...
$ parcels send
$ parcels lose
[2]

{
  "not": "a command",
  "price": "$ 3"
}

Clean up.

🧹 The end

$ parcels close
"""


def commands_of(step: Step) -> list[Command]:
    return [action for action in step.actions if isinstance(action, Command)]


def test_saved_page_is_read_as_steps() -> None:
    """Each paragraph that begins with a command is a step, named by the short line above it."""
    steps = read_document(PAGE).steps
    assert [(step.id, step.line) for step in steps] == [
        ("01-parcels-sent-and-received", 8),
        ("02-parcels-sent-and-received", 12),
        ("03-two-offices", 25),
        ("04-the-end", 42),
    ]
    commands = [command for step in steps for command in commands_of(step)]
    assert [(each.line, each.text) for each in commands] == [
        (8, "parcels open --office north \\\n    --output text"),
        (12, "parcels open --office south"),
        (14, "parcels list"),
        (25, "cat label.txt"),
        (29, "parcels send"),
        (30, "parcels lose"),
        (42, "parcels close"),
    ]
    assert [(each.expected_line, each.expected) for each in commands[:4]] == [
        (10, ("north Open",)),
        (13, ("south Open",)),
        (15, None),
        (26, ("[to]", 'office = "south"', "...")),
    ]
    assert (commands[5].exit_code, commands[5].exit_line) == (2, 31)


def test_windows_newlines_make_no_difference() -> None:
    """A page saved elsewhere gives the same steps."""
    assert read_document(PAGE.replace("\n", "\r\n")) == read_document(PAGE)


def test_paragraphs_know_their_lines() -> None:
    """Blank lines set paragraphs apart, wherever they are and whatever blanks they hold."""
    assert paragraphs("\n\na\n b\r\n \t\n\r\n  c") == [
        Paragraph(3, ("a", " b")),
        Paragraph(7, ("  c",)),
    ]
    assert paragraphs("") == []


@pytest.mark.parametrize(
    ("line", "is_heading"),
    [
        ("Domain and repository", True),
        ("# Domain and repository", True),
        ("Auth token: the login mechanism", True),
        ("Really?", True),
        ("x" * 60, True),
        ("x" * 61, False),
        ("Create both:", False),
        ("Create both.", False),
        ("first,", False),
        ("first;", False),
        ("Two\nlines", False),
    ],
)
def test_short_line_of_its_own_is_a_heading(line: str, is_heading: bool) -> None:  # noqa: FBT001 -- a table
    """What is short and does not end like a sentence names the steps below it."""
    (step,) = read_document(f"Before\n\n{line}\n\n$ x\n").steps
    assert (step.title == line.removeprefix("# ")) is is_heading
    assert is_heading or step.title == "Before"


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("$ x\n# a comment\n", 1),
        ("# A title\n\n$ x\n", 1),
        ("# a comment: in YAML\nkey: value\n\n$ x\n", 1),
        ("# A title\n\n    $ x\n    a\n\n    $ y\n", 1),
        ("A title\n\n    $ x\n    a\n\n    $ y\n", 2),
        ("```text\nx\n```\n\n$ x\n", 0),
        ("It costs\n$ 3 a piece\n", 0),
        ("", 0),
    ],
    ids=["comment", "title", "yaml", "markdown", "indented", "fence", "prose", "empty"],
)
def test_form_of_a_document_is_recognised(text: str, commands: int) -> None:
    """A fence makes a text Markdown, a `#` heading does where no command stands in the open."""
    assert len(read_document(text).steps) == commands


def test_marks_are_read_in_plain_documents() -> None:
    """Marks before a paragraph, or at its beginning, are about that paragraph."""
    document = read_document(
        textwrap.dedent("""\
        <!-- step: 01-send -->
        <!-- claim: C1 it is sent -->
        $ parcels send
        sent

        The policy:
        <!-- material: policy -->
        {"a":
         1}

        <!-- file: a.txt -->

          first
            second

        <!-- material: note -->

        Short

        $ <!-- claim: C2 no mark here -->
        <!-- claim: C2 nor here -->
        """)
    )
    (step,) = document.steps
    first, shown, last = step.actions
    assert step.id == "01-send"
    assert isinstance(first, Command)
    assert (first.line, first.claims, first.expected) == (3, ("C1",), ("sent",))
    assert shown == ShownFile(13, "a.txt", "first\n  second\n")
    assert isinstance(last, Command)
    assert last.expected == ("<!-- claim: C2 nor here -->",)
    assert document.materials == {
        "policy": ShownBlock(8, '{"a":\n 1}\n'),
        "note": ShownBlock(18, "Short\n"),
    }
    assert [claim.id for claim in document.claims] == ["C1"]


def test_commented_out_paragraphs_are_not_run() -> None:
    """What stands within an HTML comment is not there."""
    text = "<!-- not now:\n\n$ x\n\n-->\n\n$ y\n\n<!-- nor ever -->\n\n$ z\n"
    steps = read_document(text).steps
    assert [command.text for step in steps for command in commands_of(step)] == ["y", "z"]
