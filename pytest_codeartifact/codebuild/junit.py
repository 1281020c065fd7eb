"""The test cases of a report in JUnit's XML, as CodeBuild keeps them.

Source: "Test reports in AWS CodeBuild" (AWS CodeBuild User Guide). Nothing a file says is taken on
trust: documents with a DOCTYPE are refused, so there are no entities to expand, and neither a file
nor what is read of it may become large.
"""

import math
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias
from xml.parsers import expat

Status: TypeAlias = Literal["SUCCEEDED", "FAILED", "ERROR", "SKIPPED"]

MOST_BYTES = 20 * 1024 * 1024
"""How large a report may be."""

MOST_CASES = 100_000
"""How many test cases one file may have; all of them are kept in memory."""

MOST_MESSAGE = 4096
"""How many characters are kept of what a test case says."""

MOST_NAME = 1024
"""How many characters are kept of a name."""

_BLOCK_BYTES = 1 << 16
_NANOSECONDS = 10**9
# Longer than any test, and still exact enough.
_MOST_SECONDS = 1e9
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_SUITES = frozenset({"testsuites", "testsuite"})
_OUTCOMES: Mapping[str, Status] = {"failure": "FAILED", "error": "ERROR", "skipped": "SKIPPED"}
# An error outweighs a failure where a test case has both.
_WEIGHTS: Mapping[str, int] = {
    status: weight for weight, status in enumerate(("SUCCEEDED", "SKIPPED", "FAILED", "ERROR"))
}


class ReportError(ValueError):
    """A file is no report that can be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TestCase:
    """A test case; `prefix` is the class or suite it belongs to."""

    __test__ = False  # pytest takes whatever is called Test… for a test

    name: str
    prefix: str
    status: Status
    duration_nanoseconds: int = 0
    message: str = ""


def read_cases(path: Path) -> list[TestCase]:
    """Return the test cases of a file in their order; raises ReportError."""
    reader = _Reader()
    try:
        # Not to wait for a pipe; no report is one.
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(opened, "rb") as file:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                raise ReportError(path, "it is no file")
            left = MOST_BYTES
            while block := file.read(min(_BLOCK_BYTES, left + 1)):
                left -= len(block)
                if left < 0:
                    raise ReportError(path, f"it is larger than {MOST_BYTES} bytes")
                reader.feed(block)
        reader.end()
    except OSError as error:
        raise ReportError(path, error.strerror or type(error).__name__) from error
    except (expat.ExpatError, _Unfit) as error:
        raise ReportError(path, str(error)) from error
    return reader.cases


class _Unfit(ValueError):
    """What is read is XML, and nothing that we take."""


@dataclass(slots=True)
class _Case:
    """A test case that is being read."""

    name: str
    prefix: str
    duration_nanoseconds: int
    status: Status = "SUCCEEDED"
    said: list[str] = field(default_factory=list)
    room: int = MOST_MESSAGE

    def say(self, text: str) -> None:
        self.said.append(text[: self.room])
        self.room -= len(self.said[-1])

    def done(self) -> TestCase:
        message = "".join(self.said).strip()
        return TestCase(self.name, self.prefix, self.status, self.duration_nanoseconds, message)


class _Reader:
    """Reads test cases piece by piece; raises _Unfit and ExpatError."""

    def __init__(self) -> None:
        self.cases: list[TestCase] = []
        self._suites: list[str] = []
        self._case: _Case | None = None
        self._listens = False
        self._depth = 0
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._finish
        parser.CharacterDataHandler = self._text
        self._parser = parser

    def feed(self, block: bytes) -> None:
        self._parser.Parse(block, False)  # noqa: FBT003 -- the name of this argument is not ours

    def end(self) -> None:
        self._parser.Parse(b"", True)  # noqa: FBT003 -- likewise

    def _doctype(self, *_about: object) -> None:
        raise _Unfit("a DOCTYPE is not allowed")

    def _begin(self, element: str, attributes: Mapping[str, str]) -> None:
        kind = element.rpartition(":")[2]
        self._depth += 1
        if self._depth == 1 and kind not in _SUITES:
            # AWS says it so, of a report of another format.
            raise _Unfit(f"expected element type <testsuite> but have <{kind}>")
        if kind in _SUITES:
            self._suites.append(attributes.get("name", ""))
        elif kind == "testcase":
            self._case = self._new_case(attributes)
        elif self._case is not None and kind in _OUTCOMES:
            self._outcome(self._case, _OUTCOMES[kind], attributes.get("message", ""))

    def _new_case(self, attributes: Mapping[str, str]) -> _Case:
        if self._case is not None:
            raise _Unfit("a test case within a test case")
        if len(self.cases) == MOST_CASES:
            raise _Unfit(f"it has more than {MOST_CASES} test cases")
        suite = self._suites[-1] if self._suites else ""
        return _Case(
            name=attributes.get("name", "")[:MOST_NAME],
            prefix=(attributes.get("classname") or suite)[:MOST_NAME],
            duration_nanoseconds=_nanoseconds(attributes.get("time", "")),
        )

    def _outcome(self, case: _Case, status: Status, message: str) -> None:
        if _WEIGHTS[status] > _WEIGHTS[case.status]:
            case.status = status
        if message:
            case.say(f"{message}\n")
        self._listens = True

    def _text(self, text: str) -> None:
        if self._listens and self._case is not None:
            self._case.say(text)

    def _finish(self, element: str) -> None:
        kind = element.rpartition(":")[2]
        self._depth -= 1
        if kind in _SUITES:
            self._suites.pop()
        elif kind == "testcase" and self._case is not None:
            self.cases.append(self._case.done())
            self._case = None
        elif kind in _OUTCOMES:
            self._listens = False


def _nanoseconds(seconds: str) -> int:
    """A time as test runners write it, 0 where it is none."""
    text = seconds.strip()
    # Some write for people: 1,234.5 seconds, or 0,5 where a comma begins fractions.
    text = text.replace(",", "" if _GROUPED.fullmatch(text) else ".")
    try:
        value = float(text)
    except ValueError:
        return 0
    if not math.isfinite(value) or not 0 <= value <= _MOST_SECONDS:
        return 0
    return round(value * _NANOSECONDS)
