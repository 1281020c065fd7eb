"""Console cells: their commands are run, shown as on a terminal, and compared with the cell."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_codeartifact.lessons.problems import NotAsShown, Refused
from pytest_codeartifact.lessons.room import Room
from pytest_codeartifact.lessons.showing import Line, Shown, console
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.transcripts.blocks import Command, DocumentError, read_commands
from pytest_codeartifact.transcripts.judging import Disagreement, judge
from pytest_codeartifact.transcripts.matching import Bindings

WITH_STDERR = "stderr"
_FIRST_LINE = 2
"""The cell's own first line says that it is a console."""
_MOST_LINES = 60
_DONE_BEFORE = ("good", "✓ done before, so there was nothing left to do")
_REFUSED_BEFORE = ("ConflictException", "ResourceNotFoundException", "EntityAlreadyExists")
"""What AWS answers to a command that was carried out before."""
Show = Callable[[Shown], None]


@dataclass(slots=True)
class Consoles:
    """The console cells of a room, in the order in which they are run.

    `bindings` are the values of placeholders so far, and `carried_out` the commands that went as
    shown; both are of this room alone.
    """

    room: Room
    bindings: Bindings = field(default_factory=dict)
    carried_out: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.bindings = self.room.bindings

    def run(self, text: str, words: Sequence[str], show: Show, *, is_above: bool = True) -> None:
        """Run the commands of a cell one by one, and show them as they go.

        `is_above` says that the cell stands right above what is shown. Raises NotAsShown at the
        first that goes otherwise, and Refused for a cell of no commands.
        """
        shown: list[Line] = []
        commands = _commands(text, words)
        for command in commands:
            # Of several commands one has to know which printed what.
            typed = [] if is_above and len(commands) == 1 else list(_typed(command))
            show(console([*shown, *typed, Line("quiet", "…")]))
            try:
                completed = self._run(command)
            except KeyboardInterrupt:
                show(console([*shown, *typed, Line("bad", "interrupted: the command was ended")]))
                raise
            shown += [*typed, *self._printed(command, completed)]
            self._judge(command, completed, shown, show, is_above=is_above)
        ends = [] if Line(*_DONE_BEFORE) in shown else [Line("good", "✓ as shown")]
        show(console([*shown, *ends]))

    def _run(self, command: Command) -> Completed:
        try:
            return self.room.console.run(command.text, with_stderr=command.with_stderr)
        finally:
            # A shell that was ended is begun again at once: while one runs, the home is kept.
            self.room.console.folder()

    def _printed(self, command: Command, completed: Completed) -> Iterator[Line]:
        """What a command printed; what it complained of only where it failed, or is asked for."""
        printed = completed.stdout
        if completed.exit_code != 0 and not command.with_stderr:
            printed += completed.stderr
        lines = self.room.shown(printed).rstrip("\n").splitlines()
        left_out = len(lines) - _MOST_LINES
        if left_out > 0:
            yield Line("quiet", f"({left_out} more lines)")
        yield from (Line("printed", line) for line in lines[-_MOST_LINES:])
        if completed.exit_code != 0:
            yield Line("quiet", f"[{completed.exit_code}]")

    def _judge(
        self,
        command: Command,
        completed: Completed,
        shown: list[Line],
        show: Show,
        *,
        is_above: bool,
    ) -> None:
        try:
            self.bindings = judge(command, completed, self.bindings)
        except Disagreement as wrong:
            if command.text in self.carried_out and _was_done_before(completed):
                shown.append(Line(*_DONE_BEFORE))
                return
            told = self._told(wrong)
            rows = [Line(*_row(each)) for each in told["difference"]]
            show(console([*shown, *rows, Line("bad", f"✗ {told['means']}")], {"failed": told}))
            raise NotAsShown(wrong.line, told["means"], is_above=is_above) from None
        self.carried_out.add(command.text)

    def _told(self, wrong: Disagreement) -> dict[str, Any]:
        """A disagreement as plain values; lines count within the cell."""
        return {
            "line": wrong.line,
            "difference": [self.room.shown(row) for row in wrong.difference],
            "details": [self.room.shown(row) for row in wrong.details("this cell")],
            "means": self.room.shown(wrong.means),
            "hint": self.room.shown(wrong.hint),
        }


def _commands(text: str, words: Sequence[str]) -> list[Command]:
    others = [word for word in words if word != WITH_STDERR]
    if others:
        raise Refused(f"a console has no {others[0]!r}\nTry: %%console, or %%console {WITH_STDERR}")
    lines = tuple(text.rstrip("\n").split("\n"))
    try:
        found = list(read_commands(lines, _FIRST_LINE, with_stderr=WITH_STDERR in words))
    except DocumentError as error:
        raise Refused(f"line {error.line} of this cell: {error.what}") from None
    if not found:
        raise Refused("this console has no command\nTry: a line that begins with `$ `")
    return found


def _typed(command: Command) -> Iterator[Line]:
    for number, line in enumerate(command.text.split("\n")):
        yield Line("typed", f"{'>' if number else '$'} {line}")


def _was_done_before(completed: Completed) -> bool:
    said = completed.stdout + completed.stderr
    return completed.exit_code != 0 and any(each in said for each in _REFUSED_BEFORE)


def _row(row: str) -> tuple[str, str]:
    """A line of what was expected and got, which begins with a gutter and a mark."""
    mark = row.partition("| ")[2][:1] if "| " in row else row.partition("|")[2].lstrip()[:1]
    return {"-": "missing", "+": "extra"}.get(mark, "quiet"), row
