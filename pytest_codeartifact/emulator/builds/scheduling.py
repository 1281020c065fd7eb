"""Which builds go on now, which wait, and which have had their time."""

import threading
from collections import deque
from collections.abc import Callable

from pytest_codeartifact.emulator.builds.builds import Build
from pytest_codeartifact.emulator.builds.course import Course, Surroundings

_LOOK_SECONDS = 0.2
# AWS (Quotas for AWS CodeBuild): five times as many builds may wait as may run.
_WAITING_FOR_ONE = 5


class Schedule:
    """Runs builds in the order they were started, at most `at_once` of them side by side.

    Differs: AWS counts each account and region by itself; here it is the machine that has room.
    """

    def __init__(self, at_once: int, around: Surroundings) -> None:
        self._at_once = at_once
        self._around = around
        self._waiting: deque[Course] = deque()
        self._running: dict[Course, threading.Thread] = {}
        self._lock = threading.Lock()
        self._watching = False

    @property
    def is_full(self) -> bool:
        """Whether not even one more may wait."""
        return len(self._waiting) >= self._at_once * _WAITING_FOR_ONE

    @property
    def most_waiting(self) -> int:
        """How many builds may wait."""
        return self._at_once * _WAITING_FOR_ONE

    def start(self, build: Build) -> None:
        """Run a build as soon as there is room for it."""
        course = Course(build, self._around)
        with self._lock:
            self._waiting.append(course)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="builds", daemon=True).start()
            self._start_some()

    def stop(self, build: Build) -> None:
        """Stop a build, whether it runs or waits; nothing for one that is over."""
        self._interrupt(lambda course: course.build is build, "STOPPED")

    def reset(self, account: str | None = None) -> None:
        """Stop all builds, or those of one account, and wait until they have left nothing."""
        threads = self._interrupt(lambda each: account in {None, each.build.id.account}, "STOPPED")
        for thread in threads:
            thread.join()

    def _interrupt(self, concerns: Callable[[Course], bool], status: str) -> list[threading.Thread]:
        with self._lock:
            waiting = [course for course in self._waiting if concerns(course)]
            for course in waiting:
                self._waiting.remove(course)
            running = [course for course in self._running if concerns(course)]
            threads = [self._running[course] for course in running]
        for course in waiting:
            course.cancel(status)
        for course in running:
            course.stop(status)
        return threads

    def _start_some(self) -> None:
        while self._waiting and len(self._running) < self._at_once:
            course = self._waiting.popleft()
            name = f"build {course.build.id.text}"
            thread = threading.Thread(target=self._run, args=(course,), name=name, daemon=True)
            self._running[course] = thread
            thread.start()

    def _run(self, course: Course) -> None:
        try:
            course.run()
        finally:
            with self._lock:
                del self._running[course]
                self._start_some()

    def _watch(self) -> None:
        """Look after what is overdue, for as long as there are builds."""
        pause = threading.Event()
        while True:
            with self._lock:
                if not self._waiting and not self._running:
                    self._watching = False
                    return
            self._interrupt(Course.is_overdue, "TIMED_OUT")
            pause.wait(_LOOK_SECONDS)
