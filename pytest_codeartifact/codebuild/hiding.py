"""What a build's log must not show, and how it is masked in text that comes piece by piece.

Source: "View detailed build information in AWS CodeBuild" (AWS CodeBuild User Guide): access key
IDs are hidden, and values from the Parameter Store and the Secrets Manager wherever they stand.

Differs: AWS shows CodeArtifact's tokens and secret access keys, here they are hidden as well.
"""

import re
import threading
from collections.abc import Iterable
from functools import reduce

from pytest_codeartifact.redaction import TOKEN_PATTERN, redact

MASK = "***"
"""What CodeBuild shows in place of a value."""

LONGEST_PATTERN = 8192
"""So many characters of something endless are waited for before it is taken as it is."""

TELLING = 8
"""So many characters of a value are no coincidence."""

_TOKEN_BEGIN = TOKEN_PATTERN.partition("[")[0]
_ADDRESS_BEGIN = "aws:"
_HEADER_BEGIN = "YXdzO"
_MARKS = (_TOKEN_BEGIN, _ADDRESS_BEGIN, _HEADER_BEGIN)
_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16,}")
# What stands before a word matters for what it is, but must not become a part of it.
_WORD = re.compile(r"\w")
_LINE_END = re.compile(r"[\r\n]+")
# Lines of a longer value, such as braces of JSON, that hide nothing and would mask everything.
_SHORTEST_LINE = 4
_NOTHING = re.compile(r"(?!)")


def _beginnings(letters: str, then: str = "") -> str:
    """Expression for `letters` as far as there are any, and what may follow all of them."""
    return reduce(lambda rest, letter: f"{re.escape(letter)}(?:{rest})?", reversed(letters), then)


# What may be the beginning of anything that is masked by its form, at the end of a text.
_BEGUN = re.compile(
    "|".join(
        rf"(?:{begun})\Z"
        for begun in (
            rf"{TOKEN_PATTERN}\.?",
            _beginnings(_TOKEN_BEGIN),
            r"\bA(?:[KS](?:" + _beginnings("IA", "[A-Z0-9]*") + ")?)?",
            r"(?<![\w:])" + _beginnings(_ADDRESS_BEGIN, r"[^\s@/'\"]*"),
            r"\b" + _beginnings(_HEADER_BEGIN, "[g-v][A-Za-z0-9+/_-]*={0,2}"),
        )
    )
)


def _veil(value: re.Match[str]) -> str:
    return "*" * len(value[0])


class Hidden:
    """Masks values, tokens and keys; values may be added at any time, from any thread."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._adding = threading.Lock()
        self._lines: tuple[str, ...] = ()
        self._pattern = _NOTHING
        for value in values:
            self.add(value)

    def __repr__(self) -> str:
        return f"Hidden({len(self._lines)} values)"

    def add(self, value: str) -> None:
        """Hide a value from now on; one of several lines is hidden line by line."""
        lines = [line for line in _LINE_END.split(value) if line]
        if len(lines) > 1:
            lines = [line for line in lines if len(line) >= _SHORTEST_LINE]
        with self._adding:
            # The longest first, or one that begins with another would leave its tail behind.
            known = sorted({*self._lines, *lines}, key=lambda line: (-len(line), line))
            self._lines = tuple(known)
            self._pattern = re.compile("|".join(map(re.escape, known))) if known else _NOTHING

    def masked(self, text: str, before: str = "") -> str:
        """`text` without what is hidden; `before` is the character that is shown before it."""
        if self._values_in(text):
            text = self._pattern.sub(MASK, text)
        context = _KEY.sub(MASK, _WORD.sub("_", before) + text)
        # There is much to log, and hardly ever anything of these.
        if any(mark in context for mark in _MARKS):
            context = redact(context)
        return context[len(before) :]

    def cut_off(self, text: str, before: str = "") -> str:
        """As `masked`, for a text that ends here but may go on; a value it breaks off is masked."""
        end = self._begun(text, self._spans(text))
        if len(text) - end < TELLING:
            return self.masked(text, before)
        return self.masked(text[:end], before) + MASK

    def settled(self, text: str, before: str = "") -> int:
        """How many characters of `text` can be masked now, whatever comes after it.

        What is left is the beginning of something that may have to be hidden.
        """
        spans = self._spans(text)
        end = self._begun(text, spans)
        # As it will be seen, but with every place where it is.
        veiled = self._pattern.sub(_veil, text[:end]) if spans else text[:end]
        context = _WORD.sub("_", before) + veiled
        begun = _BEGUN.search(context, max(0, len(context) - LONGEST_PATTERN))
        return end if begun is None else max(0, begun.start() - len(before))

    def _values_in(self, text: str) -> bool:
        # To look for each of them is quicker than an expression of them all.
        return any(line in text for line in self._lines)

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where values begin and end."""
        if not self._values_in(text):
            return []
        return [match.span() for match in self._pattern.finditer(text)]

    def _begun(self, text: str, spans: Iterable[tuple[int, int]]) -> int:
        """Where the longest beginning of a value starts that `text` ends with."""
        end = self._value_begun(text, 0)
        for start, last in spans:
            if start >= end:
                break
            # A whole value that reaches into it takes its characters.
            if last > end:
                end = self._value_begun(text, last)
        return end

    def _value_begun(self, text: str, start: int) -> int:
        longest = 0
        for line in self._lines:
            for length in range(min(len(line) - 1, len(text) - start), longest, -1):
                if line[length - 1] == text[-1] and text.endswith(line[:length]):
                    longest = length
                    break
        return len(text) - longest
