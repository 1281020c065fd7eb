"""Articles as pytest sees them: a file of steps, checks and mutants, in the article's order."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pytest_codeartifact.article import facts, frame, mutation
from pytest_codeartifact.article.checks import needs_of
from pytest_codeartifact.article.claims import Claim, ClaimError
from pytest_codeartifact.article.facts import CheckFailed
from pytest_codeartifact.article.judging import judged
from pytest_codeartifact.article.opening import open_account_walk, open_walk
from pytest_codeartifact.article.plan import Plan, plan_for
from pytest_codeartifact.article.rewriting import Rewriting
from pytest_codeartifact.article.walk import StepNeeded, Walk
from pytest_codeartifact.article.world import Laboratory, open_laboratory
from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.findings import JSON, Finding, StepFinding, to_json
from pytest_codeartifact.settings import updates
from pytest_codeartifact.targets import account_target, article_target, settings_of
from pytest_codeartifact.tools.process import MissingTool
from pytest_codeartifact.transcripts.blocks import DocumentError, Step
from pytest_codeartifact.transcripts.steps import StepFailed, document_name


class ArticleFile(pytest.File):
    """A document whose console blocks are run and compared, and whose claims are checked.

    The steps share one walk through the article, whatever order they are asked for in; the checks
    share one laboratory.
    """

    _plan: Plan | None = None
    _walk: Walk | None = None
    _laboratory: Laboratory | None = None
    _told: bool = False

    @property
    def document(self) -> str:
        """The file as messages name it."""
        return document_name(self.path, self.config.rootpath)

    @classmethod
    def from_parent(cls, parent: pytest.Collector, **arguments: Any) -> "ArticleFile":  # noqa: ANN401 -- pytest's
        """As pytest makes it, but a file outside of the root keeps its name in the node ids."""
        path: Path = arguments["path"]
        if not path.is_relative_to(parent.config.rootpath):
            arguments.setdefault("nodeid", path.name)
        made: ArticleFile = super().from_parent(parent, **arguments)
        return made

    @property
    def plan(self) -> Plan:
        """How the document is followed; raises DocumentError and ClaimError at the first call."""
        if self._plan is None:
            self._plan = plan_for(self.path, self.document)
        return self._plan

    def collect(self) -> Iterator["ArticleItem"]:
        try:
            plan = self.plan
        except DocumentError as error:
            msg = f"{self.document}:{error.line}: {error.what}"
            raise self.CollectError(msg) from None
        except (ClaimError, UnicodeDecodeError) as error:
            msg = f"{self.document}: {error}"
            raise self.CollectError(msg) from None
        for step in plan.steps:
            yield StepItem.from_parent(self, name=step.id, step=step)
        if updates(self.config):
            return
        for claim in plan.with_check():
            yield CheckItem.from_parent(self, name=claim.check_item, claim=claim)
        if settings_of(self.config).mutate.value:
            for claim in plan.claims:
                if mutation.can_be_altered(plan, claim):
                    yield MutationItem.from_parent(self, name=f"mutants-{claim.id}", claim=claim)

    def walk(self) -> Walk:
        """The walk through this article, begun at the first call and cleaned up by the session.

        Raises CodeArtifactError when there is no target.
        """
        if self._walk is None:
            stack, settings = self._until_the_end(), settings_of(self.config)
            rewriting = Rewriting(self.path)
            judge = rewriting.judge if updates(self.config) else judged
            account = account_target(self.config)
            if account is not None:
                self._walk = stack.enter_context(open_account_walk(self.plan, account, judge))
                return self._walk
            target = stack.enter_context(article_target(self.config))
            self._walk = stack.enter_context(open_walk(self.plan, target, settings, judge))
            if updates(self.config):
                stack.callback(self._rewrite, rewriting)
        return self._walk

    def laboratory(self) -> Laboratory:
        """Where the checks of this article are done; opened and closed as the walk is."""
        if self._laboratory is None:
            self._laboratory = self._until_the_end().enter_context(
                open_laboratory(self.config, settings_of(self.config).endpoint_of_articles)
            )
        return self._laboratory

    def frame_once(self) -> Sequence[Finding]:
        """What is known of the document, for the first item that tells something."""
        if self._told:
            return ()
        self._told = True
        return (frame.of(self.plan, self.path, self.config),)

    def _rewrite(self, rewriting: Rewriting) -> None:
        reporting = self.config.pluginmanager.get_plugin("codeartifact-reporting")
        if rewriting.write() and reporting is not None:
            reporting.note(f"rewritten: {self.document}")

    def _until_the_end(self) -> ExitStack:
        # Not by this file's own teardown: items of several files may be mixed.
        stack = ExitStack()
        self.session.addfinalizer(stack.close)
        return stack


class ArticleItem(pytest.Item):
    """Something about an article that can pass or fail, with the findings it came by."""

    def __init__(self, *, parent: ArticleFile, **arguments: Any) -> None:  # noqa: ANN401 -- pytest's
        super().__init__(parent=parent, **arguments)
        self.file = parent
        self.add_marker("article")
        # They build on each other, so one worker of pytest-xdist gets all of them.
        self.add_marker(pytest.mark.xdist_group(f"codeartifact-article-{parent.document}"))
        self._found: list[Finding] = []

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands among the items of its file: steps first, then checks, then mutants."""
        raise NotImplementedError

    def found(self, *findings: Finding) -> None:
        """Keep findings for this item's report."""
        self._found += [*self.file.frame_once(), *findings]

    def take_findings(self) -> Sequence[JSON]:
        """The findings since this was last called, as JSON."""
        taken, self._found = self._found, []
        return [to_json(each) for each in taken]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 -- pytest's
        """What went wrong, for the reader of the article; a traceback for our own mistakes only."""
        error = excinfo.value
        if isinstance(error, StepNeeded):
            return f"{error}, which failed:\n{error.failure}"
        if isinstance(error, _FOR_READERS):
            return str(error)
        return super().repr_failure(excinfo, style)

    def is_selected(self, step: Step) -> bool:
        """Whether a step of this article is an item of this run."""
        return any(
            isinstance(item, StepItem) and item.file is self.file and item.step.id == step.id
            for item in self.session.items
        )

    def reach(self, step: Step) -> None:
        """Do a step, and before it all the earlier ones that were not done yet.

        Skips when an earlier one failed and says so itself; raises StepNeeded when it does not.
        """
        walk = self.file.walk()
        before = len(walk.tools.log.entries)
        try:
            walk.reach(step)
        except StepNeeded as needed:
            # Only when the failure is reported as an item of its own is it enough to skip.
            if self.is_selected(needed.step):
                pytest.skip(str(needed))
            raise
        finally:
            self.found(*walk.take_findings())
            self.add_report_section("call", "console", walk.tools.log.text(before))


_FOR_READERS = (StepFailed, CheckFailed, mutation.Unnoticed, MissingTool, CodeArtifactError)


class StepItem(ArticleItem):
    """One step of an article."""

    def __init__(self, *, step: Step, **arguments: Any) -> None:  # noqa: ANN401 -- pytest's
        super().__init__(**arguments)
        self.step = step
        for claim in self.file.plan.claims_of(step):
            self.user_properties.append(("claim", claim.id))
        if step.skip_reason is not None:
            self.add_marker(pytest.mark.skip(reason=step.skip_reason))

    @property
    def place(self) -> tuple[int, int]:
        return 0, self.step.line

    def runtest(self) -> None:
        """Do this step, and before it all the earlier ones that were not done yet."""
        try:
            self.reach(self.step)
        except pytest.skip.Exception as skipped:
            self.found(_needs(self.file.document, self.step, str(skipped)))
            raise

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the step begins."""
        return self.path, self.step.line - 1, f"step {self.step.id}"


def _needs(document: str, step: Step, reason: str) -> StepFinding:
    return StepFinding(
        document=document,
        id=step.id,
        line=step.line,
        title=step.title,
        outcome="needs",
        seconds=0.0,
        reason=reason,
    )


class ClaimItem(ArticleItem):
    """Something about one claim; `after` is what it comes after in its file."""

    after: ClassVar[int]

    def __init__(self, *, claim: Claim, **arguments: Any) -> None:  # noqa: ANN401 -- pytest's
        super().__init__(**arguments)
        self.claim = claim
        self.user_properties.append(("claim", claim.id))

    @property
    def place(self) -> tuple[int, int]:
        return self.after, self.file.plan.claims.index(self.claim)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The document; the claim's line is the article's, which may not be here."""
        return self.path, 0, self.name


class CheckItem(ClaimItem):
    """The check of one claim."""

    after: ClassVar[int] = 1

    def runtest(self) -> None:
        """Observe what the claim speaks of, and compare it with what the claim says."""
        lacking = needs_of(str(self.claim.check)) - self.file.laboratory().account.capabilities
        if lacking:
            missing = " and ".join(sorted(each.means for each in lacking))
            pytest.skip(f"this needs {missing}, which a real account does not have")
        checked = facts.checked(self.file.plan, self.claim, self.name, self.file.laboratory())
        self.found(checked.finding)
        self.add_report_section("call", "console", checked.console)
        if checked.failure is not None:
            raise checked.failure


class MutationItem(ClaimItem):
    """What a claim rests on, altered bit by bit to see whether anybody would notice."""

    after: ClassVar[int] = 2

    def runtest(self) -> None:
        """Alter each expected line, fact and word; raises Unnoticed for what nobody would see."""
        steps = [step for step in self.file.plan.steps if self._has_part(step)]
        if steps:
            self.reach(steps[-1])
        laboratory = self.file.laboratory() if self.claim.check is not None else None
        finding = mutation.of_claim(
            self.file.plan, self.claim, self.file.walk() if steps else None, laboratory
        )
        self.found(finding)
        mutation.demand_noticed(finding)

    def _has_part(self, step: Step) -> bool:
        return any(self.file.plan.lines_for(self.claim, step))
