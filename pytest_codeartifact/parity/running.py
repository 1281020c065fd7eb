"""Runs a probe, and tells apart what was learnt and why nothing was."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from pytest_codeartifact.errors import CodeArtifactError, UploadError
from pytest_codeartifact.findings import ParityFinding, Verdict
from pytest_codeartifact.parity.comparing import verdict_on
from pytest_codeartifact.parity.judging import Judged, Outcome, judge
from pytest_codeartifact.parity.probe import Probe, Steps
from pytest_codeartifact.parity.recording import Bounded, Disturbed
from pytest_codeartifact.parity.records import Records
from pytest_codeartifact.parity.scene import Stage
from pytest_codeartifact.redaction import redact
from pytest_codeartifact.targets.workspace import code_of

# What an account says that may not be asked more, or not by this caller.
_OF_ENVIRONMENT = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredTokenException",
    "ServiceQuotaExceededException",
    "ThrottlingException",
    "UnrecognizedClientException",
}


class ProbeFailed(Exception):
    """A probe differs from its record, or could not be carried through; the text is for readers."""

    def __init__(self, text: str, verdict: Verdict) -> None:
        super().__init__(text)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Ran:
    """A probe that was carried through: what it saw, and what that means beside the records."""

    steps: Steps
    judged: Judged
    seconds: float

    @property
    def finding(self) -> ParityFinding:
        """The same for the report."""
        return self.judged.finding(round(self.seconds, 3))


def lacks(probe: Probe, stage: Stage) -> str:
    """Why a target cannot do a probe; empty where it can."""
    missing = sorted(each.means for each in probe.needs - stage.target.capabilities)
    return f"this needs {' and '.join(missing)}, which this target does not have" * bool(missing)


def run(probe: Probe, stage: Stage, records: Records) -> Ran:
    """Carry a probe through and judge it.

    Raises ProbeFailed where it cannot be, and Bounded where the run's roles may too little.
    """
    began = time.monotonic()
    with _told(probe, stage):
        steps = probe.run(stage)
    judged = judge(probe, steps, records, verdict_on(stage.target))
    return Ran(steps, judged, time.monotonic() - began)


def not_run(probe: Probe, outcome: Outcome, reason: str, verdict: Verdict | None) -> ParityFinding:
    """What the report says of a probe that was not carried through."""
    return ParityFinding(
        id=probe.id,
        outcome=outcome,
        seconds=0.0,
        verdict=verdict,
        reason=reason,
        failure=reason if verdict else "",
    )


@contextmanager
def _told(probe: Probe, stage: Stage) -> Iterator[None]:
    """Say in one sentence what stands in the way, and whose it is."""
    try:
        yield
    except Bounded:
        raise
    except ClientError as error:
        is_here = code_of(error) in _OF_ENVIRONMENT and stage.target.records
        verdict = Verdict.ENVIRONMENT if is_here else verdict_on(stage.target)
        said = redact(f"{error.operation_name}: {error.response['Error'].get('Message', error)}")
        raise ProbeFailed(
            f"{verdict}: {probe.id} could not be carried through: {said}", verdict
        ) from error
    except UploadError as error:
        verdict = verdict_on(stage.target)
        raise ProbeFailed(
            f"{verdict}: {probe.id} could not be carried through: {error}", verdict
        ) from error
    except (Disturbed, CodeArtifactError, BotoCoreError) as error:
        raise ProbeFailed(
            f"{Verdict.ENVIRONMENT}: {probe.id} was disturbed: {redact(str(error))}",
            Verdict.ENVIRONMENT,
        ) from error
