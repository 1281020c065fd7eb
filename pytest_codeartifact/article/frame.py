"""What is known of an article before anything ran, and with what it is run."""

import platform
import sys
from pathlib import Path

import pytest

from pytest_codeartifact import __version__
from pytest_codeartifact.article.plan import Plan, unclaimed_json
from pytest_codeartifact.findings import JSON, Frame
from pytest_codeartifact.targets import settings_of
from pytest_codeartifact.tools.versions import programs


def of(plan: Plan, path: Path, config: pytest.Config) -> Frame:
    """The frame of a document, the file `path`, in this run."""
    return Frame(
        document=plan.document,
        title=plan.title,
        claims=tuple(claim.definition for claim in plan.claims),
        unclaimed=tuple(unclaimed_json(plan)),
        environment={**_environment(config), "article": _article(plan, path, config)},
    )


def _article(plan: Plan, path: Path, config: pytest.Config) -> str:
    """The file whose lines claims and errata are about, as one names it in its folder.

    For the walkthrough that is the article, which is elsewhere; for what lies below the folder
    that pytest was started in it is the path from there.
    """
    if plan.article is not None and not plan.is_the_article:
        return plan.article.name
    here = config.invocation_params.dir
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name


def _environment(config: pytest.Config) -> JSON:
    settings = settings_of(config)
    return {
        "plugin": __version__,
        "python": platform.python_version(),
        "pytest": pytest.__version__,
        "platform": f"{sys.platform} {platform.machine()}",
        "target": settings.target.value,
        "region": settings.region.value,
        "account": settings.account.value,
        "endpoint": settings.endpoint_of_articles,
        "programs": list(programs()),
    }
