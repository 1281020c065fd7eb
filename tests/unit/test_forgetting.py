import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

from pytest_codeartifact.emulator.neighbours.forgetting import Turnstile

PATIENCE_SECONDS = 30.0
MOMENT_SECONDS = 0.05
"""Enough for whoever is not kept out, so that a turnstile that lets everybody in is seen."""


def test_many_go_through_at_once() -> None:
    """Nobody waits for others of the same kind."""
    turnstile, meeting = Turnstile(), threading.Barrier(3, timeout=PATIENCE_SECONDS)

    def go() -> None:
        with turnstile.among_others():
            meeting.wait()

    with ThreadPoolExecutor(3) as pool:
        for each in [pool.submit(go) for _ in range(3)]:
            each.result()


def test_one_goes_alone_once_all_others_are_out() -> None:
    """Who wants to be alone comes in last, and out before who arrives meanwhile."""
    turnstile, seen = Turnstile(), list[str]()
    inside, leave, alone = threading.Event(), threading.Event(), threading.Event()

    def stay() -> None:
        with turnstile.among_others():
            inside.set()
            assert leave.wait(PATIENCE_SECONDS)
            seen.append("others out")

    def clear() -> None:
        with turnstile.alone():
            alone.set()
            seen.append("alone in")
            newcomer.start()
            newcomer.join(MOMENT_SECONDS)
            seen.append("alone out")

    def come() -> None:
        with turnstile.among_others():
            seen.append("newcomer in")

    newcomer = threading.Thread(target=come)
    with ThreadPoolExecutor(2) as pool:
        staying = pool.submit(stay)
        assert inside.wait(PATIENCE_SECONDS)
        clearing = pool.submit(clear)
        assert not alone.wait(MOMENT_SECONDS)
        leave.set()
        staying.result()
        clearing.result()
    newcomer.join()
    assert seen == ["others out", "alone in", "alone out", "newcomer in"]


def test_turnstile_opens_again_after_a_failure() -> None:
    """An error inside, alone or not, keeps nobody out."""
    turnstile = Turnstile()
    for door in (turnstile.among_others, turnstile.alone):
        with contextlib.suppress(OSError), door():
            raise OSError
    with turnstile.alone():
        pass
    with turnstile.among_others():
        pass
