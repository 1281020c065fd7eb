"""What a machine for builds is: somebody who runs a buildspec, and tells how it goes.

The emulator does what AWS does around a build. The inside of a build, its commands, runs in a
process of its own; whoever starts the emulator brings what starts it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

MOST_CASES = 500
"""So many test cases of a report are kept."""
PHASES = frozenset(
    {
        *("DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"),
        "UPLOAD_ARTIFACTS",
    }
)
"""The phases that a machine goes through; those around them are the service's."""
STATUSES = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMED_OUT"})
"""How a phase or a build ends on a machine that works."""
TESTED = ("SUCCEEDED", "FAILED", "ERROR", "SKIPPED", "UNKNOWN")
"""How a test case ends."""
BAD = frozenset({"FAILED", "ERROR"})
"""The statuses of test cases that make a report fail."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable of a project or of StartBuild; `type` is PLAINTEXT or a reference."""

    name: str
    value: str = field(repr=False)
    type: str = "PLAINTEXT"


@dataclass(frozen=True, slots=True)
class Job:
    """A build as its machine gets it; all of it is text and numbers, so that it can be sent.

    `folder` is empty and the build's own, whoever made it removes it. `buildspec` is the text or
    place that project or StartBuild name, empty where they name none. `packagings` says of each
    artifact that is wanted, by its identifier (`""` is the primary one), whether it is to be one
    ZIP or NONE. `cache_folder` is where the project keeps what builds are to find again.
    """

    folder: str
    build_arn: str
    build_id: str
    number: int
    project: str
    region: str
    initiator: str
    image: str
    started: float
    """In seconds since the epoch."""
    encryption_key: str
    log_stream: str
    endpoint_url: str
    credentials_url: str
    credentials_token: str = field(repr=False)
    source_location: str = ""
    source_version: str = ""
    buildspec: str = ""
    variables: tuple[Variable, ...] = ()
    packagings: Mapping[str, str] = field(default_factory=dict)
    cache_folder: str | None = None
    outside_index: str | None = None

    @property
    def uuid(self) -> str:
        """What the build's id ends with."""
        return self.build_id.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Context:
    """Why a phase ended as it did, as BatchGetBuilds shows it."""

    code: str = ""
    message: str = ""


TIMED_OUT = Context("BUILD_TIMED_OUT", "Build has timed out.")


class BuildProblem(Exception):
    """Something around a build failed; code and message become the context of its phase."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def context(self) -> Context:
        """As phases show it."""
        return Context(self.code, self.message)


class MachineFault(BuildProblem):
    """The machine failed, not the build."""

    def __init__(self, message: str) -> None:
        super().__init__("INTERNAL_ERROR", message)


@dataclass(frozen=True, slots=True)
class Packed:
    """An artifact ready to be stored: its files by their names within it, and one ZIP of them all.

    `name` and `prefix` are what the buildspec calls it and the folder it goes to, empty where it
    does not.
    """

    name: str
    prefix: str
    files: Mapping[str, Path]
    zip_path: Path | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """A test case of a report; `duration` is in nanoseconds, `status` as AWS names it."""

    name: str
    prefix: str
    status: str
    duration: int
    message: str


@dataclass(frozen=True, slots=True)
class Results:
    """Results of tests: all of them counted by status, and the cases to be shown.

    `duration` is that of all, in nanoseconds.
    """

    cases: tuple[Tested, ...]
    counts: Mapping[str, int]
    duration: int

    @classmethod
    def of(cls, cases: Sequence[Tested]) -> "Results":
        """The results of these cases.

        AWS (Test report statuses): of more than 500 test cases those that failed are kept first.
        """
        # Sorting is stable: within both kinds the order of the run remains.
        first = sorted(cases, key=lambda case: case.status not in BAD)[:MOST_CASES]
        return cls(
            cases=tuple(cases if len(cases) <= MOST_CASES else first),
            counts=dict(Counter(case.status for case in cases)),
            duration=sum(case.duration for case in cases),
        )


class Site(Protocol):
    """Whom a machine tells how a build goes, and asks for what needs the role's permissions.

    Every request may raise BuildProblem.
    """

    def log(self, text: str) -> None:
        """Text for the build's log, without secrets; its last line may go on in the next."""
        ...

    def entered(self, phase: str) -> None:
        """A phase begins."""
        ...

    def completed(self, phase: str, status: str, context: Context) -> None:
        """The phase that began last has ended."""
        ...

    def ended(self, status: str, exported: Mapping[str, str]) -> None:
        """The build has run, with this status and these exported variables."""
        ...

    def fetch_source(self, folder: Path) -> None:
        """Put the source into an empty folder."""
        ...

    def fetch_text(self, arn: str) -> str:
        """The text of an object of S3."""
        ...

    def parameters(self, names: Sequence[str]) -> Mapping[str, str]:
        """Values of the Parameter Store by name."""
        ...

    def secrets(self, references: Sequence[str]) -> Mapping[str, str]:
        """Values of the Secrets Manager by reference."""
        ...

    def store(self, artifacts: Mapping[str, Packed]) -> None:
        """Store artifacts by identifier."""
        ...

    def report(self, name: str, results: Results) -> None:
        """Keep a report of tests under a report group's name or ARN."""
        ...


class Session(Protocol):
    """A build on its machine, from its beginning to its end."""

    def attend(self, site: Site) -> None:
        """Tell and ask `site` until the build has ended and left nothing behind.

        Raises MachineFault when it is gone without having said how it ended.
        """
        ...

    def stop(self, status: str) -> None:
        """End the build, with status STOPPED or TIMED_OUT; from any thread, and at once."""
        ...

    def hide(self, secret: str) -> None:
        """From now on, this must not be seen in the log."""
        ...


class Machine(Protocol):
    """Where builds run."""

    def begin(self, job: Job) -> Session:
        """Begin a build; raises MachineFault where that is impossible."""
        ...


@dataclass(frozen=True, slots=True)
class Yard:
    """A machine for builds, and the address by which it reaches the emulator."""

    machine: Machine
    url: str
