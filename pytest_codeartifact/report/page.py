"""The report as one page: a single file that asks nothing of a browser but to show it."""

from typing import TYPE_CHECKING

from pytest_codeartifact.findings import JSON
from pytest_codeartifact.report import views, wording
from pytest_codeartifact.report.sealing import sealed

if TYPE_CHECKING:
    from jinja2 import Environment

_ICONS = {
    "verified": "verified",
    "cited": "cited",
    "not-run": "open",
    "passed": "verified",
    "skipped": "open",
    "needs": "open",
    "aws-changed": "changed",
}
"""The symbol beside a verdict or an outcome; what is not here failed."""


def render(document: JSON) -> str:
    """The page; raises ReportError when a token is in it."""
    template = _environment().get_template("page.html")
    return sealed("report.html", template.render(document=document))


def _environment() -> "Environment":
    import jinja2  # noqa: PLC0415 -- only runs that write a report need it

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pytest_codeartifact.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        plain=views.plain, moment=views.moment, facts=views.facts, icon=_icon
    )
    environment.globals.update(views=views, wording=wording)
    return environment


def _icon(verdict: str) -> str:
    return _ICONS.get(verdict, "failed")
