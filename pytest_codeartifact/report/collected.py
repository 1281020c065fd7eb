"""The findings of a run in the order in which one reads: they arrive as the workers were done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_codeartifact.findings import (
    JSON,
    CheckFinding,
    Frame,
    MutationFinding,
    ParityFinding,
    StepFinding,
)


@dataclass(frozen=True, slots=True)
class Collected:
    """Findings by kind; of frames one a document, and everything in the order of the documents."""

    frames: Sequence[JSON]
    steps: Sequence[JSON]
    checks: Sequence[JSON]
    mutations: Sequence[JSON]
    probes: Sequence[JSON] = ()

    @classmethod
    def of(cls, findings: Sequence[JSON]) -> "Collected":
        """Sort findings: steps by their lines, all others by what they are called."""
        probes = [each for each in findings if each["kind"] == ParityFinding.kind]
        findings = [each for each in findings if each["kind"] != ParityFinding.kind]
        frames = {each["document"]: each for each in findings if each["kind"] == Frame.kind}
        documents = [*frames, *dict.fromkeys(each["document"] for each in findings)]

        def ordered(kind: str, key: str) -> list[JSON]:
            chosen = [each for each in findings if each["kind"] == kind]
            return sorted(chosen, key=lambda each: (documents.index(each["document"]), each[key]))

        return cls(
            list(frames.values()),
            ordered(StepFinding.kind, "line"),
            ordered(CheckFinding.kind, "id"),
            ordered(MutationFinding.kind, "claim"),
            sorted(probes, key=lambda each: str(each["id"])),
        )

    @property
    def done(self) -> Iterator[JSON]:
        """What was done: every step, then every check."""
        yield from self.steps
        yield from self.checks

    @property
    def documents(self) -> Sequence[str]:
        """The documents by name, also those that nothing but a step tells of."""
        named = [each["document"] for each in (*self.frames, *self.done)]
        return list(dict.fromkeys(named))

    def frame(self, document: str) -> JSON:
        """The frame of a document, or an empty one."""
        for each in self.frames:
            if each["document"] == document:
                return each
        empty: JSON = {"document": document, "title": "", "environment": {}}
        return {**empty, "claims": [], "unclaimed": []}

    def article(self, document: str) -> str:
        """The file that claims and errata of a document speak of; mostly the document itself."""
        return str(self.frame(document)["environment"].get("article") or document)
