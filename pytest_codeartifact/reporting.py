"""Collects what the items of articles found, in the main process, and tells it at the end."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact import __version__, settings
from pytest_codeartifact.findings import JSON
from pytest_codeartifact.targets import GATE, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

TITLE = "the article, claim by claim"


class Reporting:
    """The report of a run: kept until everything ran, then written and shown."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._findings: list[JSON] = []
        self._notes: list[str] = []
        self._problems: list[str] = []
        self._document: JSON | None = None
        self._written: Sequence[Path] = ()
        self._annotations: Sequence[str] = ()
        self._started = datetime.now(UTC)
        self._clock = time.monotonic()

    def note(self, text: str) -> None:
        """Tell something at the end, such as a file that was rewritten."""
        self._notes.append(text)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the findings of an item; they were masked before they came here."""
        self._findings += getattr(report, "codeartifact", ())

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Assemble and write the report; a report that must not be written fails the run."""
        if not self._findings:
            return
        from pytest_codeartifact.report import (  # noqa: PLC0415 -- once a run
            ReportError,
            Run,
            assemble,
            write,
        )

        run = Run(
            version=__version__,
            started=self._started.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._clock, 3),
            exit_code=int(exitstatus),
        )
        folder = settings_of(self._config).report.value
        try:
            gate = self._config.pluginmanager.get_plugin(GATE)
            account = gate.document() if gate is not None else None
            self._document = assemble(self._findings, run, account)
            if folder is not None:
                self._written = [_short(path) for path in write(self._document, folder)]
            self._tell_github(self._document)
        except (ReportError, OSError) as error:
            self._problems.append(str(error))
        if self._problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell the summary, if there was any article."""
        if self._document is not None:
            from pytest_codeartifact.report.terminal import summary_lines  # noqa: PLC0415 -- ditto

            terminalreporter.write_sep("-", TITLE)
            width = terminalreporter._tw.fullwidth  # noqa: SLF001 -- nothing else tells it
            for line, markup in summary_lines(self._document, width, self._written):
                terminalreporter.write_line(line, **dict(markup))
            for line in self._annotations:
                terminalreporter.write_line(line)
        for note in self._notes:
            terminalreporter.write_line(note, bold=True)
        for problem in self._problems:
            terminalreporter.write_line(f"no report: {problem}", red=True, bold=True)

    def _tell_github(self, document: JSON) -> None:
        """Write the step's summary and keep the annotations; raises ReportError and OSError."""
        summary_path = settings.in_actions()
        if summary_path is None:
            return
        from pytest_codeartifact.report import github  # noqa: PLC0415 -- in Actions only

        self._annotations = list(github.annotations(document))
        with summary_path.open("a", encoding="utf-8") as file:
            file.write(github.step_summary(document))


def _short(path: Path) -> Path:
    """A path as one types it from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
