import textwrap

import pytest

from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.transcripts.blocks import Command, Step, read_steps
from pytest_codeartifact.transcripts.matching import Bindings
from pytest_codeartifact.transcripts.session import COMMAND_SECONDS, TIMED_OUT, ConsoleSession
from pytest_codeartifact.transcripts.steps import StepFailed, Transcript, judge


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
    assert lines[:-1] == [
        "guide.md:7: step 02-greet",
        "$ printf 'good\\nbye\\n'; echo careful >&2",
        "--- guide.md",
        "+++ this run",
        "6 |  good",
        "7 | -morning",
        "  | +bye",
        "exit code 0",
        "standard error:",
        "  careful",
        "means: the command worked, but printed something else than the document shows",
    ]
    assert lines[-1].startswith("try: ")


def test_claims_are_in_the_first_line(session: ConsoleSession) -> None:
    """A failure names the claims that the document makes with the command."""
    lines = failure(
        session,
        """\
        <!-- claim: C1 it says x -->
        <!-- claim: C2 it says nothing else -->
        ```console
        $ echo y
        x
        ```
        """,
    )
    assert lines[0] == "guide.md:5: step 01-step: claims C1, C2"


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ("$ echo a; echo b; echo c\na\nx\nc", 4),
        ("$ echo a; echo b\na", 3),
        ("$ echo b; echo a\na", 3),
        ("$ seq 50; echo b\n...\n49\n50\na", 6),
        ("$ true\na\nb", 3),
        ("$ echo a\n(no output)", 3),
        ("$ echo a; false\na", 2),
        ("$ echo a\na\n( (re)", 4),
        ("$ echo 1 \\\n  2\n1", 4),
    ],
    ids=["middle", "more", "before", "dots", "nothing", "silence", "exit", "pattern", "long"],
)
def test_failure_is_at_the_first_line_that_is_wrong(
    session: ConsoleSession, block: str, line: int
) -> None:
    """An output fails at the expected line that differs first, an exit code at its command."""
    lines = failure(session, f"```console\n{block}\n```\n")
    assert lines[0] == f"guide.md:{line}: step 01-step"


def test_failure_tells_what_is_known_about_it(session: ConsoleSession) -> None:
    """The kind, the command and what it did are there for others, and what they find is told."""
    with pytest.raises(StepFailed) as raised:
        follow(session, "<!-- step: 01-a -->\n```console\n$ echo y\nx\n```\n")
    failed = raised.value
    assert (failed.kind, failed.claims) == ("output", ())
    assert failed.command is not None
    assert failed.completed is not None
    assert (failed.command.text, failed.completed.stdout) == ("echo y", "y\n")
    told = failed.told(claims=["C7"], verdict="article-wrong", reason="it is so")
    assert str(told).splitlines()[0] == "guide.md:4: step 01-a: claim C7"
    assert str(told).splitlines()[-3:-1] == [
        "means: the command worked, but printed something else than the document shows",
        "verdict: article-wrong, it is so",
    ]
    assert (told.command, told.completed) == (failed.command, failed.completed)


def test_failure_of_another_kind_says_no_more_than_it_was_given() -> None:
    """What is not about a command has details only, and a hint if there is one."""
    step = Step("01-a", "", 3, ())
    assert str(StepFailed("a.md", step, 3, ["no"])) == "a.md:3: step 01-a\nno"
    failed = StepFailed("a.md", step, 3, ["no"], kind="provenance", claims=("C1",), hint="look")
    assert str(failed) == "a.md:3: step 01-a: claim C1\nno\ntry: look"


def test_others_may_prepare_and_judge_each_command(session: ConsoleSession) -> None:
    """Whoever follows a document is told each command before it runs, and may judge it instead."""
    seen: list[str] = []

    def judge_kindly(
        document: str, step: Step, command: Command, completed: Completed, bindings: Bindings
    ) -> Bindings:
        seen.append(f"{document} {step.id} {command.text}: {completed.exit_code}")
        return bindings

    transcript = Transcript(
        "guide.md", session, {}, judge=judge_kindly, before=lambda each: seen.append(each.text)
    )
    (step,) = read_steps("```console\n$ echo a\n$ false\n```\n")
    transcript.follow(step)
    assert seen == [
        "echo a",
        "guide.md 01-step echo a: 0",
        "false",
        "guide.md 01-step false: 1",
    ]


def test_wrong_exit_code_fails_though_the_output_is_right(session: ConsoleSession) -> None:
    """A command that fails fails its step, whatever it printed."""
    lines = failure(session, "```console\n$ echo out; exit 3\nout\n```\n")
    assert "exit code 3, the document says 0" in lines
    assert "  out" in lines
    assert "[3]" in lines[-1]


@pytest.mark.parametrize("info", ["console", "console stderr"])
def test_missing_program_is_named_with_the_extra(session: ConsoleSession, info: str) -> None:
    """A program that is not there is named, with what installs the article's programs."""
    said = failure(session, f"```{info}\n$ no-such-program-9 --help\n```\n")
    assert said[1:] == [
        "$ no-such-program-9 --help",
        "means: no-such-program-9 is not installed here; the document may well be right",
        "try: pip install 'pytest-codeartifact[article]'",
    ]


def test_command_that_took_too_long_is_no_fault_of_its_output() -> None:
    """A command that was ended says so, with what it had printed until then."""
    completed = Completed(("sleep",), TIMED_OUT, "half\n", "", COMMAND_SECONDS)
    with pytest.raises(StepFailed) as raised:
        judge("a.md", Step("01-a", "", 2, ()), Command(2, "sleep", ("done",), 3), completed, {})
    assert raised.value.kind == "timeout"
    lines = str(raised.value).splitlines()
    assert lines[2:5] == ["not done after 300 s, so it was ended", "standard output:", "  half"]
    assert lines[-1].startswith("try: ")


def test_success_where_failure_was_stated_fails(session: ConsoleSession) -> None:
    """A stated exit code is as binding as the usual one."""
    lines = failure(session, "```console\n$ true\n[1]\n```\n")
    assert "exit code 0, the document says 1" in lines


def test_output_where_silence_was_stated_fails(session: ConsoleSession) -> None:
    """`(no output)` is a claim, no output shown is none."""
    follow(session, "```console\n$ echo anything\n```\n")
    lines = failure(session, "```console\n$ echo anything\n(no output)\n```\n")
    assert lines[4:6] == ["3 | -(no output)", "  | +anything"]


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
        (
            "$ echo ends in 12 hours\nends in ...",
            "`ends in * (glob)` says that anything may follow",
        ),
        ("$ echo ends in 12 hours\nends in …", "`ends in * (glob)` says that anything may follow"),
        ("$ echo ends in 12 hours\n  ...", "only a line that is `...` and nothing else"),
        ("$ echo ends in 12 hours\nbegins ...", "a line `...`"),
        ("$ echo x\ny", "a line `...`"),
    ],
    ids=[
        *("missing", "blanks", "typo", "stderr", "bound", "regex"),
        *("ellipsis", "one-letter", "dots", "other-ellipsis", "other"),
    ],
)
def test_failure_says_one_thing_to_try(session: ConsoleSession, block: str, advice: str) -> None:
    """Each kind of failure comes with what would help there."""
    lines = failure(session, f"```console\n{block}\n```\n", account="111122223333")
    assert advice in lines[-1]


def test_differing_blanks_are_made_visible(session: ConsoleSession) -> None:
    """Where only blanks differ, the two sides do not look alike."""
    lines = failure(session, "```console\n$ printf 'a\\tb \\n'\na b\n```\n")
    assert lines[4:6] == ["3 | -a b", "  | +a\\tb\\s"]


def test_dots_before_the_difference_keep_the_failure_short(session: ConsoleSession) -> None:
    """Lines that `...` stands for are not reported as differences."""
    lines = failure(
        session, "```console\n$ seq 1 500; echo built demo-2.0\n...\nbuilt demo-1.0\n```\n"
    )
    assert lines[4:9] == [
        "  |  498",
        "  |  499",
        "  |  500",
        "4 | -built demo-1.0",
        "  | +built demo-2.0",
    ]
    assert len(lines) < 20


def test_long_output_is_shown_in_part(session: ConsoleSession) -> None:
    """Of many lines that nobody expected only the first are told."""
    lines = failure(session, "```console\n$ seq 1 500\n1\n2\nx\n```\n")
    assert lines[4:8] == ["3 |  1", "4 |  2", "5 | -x", "  | +3"]
    assert "(and 468 more such lines)" in lines
    assert len(lines) < 45


def test_differences_far_apart_are_shown_apart(session: ConsoleSession) -> None:
    """What agrees between two differences is left out, but for the lines around them."""
    shown = "\n".join(["x", *map(str, range(2, 20)), "y"])
    lines = failure(session, f"```console\n$ seq 1 20\n{shown}\n```\n")
    assert lines[4:14] == [
        *(" 3 | -x", "   | +1", " 4 |  2", " 5 |  3", " 6 |  4", "   :"),
        *("19 |  17", "20 |  18", "21 |  19", "22 | -y"),
    ]


def test_secret_is_not_in_the_failure(session: ConsoleSession) -> None:
    """Neither the command nor the streams give a secret away."""
    command = "$ echo correct-horse-battery; echo correct-horse-battery >&2"
    lines = failure(session, f"```console\n{command}\nother\n```\n")
    assert "correct-horse-battery" not in "\n".join(lines)
