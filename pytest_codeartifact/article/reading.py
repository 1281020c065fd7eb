"""The article as a text that may change: its sentences, known by line and hash.

The article itself is not part of this project. Its table of claims names each sentence by the
line it stood on and by a hash of its words, so that a copy can be recognised, and what moved,
changed or is new can be told.
"""

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

HASH_LENGTH = 12
_RECOGNISED = 0.4
"""A text with so much of the article is an edition of it: what it shows is almost half of it."""
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+(?=[A-Z\"'(])")
# What is shown, not said: it is compared as a whole, blanks included.
_SHOWN = re.compile(r"^(?:\s|[$>{}\[]|phases:|name = |version = )|[│┌└▼]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, or one line of what the text shows."""

    line: int
    text: str

    @property
    def sha256(self) -> str:
        """The beginning of its hash; blanks at the ends and how many there are do not count."""
        words = " ".join(self.text.split())
        return hashlib.sha256(words.encode()).hexdigest()[:HASH_LENGTH]


@dataclass(frozen=True, slots=True)
class KnownSentence:
    """A sentence as the table knows it: `claims` it makes, or `note`, why it makes none."""

    line: int
    sha256: str
    claims: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Edition:
    """How a text relates to the article.

    `lines` gives for each line of the article that is still there the line of the text; `vanished`
    and `appeared` are what has no counterpart.
    """

    lines: Mapping[int, int]
    vanished: tuple[KnownSentence, ...]
    appeared: tuple[Sentence, ...]


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a text in order; lines that show something are one each."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        parts = [line] if _SHOWN.search(line) else _SENTENCE_END.split(line.strip())
        yield from (Sentence(number, part) for part in parts)


def recognise(text: str, known: Sequence[KnownSentence]) -> Edition | None:
    """How `text` relates to the article whose sentences are `known`; None for another text."""
    found = list(sentences(text))
    matcher = difflib.SequenceMatcher(
        a=[each.sha256 for each in known], b=[each.sha256 for each in found], autojunk=False
    )
    pairs = [
        (block.a + offset, block.b + offset)
        for block in matcher.get_matching_blocks()
        for offset in range(block.size)
    ]
    if len(pairs) < _RECOGNISED * len(known):
        return None
    there, here = {a for a, _ in pairs}, {b for _, b in pairs}
    return Edition(
        lines={known[a].line: found[b].line for a, b in pairs},
        vanished=tuple(each for at, each in enumerate(known) if at not in there),
        appeared=tuple(each for at, each in enumerate(found) if at not in here),
    )
