"""How a build is shown on a screen."""

import io

import pytest

from pytest_codeartifact.building import Screen
from pytest_codeartifact.targets.builds import Build, BuildPhase


class Terminal(io.StringIO):
    """A terminal that remembers what it was shown."""

    def isatty(self) -> bool:
        return True


def build(status: str) -> Build:
    """A build with two phases, of which the last one ended like it."""
    phases = [
        BuildPhase("QUEUED", "SUCCEEDED", 0.25, "", ""),
        BuildPhase("BUILD", status, 61.0, "SOME_CODE" if status == "FAILED" else "", "why "),
    ]
    return Build(
        id="demo:uuid",
        status=status,
        log="",
        phases={phase.name: phase for phase in phases},
        exported={"MADE": "here"},
        described={},
    )


LINES = [
    "[Container] 2026/11/28 09:00:00.000001 Running command ls\n",
    "\x1b[31mfrom a command\x1b[0m\n",
    "half a line",
    "\n",
    "[Container] 2026/11/28 09:00:00.000002 Phase complete: BUILD State: FAILED\n",
]


def test_file_gets_the_log_as_it_is() -> None:
    """Where nobody looks there are no colours of ours."""
    out = io.StringIO()
    screen = Screen(out)
    for line in LINES:
        screen.log(line)
    assert out.getvalue() == "".join(LINES)


def test_terminal_gets_colours() -> None:
    """Commands stand out, and so do statuses; what commands print stays as it is."""
    out = Terminal()
    screen = Screen(out)
    for line in LINES:
        screen.log(line)
    lines = out.getvalue().split("\n")
    assert lines[0].endswith("\x1b[1mRunning command ls\x1b[0m")
    assert lines[1] == "\x1b[31mfrom a command\x1b[0m"
    assert lines[2] == "half a line"
    assert lines[3].endswith("State: \x1b[1;31mFAILED\x1b[0m")


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets NO_COLOR gets none."""
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    Screen(out).summary(build("FAILED"))
    assert "\x1b" not in out.getvalue()


def test_summary_has_a_line_for_each_phase() -> None:
    """Phases with status and time, why one failed, what was exported, and how it ended."""
    out = io.StringIO()
    Screen(out).summary(build("FAILED"))
    assert out.getvalue() == (
        "\n"
        "  QUEUED  SUCCEEDED       0.2 s\n"
        "  BUILD   FAILED         61.0 s\n"
        "          SOME_CODE: why\n"
        "  exported MADE=here\n"
        "\n"
        "demo:uuid: FAILED in 61.2 s\n"
    )
