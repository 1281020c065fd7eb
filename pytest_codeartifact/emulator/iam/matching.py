"""Patterns of policies: wildcards, and variables that a request fills in.

Sources: "IAM JSON policy elements: Resource", "IAM policy elements: Variables and tags" (IAM User
Guide).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

Value = str | tuple[str, ...]
"""A value of a condition key; a tuple is the value of a multivalued key such as `aws:TagKeys`."""
Context = Mapping[str, Value]
"""What conditions and variables may ask, by condition key in lower case."""

_SPECIAL = re.compile(
    r"\$\{(?:(?P<sign>[*?$])|\s*(?P<key>[^\s{},'](?:[^{},']*[^\s{},'])?)\s*"
    r"(?:,\s*'(?P<default>[^']*)'\s*)?)\}"
)
_ARN_COLONS = 5


@dataclass(frozen=True, slots=True)
class Variable:
    """A condition key, in lower case, whose value stands here; `default` where it has none."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Literal:
    """Text in which `*` and `?` stand for themselves."""

    text: str


Part = str | Literal


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy: characters, wildcards and variables."""

    parts: tuple[Part | Variable, ...]

    @property
    def variables(self) -> frozenset[str]:
        """The condition keys it asks for, in lower case."""
        return frozenset(part.key for part in self.parts if isinstance(part, Variable))

    def filled(self, context: Context) -> tuple[Part, ...] | None:
        """Its parts with variables replaced; None where a variable has no single value."""
        filled: list[Part] = []
        for part in self.parts:
            if not isinstance(part, Variable):
                filled.append(part)
                continue
            # A key with several values cannot be a variable, so it is as good as absent.
            value = context.get(part.key)
            text = value if isinstance(value, str) else part.default
            if text is None:
                return None
            filled.append(Literal(text))
        return tuple(filled)


def read_template(text: str, *, has_variables: bool) -> Template:
    """A text of a policy; where there are no variables, `${` is text like any other."""
    parts: list[Part | Variable] = []
    end = 0
    for match in _SPECIAL.finditer(text) if has_variables else ():
        parts.append(text[end : match.start()])
        end = match.end()
        if match["sign"]:
            parts.append(Literal(match["sign"]))
        else:
            parts.append(Variable(match["key"].lower(), match["default"]))
    parts.append(text[end:])
    return Template(tuple(part for part in parts if part != ""))


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns of which one must fit: those without variables as one, then the others."""

    fixed: re.Pattern[str] | None
    templates: tuple[Template, ...] = ()

    def fit(self, text: str, context: Context) -> bool:
        """Whether one of them describes the whole text."""
        if self.fixed is not None and self.fixed.fullmatch(text):
            return True
        filled = (template.filled(context) for template in self.templates)
        return any(parts and resource_pattern(parts).fullmatch(text) for parts in filled)

    @property
    def variables(self) -> frozenset[str]:
        """The condition keys they ask for, in lower case."""
        return frozenset(key for template in self.templates for key in template.variables)


def read_actions(texts: Iterable[str]) -> Patterns:
    """Patterns of actions, which are compared in lower case."""
    return Patterns(_any_of(pattern((text.lower(),)) for text in texts))


def read_resources(texts: Iterable[str], *, has_variables: bool) -> Patterns:
    """Patterns of resources."""
    fixed: list[re.Pattern[str]] = []
    templates: list[Template] = []
    for text in texts:
        *fields, resource = text.split(":", _ARN_COLONS)
        # Source: "IAM policy elements: Variables and tags": only the last field has variables.
        template = read_template(resource, has_variables=has_variables)
        template = Template(("".join(f"{field}:" for field in fields), *template.parts))
        parts = None if template.variables else template.filled({})
        if parts is None:
            templates.append(template)
        else:
            fixed.append(resource_pattern(parts))
    return Patterns(_any_of(fixed), tuple(templates))


def _any_of(patterns: Iterable[re.Pattern[str]]) -> re.Pattern[str] | None:
    source = "|".join(pattern.pattern for pattern in patterns)
    return re.compile(source, re.DOTALL) if source else None


# --- Wildcards -------------------------------------------------------------------------------

_ANY, _WITHIN = ".", "[^:]"
"""What one character is: any, or any within a field of an ARN."""


@lru_cache(maxsize=4096)
def pattern(parts: tuple[Part, ...]) -> re.Pattern[str]:
    """What a whole text must look like."""
    return _compiled([(sign, _ANY) for sign in _signs(parts)])


@lru_cache(maxsize=4096)
def resource_pattern(parts: tuple[Part, ...]) -> re.Pattern[str]:
    """What a resource must look like: wildcards stay in their field of the ARN.

    Except for a `*` that ends its field: it reaches as far as it can. Source: "IAM JSON policy
    elements: Resource".
    """
    return _compiled(_of_fields([*_signs(parts)], are_separate=False))


@lru_cache(maxsize=4096)
def arn_pattern(parts: tuple[Part, ...]) -> re.Pattern[str] | None:
    """What an ARN must look like, each of its six fields for itself; None if it has fewer."""
    signs = [*_signs(parts)]
    if signs.count(":") < _ARN_COLONS:
        return None
    return _compiled(_of_fields(signs, are_separate=True))


def _signs(parts: Iterable[Part]) -> Iterator[str]:
    """Wildcards as they are, any other character escaped where an expression needs that."""
    for part in parts:
        if isinstance(part, Literal):
            yield from map(re.escape, part.text)
        else:
            yield from (sign if sign in "*?" else re.escape(sign) for sign in part)


def _of_fields(signs: Sequence[str], *, are_separate: bool) -> Iterator[tuple[str, str]]:
    """The signs of an ARN, each with what one character is where it stands."""
    colons = 0
    for sign, following in zip(signs, [*signs, ":"][1:], strict=True):
        runs_on = sign == "*" and following == ":" and not are_separate
        yield sign, _WITHIN if colons < _ARN_COLONS and not runs_on else _ANY
        colons += sign == ":"


def _compiled(signs: Iterable[tuple[str, str]]) -> re.Pattern[str]:
    """An expression from signs, each with what one character is where it stands."""
    runs: list[str] = [""]
    stars: list[str] = []
    for sign, character in signs:
        if sign == "*":
            runs.append("")
            stars.append(character)
        else:
            runs[-1] += character if sign == "?" else sign
    source = runs[0]
    for star, run, following in zip(stars, runs[1:], stars[1:], strict=False):
        # The first place of a run is as good as a later one, so no other is ever tried: time grows
        # with the text, not with a power of it. Unless the next star reaches less far.
        is_final = following in (star, _ANY)
        source += f"(?>{star}*?{run})" if is_final else f"{star}*?{run}"
    if stars:
        source += f"{stars[-1]}*{runs[-1]}"
    return re.compile(source, re.DOTALL)
