"""A document that is being followed: its private home, its account, and how each step went."""

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pytest_codeartifact.article import errata
from pytest_codeartifact.article.errata import Ran
from pytest_codeartifact.article.floor import floor_seconds
from pytest_codeartifact.article.footprint import difference, snapshot
from pytest_codeartifact.article.judging import claim_findings, judged
from pytest_codeartifact.article.naming import Names
from pytest_codeartifact.article.plan import Plan
from pytest_codeartifact.article.provenance import Holdings, trace
from pytest_codeartifact.article.verdicts import Failure, verdict_on
from pytest_codeartifact.article.watching import Happened, Watch
from pytest_codeartifact.findings import (
    CommandRun,
    Erratum,
    Footprint,
    Installed,
    StepFinding,
    Verdict,
)
from pytest_codeartifact.targets.gateway import Gateway
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.tools.programs import site_packages
from pytest_codeartifact.tools.toolbox import Tools
from pytest_codeartifact.tools.virtualenv import SEEDS, installed_distributions
from pytest_codeartifact.transcripts.blocks import Command, Step
from pytest_codeartifact.transcripts.matching import Bindings
from pytest_codeartifact.transcripts.session import ConsoleSession
from pytest_codeartifact.transcripts.steps import StepFailed, Transcript

if TYPE_CHECKING:
    from pytest_codeartifact.targets import Target

_PREFIX = "codeartifact-article-"
_NOT_THERE = "ResourceNotFoundException"
_SHOWN = 60
_LASTING = frozenset({"setting", "credential"})
# What programs say that found no way to a host; not all of them say to which.
_NO_WAY = re.compile(
    r"resol(?:ve|ution)|not known|ENOTFOUND|getaddrinfo|unreachable|[Cc]onnection|timed? ?out"
)
# Commands of the AWS CLI that may be given again, as they change nothing.
_READS = re.compile(r"\baws\s.*\bcodeartifact\s+(?:list|describe|get)-", re.DOTALL)
_CHANGES = re.compile(r"\bcodeartifact\s+(?!list-|describe-|get-)|[;&|>]\s*\w")
_SHARED = re.compile(
    r"/(?:[^/]*requirements[^/]*\.(?:txt|in)|[^/]*\.lock|pylock[^/]*\.toml|[^/]*\.ipynb"
    r"|pyproject\.toml|pdm\.toml|package(?:-lock)?\.json)$"
)


Judge: TypeAlias = Callable[[Plan, Step, Command, Completed, Bindings], Bindings]
"""The values of placeholders after a command; raises StepFailed when it did not go as shown."""


class StepNeeded(Exception):
    """A step cannot be done because one before it failed."""

    def __init__(self, step: Step, failure: StepFailed) -> None:
        super().__init__(step.id, failure)
        self.step = step
        self.failure = failure

    def __str__(self) -> str:
        return f"needs step {self.step.id}"


class Walk:
    """Follows a document once; how a step went is remembered, and what was found is kept."""

    def __init__(
        self,
        plan: Plan,
        target: "Target",
        *,
        outside_index: str | None,
        gateway: Gateway | None = None,
        judge: Judge = judged,
        names: Names | None = None,
    ) -> None:
        """Make a private home; `outside_index` is the index pip has before any login.

        With a gateway, programs reach the service by its real host names, and nothing else.
        `judge` says whether a command went as the document shows. `names` are those of the
        document's domains in the account.
        """
        self.plan = plan
        self.ran: list[Ran] = []
        self.bindings_before: list[Mapping[str, str]] = []
        self._target = target
        self._judge = judge
        self._names = names or Names({}, {})
        self._done: dict[str, StepFailed | None] = {}
        self._findings: list[StepFinding] = []
        self._examined: set[int] = set()
        self._missing: set[str] = set()
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            stack.callback(shutil.rmtree, folder)
            self.tools = Tools.create(
                folder / "home",
                account=target.environment(),
                outside_index=outside_index,
                gateway=gateway,
            )
            home = self.tools.home
            session = ConsoleSession(home.environment(), home.work_path, self.tools.log)
            stack.callback(session.close)
            self._transcript = Transcript(
                plan.document,
                session,
                {"account": target.account, "region": target.region},
                judge=self._decide,
                before=self._supply,
                typed=self._names.typed,
                pauses=self._pauses,
            )
            self._home_before = self._home = snapshot(home.path)
            self._own = frozenset(installed_distributions(site_packages(home.path / "python")))
            self._watch = Watch(target, gateway, target.caller)
            self.close: Callable[[], None] = stack.pop_all().close

    def reach(self, step: Step) -> None:
        """Do every step up to and including `step` that was not done yet.

        Raises StepFailed when this step fails, and StepNeeded when an earlier one did.
        """
        for each in self.plan.steps:
            if each.skip_reason is None and each.id not in self._done:
                self._done[each.id] = self._follow(each)
            failure = self._done.get(each.id)
            if each.id == step.id:
                if failure is not None:
                    raise failure
                return
            if failure is not None:
                raise StepNeeded(each, failure)

    def take_findings(self) -> Sequence[StepFinding]:
        """What was found since this was last called."""
        taken, self._findings = self._findings, []
        return taken

    def remains(self) -> Sequence[str]:
        """Settings and credentials that are in the home now and were not in the beginning."""
        came = difference(self._home_before, self._home)
        kept = [each for each in (*came.added, *came.changed) if each.kind in _LASTING]
        return [f"{each.kind} {each.name}" for each in kept]

    # --- One step ------------------------------------------------------------------------

    def _follow(self, step: Step) -> StepFailed | None:
        started, first = time.monotonic(), len(self.ran)
        failure: StepFailed | None = None
        traced: Sequence[Installed] = ()
        try:
            self._transcript.follow(step)
            traced = self._trace(step)
        except StepFailed as failed:
            failure = failed
        seconds = time.monotonic() - started
        before, self._home = self._home, snapshot(self.tools.home.path)
        left = difference(before, self._home)
        failure = failure or self._leak(step, left)
        happened = self._watch.since()
        verdict, reason = self._verdict(failure, happened)
        ran = self.ran[first:]
        why = (verdict, reason)
        claims = claim_findings(self.plan, step, ran, failure, why, self._transcript.bindings)
        if failure is not None:
            wrong = [each.id for each in claims if each.verdict.is_failure]
            failure = failure.told(claims=wrong, verdict=verdict, reason=reason)
        self._findings.append(
            StepFinding(
                document=self.plan.document,
                id=step.id,
                line=step.line,
                title=step.title,
                outcome="passed" if failure is None else "failed",
                seconds=seconds,
                commands=tuple(_run(each) for each in ran),
                claims=tuple(claims),
                errata=tuple(self._errata(step, failure)),
                footprint=left,
                provenance=tuple(traced),
                usage=happened.usage(),
                network=happened.network(),
                floor_seconds=self._floor(step),
                verdict=verdict,
                reason=reason,
                failure=str(failure) if failure is not None else "",
                failed_line=failure.line if failure is not None else 0,
            )
        )
        return failure

    def _floor(self, step: Step) -> float:
        """The floor of all steps together, measured when the last one is done."""
        if step.id != self.plan.steps[-1].id:
            return 0.0
        return floor_seconds(self.tools.home, (each.command for each in self.ran))

    def _supply(self, command: Command) -> None:
        """Write what readers have to make before this command, unless it is there."""
        for supply in (self.plan.supplies or {}).get(command.line, ()):
            if not (self._transcript.session.folder() / supply.file).exists():
                self._missing.add(supply.file)
                self._transcript.write(supply.file, supply.text)

    def _decide(
        self, _: str, step: Step, command: Command, completed: Completed, bindings: Bindings
    ) -> Bindings:
        completed = self._as_shown(completed)
        if self.ran and self.ran[-1].command is command:
            # It was run again, as what it read was not what it should be yet.
            del self.ran[-1], self.bindings_before[-1]
        self.ran.append(Ran(step.id, command, completed))
        self.bindings_before.append(bindings)
        return self._judge(self.plan, step, command, completed, bindings)

    def _pauses(self, failure: StepFailed) -> Iterator[float]:
        """When to give a command again that only reads: the service may need a moment."""
        text = failure.command.text if failure.command is not None else ""
        printed = failure.completed.stderr if failure.completed is not None else ""
        is_early = failure.kind == "output" or _NOT_THERE in printed
        if is_early and _READS.search(text) and not _CHANGES.search(text):
            words = " ".join(text.replace("\\\n", " ").split())
            yield from self._target.patience.pauses(f"what `{words[:_SHOWN]}` shows")

    def _leak(self, step: Step, left: Footprint) -> StepFailed | None:
        """A failure for a token in a file that is made to be shared, such as requirements.txt."""
        leaks = [
            trace.name
            for trace in (*left.added, *left.changed)
            if trace.kind == "credential" and _SHARED.search(trace.name)
        ]
        if not leaks:
            return None
        return StepFailed(
            self.plan.document,
            step,
            step.line,
            [f"a token stands in {name}" for name in leaks],
            kind="credential",
            means="a file that is made to be shared holds a token that works for everybody",
            hint="keep the index out of the file, such as by pip-compile --no-emit-index-url",
        )

    # --- What came of it -----------------------------------------------------------------

    def _trace(self, step: Step) -> Sequence[Installed]:
        """What the step installed, traced; raises StepFailed for what is not the repository's."""
        traced: list[Installed] = []
        home, held = self.tools.home, Holdings(self._target.client)
        places = [(home.work_path / name, SEEDS) for name in step.provenance]
        if step.id in self.plan.traced:
            places.append((home.path / "python", self._own))
        for path, ignored in places:
            requests = self._target.requests()
            result = trace(path, requests, held.fetch, held.origin, ignored)
            traced += result.installed
            if result.findings:
                title = f"what is installed in {path.name} is not proven to be the repository's:"
                raise StepFailed(
                    self.plan.document,
                    step,
                    step.line,
                    [title, *(f"  {finding}" for finding in result.findings)],
                    kind="provenance",
                    means="a file on this machine did not come from the repository",
                    hint="pip -v install shows the address each file comes from",
                )
        return traced

    def _verdict(
        self, failure: StepFailed | None, happened: Happened
    ) -> tuple[Verdict | None, str]:
        if failure is None:
            return None, ""
        completed, command = failure.completed, failure.command
        text = f"{completed.stdout}\n{completed.stderr}" if completed is not None else ""
        program = command.text.split()[0] if command is not None else ""
        typed = command.text if command is not None and _NO_WAY.search(text) else ""
        around = happened.surroundings(f"{typed}\n{text}")
        return verdict_on(Failure(failure.kind, program, text), around)

    def _errata(self, step: Step, failure: StepFailed | None) -> list[Erratum]:
        """What this step shows to be wrong in the article."""
        corrections = self.plan.corrections
        if corrections is None:
            return list(errata.of_failure(failure, self.ran, self.plan.text)) if failure else []
        ran_now = {each.command.words for each in self.ran}
        due = [
            command
            for command in self.plan.article_commands
            if command.line not in self._examined and command.words in ran_now
        ]
        self._examined |= {command.line for command in due}
        found = list(errata.of_outputs(corrections, due, self.ran, self._transcript.bindings))
        lines = {self.plan.table_line(command.line) for command in due}
        found += errata.of_files(corrections, self._is_made, lines)
        if step.id == self.plan.last_of_article:
            found += errata.of_files(corrections, self._is_made, {0})
            found += errata.of_remains(corrections, self.remains())
            found += errata.of_fragments(corrections, self.plan.article_materials)
        return found

    def _is_made(self, name: str) -> bool:
        """Whether the article's own commands make a file."""
        if self.plan.is_the_article:
            return name not in self._missing and (self._transcript.session.folder() / name).exists()
        pattern = re.compile(rf">\s*{re.escape(name)}\b")
        return any(pattern.search(command.text) for command in self.plan.article_commands)

    def _as_shown(self, completed: Completed) -> Completed:
        """Output with the document's names, and with the addresses as AWS prints them.

        The plain form of an address puts the host in a path.
        """
        address = re.escape(self._target.endpoint_url).replace("://", "://(?P<login>[^/@]*@)?")
        pattern = re.compile(rf"{address}/(?P<host>[\w.-]+\.d\.codeartifact\.[\w.-]+)")
        by_name = r"https://\g<login>\g<host>"
        return replace(
            completed,
            stdout=self._names.shown(pattern.sub(by_name, completed.stdout)),
            stderr=self._names.shown(pattern.sub(by_name, completed.stderr)),
        )


def _run(ran: Ran) -> CommandRun:
    return CommandRun(
        line=ran.command.line,
        command=ran.command.text,
        exit_code=ran.completed.exit_code,
        stdout=ran.completed.stdout,
        stderr=ran.completed.stderr,
        seconds=ran.completed.seconds,
        expected=ran.command.expected,
    )
