"""What a lesson tells its learner when something is not as it should be: no traceback, advice."""

from collections.abc import Sequence

from pytest_codeartifact.errors import CodeArtifactError


class LessonProblem(Exception):
    """Something the learner can act on; notebooks show its lines and no traceback."""

    def lines(self) -> Sequence[str]:
        """What to show, line by line."""
        return str(self).splitlines()

    def _render_traceback_(self) -> list[str]:
        # IPython asks exceptions for this before it makes a traceback of its own.
        return list(self.lines())


class NotYet(LessonProblem):
    """A step that a check asks for was not done: `missing` says what, `command` what to try."""

    def __init__(self, missing: str, command: str) -> None:
        super().__init__(missing, command)
        self.missing = missing
        self.command = command

    def __str__(self) -> str:
        return f"Not yet: {self.missing}\nTry: {self.command}"

    def lines(self) -> Sequence[str]:
        # The check has shown what is missing, in a better place than an error's.
        return ["This step is still to be done."]


class NotAsShown(LessonProblem):
    """A command of a console cell went otherwise than the cell shows; `line` is the cell's.

    `is_above` says that it is the cell that was run, and not one before it.
    """

    def __init__(self, line: int, means: str, *, is_above: bool) -> None:
        super().__init__(line, means)
        self.line = line
        self.means = means
        self.where = "this cell" if is_above else "the cell that was caught up with"

    def __str__(self) -> str:
        return (
            f"Line {self.line} of {self.where}: {self.means}\n"
            "Try: compare it with what was printed above; to start over, run the lesson's first "
            "cell again"
        )


class Refused(LessonProblem):
    """A command of the lesson cannot be done as it was typed."""

    @classmethod
    def of(cls, error: CodeArtifactError) -> "Refused":
        """The same problem, as notebooks show it."""
        hint = f"\nTry: {error.hint}" if error.hint else ""
        return cls(f"{error.what}{f' ({error.where})' if error.where else ''}{hint}")
