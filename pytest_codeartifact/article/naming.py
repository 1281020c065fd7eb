"""A document's domains under names of a run's own, as a shared account demands it.

Documents name their domains as they like, `awscicd` or `demo`, and so do a hundred others. On a
real account each becomes a domain that nobody else has, made with the tags of its run; what
programs print is put back before it is compared.
"""

import hashlib
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_codeartifact.errors import CodeArtifactError

_NAME = r"[a-z][a-z0-9-]{0,48}[a-z0-9]"
_DOMAIN = re.compile(r"--domain(?=[\s=])")
_NAMED = re.compile(rf"--domain(?:\s+|=)[\"']?({_NAME})(?![\w$-])")
_VARIABLE = re.compile(r"--domain(?:\s+|=)[\"']?\$\{?(\w+)")
_MAKES = re.compile(
    r"\baws\s+(?:--?[\w-]+(?:[ =]\S+)?\s+)*?codeartifact\s+create-(domain|repository)\b"
)
_TAGS = re.compile(r"--tags[ =]")
_LONGEST = 50
_DIGEST = 6


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a document's domains, `own` by the document's; `tags` for what it makes."""

    own: Mapping[str, str]
    tags: Mapping[str, str]
    variables: frozenset[str] = frozenset()

    @classmethod
    def of(cls, commands: Iterable[str], stem: str, tags: Mapping[str, str]) -> "Names":
        """The names of the domains that commands speak of, `stem` before each.

        Raises CodeArtifactError where a command does not say by which name.
        """
        texts = list(commands)
        names = {name for text in texts for name in _NAMED.findall(text)}
        variables: set[str] = set()
        for variable in {name for text in texts for name in _VARIABLE.findall(text)}:
            assigned = re.compile(rf"\b{variable}=[\"']?({_NAME})(?![\w$-])")
            found = {name for text in texts for name in assigned.findall(text)}
            if found:
                names |= found
                variables.add(variable)
        for text in texts:
            told = {found.start() for found in _NAMED.finditer(text)}
            told |= {found.start() for found in _VARIABLE.finditer(text) if found[1] in variables}
            spoken_of = {found.start() for found in _DOMAIN.finditer(text)}
            makes_domain = any(made[1] == "domain" for made in _MAKES.finditer(text))
            # A name that is found out on the way may be that of a stranger's domain.
            if spoken_of - told or (makes_domain and not spoken_of):
                raise CodeArtifactError(
                    f"it cannot be told which domain this is about: {text.strip()[:200]}",
                    hint="write its name after --domain, or in a variable that a command sets",
                )
        return cls({name: _own(stem, name) for name in sorted(names)}, tags, frozenset(variables))

    def typed(self, text: str) -> str:
        """What is really typed, or written into a file, where a document shows `text`."""
        for name, own in self.own.items():
            text = self._pattern(name).sub(rf"\g<before>{own}", text)
        return self.tagged(text)

    def tagged(self, text: str) -> str:
        """Commands that make something, with the tags of the run."""
        words = " ".join(
            shlex.quote(f"key={key},value={value}") for key, value in self.tags.items()
        )
        if not words:
            return text
        if _MAKES.search(text) and _TAGS.search(text):
            return _TAGS.sub(lambda found: f"{found[0]}{words} ", text, count=1)
        return _MAKES.sub(lambda made: f"{made[0]} --tags {words}", text)

    def shown(self, text: str) -> str:
        """What was printed, as the document would show it."""
        for name, own in self.own.items():
            text = text.replace(own, name)
        return text

    def _pattern(self, name: str) -> re.Pattern[str]:
        """Where a text means the domain `name`, and no other word that is spelled so."""
        word = rf"{re.escape(name)}(?![\w-])"
        assigned = "|".join(rf"\b{variable}=[\"']?" for variable in sorted(self.variables))
        before = [
            rf"--domain(?:\s+|=)[\"']?(?={word})",
            rf"[\"'`](?={word}[\"'`])",
            rf"\b(?:domain|repository|package|package-group)/(?={word})",
            # The host of its package endpoints.
            rf"(?<![\w.-])(?={re.escape(name)}-(?:\d{{12}}|[$<{{][^.\s]*)\.d\.codeartifact\.)",
        ]
        if assigned:
            before.append(rf"(?:{assigned})(?={word})")
        return re.compile(rf"(?P<before>{'|'.join(before)}){re.escape(name)}")


def _own(stem: str, name: str) -> str:
    """The run's name for a domain; what would be too long ends in a digest of all of it."""
    own = f"{stem}-{name}"
    if len(own) <= _LONGEST:
        return own
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{own[: _LONGEST - _DIGEST - 1].rstrip('-')}-{digest}"
