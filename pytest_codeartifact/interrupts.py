"""Lets a run that is told to end, as CI does when it cancels, still clean up."""

import signal
import threading
from collections.abc import Callable
from types import FrameType


def terminate_as_interrupt() -> Callable[[], None]:
    """Make SIGTERM do what Ctrl-C does; returns what restores the former state.

    Does nothing where somebody handles the signal already, and outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return _nothing
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return _nothing

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        # Whoever asks twice does not want to wait for the cleaning up.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise KeyboardInterrupt

    def restore() -> None:
        if signal.getsignal(signal.SIGTERM) is interrupt:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, interrupt)
    return restore


def _nothing() -> None:
    return None
