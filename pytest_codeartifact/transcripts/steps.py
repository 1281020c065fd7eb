"""A document's steps, run in one session and compared; what fails says where and what to try."""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_codeartifact.tools.process import Completed, MissingTool
from pytest_codeartifact.transcripts.blocks import Command, ShownFile, Step
from pytest_codeartifact.transcripts.matching import BLANKS, Bindings, Mismatch, compare
from pytest_codeartifact.transcripts.placeholders import TYPES
from pytest_codeartifact.transcripts.session import COMMAND_SECONDS, TIMED_OUT, ConsoleSession

_NOT_FOUND = 127
# What dash and ash say, and what bash and zsh say.
_SHELL_MISSES = re.compile(r"(?P<program>[\w.+-]+): (?:command )?not found\s*$")
_TAIL_LINES = 30


class StepFailed(AssertionError):
    """A step did not go as the document shows; the text is for the reader, secrets are masked."""

    def __init__(self, document: str, step: Step, line: int, details: Iterable[str]) -> None:
        self.document = document
        self.step = step
        self.line = line
        self.details = tuple(details)
        super().__init__(document, step.id, line, self.details)

    def __str__(self) -> str:
        return "\n".join([f"{self.document}:{self.line}: step {self.step.id}", *self.details])


@dataclass(slots=True)
class Transcript:
    """A document that is being followed: its session, and the values of its placeholders."""

    document: str
    session: ConsoleSession
    bindings: Bindings

    def follow(self, step: Step) -> None:
        """Do what a step shows; raises StepFailed at the first thing that goes otherwise."""
        for action in step.actions:
            if isinstance(action, ShownFile):
                self._write(action)
            else:
                self._run(step, action)

    def _write(self, file: ShownFile) -> None:
        path = self.session.folder() / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")

    def _run(self, step: Step, command: Command) -> None:
        completed = self.session.run(command.text, with_stderr=command.with_stderr)
        if completed.exit_code != command.exit_code:
            raise StepFailed(
                self.document, step, command.line, _wrong_exit_code(command, completed)
            )
        if command.expected is None:
            return
        try:
            result = compare(command.expected, completed.stdout, self.bindings)
        except re.error as error:
            broken = [f"a line marked (re) is no regular expression: {error}"]
            raise StepFailed(self.document, step, command.expected_line, broken) from None
        if isinstance(result, Mismatch):
            details = _wrong_output(self.document, command, completed, result)
            raise StepFailed(self.document, step, command.line, details)
        self.bindings = result.bindings


def _wrong_exit_code(command: Command, completed: Completed) -> Iterator[str]:
    yield from _typed(completed)
    missing = _SHELL_MISSES.search(completed.stderr)
    if completed.exit_code == _NOT_FOUND and missing:
        yield str(MissingTool(missing["program"]))
        return
    if completed.exit_code == TIMED_OUT and completed.seconds >= COMMAND_SECONDS:
        yield f"not done after {COMMAND_SECONDS:g} s, so it was ended"
    else:
        yield f"exit code {completed.exit_code}, the document says {command.exit_code}"
    yield from _printed("standard output", completed.stdout)
    yield from _printed("standard error", completed.stderr)
    if command.exit_code == 0:
        yield (
            "try: run this step alone and read standard error; if the command is meant to fail, "
            f"end its output with a line [{completed.exit_code}]"
        )
    else:
        yield (
            "try: the document says that this command fails; "
            f"if it need not, take out its line [{command.exit_code}]"
        )


def _wrong_output(
    document: str, command: Command, completed: Completed, mismatch: Mismatch
) -> Iterator[str]:
    yield from _typed(completed)
    shown, got = mismatch.expected, mismatch.got
    only_blanks = _without_blanks(shown) == _without_blanks(got)
    if only_blanks:
        shown, got = _visible(shown), _visible(got)
    names = f"{document}:{command.expected_line}", "this run"
    yield from difflib.unified_diff(shown, got, *names, lineterm="")
    yield f"exit code {completed.exit_code}"
    yield from _printed("standard error", completed.stderr)
    yield f"try: {_advice(command, completed, mismatch, only_blanks=only_blanks)}"


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
    if not completed.stdout and completed.stderr and expected:
        return "everything came on standard error; write ```console stderr to show both streams"
    return (
        "correct the document, or mark what may differ: a line `...` for any lines, a placeholder "
        "such as <time> or <version:_> for a value"
    )


def _typed(completed: Completed) -> Iterator[str]:
    for number, line in enumerate("\n".join(completed.argv).split("\n")):
        yield f"{'>' if number else '$'} {line}"


def _printed(name: str, text: str) -> Iterator[str]:
    lines = text.rstrip().splitlines()
    if not lines:
        return
    left_out = len(lines) - _TAIL_LINES
    yield f"{name}:" if left_out <= 0 else f"{name}, without its first {left_out} lines:"
    yield from (f"  {line}" for line in lines[-_TAIL_LINES:])


def _without_blanks(lines: Iterable[str]) -> list[list[str]]:
    return [line.removesuffix(BLANKS).split() for line in lines]


def _visible(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        re.sub(r" +$", lambda blanks: r"\s" * len(blanks[0]), line.replace("\t", r"\t"))
        for line in lines
    )


def document_name(path: Path, root: Path) -> str:
    """A document as messages name it: from `root` when it lies below, else by its own name."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name
