"""Colours for the cells of lessons, which begin with a command of their own."""

from collections.abc import Iterator

from pygments.lexer import Lexer
from pygments.lexers import (
    BashSessionLexer,
    PythonLexer,
    TextLexer,
    get_lexer_for_filename,
)
from pygments.token import Comment, Keyword, _TokenType
from pygments.util import ClassNotFound


class LessonLexer(Lexer):
    """Console cells as sessions, written files by their names, all else as Python."""

    name = "Lesson"
    aliases = ("lesson",)

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        first, end, rest = text.partition("\n")
        if first.startswith("%%"):
            yield 0, Keyword, first
            yield len(first), Comment, end
            offset = len(first) + len(end)
            for at, kind, value in _inner(first).get_tokens_unprocessed(rest):
                yield at + offset, kind, value
        elif any(line.startswith("%") for line in text.splitlines()):
            yield 0, Keyword, text
        else:
            yield from PythonLexer().get_tokens_unprocessed(text)


def _inner(first: str) -> Lexer:
    word, _, name = first.partition(" ")
    if word == "%%console":
        return BashSessionLexer()
    try:
        found: Lexer = get_lexer_for_filename(name.strip())
    except ClassNotFound:
        return TextLexer()
    return found
