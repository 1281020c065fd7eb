"""Policy documents: JSON text into statements, refused with a reason where it is no policy.

Sources: "IAM JSON policy element reference", "Grammar of the IAM JSON policy language" (IAM User
Guide).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Any

from pytest_codeartifact.emulator.iam.conditions import Condition, read_condition
from pytest_codeartifact.emulator.iam.matching import Patterns, read_actions, read_resources
from pytest_codeartifact.emulator.iam.principals import (
    KINDS,
    InvalidPrincipal,
    Principals,
    read_principals,
)

_VERSIONS = ("2008-10-17", "2012-10-17")
_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource"}
    | {"NotResource", "Condition"}
)
_SID = re.compile(r"[0-9A-Za-z]*")
_ARN_FIELDS = 6


class MalformedPolicy(ValueError):
    """The text is no policy; the message says what is wrong and where.

    Differs: AWS often says no more than "Syntax errors in policy."; here the message says more.
    """


class _Kind(StrEnum):
    """What a policy is attached to, as far as that changes what may stand in it."""

    IDENTITY = "identity"
    SESSION = "session"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class _Language:
    """The policy language of one document."""

    kind: _Kind
    has_variables: bool


class Effect(StrEnum):
    """What a statement does where it applies."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement; of each pair of elements at most one is there.

    Without resources of either kind it speaks of what its policy is attached to.
    """

    effect: Effect
    principals: Principals | None = None
    not_principals: Principals | None = None
    actions: Patterns | None = None
    not_actions: Patterns | None = None
    resources: Patterns | None = None
    not_resources: Patterns | None = None
    conditions: tuple[Condition, ...] = ()

    @property
    def condition_keys(self) -> frozenset[str]:
        """The condition keys it asks for, in lower case, variables included."""
        variables = [p.variables for p in (self.resources, self.not_resources) if p is not None]
        return frozenset[str]().union(*variables, *(c.keys for c in self.conditions))


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy. `arn` is that of a managed policy, None for any other."""

    document: str
    arn: str | None = None
    statements: tuple[Statement, ...] = field(default=(), repr=False, compare=False)
    condition_keys: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    """The condition keys its verdict can depend on, in lower case, variables included."""


def read_identity_policy(document: str, arn: str | None = None) -> Policy:
    """A policy without principals; raises MalformedPolicy."""
    return _read(document, arn, _Kind.IDENTITY)


def read_session_policy(document: str) -> Policy:
    """A policy that narrows a session: one without principals, its ARNs complete.

    Raises MalformedPolicy.
    """
    return _read(document, None, _Kind.SESSION)


def read_resource_policy(document: str) -> Policy:
    """A policy with principals, such as a repository's or a role's trust policy.

    Raises MalformedPolicy.
    """
    return _read(document, None, _Kind.RESOURCE)


# The same documents are read again and again: for each session, after each change of an identity.
@lru_cache(maxsize=1024)
def _read(document: str, arn: str | None, kind: _Kind) -> Policy:
    content = _parsed(document)
    _require_known(content, _ELEMENTS)
    version = content.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise MalformedPolicy(f"Version is none of {', '.join(_VERSIONS)}")
    if not isinstance(content.get("Id", ""), str):
        raise MalformedPolicy("Id is not a string")
    listed = content.get("Statement")
    listed = [listed] if isinstance(listed, dict) else listed
    if not isinstance(listed, list) or not listed:
        raise MalformedPolicy("Statement is missing, or not a list of statements")
    language = _Language(kind, has_variables=version == _VERSIONS[1])
    statements: list[Statement] = []
    for number, each in enumerate(listed, 1):
        try:
            statements.append(_statement(each, language))
        except MalformedPolicy as error:
            raise MalformedPolicy(f"Statement {number}: {error}") from error
    sids = [each["Sid"] for each in listed if each.get("Sid")]
    if len(sids) != len(set(sids)):
        raise MalformedPolicy("Statement IDs (SID) in a single policy must be unique.")
    keys = frozenset(key for statement in statements for key in statement.condition_keys)
    return Policy(document, arn, tuple(statements), keys)


def _parsed(document: str) -> dict[str, Any]:
    try:
        content = json.loads(
            document,
            object_pairs_hook=_unique,
            parse_int=Decimal,
            parse_float=Decimal,
            parse_constant=_no_constant,
        )
    except (json.JSONDecodeError, InvalidOperation) as error:
        raise MalformedPolicy(f"Syntax errors in policy. {error}") from error
    except RecursionError as error:
        raise MalformedPolicy("Syntax errors in policy. It is nested too deeply") from error
    if not isinstance(content, dict):
        raise MalformedPolicy("Syntax errors in policy. It is not an object")
    return content


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose every key stands once, as the grammar wants it."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise MalformedPolicy(f"Syntax errors in policy. {key} stands there twice")
        found[key] = value
    return found


def _no_constant(name: str) -> None:
    raise MalformedPolicy(f"Syntax errors in policy. {name} is not JSON")


def _require_known(content: Mapping[str, Any], elements: frozenset[str]) -> None:
    unknown = sorted(content.keys() - elements)
    if unknown:
        raise MalformedPolicy(f"{unknown[0]} is no element of the policy language")


def _statement(content: object, language: _Language) -> Statement:
    if not isinstance(content, dict):
        raise MalformedPolicy("it is not an object")
    _require_known(content, _STATEMENT_ELEMENTS)
    _require_sid(content.get("Sid", ""), language)
    if content.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy("Effect is neither Allow nor Deny")
    _require_one(content, "Action", "Policy statement must contain actions.")
    if language.kind is _Kind.RESOURCE:
        _require_one(content, "Principal", "Policy statement must contain principals.")
        # The policy of a role has no resources: the role is what it speaks of.
        if {"Resource", "NotResource"} & content.keys():
            _require_one(content, "Resource", "Policy statement must contain resources.")
    else:
        _require_one(content, "Resource", "Policy statement must contain resources.")
        if {"Principal", "NotPrincipal"} & content.keys():
            raise MalformedPolicy("Policy document should not specify a principal.")
    return Statement(
        effect=Effect(content["Effect"]),
        principals=_principals(content, "Principal"),
        not_principals=_principals(content, "NotPrincipal"),
        actions=_actions(content, "Action"),
        not_actions=_actions(content, "NotAction"),
        resources=_resources(content, "Resource", language),
        not_resources=_resources(content, "NotResource", language),
        conditions=_conditions(content.get("Condition", {}), language),
    )


def _require_sid(sid: object, language: _Language) -> None:
    if not isinstance(sid, str):
        raise MalformedPolicy("Sid is not a string")
    # Source: "Grammar of the IAM JSON policy language": services may allow more than IAM does.
    if language.kind is not _Kind.RESOURCE and not _SID.fullmatch(sid):
        raise MalformedPolicy(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular"
            " expression [0-9A-Za-z]*"
        )


def _require_one(content: Mapping[str, Any], element: str, missing: str) -> None:
    """Exactly one of an element and its Not… is there."""
    if element in content and f"Not{element}" in content:
        raise MalformedPolicy(f"{element} and Not{element} exclude each other")
    if element not in content and f"Not{element}" not in content:
        raise MalformedPolicy(missing)


def _texts(value: object, element: str) -> list[str]:
    """A string or a list of strings."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
        raise MalformedPolicy(f"{element} is neither a string nor a list of strings")
    return texts


def _actions(content: Mapping[str, Any], element: str) -> Patterns | None:
    if element not in content:
        return None
    texts = _texts(content[element], element)
    for text in texts:
        if text != "*" and ":" not in text:
            raise MalformedPolicy(
                f"{element} {text}: Actions/Conditions must be prefaced by a vendor, e.g., iam,"
                " sdb, ec2, etc."
            )
        if text.count(":") > 1:
            raise MalformedPolicy(
                f"{element} {text}: Actions/Condition can contain only one colon."
            )
    return read_actions(texts)


def _resources(content: Mapping[str, Any], element: str, language: _Language) -> Patterns | None:
    if element not in content:
        return None
    texts = [_resource(text, language.kind) for text in _texts(content[element], element)]
    return read_resources(texts, has_variables=language.has_variables)


def _resource(text: str, kind: _Kind) -> str:
    """A resource; in a policy of an identity an ARN that lacks fields means any there.

    Source: "Identify AWS resources with Amazon Resource Names (ARNs)" (IAM User Guide).
    """
    if text == "*":
        return text
    if not text.startswith("arn:"):
        raise MalformedPolicy(f'Resource {text} must be in ARN format or "*".')
    missing = max(0, _ARN_FIELDS - 1 - text.count(":"))
    if missing and kind is _Kind.SESSION:
        raise MalformedPolicy(f"Resource {text} is an incomplete ARN")
    return text + missing * ":*" if kind is _Kind.IDENTITY else text


def _principals(content: Mapping[str, Any], element: str) -> Principals | None:
    if element not in content:
        return None
    value = {"AWS": "*"} if content[element] == "*" else content[element]
    if not isinstance(value, dict) or not value or not value.keys() <= KINDS:
        raise MalformedPolicy(f"{element} is neither * nor an object of {', '.join(sorted(KINDS))}")
    try:
        return read_principals(
            {kind: _texts(texts, f"{element} {kind}") for kind, texts in value.items()}
        )
    except InvalidPrincipal as error:
        raise MalformedPolicy(f"Invalid principal in policy: {error}") from error


def _conditions(block: object, language: _Language) -> tuple[Condition, ...]:
    if not isinstance(block, dict):
        raise MalformedPolicy("Condition is not an object")
    conditions: list[Condition] = []
    for name, keys in block.items():
        if not isinstance(keys, dict):
            raise MalformedPolicy(f"Condition {name} is not an object of condition keys")
        for key, value in keys.items():
            values = _values(value, f"Condition {name} {key}")
            condition = read_condition(name, key, values, has_variables=language.has_variables)
            if condition is None:
                raise MalformedPolicy(f"Condition {name} is no condition operator")
            conditions.append(condition)
    return tuple(conditions)


def _values(value: object, where: str) -> Sequence[str]:
    """The values of a condition key; numbers and truth may stand there as such."""
    texts: list[str] = []
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, str | bool | Decimal):
            raise MalformedPolicy(f"{where} is neither a value nor a list of values")
        texts.append(str(each).lower() if isinstance(each, bool) else str(each))
    return texts
