"""Which lines of an output a document still shows, and which of its lines became others."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from pytest_codeartifact.transcripts.matching import ANY_LINES, BLANKS
from pytest_codeartifact.transcripts.placeholders import split

Pair: TypeAlias = tuple[int | None, int | None]
"""Places of an expected line and of a line of output: one is the other, or became it.

Where the second is None the expected line is a `...`, where the first is None the line is new.
"""

# One line that is kept outweighs whatever is to be done to all the others.
_KEPT = 10**9
# To replace a line is never worse than to remove it, as a document goes on to say as much as it
# did; which line takes its place is decided by what they have in common.
_ADDED, _REMOVED, _REPLACED, _LIKENESS = -1000, -2000, -2000, 1500


def align(
    expected: Sequence[str], got: Sequence[str], fits: Callable[[int, int], bool]
) -> list[Pair]:
    """The pairs, in order, that keep the most lines; `...` takes over lines that would be new.

    `fits` tells whether an expected line and a line of output, by their places, may stay together.
    Expected lines that are in no pair have nothing that they could become.
    """
    shown_words = [_words(_literal_part(line)) for line in expected]
    got_words = [_words(line) for line in got]
    scores = [[0] * (len(got) + 1) for _ in range(len(expected) + 1)]
    # How to go on from each place: how many expected lines and lines of output are passed.
    moves = [[(0, 0)] * (len(got) + 1) for _ in range(len(expected) + 1)]
    for i in range(len(expected), -1, -1):
        is_dots = i < len(expected) and expected[i] == ANY_LINES
        for j in range(len(got), -1, -1):
            options: list[tuple[int, tuple[int, int]]] = []
            if i < len(expected):
                options.append((scores[i + 1][j] + (0 if is_dots else _REMOVED), (1, 0)))
            if j < len(got):
                options.append((scores[i][j + 1] + (0 if is_dots else _ADDED), (0, 1)))
            if i < len(expected) and j < len(got) and not is_dots:
                if fits(i, j):
                    value = _KEPT
                else:
                    common = _by_words(shown_words[i], got_words[j])
                    likeness = max(common, _by_letters(expected[i], got[j]))
                    value = _REPLACED + int(_LIKENESS * likeness)
                options.append((scores[i + 1][j + 1] + value, (1, 1)))
            if options:
                scores[i][j], moves[i][j] = max(options)
    return _pairs(expected, moves)


def _literal_part(shown: str) -> str:
    parts = split(shown.removesuffix(BLANKS))
    return "".join(part if isinstance(part, str) else " " for part in parts)


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


def _by_words(shown: frozenset[str], line: frozenset[str]) -> float:
    return len(shown & line) / max(len(shown), 1)


def _by_letters(shown: str, line: str) -> float:
    begin = _same(shown, line)
    end = _same(shown[begin:][::-1], line[begin:][::-1])
    return (begin + end) / max(len(shown), len(line), 1)


def _same(one: str, other: str) -> int:
    """How many letters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _pairs(expected: Sequence[str], moves: Sequence[Sequence[tuple[int, int]]]) -> list[Pair]:
    pairs: list[Pair] = []
    i = j = 0
    while (move := moves[i][j]) != (0, 0):
        is_dots = i < len(expected) and expected[i] == ANY_LINES
        match move:
            case (1, 1):
                pairs.append((i, j))
            case (1, 0) if is_dots:
                pairs.append((i, None))
            case (0, 1) if not is_dots:
                pairs.append((None, j))
        i, j = i + move[0], j + move[1]
    return pairs
