"""The report where GitHub Actions shows it: the summary of a step, and notes beside lines."""

from collections.abc import Iterator

from pytest_codeartifact.findings import JSON
from pytest_codeartifact.report import markdown
from pytest_codeartifact.report.sealing import sealed

# GitHub (Workflow commands): a step's summary may have 1 MiB.
_SUMMARY_BYTES = 1_000_000
_CUT = "\n\nThe rest is in report.md.\n"


def step_summary(document: JSON) -> str:
    """What belongs into the file GITHUB_STEP_SUMMARY; raises ReportError when a token is in it."""
    text = markdown.render(document)
    if len(text.encode()) <= _SUMMARY_BYTES:
        return text
    kept = text.encode()[:_SUMMARY_BYTES].decode(errors="ignore")
    return kept.rpartition("\n## ")[0] + _CUT


def annotations(document: JSON) -> Iterator[str]:
    """Workflow commands to print, one a line: errors for failures, warnings and notices for errata.

    Raises ReportError when a token is in one.
    """
    for each in document["failures"]:
        claims = f" ({', '.join(each['claims'])})" if each["claims"] else ""
        title = f"{each['verdict']}: {each['step']}{claims}"
        text = "\n".join(filter(None, (each["reason"], each["text"]))) or "it failed"
        yield _command("error", each["file"], each["line"], title, text)
    for each in document["errata"]:
        level = "warning" if each["kind"] == "wrong" else "notice"
        text = f"{each['really']}\nShown: {each['shows'] or 'nothing'}\nProof: {each['proof']}"
        yield _command(level, each["file"], each["line"], f"Erratum {each['id']}", text)


def _command(level: str, file: str, line: int, title: str, text: str) -> str:
    properties = {"file": file, **({"line": str(line)} if line else {}), "title": title}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return sealed("an annotation", f"::{level} {told}::{_data(text)}")


def _data(text: str) -> str:
    """Text after the last colons, where only these three signs have a meaning."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """The value of a property, which a colon or a comma would end."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
