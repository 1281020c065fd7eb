"""The report of a verified article: one document, shown as JSON, a page, a table and a patch."""

from pytest_codeartifact.report.document import Run, assemble
from pytest_codeartifact.report.files import write
from pytest_codeartifact.report.sealing import ReportError

__all__ = ["ReportError", "Run", "assemble", "write"]
