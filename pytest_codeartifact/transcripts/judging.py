"""Whether a command went as its document shows, and what to say to the author if it did not."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_codeartifact.tools.process import Completed, MissingTool
from pytest_codeartifact.transcripts.blocks import NO_OUTPUT, Command
from pytest_codeartifact.transcripts.matching import (
    ANY_LINES,
    BLANKS,
    GLOB,
    Bindings,
    Mismatch,
    compare,
    line_pattern,
)
from pytest_codeartifact.transcripts.placeholders import TYPES
from pytest_codeartifact.transcripts.session import COMMAND_SECONDS, TIMED_OUT

_NOT_FOUND = 127
# What dash and ash say, and what bash and zsh say.
_SHELL_MISSES = re.compile(r"(?P<program>[\w.+-]+): (?:command )?not found\s*$")
_MOST_LINES = 30


@dataclass(eq=False, repr=False)
class Disagreement(Exception):
    """A command went otherwise than its document shows; secrets are masked.

    `kind` is exit-code, output, missing-program, timeout or bad-pattern. `line` is the document's
    that is wrong first, `difference` are the lines expected beside the lines got, `ended` is how
    the command ended. `means` and `hint` are for the author.
    """

    kind: str
    line: int
    completed: Completed
    means: str
    hint: str
    difference: tuple[str, ...] = ()
    ended: str = ""

    def __post_init__(self) -> None:
        super().__init__(self.kind, self.line, self.means)

    def details(self, document: str) -> Iterator[str]:
        """What happened, line by line, in a document of this name."""
        for number, line in enumerate("\n".join(self.completed.argv).split("\n")):
            yield f"{'>' if number else '$'} {line}"
        if self.difference:
            yield from (f"--- {document}", "+++ this run", *self.difference)
        if self.ended:
            yield self.ended
            if not self.difference:
                yield from _printed("standard output", self.completed.stdout)
            yield from _printed("standard error", self.completed.stderr)


def judge(command: Command, completed: Completed, bindings: Bindings) -> Bindings:
    """The values of placeholders after a command that went as shown; raises Disagreement."""
    if completed.exit_code != command.exit_code:
        raise _other_end(command, completed)
    if command.expected is None:
        return bindings
    for line, shown in enumerate(command.expected, command.expected_line):
        if line_pattern(shown, bindings) is None:
            raise _bad_pattern(line, shown, completed)
    result = compare(command.expected, completed.stdout, bindings)
    if isinstance(result, Mismatch):
        raise _other_output(command, completed, result)
    return result.bindings


def _other_end(command: Command, completed: Completed) -> Disagreement:
    said = completed.stdout if command.with_stderr else completed.stderr
    missing = _SHELL_MISSES.search(said)
    if completed.exit_code == _NOT_FOUND and missing:
        tool = MissingTool(missing["program"])
        return Disagreement(
            kind="missing-program",
            line=command.line,
            completed=completed,
            means=f"{tool.program} is not installed here; the document may well be right",
            hint=tool.install,
        )
    if completed.exit_code == TIMED_OUT and completed.seconds >= COMMAND_SECONDS:
        return Disagreement(
            kind="timeout",
            line=command.line,
            completed=completed,
            means="the command waits for something that does not come, or takes too long",
            hint="see whether it asks a question; what has to keep running ends with `&`",
            ended=f"not done after {COMMAND_SECONDS:g} s, so it was ended",
        )
    if command.exit_code == 0:
        means = "the command failed, and the document does not say that it does"
        hint = (
            "run this step alone and read standard error; if the command is meant to fail, "
            f"end its output with a line [{completed.exit_code}]"
        )
    else:
        means = "the command failed in another way than the document says"
        if completed.exit_code == 0:
            means = "the command succeeded, and the document says that it fails"
        hint = (
            "the document says that this command fails; "
            f"if it need not, take out its line [{command.exit_code}]"
        )
    return Disagreement(
        kind="exit-code",
        line=command.line,
        completed=completed,
        means=means,
        hint=hint,
        ended=f"exit code {completed.exit_code}, the document says {command.exit_code}",
    )


def _bad_pattern(line: int, shown: str, completed: Completed) -> Disagreement:
    return Disagreement(
        kind="bad-pattern",
        line=line,
        completed=completed,
        means="nothing was compared, as a line of the document cannot be understood",
        hint=f"correct the line, which is marked (re) and is no regular expression: {shown}",
    )


def _other_output(command: Command, completed: Completed, mismatch: Mismatch) -> Disagreement:
    shown, got = mismatch.expected or (NO_OUTPUT,), mismatch.got
    only_blanks = _without_blanks(shown) == _without_blanks(got)
    if only_blanks:
        shown, got = _visible(shown), _visible(got)
    first, rows = _side_by_side(command, shown, got, mismatch.sources or (0,))
    return Disagreement(
        kind="output",
        line=first,
        completed=completed,
        means=_meaning(command, mismatch, only_blanks=only_blanks),
        hint=_advice(command, completed, mismatch, only_blanks=only_blanks),
        difference=tuple(rows),
        ended=f"exit code {completed.exit_code}",
    )


def _side_by_side(
    command: Command, shown: Sequence[str], got: Sequence[str], sources: Sequence[int]
) -> tuple[int, list[str]]:
    """The first line of the document that differs, and both sides with its line numbers."""
    expected = command.expected or (NO_OUTPUT,)
    numbers = [command.expected_line + source for source in sources]
    width = len(str(max(numbers)))
    # Lines that `...` stands for have no number of their own.
    gutter = [
        f"{'' if expected[source] == ANY_LINES else number:>{width}} | "
        for source, number in zip(sources, numbers, strict=True)
    ]
    blank = f"{'':>{width}} | "
    rows: list[str] = []
    first: int | None = None
    for group in difflib.SequenceMatcher(None, shown, got).get_grouped_opcodes():
        if rows:
            rows.append(f"{'':>{width}} :")
        for tag, begin, end, got_begin, got_end in group:
            if tag == "equal":
                rows += [f"{gutter[at]} {shown[at]}" for at in range(begin, end)]
                continue
            if first is None:
                first = numbers[min(begin, len(numbers) - 1)]
            rows += _shortened([f"{gutter[at]}-{shown[at]}" for at in range(begin, end)])
            rows += _shortened([f"{blank}+{line}" for line in got[got_begin:got_end]])
    return first or command.expected_line, rows


def _shortened(rows: Sequence[str]) -> Iterator[str]:
    yield from rows[:_MOST_LINES]
    if len(rows) > _MOST_LINES:
        yield f"(and {len(rows) - _MOST_LINES} more such lines)"


def _meaning(command: Command, mismatch: Mismatch, *, only_blanks: bool) -> str:
    went = "the command failed as it should" if command.exit_code else "the command worked"
    if not command.expected:
        return f"{went}, but the document says that it prints nothing"
    if not mismatch.got:
        return f"{went}, but printed nothing"
    if only_blanks:
        return f"{went} and printed what is shown, but with other blanks in between"
    if mismatch.conflicts:
        return f"{went}, but a value is not the one that was there before"
    return f"{went}, but printed something else than the document shows"


def _advice(
    command: Command, completed: Completed, mismatch: Mismatch, *, only_blanks: bool
) -> str:
    for key, bound, here in mismatch.conflicts:
        kind = key.partition(":")[0]
        return (
            f"<{key}> is {bound!r} since an earlier line and {here!r} here; if they are two "
            f"things, give one of them a name of its own: <{kind}:other>"
        )
    if only_blanks:
        return (
            "the output differs in blanks only (a tab is shown as \\t, a blank at the end as \\s); "
            f"a line that ends with `{BLANKS}` accepts any run of blanks"
        )
    expected = command.expected or ()
    for line in expected:
        for word in re.findall(r"(?<!\\)<([a-z]+)(?::[A-Za-z0-9_-]+)?>", line):
            if word not in TYPES:
                return f"<{word}> is taken literally; placeholders are {', '.join(sorted(TYPES))}"
    for line in expected:
        if advice := _about_ellipsis(line, mismatch.got):
            return advice
    if not completed.stdout and completed.stderr and expected:
        return "everything came on standard error; write ```console stderr to show both streams"
    return (
        "correct the document, or mark what may differ: a line `...` for any lines, a placeholder "
        "such as <time> or <version:_> for a value"
    )


def _about_ellipsis(line: str, got: Sequence[str]) -> str | None:
    """Advice on a line such as `Done in ...`, which was meant to stand for how it goes on."""
    found = re.fullmatch(r"(?P<begin>.*?)(?:\.{3}|…)[ \t]*", line)
    if found is None or line == ANY_LINES or line in got:
        return None
    begin = found["begin"]
    if not begin.strip():
        return "only a line that is `...` and nothing else, blanks included, stands for any lines"
    if not any(each.startswith(begin) for each in got):
        return None
    return (
        "a line that ends with ` ...` is compared literally; "
        f"`{begin}*{GLOB}` says that anything may follow"
    )


def _printed(name: str, text: str) -> Iterator[str]:
    lines = text.rstrip().splitlines()
    if not lines:
        return
    left_out = len(lines) - _MOST_LINES
    yield f"{name}:" if left_out <= 0 else f"{name}, without its first {left_out} lines:"
    yield from (f"  {line}" for line in lines[-_MOST_LINES:])


def _without_blanks(lines: Iterable[str]) -> list[list[str]]:
    return [line.removesuffix(BLANKS).split() for line in lines]


def _visible(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        re.sub(r" +$", lambda blanks: r"\s" * len(blanks[0]), line.replace("\t", r"\t"))
        for line in lines
    )
