"""Edits of a document as a unified diff that git and patch accept."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, TypeAlias

from pytest_codeartifact.report.sealing import ReportError

EditJSON: TypeAlias = Mapping[str, Any]
"""A `findings.Edit` as JSON."""

_NEEDS_QUOTES = re.compile(r'[\x00-\x1f"\\\x7f]')


def unified(path: str, edits: Sequence[EditJSON]) -> str:
    """The diff of all `edits` of the file `path`; empty without edits.

    Lines are taken as they are, blanks at their ends included. Edits whose context meets become
    one hunk; insertions at one place keep their order, and the same edit twice counts once. Raises
    ReportError when two edits contradict each other.
    """
    hunks = _hunks(path, edits)
    if not hunks:
        return ""
    name = PurePath(path).as_posix().lstrip("/")
    lines = [f"--- {_name('a', name)}", f"+++ {_name('b', name)}"]
    offset = 0
    for hunk in hunks:
        body = list(hunk.body())
        old = sum(line[0] != "+" for line in body)
        new = sum(line[0] != "-" for line in body)
        lines.append(f"@@ -{_range(hunk.first, old)} +{_range(hunk.first + offset, new)} @@")
        lines += body
        offset += new - old
    return "\n".join(lines) + "\n"


@dataclass(slots=True)
class _Hunk:
    """Neighbouring edits, and all lines of the original around them that are known."""

    first: int
    known: dict[int, str] = field(default_factory=dict)
    inserted: dict[int, list[str]] = field(default_factory=dict)
    replaced: dict[int, tuple[int, Sequence[str]]] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """The line after the last one that is known."""
        return self.first + len(self.known)

    def body(self) -> Iterator[str]:
        """The lines of the hunk with their signs."""
        at = self.first
        while at <= self.end:
            yield from (f"+{line}" for line in self.inserted.get(at, ()))
            if at in self.replaced:
                length, lines = self.replaced[at]
                yield from (f"-{self.known[at + offset]}" for offset in range(length))
                yield from (f"+{line}" for line in lines)
                at += length
            else:
                if at < self.end:
                    yield f" {self.known[at]}"
                at += 1


def _hunks(path: str, edits: Sequence[EditJSON]) -> list[_Hunk]:
    changing = [each for each in edits if each["removed"] or each["inserted"]]
    hunks: list[_Hunk] = []
    for edit in sorted(changing, key=_start):
        if not hunks or _start(edit) > hunks[-1].end:
            hunks.append(_Hunk(_start(edit)))
        original = (*edit["before"], *edit["removed"], *edit["after"])
        for number, line in enumerate(original, _start(edit)):
            if hunks[-1].known.setdefault(number, line) != line:
                raise _contradiction(path, number)
    free_from = 0
    for first, removed, inserted in _in_order(changing):
        if first < free_from:
            raise _contradiction(path, first)
        free_from = first + len(removed)
        hunk = next(each for each in hunks if each.first <= first <= each.end)
        if removed:
            hunk.replaced[first] = len(removed), inserted
        else:
            hunk.inserted.setdefault(first, []).extend(inserted)
    return hunks


def _in_order(edits: Sequence[EditJSON]) -> list[tuple[int, tuple[str, ...], tuple[str, ...]]]:
    """What edits change, from top to bottom, each once; what is inserted before a line first."""
    changes = ((each["first"], tuple(each["removed"]), tuple(each["inserted"])) for each in edits)
    return sorted(dict.fromkeys(changes), key=lambda change: (change[0], bool(change[1])))


def _start(edit: EditJSON) -> int:
    return int(edit["first"]) - len(edit["before"])


def _contradiction(path: str, line: int) -> ReportError:
    return ReportError(
        "two edits contradict each other",
        where=f"{path}:{line}",
        hint="make one edit of both, or leave one of them out",
    )


def _range(first: int, length: int) -> str:
    """Lines as a hunk counts them: an empty range is named by the line before it."""
    if length == 1:
        return str(first)
    return f"{first if length else first - 1},{length}"


def _name(side: str, name: str) -> str:
    """A name in a header, which would end at a blank if no tab came after it."""
    whole = f"{side}/{name}"
    if _NEEDS_QUOTES.search(whole):
        escaped = _NEEDS_QUOTES.sub(lambda found: f"\\{ord(found[0]):03o}", whole)
        return f'"{escaped}"'
    return f"{whole}\t" if " " in whole else whole
