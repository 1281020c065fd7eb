"""Conditions of statements: what a request's context must be like.

Sources: "IAM JSON policy elements: Condition operators", "Set operators for multivalued context
keys" (IAM User Guide).
"""

import binascii
import operator
import re
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_address, ip_network

from pytest_codeartifact.emulator.iam.matching import (
    Context,
    Literal,
    Part,
    Template,
    arn_pattern,
    pattern,
    read_template,
)

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][+-]?[0-9]{1,3})?")
_DATE = re.compile(
    r"(?P<month>[0-9]{4}-[0-9]{2})(?P<day>-[0-9]{2})?"
    r"(?P<time>T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?P<each>ForAllValues:|ForAnyValue:)?(?P<name>[A-Za-z]+?)(?P<lenient>IfExists)?"
)

Test = Callable[[str], bool]
"""Whether a value of the request is what one value of the policy wants."""


@dataclass(frozen=True, slots=True)
class _Operator:
    """How values compare; a negated operator holds where none of the policy's values fits."""

    test: Callable[[tuple[Part, ...]], Test]
    is_negated: bool = False
    has_variables: bool = False
    is_of_presence: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition key with the operator and the values of a Condition block.

    `tests` are made of values without variables, `templates` are the other values.
    """

    key: str
    compare: _Operator
    each: str | None
    if_absent: bool
    tests: tuple[Test, ...]
    templates: tuple[Template, ...]

    def holds(self, context: Context) -> bool:
        """Whether the request is as the condition wants it."""
        value = context.get(self.key)
        if self.compare.is_of_presence:
            return self._fits("false" if value else str(value != "").lower(), context)
        # An empty set is as good as none, and to a set operator an empty text is one too.
        if value is None or value == () or (value == "" and self.each):
            return self.if_absent
        if self.each is None:
            # Differs: what an operator for one value makes of a key with several values is not
            # documented; here it never holds.
            return isinstance(value, str) and self._fits(value, context)
        values = (value,) if isinstance(value, str) else value
        fits = (self._fits(one, context) for one in values)
        return all(fits) if self.each == "ForAllValues:" else any(fits)

    def _fits(self, value: str, context: Context) -> bool:
        found = any(test(value) for test in self.tests) or any(
            parts is not None and self.compare.test(parts)(value)
            for parts in (template.filled(context) for template in self.templates)
        )
        return found is not self.compare.is_negated

    @property
    def keys(self) -> frozenset[str]:
        """The condition keys it asks for, in lower case."""
        variables = (key for template in self.templates for key in template.variables)
        return frozenset({self.key, *variables})


def read_condition(
    name: str, key: str, values: Sequence[str], *, has_variables: bool
) -> Condition | None:
    """The condition of an operator's name, such as `ForAnyValue:StringLike`; None if unknown."""
    match = _NAME.fullmatch(name)
    compare = _OPERATORS.get(match["name"]) if match else None
    if match is None or compare is None:
        return None
    if compare.is_of_presence and match["lenient"]:
        return None
    tests: list[Test] = []
    templates: list[Template] = []
    for value in values:
        template = read_template(value, has_variables=has_variables and compare.has_variables)
        parts = None if template.variables else template.filled({})
        if parts is None:
            templates.append(template)
        else:
            tests.append(compare.test(parts))
    if_absent = {"ForAllValues:": True, "ForAnyValue:": False, None: compare.is_negated}
    return Condition(
        key=key.lower(),
        compare=compare,
        each=match["each"],
        if_absent=bool(match["lenient"]) or if_absent[match["each"]],
        tests=tuple(tests),
        templates=tuple(templates),
    )


# --- What one value of the policy wants ------------------------------------------------------


def _never(_: str) -> bool:
    """What the policy wants is not of the operator's kind, so nothing is like it."""
    return False


def _text(parts: tuple[Part, ...]) -> str:
    return "".join(part.text if isinstance(part, Literal) else part for part in parts)


def _equal(parts: tuple[Part, ...]) -> Test:
    wanted = _text(parts)
    return lambda value: value == wanted


def _equal_ignoring_case(parts: tuple[Part, ...]) -> Test:
    wanted = _text(parts).casefold()
    return lambda value: value.casefold() == wanted


def _like(parts: tuple[Part, ...]) -> Test:
    wanted = pattern(parts)
    return lambda value: wanted.fullmatch(value) is not None


def _arn_like(parts: tuple[Part, ...]) -> Test:
    wanted = arn_pattern(parts)
    if wanted is None:
        return _never
    return lambda value: wanted.fullmatch(value) is not None


def _numeric(holds: Callable[[Decimal, Decimal], bool]) -> Callable[[tuple[Part, ...]], Test]:
    def test(parts: tuple[Part, ...]) -> Test:
        wanted = _number(_text(parts))
        if wanted is None:
            return _never
        return lambda value: (found := _number(value)) is not None and holds(found, wanted)

    return test


def _date(holds: Callable[[Decimal, Decimal], bool]) -> Callable[[tuple[Part, ...]], Test]:
    def test(parts: tuple[Part, ...]) -> Test:
        wanted = _moment(_text(parts))
        if wanted is None:
            return _never
        return lambda value: (found := _moment(value)) is not None and holds(found, wanted)

    return test


def _boolean(parts: tuple[Part, ...]) -> Test:
    wanted = _text(parts).lower()
    if wanted not in {"true", "false"}:
        return _never
    return lambda value: value.lower() == wanted


def _binary(parts: tuple[Part, ...]) -> Test:
    wanted = _bytes(_text(parts))
    if wanted is None:
        return _never
    return lambda value: _bytes(value) == wanted


def _address(parts: tuple[Part, ...]) -> Test:
    try:
        wanted = ip_network(_text(parts), strict=False)
    except ValueError:
        return _never

    def test(value: str) -> bool:
        try:
            return ip_address(value) in wanted
        except ValueError:
            return False

    return test


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _moment(text: str) -> Decimal | None:
    """Seconds since the epoch, of a date in ISO 8601 (by itself in UTC) or already such."""
    match = _DATE.fullmatch(text)
    if match is None:
        return _number(text)
    day = f"{match['month']}{match['day'] or '-01'}"
    try:
        moment = datetime.fromisoformat(f"{day}{(match['time'] or '').upper()}")
    except ValueError:
        return None
    return Decimal(str(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()))


def _bytes(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


_OPERATORS = {
    "StringEquals": _Operator(_equal, has_variables=True),
    "StringNotEquals": _Operator(_equal, has_variables=True, is_negated=True),
    "StringEqualsIgnoreCase": _Operator(_equal_ignoring_case, has_variables=True),
    "StringNotEqualsIgnoreCase": _Operator(
        _equal_ignoring_case, has_variables=True, is_negated=True
    ),
    "StringLike": _Operator(_like, has_variables=True),
    "StringNotLike": _Operator(_like, has_variables=True, is_negated=True),
    "NumericEquals": _Operator(_numeric(operator.eq)),
    "NumericNotEquals": _Operator(_numeric(operator.eq), is_negated=True),
    "NumericLessThan": _Operator(_numeric(operator.lt)),
    "NumericLessThanEquals": _Operator(_numeric(operator.le)),
    "NumericGreaterThan": _Operator(_numeric(operator.gt)),
    "NumericGreaterThanEquals": _Operator(_numeric(operator.ge)),
    "DateEquals": _Operator(_date(operator.eq)),
    "DateNotEquals": _Operator(_date(operator.eq), is_negated=True),
    "DateLessThan": _Operator(_date(operator.lt)),
    "DateLessThanEquals": _Operator(_date(operator.le)),
    "DateGreaterThan": _Operator(_date(operator.gt)),
    "DateGreaterThanEquals": _Operator(_date(operator.ge)),
    "Bool": _Operator(_boolean),
    "Null": _Operator(_boolean, is_of_presence=True),
    "BinaryEquals": _Operator(_binary),
    "IpAddress": _Operator(_address),
    "NotIpAddress": _Operator(_address, is_negated=True),
    "ArnEquals": _Operator(_arn_like, has_variables=True),
    "ArnLike": _Operator(_arn_like, has_variables=True),
    "ArnNotEquals": _Operator(_arn_like, has_variables=True, is_negated=True),
    "ArnNotLike": _Operator(_arn_like, has_variables=True, is_negated=True),
}
