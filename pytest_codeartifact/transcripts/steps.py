"""A document's steps, run in one session and compared; what fails says where and what to try."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.transcripts import judging
from pytest_codeartifact.transcripts.blocks import Command, ShownFile, Step
from pytest_codeartifact.transcripts.matching import Bindings
from pytest_codeartifact.transcripts.session import ConsoleSession


@dataclass(eq=False, repr=False)
class StepFailed(AssertionError):
    """A step did not go as the document shows; the text is for the reader, secrets are masked.

    `kind` is that of a Disagreement, or another word for what is not about one command, such as
    provenance. `command` and `completed` are what failed, if it was a command; `claims` the ids
    of what is not proven now. `means` and `hint` say what that means and what to try. `verdict`
    is whose fault it is, once somebody knows, for the `reason` given.
    """

    document: str
    step: Step
    line: int
    details: Sequence[str]
    kind: str = "other"
    command: Command | None = None
    completed: Completed | None = None
    claims: tuple[str, ...] = ()
    means: str = ""
    hint: str = ""
    verdict: str | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        self.details = tuple(self.details)
        # What the command was is left out: only its masked form is in the details.
        super().__init__(self.document, self.step.id, self.line, self.details)

    def __str__(self) -> str:
        where = f"{self.document}:{self.line}: step {self.step.id}"
        if self.claims:
            where += f": claim{'s' if len(self.claims) > 1 else ''} {', '.join(self.claims)}"
        lines = [where, *self.details]
        if self.means:
            lines.append(f"means: {self.means}")
        if self.verdict:
            lines.append(f"verdict: {self.verdict}{f', {self.reason}' if self.reason else ''}")
        if self.hint:
            lines.append(f"try: {self.hint}")
        return "\n".join(lines)

    def told(
        self, *, claims: Iterable[str], verdict: str | None = None, reason: str = ""
    ) -> "StepFailed":
        """The same failure with what became known about it later."""
        return replace(self, claims=tuple(claims), verdict=verdict, reason=reason)


Judge: TypeAlias = Callable[[str, Step, Command, Completed, Bindings], Bindings]
"""The values of placeholders after a command of a document; raises StepFailed if it went wrong."""


@dataclass(slots=True)
class Transcript:
    """A document that is being followed: its session, and the values of its placeholders.

    `judge` says whether a command went as shown, `judge` of this module where nobody else does;
    `before` is told each command before it runs. `typed` makes of a text what is really typed.
    `pauses` are the seconds after which a command that failed so may be given again.
    """

    document: str
    session: ConsoleSession
    bindings: Bindings
    judge: "Judge | None" = None
    before: Callable[[Command], object] = field(default=lambda _: None)
    typed: Callable[[str], str] = field(default=lambda text: text)
    pauses: Callable[[StepFailed], Iterable[float]] = field(default=lambda _: ())

    def follow(self, step: Step) -> None:
        """Do what a step shows; raises StepFailed at the first thing that goes otherwise."""
        for action in step.actions:
            if isinstance(action, ShownFile):
                self.write(action.path, action.text)
            else:
                self._run(step, action)

    def write(self, name: str, text: str) -> None:
        """Write a file as a reader does, in the working folder of the moment."""
        path = self.session.folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.typed(text), encoding="utf-8")

    def _run(self, step: Step, command: Command) -> None:
        self.before(command)
        failure = self._tried(step, command)
        for pause in self.pauses(failure) if failure is not None else ():
            if failure is None:
                return
            time.sleep(pause)
            failure = self._tried(step, command)
        if failure is not None:
            raise failure

    def _tried(self, step: Step, command: Command) -> StepFailed | None:
        try:
            self._run_once(step, command)
        except StepFailed as failure:
            return failure
        return None

    def _run_once(self, step: Step, command: Command) -> None:
        text = self.typed(command.text)
        completed = self.session.run(text, with_stderr=command.with_stderr)
        decide = self.judge or judge
        self.bindings = decide(self.document, step, command, completed, self.bindings)


def judge(
    document: str, step: Step, command: Command, completed: Completed, bindings: Bindings
) -> Bindings:
    """The values of placeholders after a command of a step; raises StepFailed.

    The failure is about the claims that the document makes with the command.
    """
    try:
        return judging.judge(command, completed, bindings)
    except judging.Disagreement as wrong:
        raise StepFailed(
            document,
            step,
            wrong.line,
            tuple(wrong.details(document)),
            kind=wrong.kind,
            command=command,
            completed=completed,
            claims=command.claims,
            means=wrong.means,
            hint=wrong.hint,
        ) from None


def document_name(path: Path, root: Path) -> str:
    """A document as messages name it: from `root` when it lies below, else by its own name."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name
