"""What the items of an article found, as plain values: they cross processes as JSON.

Every item of an article leaves a list of findings on its pytest report; the report of a run is
made of them. `kind` tells which of the classes below a JSON object was.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, TypeAlias

JSON: TypeAlias = dict[str, Any]


class Verdict(StrEnum):
    """What became of a claim, or why something failed; the last five come with a reason."""

    VERIFIED = "verified"
    CITED = "cited"
    NOT_RUN = "not-run"
    ARTICLE_WRONG = "article-wrong"
    EMULATOR_GAP = "emulator-gap"
    AWS_CHANGED = "aws-changed"
    ENVIRONMENT = "environment"

    @property
    def is_failure(self) -> bool:
        """Whether it tells why something failed."""
        return self not in {Verdict.VERIFIED, Verdict.CITED, Verdict.NOT_RUN}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen, in words: `kind` is output, answer, request, file, fact or source.

    `where` says how to find it again: a step and line, a request's number, a path in the home.
    """

    kind: str
    text: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class ClaimDefinition:
    """A claim as its table states it; `line` is the article's."""

    id: str
    line: int
    kind: str
    group: str
    says: str
    source: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ClaimFinding:
    """What one item says about one claim."""

    id: str
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CommandRun:
    """A command of a step; `expected` is what the document shows, None for nothing."""

    line: int
    command: str
    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    expected: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """The smallest change of a document: lines `first`.. are `removed`, `inserted` stand there.

    Where nothing is removed, the new lines stand before line `first`. `before` and `after` are the
    lines around, as far as they are known: a patch needs them to find its place.
    """

    first: int
    removed: tuple[str, ...] = ()
    inserted: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Erratum:
    """What an article gets wrong (`kind` wrong) or leaves out (`kind` omitted), with its proof."""

    id: str
    line: int
    kind: str
    shows: str
    really: str
    proof: str
    edits: tuple[Edit, ...] = ()
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """Something on the machine: `kind` is file, setting, credential, cache or environment."""

    kind: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a step left on the machine, changed, or took away again."""

    added: tuple[Trace, ...] = ()
    changed: tuple[Trace, ...] = ()
    removed: tuple[Trace, ...] = ()


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed distribution, traced to the request that delivered it."""

    environment: str
    distribution: str
    version: str
    file: str
    sha256: str
    repository: str
    request: int
    origin: str
    files: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What was asked of the service; bytes are those of bodies."""

    requests: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    resources: int = 0


@dataclass(frozen=True, slots=True)
class Network:
    """Which hosts programs connected to through the gateway, and which they were refused."""

    connections: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    fetched: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of what a claim rests on; noticed when this claim, and no other, then failed."""

    claim: str
    where: str
    line: int
    before: str
    after: str
    noticed: bool
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known of a document before anything ran."""

    kind: ClassVar[str] = "frame"
    document: str
    title: str
    claims: tuple[ClaimDefinition, ...]
    unclaimed: tuple[Mapping[str, Any], ...]
    environment: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepFinding:
    """How a step of a document went; `outcome` is passed, failed, skipped or needs.

    `failed_line` is the line of the document that is wrong first.
    """

    kind: ClassVar[str] = "step"
    document: str
    id: str
    line: int
    title: str
    outcome: str
    seconds: float
    commands: tuple[CommandRun, ...] = ()
    claims: tuple[ClaimFinding, ...] = ()
    errata: tuple[Erratum, ...] = ()
    footprint: Footprint = Footprint()
    provenance: tuple[Installed, ...] = ()
    usage: Usage = Usage()
    network: Network = Network()
    floor_seconds: float = 0.0
    verdict: Verdict | None = None
    reason: str = ""
    failure: str = ""
    failed_line: int = 0


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """How a check of claims that no single step shows went; `outcome` as for a step."""

    kind: ClassVar[str] = "check"
    document: str
    id: str
    title: str
    outcome: str
    seconds: float
    commands: tuple[CommandRun, ...] = ()
    claims: tuple[ClaimFinding, ...] = ()
    errata: tuple[Erratum, ...] = ()
    usage: Usage = Usage()
    network: Network = Network()
    verdict: Verdict | None = None
    reason: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class MutationFinding:
    """The mutants of one claim."""

    kind: ClassVar[str] = "mutation"
    document: str
    claim: str
    mutants: tuple[Mutant, ...]


@dataclass(frozen=True, slots=True)
class ParityDifference:
    """A member of a step that is not as a record has it; `accepted` says why it may be so."""

    step: str
    path: str
    recorded: str
    seen: str
    date: str
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class ParityFinding:
    """How a probe went; `outcome` is agrees, differs, unrecorded, skipped or failed.

    `evidence` and `date` are those of the record, `oldest` is the day of the oldest record that a
    run wrote; empty where there is none. Of the `steps` that were seen, `compared` are in the
    record.
    """

    kind: ClassVar[str] = "parity"
    id: str
    outcome: str
    seconds: float
    evidence: str = ""
    date: str = ""
    oldest: str = ""
    steps: int = 0
    compared: int = 0
    differences: tuple[ParityDifference, ...] = ()
    verdict: Verdict | None = None
    reason: str = ""
    failure: str = ""


Finding: TypeAlias = Frame | StepFinding | CheckFinding | MutationFinding | ParityFinding


def to_json(finding: Finding) -> JSON:
    """A finding as JSON values alone."""
    return {"kind": finding.kind, **asdict(finding)}
