"""Probes as pytest sees them: an item each, asked on the run's target."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact import __version__
from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.findings import JSON, ParityFinding, Verdict, to_json
from pytest_codeartifact.parity import records, running
from pytest_codeartifact.parity.judging import Outcome
from pytest_codeartifact.parity.probe import Probe, discover
from pytest_codeartifact.parity.recording import Bounded
from pytest_codeartifact.parity.records import Record, Records
from pytest_codeartifact.parity.running import ProbeFailed
from pytest_codeartifact.parity.scene import Stage
from pytest_codeartifact.targets import settings_of, target_of

NODE_ID = "parity"
"""How the ids of all probes begin; `parity::domain-missing` is one."""
AGE = "records-are-recent"
"""The item that looks at the age of the records."""


class ParityFile(pytest.File):
    """The probes and the records that they are compared with; they share one stage.

    `path` may be any file; the package `probes` is where they are.
    """

    _stage: Stage | None = None
    _records: Records | None = None

    @classmethod
    def from_parent(cls, parent: pytest.Collector, **arguments: Any) -> "ParityFile":  # noqa: ANN401 -- pytest's
        """As pytest makes it, under a name that does not depend on where the plugin is."""
        arguments.setdefault("nodeid", NODE_ID)
        made: ParityFile = super().from_parent(parent, **arguments)
        return made

    @property
    def records_path(self) -> Path | None:
        """The folder of records that the setting names."""
        return settings_of(self.config).parity.value

    @property
    def records(self) -> Records:
        """What there is to compare with; raises CodeArtifactError for a file that is no record."""
        if self._records is None:
            self._records = records.load(self.records_path)
        return self._records

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each probe, and before them one for the age of the records if asked."""
        try:
            known = self.records
        except CodeArtifactError as error:
            raise self.CollectError(str(error)) from None
        probes = discover()
        unknown = sorted(each.probe for each in known if each.probe not in probes)
        if unknown:
            raise self.CollectError(
                f"there are records of no probe: {', '.join(unknown)}; remove their files"
            )
        days = settings_of(self.config).parity_max_age.value
        if days is not None:
            yield AgeItem.from_parent(self, name=AGE, days=days)
        for each in probes.values():
            yield ProbeItem.from_parent(self, name=each.id, probe=each)

    def stage(self) -> Stage:
        """Where the probes of this process work; opened at the first call, closed by the session.

        Raises CodeArtifactError when there is no target.
        """
        if self._stage is None:
            self._stage = Stage(target_of(self.config))
            self.session.addfinalizer(self._stage.close)
        return self._stage


class TooOld(Exception):
    """Records are older than they may be; the text is for readers."""


class AgeItem(pytest.Item):
    """Whether the records are recent enough, as --codeartifact-parity-max-age demands."""

    def __init__(self, *, days: int, parent: ParityFile, **arguments: Any) -> None:  # noqa: ANN401 -- pytest's
        super().__init__(parent=parent, **arguments)
        self.known = parent.records
        self.days = days
        self.add_marker("parity")

    def runtest(self) -> None:
        """Look at the days; raises TooOld."""
        written = [each.probe for each in self.known if each.is_of_run]
        if not written:
            raise TooOld(
                "there is no record that a run on a real account wrote; try: "
                "--codeartifact-parity=DIR with the folder of the last night"
            )
        old = records.too_old(self.known, self.days)
        if old:
            raise TooOld(
                f"{len(old)} records are older than {self.days} days, the oldest of "
                f"{records.oldest(self.known)}: {', '.join(old)}; try: "
                "pytest --codeartifact=aws --codeartifact-parity=DIR writes new ones"
            )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 -- pytest's
        """What is too old, without a traceback."""
        if isinstance(excinfo.value, TooOld):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """The records as a whole."""
        return self.path, None, f"{NODE_ID}::{AGE}"


class ProbeItem(pytest.Item):
    """One probe: what it sees is compared with the record, and recorded where it is AWS's."""

    def __init__(self, *, probe: Probe, parent: ParityFile, **arguments: Any) -> None:  # noqa: ANN401 -- pytest's
        super().__init__(parent=parent, **arguments)
        self.file = parent
        self.probe = probe
        self.add_marker("parity")
        self._found: list[ParityFinding] = []

    def runtest(self) -> None:
        """Ask, compare, and write the record down; raises ProbeFailed for what differs."""
        stage = self.file.stage()
        lacking = running.lacks(self.probe, stage)
        if lacking:
            self._keep(running.not_run(self.probe, Outcome.SKIPPED, lacking, None))
            pytest.skip(lacking)
        try:
            ran = running.run(self.probe, stage, self.file.records)
        except Bounded as bounded:
            self._keep(running.not_run(self.probe, Outcome.SKIPPED, str(bounded), None))
            pytest.skip(str(bounded))
        except ProbeFailed as failed:
            self._keep(running.not_run(self.probe, Outcome.FAILED, str(failed), failed.verdict))
            raise
        finding = ran.finding
        self._keep(finding)
        if stage.target.records:
            self._write(ran, stage)
        if finding.outcome == Outcome.DIFFERS:
            raise ProbeFailed(finding.failure, finding.verdict or Verdict.ENVIRONMENT)

    def take_findings(self) -> Sequence[JSON]:
        """The findings since this was last called, as JSON."""
        taken, self._found = self._found, []
        return [to_json(each) for each in taken]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 -- pytest's
        """What differs, for who runs the probes; a traceback for our own mistakes only."""
        if isinstance(excinfo.value, (ProbeFailed, CodeArtifactError, OSError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """The probe by its id."""
        return self.path, None, f"{NODE_ID}::{self.probe.id}"

    def _keep(self, finding: ParityFinding) -> None:
        day = records.oldest(self.file.records)
        self._found.append(replace(finding, oldest=day.isoformat() if day else ""))

    def _write(self, ran: running.Ran, stage: Stage) -> None:
        folder = self.file.records_path
        if folder is not None:
            target = stage.target
            records.write(
                Record.of_run(self.probe.id, ran.steps, target.region, __version__), folder
            )
