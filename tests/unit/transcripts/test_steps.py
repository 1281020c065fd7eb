import textwrap

import pytest

from pytest_codeartifact.transcripts.blocks import read_steps
from pytest_codeartifact.transcripts.session import ConsoleSession
from pytest_codeartifact.transcripts.steps import StepFailed, Transcript


def follow(session: ConsoleSession, text: str, **bindings: str) -> Transcript:
    transcript = Transcript("guide.md", session, bindings)
    for step in read_steps(textwrap.dedent(text)):
        transcript.follow(step)
    return transcript


def failure(session: ConsoleSession, text: str, **bindings: str) -> list[str]:
    with pytest.raises(StepFailed) as raised:
        follow(session, text, **bindings)
    return str(raised.value).splitlines()


def test_true_document_is_followed_to_its_end(session: ConsoleSession) -> None:
    """Commands, shown files, stated exit codes and placeholders all hold."""
    transcript = follow(
        session,
        """\
        # Start
        <!-- file: sub/greeting.txt -->
        ```text
        hello
        ```
        ```console
        $ cat sub/greeting.txt; cd sub
        hello
        $ echo "took 3 s"; false
        took <duration>
        [1]
        ```
        # Go on
        <!-- file: here.txt -->
        ```text
        in sub
        ```
        ```console stderr
        $ cat ../sub/here.txt; echo "again 3 s" >&2
        in sub
        again <duration>
        ```
        """,
    )
    assert transcript.bindings == {"duration": "3 s"}


def test_wrong_output_shows_both_sides(session: ConsoleSession) -> None:
    """The failure names document, line, step and command, and shows what differs."""
    lines = failure(
        session,
        """\
        <!-- step: 02-greet -->
        ```console
        $ echo first
        first
        $ printf 'good\\nbye\\n'; echo careful >&2
        good
        morning
        ```
        """,
    )
    assert lines[:2] == [
        "guide.md:5: step 02-greet",
        "$ printf 'good\\nbye\\n'; echo careful >&2",
    ]
    assert lines[2:4] == ["--- guide.md:6", "+++ this run"]
    assert [line for line in lines if line[:1] in "+- " and line[1:2].isalpha()][-3:] == [
        " good",
        "-morning",
        "+bye",
    ]
    assert lines.index("exit code 0") < lines.index("standard error:") < lines.index("  careful")
    assert lines[-1].startswith("try: ")


def test_wrong_exit_code_fails_though_the_output_is_right(session: ConsoleSession) -> None:
    """A command that fails fails its step, whatever it printed."""
    lines = failure(session, "```console\n$ echo out; exit 3\nout\n```\n")
    assert "exit code 3, the document says 0" in lines
    assert "  out" in lines
    assert "[3]" in lines[-1]


def test_missing_program_is_one_line_with_the_extra(session: ConsoleSession) -> None:
    """A program that is not there is named, with what installs the article's programs."""
    said = failure(session, "```console\n$ no-such-program-9 --help\n```\n")
    assert said[-1] == (
        "no-such-program-9 is not installed here; "
        "get it with: pip install 'pytest-codeartifact[article]'"
    )


def test_success_where_failure_was_stated_fails(session: ConsoleSession) -> None:
    """A stated exit code is as binding as the usual one."""
    lines = failure(session, "```console\n$ true\n[1]\n```\n")
    assert "exit code 0, the document says 1" in lines


def test_output_where_silence_was_stated_fails(session: ConsoleSession) -> None:
    """`(no output)` is a claim, no output shown is none."""
    follow(session, "```console\n$ echo anything\n```\n")
    assert "+anything" in failure(session, "```console\n$ echo anything\n(no output)\n```\n")


def test_step_stops_at_the_first_failure(session: ConsoleSession) -> None:
    """What comes after a failed command is not run."""
    failure(session, "```console\n$ false\n$ touch after\n```\n")
    assert not (session.cwd / "after").exists()


@pytest.mark.parametrize(
    ("block", "advice"),
    [
        ("$ no-such-program-9", "pip install 'pytest-codeartifact[article]'"),
        ("$ printf 'a\\tb \\n'\na b", "differs in blanks only"),
        ("$ echo x\n<acount>", "<acount> is taken literally"),
        ("$ echo x >&2\nx", "```console stderr"),
        ("$ echo 444455556666\n<account>", "<account> is '111122223333' since an earlier line"),
        ("$ echo x\n( (re)", "no regular expression"),
        ("$ echo x\ny", "a line `...`"),
    ],
    ids=["missing", "blanks", "typo", "stderr", "bound", "regex", "other"],
)
def test_failure_says_one_thing_to_try(session: ConsoleSession, block: str, advice: str) -> None:
    """Each kind of failure comes with what would help there."""
    lines = failure(session, f"```console\n{block}\n```\n", account="111122223333")
    assert advice in lines[-1]


def test_differing_blanks_are_made_visible(session: ConsoleSession) -> None:
    """Where only blanks differ, the two sides do not look alike."""
    lines = failure(session, "```console\n$ printf 'a\\tb \\n'\na b\n```\n")
    assert "-a b" in lines
    assert "+a\\tb\\s" in lines


def test_dots_before_the_difference_keep_the_failure_short(session: ConsoleSession) -> None:
    """Lines that `...` stands for are not reported as differences."""
    lines = failure(
        session, "```console\n$ seq 1 500; echo built demo-2.0\n...\nbuilt demo-1.0\n```\n"
    )
    assert "-built demo-1.0" in lines
    assert "+built demo-2.0" in lines
    assert len(lines) < 20


def test_secret_is_not_in_the_failure(session: ConsoleSession) -> None:
    """Neither the command nor the streams give a secret away."""
    command = "$ echo correct-horse-battery; echo correct-horse-battery >&2"
    lines = failure(session, f"```console\n{command}\nother\n```\n")
    assert "correct-horse-battery" not in "\n".join(lines)
