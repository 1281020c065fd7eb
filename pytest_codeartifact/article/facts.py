"""A claim's check, done and compared: what was to be observed, and what was."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from pytest_codeartifact.article.checks import Fact, Observation, World, discover
from pytest_codeartifact.article.claims import Claim
from pytest_codeartifact.article.plan import Plan
from pytest_codeartifact.article.verdicts import Failure, verdict_on
from pytest_codeartifact.article.watching import Watch
from pytest_codeartifact.article.world import Laboratory
from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.findings import (
    CheckFinding,
    ClaimFinding,
    CommandRun,
    Evidence,
    Verdict,
)
from pytest_codeartifact.tools.log import CommandLog, LogEntry
from pytest_codeartifact.tools.process import CommandFailed, MissingTool


class CheckFailed(AssertionError):
    """A claim does not hold; the text is for the reader, secrets are masked."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(tuple(lines))
        self.lines = tuple(lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that was done: its finding, what its programs printed, and how it failed if so."""

    finding: CheckFinding
    console: str
    failure: CheckFailed | None


def differing(expected: Mapping[str, Fact], observed: Mapping[str, Fact]) -> list[str]:
    """The names of the facts that are not as expected; a fact nobody observed is not."""
    return [
        name
        for name, value in expected.items()
        if name not in observed
        or observed[name] != value
        or isinstance(observed[name], bool) is not isinstance(value, bool)
    ]


def observed(claim: Claim, world: World) -> tuple[Observation, Failure]:
    """What the claim's check observes, and as what it counts where that is not what was claimed.

    A check that cannot be done observes nothing, and the failure says what kept it from it.
    """
    kind, program = "claim", ""
    try:
        observation = discover()[str(claim.check)](world)
    except MissingTool as missing:
        kind, program = "missing-program", missing.program
        observation = Observation({})
    except CommandFailed as failed:
        kind, program = "exit-code", failed.completed.argv[0].rpartition("/")[2]
        observation = Observation({}, (Evidence("output", str(failed)),))
    except (BotoCoreError, ClientError, CodeArtifactError) as refused:
        kind = "refused"
        observation = Observation({}, (Evidence("answer", str(refused)),))
    text = "\n".join(each.text for each in observation.evidence)
    return observation, Failure(kind, program, text)


def checked(plan: Plan, claim: Claim, item: str, laboratory: Laboratory) -> Checked:
    """Do the check of a claim; never raises for what the claim says."""
    started = time.monotonic()
    world = laboratory.world(plan.materials)
    watch = Watch(world.account, laboratory.gateway, world.account.caller)
    observation, failure = observed(claim, world)
    happened = watch.since()
    wrong = differing(claim.facts, observation.facts)
    verdict, reason, lines = Verdict.VERIFIED, "", []
    if wrong:
        verdict, reason = verdict_on(failure, happened.surroundings(""))
        lines = list(_told(plan, claim, item, observation, wrong, (verdict, reason)))
    log = laboratory.log()
    finding = CheckFinding(
        document=plan.document,
        id=item,
        title=claim.says,
        outcome="failed" if wrong else "passed",
        seconds=time.monotonic() - started,
        commands=tuple(_run(entry) for entry in log),
        claims=(ClaimFinding(claim.id, verdict, tuple(observation.evidence), reason),),
        usage=happened.usage(),
        network=happened.network(),
        verdict=verdict if wrong else None,
        reason=reason,
        failure="\n".join(lines),
    )
    laboratory.remember(claim.id, observation)
    console = CommandLog(entries=list(log)).text()
    return Checked(finding, console, CheckFailed(lines) if wrong else None)


def _told(
    plan: Plan,
    claim: Claim,
    item: str,
    observation: Observation,
    wrong: Sequence[str],
    why: tuple[Verdict, str],
) -> Sequence[str]:
    lines = [
        f"{plan.document}: {item}: claim {claim.id}, line {claim.line} of the article",
        f"claimed: {claim.says}",
    ]
    for name in wrong:
        lines.append(f"  expected {name} = {claim.facts[name]!r}")
        lines.append(f"  got      {name} = {observation.facts.get(name, 'nothing')!r}")
    lines += [f"seen: {each.text}" for each in observation.evidence]
    verdict, reason = why
    lines.append(f"verdict: {verdict}: {reason}")
    lines.append(f"try: -k {claim.id} -rA runs it alone and shows what every program printed")
    return lines


def _run(entry: LogEntry) -> CommandRun:
    return CommandRun(
        line=0,
        command=entry.command,
        exit_code=entry.exit_code,
        stdout=entry.stdout,
        stderr=entry.stderr,
        seconds=entry.seconds,
    )
