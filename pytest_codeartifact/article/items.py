"""Articles as pytest sees them: a file of steps, each one item, in the article's order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact.article.walk import StepNeeded, Walk
from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.targets import article_target, settings_of
from pytest_codeartifact.tools.process import MissingTool
from pytest_codeartifact.transcripts.blocks import DocumentError, Step, read_steps
from pytest_codeartifact.transcripts.steps import StepFailed, document_name


class ArticleFile(pytest.File):
    """A Markdown file whose console blocks are run and compared.

    The steps share one walk through the article, whatever order they are asked for in.
    """

    _walk: Walk | None = None
    _steps: tuple[Step, ...] = ()

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

    def collect(self) -> Iterator["ArticleItem"]:
        try:
            self._steps = read_steps(self.path.read_text(encoding="utf-8"))
        except DocumentError as error:
            msg = f"{self.document}:{error.line}: {error.what}"
            raise self.CollectError(msg) from None
        for step in self._steps:
            yield ArticleItem.from_parent(self, name=step.id, step=step)

    def walk(self) -> Walk:
        """The walk through this article, begun at the first call and cleaned up by the session.

        Raises CodeArtifactError when there is no target.
        """
        if self._walk is None:
            settings = settings_of(self.config)
            target = article_target(self.config)
            self._walk = Walk(self.document, self._steps, target, settings.public_pypi.value)
            # Not by this file's own teardown: items of several files may be mixed.
            self.session.addfinalizer(self._walk.close)
        return self._walk


def in_reading_order(items: list[pytest.Item]) -> None:
    """Put the steps of each article in its order, within the places that they take."""
    places: dict[pytest.Collector | None, list[int]] = {}
    for place, item in enumerate(items):
        if isinstance(item, ArticleItem):
            places.setdefault(item.parent, []).append(place)
    for taken in places.values():
        steps = [item for place in taken if isinstance(item := items[place], ArticleItem)]
        for place, item in zip(taken, sorted(steps, key=lambda item: item.step.line), strict=True):
            items[place] = item


class ArticleItem(pytest.Item):
    """One step of an article."""

    def __init__(self, *, step: Step, parent: ArticleFile, **arguments: Any) -> None:  # noqa: ANN401 -- pytest's
        super().__init__(parent=parent, **arguments)
        self.step = step
        self._file = parent
        self.add_marker("article")
        # Steps build on each other, so one worker of pytest-xdist gets all of them.
        self.add_marker(pytest.mark.xdist_group(f"codeartifact-article-{parent.document}"))
        if step.skip_reason is not None:
            self.add_marker(pytest.mark.skip(reason=step.skip_reason))

    def runtest(self) -> None:
        """Do this step, and before it all the earlier ones that were not done yet."""
        walk = self._file.walk()
        before = len(walk.tools.log.entries)
        try:
            walk.reach(self.step)
        except StepNeeded as needed:
            # Only when the failure is reported as an item of its own is it enough to skip.
            if self._is_selected(needed.step):
                pytest.skip(str(needed))
            raise
        finally:
            self.add_report_section("call", "console", walk.tools.log.text(before))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 -- pytest's
        """What went wrong, for the reader of the article; a traceback for our own mistakes only."""
        error = excinfo.value
        if isinstance(error, StepNeeded):
            return f"{error}, which failed:\n{error.failure}"
        if isinstance(error, StepFailed | MissingTool | CodeArtifactError):
            return str(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the step begins."""
        return self.path, self.step.line - 1, f"step {self.step.id}"

    def _is_selected(self, step: Step) -> bool:
        return any(
            isinstance(item, ArticleItem) and item.parent is self.parent and item.step.id == step.id
            for item in self.session.items
        )
