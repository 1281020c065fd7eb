"""Which processes descend from which, and how all of them are ended."""

import contextlib
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

END_SECONDS = 10.0
# How often a dying tree is looked at; ending is rare, so this costs nobody anything.
LOOK_SECONDS = 0.02
# Windows has no signal that cannot be caught; there the first one ends a process already.
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
# From linux/prctl.h.
_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37
# How often in a row what is gone too soon is looked for.
_ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class Seen:
    """A process as the system lists it; `birth` tells it from another one with the same id.

    One that is not `alive` has ended, and its parent has not asked for its exit code yet.
    """

    parent: int
    group: int
    birth: str
    alive: bool = True


class Descendants:
    """The processes below `root`; one that was seen below it once stays one, also as an orphan.

    A root that takes in orphans (see `take_in_orphans`) loses none. Below another one a process
    is lost that leaves its group and loses its parent between two looks.
    """

    def __init__(
        self,
        root: int,
        table: Callable[[], Mapping[int, Seen]],
        apart: Mapping[int, Seen] | None = None,
    ) -> None:
        """`root` is this process or a child of it; `table` lists the processes of the machine.

        Those in `apart` do not count, nor does anything below them.
        """
        self._root = root
        self._table = table
        self._apart = apart or {}
        self._seen: dict[int, Seen] = {}
        first = table().get(root)
        # Nobody else gets the id of a child before its parent asked for its exit code.
        known = first is not None and os.getpid() in (root, first.parent)
        self._birth = first.birth if first and known else ""

    @classmethod
    def from_now_on(cls, root: int, table: Callable[[], Mapping[int, Seen]]) -> "Descendants":
        """Those that come into being after this call."""
        return cls(root, table, apart=cls(root, table).look())

    def look(self, *groups: int) -> dict[int, Seen]:
        """All that exist now, ended ones too; the members of the process groups given are some."""
        table = self._table()
        counted = {pid: seen for pid, seen in table.items() if not _is(seen, self._apart.get(pid))}
        found = {pid for pid, seen in counted.items() if _is(seen, self._seen.get(pid))}
        root = table.get(self._root)
        # An id that was given to another process since then has no members of ours.
        own = {self._root} if root is None or root.birth == self._birth else set()
        found |= {pid for pid, seen in counted.items() if seen.group in own | set(groups)}
        children = defaultdict(list)
        for pid, seen in counted.items():
            children[seen.parent].append(pid)
        unvisited = found | own
        while unvisited:
            below = children.pop(unvisited.pop(), [])
            unvisited.update(below)
            found.update(below)
        self._seen = {pid: counted[pid] for pid in found - {self._root}}
        return dict(self._seen)

    def end(self, *groups: int, seconds: float = END_SECONDS) -> None:
        """Kill them in rounds until none lives; the root itself is spared.

        What cannot be killed within `seconds` (it is stuck in the kernel, or somebody else's) is
        left.
        """
        deadline = time.monotonic() + seconds
        pause = LOOK_SECONDS / 16
        while self._kill(groups) and time.monotonic() < deadline:
            # Short at first: what multiplies gets no time for it.
            time.sleep(pause)
            pause = min(LOOK_SECONDS, 2 * pause)

    def _kill(self, groups: tuple[int, ...]) -> bool:
        """Kill all that can be found; whether there were any."""
        found = self.look(*groups)
        fresh = self._kill_fresh(found)
        living = alive(found)
        spared = self._spared_group()
        # A whole group at once: none of its members can start another one in the meantime.
        for group in {seen.group for seen in living.values()} - {spared}:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, KILL)
        for pid, seen in living.items():
            if seen.group == spared:
                send(pid, KILL)
        return fresh or bool(living)

    def _kill_fresh(self, found: Mapping[int, Seen]) -> bool:
        """Kill orphans that came to this process after the look; whether there were any.

        One that starts a copy of itself and ends, again and again, is gone before a look at all
        processes is over, but then its copy is among the few that are looked at here.
        """
        tried: set[int] = set()
        for _ in range(_ATTEMPTS if self._root == os.getpid() else 0):
            fresh = set(_orphans()) - found.keys() - self._apart.keys() - tried
            if not fresh:
                break
            for pid in fresh:
                send(pid, KILL)
            tried |= fresh
        return bool(tried)

    def _spared_group(self) -> int | None:
        try:
            return os.getpgid(self._root)
        except ProcessLookupError:
            return None


def _is(seen: Seen, other: Seen | None) -> bool:
    """Whether two looks at one id saw the same process."""
    return other is not None and other.birth == seen.birth


def alive(found: Mapping[int, Seen]) -> dict[int, Seen]:
    """Those that have not ended."""
    return {pid: seen for pid, seen in found.items() if seen.alive}


def send(pid: int, number: int) -> None:
    """Send a signal to a process, if it is still there and ours."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _orphans() -> list[int]:
    """Children of this process's first thread, which gets the orphans."""
    with contextlib.suppress(OSError):  # not Linux, or built without this
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_bytes()
        return [int(pid) for pid in children.split()]
    return []


def take_in_orphans() -> Callable[[], None]:
    """Become the parent of descendants that lose theirs; what comes back puts an end to that.

    Only Linux can; elsewhere nothing changes.
    """
    if sys.platform != "linux":
        return lambda: None
    import ctypes  # noqa: PLC0415 -- only who runs strangers' programs pays for it

    prctl = ctypes.CDLL(None).prctl
    before = ctypes.c_int()
    prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before))
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    return lambda: prctl(_PR_SET_CHILD_SUBREAPER, before.value)


def go_on_as_child(table: Callable[[], Mapping[int, Seen]]) -> None:
    """Go on as a child; the process itself stays behind, and ends after all that the child left.

    However the child ends, and be it that something it started kills it, nothing survives it.
    The open ends of pipes say so: standard output is closed last. SIGTERM is passed on. To be
    called before there are threads.
    """
    take_in_orphans()
    # Until both know what to do with it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = os.fork()
    if child:
        signal.signal(signal.SIGTERM, lambda *_: send(child, signal.SIGTERM))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if child:
        os.close(0)
        exit_code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        Descendants(os.getpid(), table).end()
        # As shells say it of a child that a signal ended.
        os._exit(exit_code if exit_code >= 0 else 128 - exit_code)


@contextlib.contextmanager
def going_first() -> Iterator[None]:
    """Let this thread go before everything else on the machine, where the system allows that.

    What it starts meanwhile does not.
    """
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    # Niceness would not do: it counts within a session only (sched(7), autogroup).
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, *before)
