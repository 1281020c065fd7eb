"""The commands that notebooks get by `%load_ext pytest_codeartifact.lessons`."""

import atexit
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from IPython import display as ipython
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from urllib3.exceptions import HTTPError

from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.lessons import checks, happenings, views
from pytest_codeartifact.lessons.cells import Cell, before, cells_of_lesson
from pytest_codeartifact.lessons.consoles import Consoles
from pytest_codeartifact.lessons.problems import NotYet, Refused
from pytest_codeartifact.lessons.provisions import provision
from pytest_codeartifact.lessons.room import Room
from pytest_codeartifact.lessons.showing import Shown, note
from pytest_codeartifact.redaction import redact
from pytest_codeartifact.tools.process import CommandFailed, MissingTool

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

display: Callable[..., Any] = ipython.display
_LESSONS = range(1, 10)
_loaded: "Lessons | None" = None


def load(shell: "InteractiveShell") -> None:
    """Open a room and add the commands; a second time changes nothing."""
    global _loaded  # noqa: PLW0603 -- IPython has one shell, and so is this one
    if _loaded is not None:
        return
    found = Lessons(shell)
    found.enter(Room.open)
    shell.register_magics(found)
    atexit.register(found.leave)
    _loaded = found


def unload(shell: "InteractiveShell") -> None:
    """Close the room."""
    del shell
    global _loaded  # noqa: PLW0603 -- likewise
    if _loaded is not None:
        _loaded.leave()
        atexit.unregister(_loaded.leave)
        _loaded = None


@magics_class
class Lessons(Magics):
    """What a notebook can say; each command is one method."""

    def __init__(self, shell: "InteractiveShell") -> None:
        super().__init__(shell)
        self._room: Room | None = None
        self._consoles: Consoles | None = None
        self._cells: Sequence[Cell] = ()
        self._done: set[str] = set()
        _mask_outputs(shell, self._masked)

    # --- The room ------------------------------------------------------------------------

    def enter(self, open_room: Callable[[], Room]) -> None:
        """Leave the room for another one, and say where we are."""
        handle = display(note("told", "Starting CodeArtifact …"), display_id=True)
        # First, so that we stay where we are when the other one cannot be entered.
        room = open_room()
        self.leave()
        self._room, self._consoles, self._cells = room, Consoles(room), ()
        kind = "of this notebook alone" if room.is_own else "that is served on this machine"
        handle.update(
            note(
                "told",
                f"CodeArtifact is ready: account {room.target.account} in {room.target.region}, "
                f"a service {kind}.",
                "Commands run in a private home, so your own settings stay as they are. "
                "Stopping the kernel ends everything.",
            )
        )

    def leave(self) -> None:
        """Close the room, if there is one."""
        # However it ends, there is no way back into it.
        room, self._room = self._room, None
        if room is not None:
            room.close()

    @line_magic
    def codeartifact(self, line: str) -> None:
        """Choose where commands go: `own`, `attach [READY_FILE]`, `terminal` or `stop`."""
        match shlex.split(line):
            case ["own"]:
                self.enter(Room.open)
            case ["attach"]:
                self.enter(Room.attached)
            case ["attach", ready_file]:
                self.enter(lambda: Room.attached(Path(ready_file)))
            case ["aws"]:
                raise Refused(
                    "lessons break things and let hours pass, which no real AWS account does; "
                    "nothing was asked there\nTry: %codeartifact own"
                )
            case ["terminal"]:
                self._tell_terminal()
            case ["stop"]:
                self.leave()
                display(note("told", "CodeArtifact is stopped; its files are removed."))
            case _:
                raise Refused(
                    "this is how it is said: %codeartifact own, attach [READY_FILE], terminal "
                    "or stop"
                )

    def _tell_terminal(self) -> None:
        ready_file = self._here().ready_file
        display(
            note(
                "told",
                "In a terminal of yours, the same CodeArtifact as here:",
                f'`eval "$(pytest-codeartifact env --ready-file {shlex.quote(str(ready_file))})"`',
            )
        )

    def _here(self) -> Room:
        if self._room is None:
            raise Refused("CodeArtifact is stopped\nTry: %codeartifact own")
        return self._room

    # --- A lesson ------------------------------------------------------------------------

    @line_magic
    def lesson(self, line: str) -> None:
        """Begin a lesson by its number: what earlier ones made is there, and nothing else."""
        if not line.strip().isdecimal() or int(line) not in _LESSONS:
            raise Refused(f"lessons are {_LESSONS[0]} to {_LESSONS[-1]}, not {line.strip()!r}")
        if self._room is None:
            self.enter(Room.open)
        room, number = self._here(), int(line)
        with _told_plainly():
            room.begin_again()
            made = provision(room, number)
        self._consoles = Consoles(room)
        self._cells, self._done = cells_of_lesson(number, Path.cwd()), set()
        if made:
            display(note("told", f"Lesson {number} begins with this:", *made))
        elif room.is_own:
            display(note("told", f"Lesson {number} begins with an empty account."))
        else:
            display(
                note("told", f"Lesson {number} begins with what is there: nothing was emptied.")
            )

    @cell_magic
    def console(self, line: str, cell: str) -> None:
        """Run the commands of the cell and compare them with what it shows."""
        source = f"%%console {line}".rstrip() + f"\n{cell}"
        self._catch_up(source)
        self._console(line, cell)
        self._done.add(source.rstrip())

    def _console(self, line: str, cell: str, *, is_above: bool = True) -> None:
        self._here()
        if self._consoles is not None:
            self._consoles.run(cell, line.split(), _Display(), is_above=is_above)

    @cell_magic
    def write(self, line: str, cell: str) -> None:
        """Write the cell into a file of the console's folder."""
        source = f"%%write {line}".rstrip() + f"\n{cell}"
        self._catch_up(source)
        self._write(line, cell)
        self._done.add(source.rstrip())

    def _write(self, line: str, cell: str) -> None:
        name = line.strip()
        if not name or Path(name).is_absolute() or ".." in Path(name).parts:
            raise Refused(f"say a path within the working folder, not {name!r}")
        self._here().write(name, cell if cell.endswith("\n") else f"{cell}\n")
        count = len(cell.rstrip("\n").split("\n"))
        display(note("seen", f"`{name}` has {count} {'line' if count == 1 else 'lines'} now."))

    @line_magic
    def happen(self, line: str) -> None:
        """Let something happen outside: outage, recovery, yank, replace, stranger or hours."""
        source = f"%happen {line}".rstrip()
        self._catch_up(source)
        self._happen(line)
        self._done.add(source)

    def _happen(self, line: str) -> None:
        with _told_plainly():
            display(note("told", happenings.bring_about(self._here(), line.split())))

    @line_magic
    def check(self, line: str) -> None:
        """Look whether a step was done, and say what was seen, or what is missing."""
        try:
            with _told_plainly():
                seen = checks.carry_out(self._here(), line.split())
        except NotYet as missing:
            told = {"missing": missing.missing, "command": missing.command}
            words = note("missing", missing.missing, f"Try: `{missing.command}`")
            display(Shown(words.html, words.text, {"not-yet": told}))
            raise
        words = note("seen", f"{seen}.")
        display(Shown(words.html, words.text, {"seen": seen}))

    @line_magic
    def show(self, line: str) -> None:
        """Show the domain, the requests, a token's life or why a policy decides as it does."""
        with _told_plainly():
            display(views.show(self._here(), line.split()))

    def _catch_up(self, source: str) -> None:
        """Do the steps of the lesson that stand before this one and were not done yet."""
        missing = [each for each in before(self._cells, source) if each.body not in self._done]
        if not missing:
            return
        titles = ", ".join(dict.fromkeys(each.title for each in missing))
        display(note("told", f"First the steps before this one: {titles}."))
        doers: Mapping[str, Callable[[str, str], None]] = {
            "%%console": partial(self._console, is_above=False),
            "%%write": self._write,
            "%happen": lambda line, _: self._happen(line),
        }
        for each in missing:
            first, _, rest = each.source.partition("\n")
            word, _, line = first.partition(" ")
            doers[word](line, rest)
            self._done.add(each.body)

    # --- Secrets -------------------------------------------------------------------------

    def _masked(self, text: str) -> str:
        """A text without secrets, whoever prints it."""
        return redact(text) if self._room is None else self._room.masked(text)


class _Display:
    """Shows something in a place of its own, and then other things in the same place."""

    def __init__(self) -> None:
        self._handle: Any = None

    def __call__(self, shown: Shown) -> None:
        if self._handle is None:
            self._handle = display(shown, display_id=True)
        else:
            self._handle.update(shown)


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Tell problems of the run and refusals of the service as the learner's problems are told."""
    try:
        yield
    except CodeArtifactError as error:
        raise Refused.of(error) from None
    except (BotoCoreError, ClientError, HTTPError, CommandFailed, MissingTool) as error:
        raise Refused(str(error)) from None


def _mask_outputs(shell: "InteractiveShell", masked: Callable[[str], str]) -> None:
    """Let no secret out of this kernel, also when a cell prints one."""

    def clean(value: Any) -> Any:  # noqa: ANN401 -- JSON
        if isinstance(value, str):
            return masked(value)
        if isinstance(value, dict):
            return {key: clean(each) for key, each in value.items()}
        return [clean(each) for each in value] if isinstance(value, list) else value

    def hook(message: dict[str, Any]) -> dict[str, Any]:
        return message | {"content": clean(message["content"])}

    # Only kernels have what can be asked for this; a terminal shows what it is told.
    for output in (shell.display_pub, shell.displayhook):
        if hasattr(output, "register_hook"):
            output.register_hook(hook)
    streams: tuple[Any, ...] = (sys.stdout, sys.stderr)
    for stream in streams:
        if hasattr(stream, "register_hook"):
            # Hooks count in the thread that registers them, and streams are sent in their own.
            stream.pub_thread.schedule(partial(stream.register_hook, hook))

    def show_traceback(kind: type, error: BaseException, lines: list[str]) -> None:
        told = masked(str(error))
        plain = error if told == str(error) else RuntimeError(told)
        original(kind, plain, [masked(line) for line in lines])

    # The one place that every traceback passes.
    original = shell._showtraceback  # noqa: SLF001 -- IPython has no hook for this
    vars(shell)["_showtraceback"] = show_traceback
