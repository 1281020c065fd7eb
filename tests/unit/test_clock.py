import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.clock import Clock


@given(st.lists(st.floats(0, 10**6), max_size=5))
def test_clock_runs_ahead_by_what_it_was_moved(steps: list[float]) -> None:
    """Steps add up, and the machine's own time goes on below them."""
    clock = Clock()
    for step in steps:
        clock.advance(step)
    before = time.time()
    now = clock.now()
    assert clock.offset_seconds == pytest.approx(sum(steps))
    assert before + sum(steps) - 0.01 <= now <= time.time() + sum(steps) + 0.01


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan"), float("inf"), 10**10])
def test_clock_is_never_moved_back(seconds: float) -> None:
    """What is not a finite number of seconds forward is refused and changes nothing."""
    clock = Clock()
    with pytest.raises(ValueError, match="forward only"):
        clock.advance(seconds)
    assert clock.offset_seconds == 0
