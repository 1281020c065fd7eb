"""The files of a report."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_codeartifact.findings import JSON
from pytest_codeartifact.report import markdown, page
from pytest_codeartifact.report.patch import unified
from pytest_codeartifact.report.sealing import sealed

PATCH = "errata.patch"


def write(document: JSON, folder: Path) -> Sequence[Path]:
    """Write report.json, report.html, report.md, and errata.patch when there is something to edit.

    The folder is made if need be; a patch of an earlier run does not stay. Raises ReportError,
    with nothing written, when a token is in one of them.
    """
    texts = {
        "report.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        "report.html": page.render(document),
        "report.md": markdown.render(document),
        **_patch(document),
    }
    for name, text in texts.items():
        sealed(name, text)
    folder.mkdir(parents=True, exist_ok=True)
    if PATCH not in texts:
        (folder / PATCH).unlink(missing_ok=True)
    for name, text in texts.items():
        # Lines of a patch may end in a carriage return of their own: nothing is translated.
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return [folder / name for name in texts]


def _patch(document: JSON) -> Mapping[str, str]:
    edits: dict[str, list[JSON]] = {}
    for erratum in document["errata"]:
        edits.setdefault(erratum["file"], []).extend(erratum["edits"])
    text = "".join(unified(file, each) for file, each in edits.items())
    return {PATCH: text} if text else {}
