"""The patterns of package groups: how they are written, and which packages they match.

Sources: "Package group definition syntax and matching behavior" and "Create a package group" (AWS
CodeArtifact User Guide).
"""

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from pytest_codeartifact.emulator.entities import (
    NEED_NAMESPACE,
    NEVER_NAMESPACED,
    ROOT_PATTERN,
    PackageFormat,
    PackageId,
)

EXACT, WORDS, ALL = "$", "~", "*"
_NARROWNESS = {ALL: 0, WORDS: 1, EXACT: 2}
_SEPARATORS = re.compile(r"[-._]+")
_COMPONENT = re.compile(r"[^#\s]{1,255}")
_FORM = re.compile(
    r"/[^/]+/(?:\*|(?P<begun>[^/]+)[~*]|(?P<namespace>[^/]*)/(?:\*|(?P<name>[^/]+)[$~*]))"
)

# Differs: which characters the service takes for one another is not documented; here these are the
# compatibility forms of Unicode, and what in other alphabets looks like a small Latin letter.
_LATIN_LOOKALIKES = str.maketrans(
    {
        "\N{LATIN SMALL LETTER ALPHA}": "a",
        "\N{LATIN SMALL LETTER SCRIPT G}": "g",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "\N{GREEK SMALL LETTER ALPHA}": "a",
        "\N{GREEK SMALL LETTER GAMMA}": "y",
        "\N{GREEK SMALL LETTER IOTA}": "i",
        "\N{GREEK SMALL LETTER KAPPA}": "k",
        "\N{GREEK SMALL LETTER NU}": "v",
        "\N{GREEK SMALL LETTER OMICRON}": "o",
        "\N{GREEK SMALL LETTER RHO}": "p",
        "\N{GREEK SMALL LETTER UPSILON}": "u",
        "\N{GREEK SMALL LETTER CHI}": "x",
        "\N{CYRILLIC SMALL LETTER A}": "a",
        "\N{CYRILLIC SMALL LETTER IE}": "e",
        "\N{CYRILLIC SMALL LETTER KA}": "k",
        "\N{CYRILLIC SMALL LETTER O}": "o",
        "\N{CYRILLIC SMALL LETTER ER}": "p",
        "\N{CYRILLIC SMALL LETTER ES}": "c",
        "\N{CYRILLIC SMALL LETTER U}": "y",
        "\N{CYRILLIC SMALL LETTER HA}": "x",
        "\N{CYRILLIC SMALL LETTER DZE}": "s",
        "\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}": "i",
        "\N{CYRILLIC SMALL LETTER JE}": "j",
        "\N{CYRILLIC SMALL LETTER SHHA}": "h",
        "\N{CYRILLIC SMALL LETTER KOMI DE}": "d",
        "\N{CYRILLIC SMALL LETTER QA}": "q",
        "\N{CYRILLIC SMALL LETTER WE}": "w",
    }
)


class InvalidPattern(ValueError):
    """The text is not the pattern of a package group; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A stem, such as `/npm/space/foo`, and a suffix that says what may follow it.

    `$` lets nothing follow, `~` nothing that would continue the stem's last word, `*` anything.
    """

    stem: str
    suffix: str
    variation: str
    """The stem as `varied` makes it."""

    def matches(self, path: str) -> bool:
        """Whether the pattern matches a package path as it stands."""
        return _begins(path, self.stem, self.suffix)

    def matches_varied(self, varied_path: str) -> bool:
        """Whether a variation of the pattern matches, given what `varied` makes of the path."""
        return _begins(varied_path, self.variation, self.suffix)

    def contains(self, other: "Pattern") -> bool:
        """Whether this is another pattern that matches all that `other` matches."""
        if self.stem == other.stem:
            return self.narrowness < other.narrowness
        # What follows this stem within the other one follows it in every path the other matches.
        return _begins(other.stem, self.stem, self.suffix)

    @property
    def narrowness(self) -> int:
        """Orders patterns of one stem: what lets less follow is more specific."""
        return _NARROWNESS[self.suffix]


@functools.lru_cache(maxsize=4096)
def pattern_of(text: str) -> Pattern:
    """The pattern of a group that exists, so that nothing needs to be checked."""
    return Pattern(text[:-1], text[-1], varied(text[:-1]))


def path_of(package: PackageId) -> str:
    """The package path that patterns are compared with; no namespace leaves its place empty."""
    return f"/{package.format}/{package.namespace}/{package.name}"


def varied(text: str) -> str:
    """The text without what only makes variations: case, kinds of separators, lookalikes."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _SEPARATORS.sub(".", folded.translate(_LATIN_LOOKALIKES))


def _begins(path: str, stem: str, suffix: str) -> bool:
    if not path.startswith(stem):
        return False
    following = path[len(stem) : len(stem) + 1]
    if suffix == ALL or not following:
        return True
    return suffix == WORDS and not _is_of_word(following)


def _is_of_word(character: str) -> bool:
    r"""Whether it can stand in a word, which is `[\p{L}\p{N}][\p{L}\p{N}\p{M}]*`."""
    return unicodedata.category(character)[0] in "LNM"


# --- Reading ---------------------------------------------------------------------------------


def read_pattern(text: str) -> Pattern:
    """The pattern a new group is to have; raises InvalidPattern.

    Differs: what the service says of a wrong pattern is not documented, nor whether it takes some
    that are refused here: with a wildcard in the middle, with a name that is not normalised.
    """
    problem = None if text == ROOT_PATTERN else next(_problems(text), None)
    if problem is not None:
        raise InvalidPattern(f"'{text}' is not the pattern of a package group: {problem}")
    return pattern_of(text)


def _problems(text: str) -> Iterator[str]:
    """What is wrong with a pattern other than the root's, the most telling first."""
    if not text.startswith("/"):
        yield "it must begin with '/'"
    if text[-1:] not in _NARROWNESS:
        yield "it must end with '$' (exactly this), '~' (this word and more) or '*' (all)"
    if ALL in text[:-1]:
        yield "'*' can only be its last character"
    word = text[1:-1].partition("/")[0]
    if word not in set(PackageFormat):
        # Differs: the User Guide once writes 'python' for the format, and the API has 'pypi'; which
        # of them the service takes in a pattern is not known, here only the API's word is.
        hint = " (Python packages have the format 'pypi')" if word == "python" else ""
        yield f"'{word}' is none of the formats {', '.join(PackageFormat)}{hint}"
    form = _FORM.fullmatch(text)
    if form is None:
        yield (
            "it must have one of the forms /*, /format/*, /format/namespace~, /format/namespace/*,"
            " /format/namespace/name~, /format/namespace/name$"
        )
    else:
        yield from _problems_of_namespace(PackageFormat(word), form["begun"], form["namespace"])
        names = [each for each in form.group("begun", "namespace", "name") if each]
        yield from _problems_of_spelling(PackageFormat(word), names)
        if names and text[-2] != "/":
            yield from _problems_of_end(text[-2], text[-1], in_name=form["name"] is not None)


def _problems_of_namespace(
    package_format: PackageFormat, begun: str | None, whole: str | None
) -> Iterator[str]:
    if (begun or whole) and package_format in NEVER_NAMESPACED:
        yield (
            f"packages of format {package_format} have no namespace; leave it empty, as in"
            f" /{package_format}//name$"
        )
    if whole == "" and package_format in NEED_NAMESPACE:
        yield f"packages of format {package_format} need a namespace"


def _problems_of_spelling(package_format: PackageFormat, names: Sequence[str]) -> Iterator[str]:
    if not all(map(_COMPONENT.fullmatch, names)):
        yield "a namespace or name has at most 255 characters, none of them '#' or white space"
    for name in names:
        normalised = _normalised(package_format, name)
        if name != normalised:
            # AWS (Python package name normalization): stored so; NuGet and Swift likewise.
            yield f"names of format {package_format} are stored normalised: '{normalised}'"


def _problems_of_end(last: str, suffix: str, *, in_name: bool) -> Iterator[str]:
    if suffix == WORDS and not _is_of_word(last):
        yield f"'~' follows a letter or a number; after '{last}' comes '*'"
    if suffix == ALL and _is_of_word(last) and not in_name:
        # Differs: whether the service takes `*` within the word of a namespace is not documented;
        # its console offers that for names only, and mostly a slash was forgotten.
        yield "a namespace is followed by '/*', and the first words of one by '~'"


def _normalised(package_format: PackageFormat, component: str) -> str:
    if package_format is PackageFormat.PYPI:
        return canonicalize_name(component)
    if package_format in {PackageFormat.NUGET, PackageFormat.SWIFT}:
        return component.lower()
    return component
