"""Whom a resource policy speaks of: its Principal and NotPrincipal elements.

Source: "AWS JSON policy elements: Principal" (IAM User Guide).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KINDS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(?P<number>[0-9]{12})(?P<root>:root)?")
_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:user|role)/(?:[^\s*?]+/)?"
    r"|sts::[0-9]{12}:(?:assumed-role/[^\s*?/]+|federated-user)/)[^\s*?/]+"
)
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,28}")


class InvalidPrincipal(ValueError):
    """A text that names no principal."""


@dataclass(frozen=True, slots=True)
class Principals:
    """Principals by what they are: everybody, accounts, users and roles and sessions, services.

    Federated principals and canonical users are known as words; nobody here is one.
    """

    everybody: bool
    accounts: frozenset[str]
    arns: frozenset[str]
    services: frozenset[str]


def read_principals(named: Mapping[str, Sequence[str]]) -> Principals:
    """Principals by kind; raises InvalidPrincipal."""
    accounts, arns = set[str](), set[str]()
    principals = named.get("AWS", ())
    for text in principals:
        account = _ACCOUNT.fullmatch(text)
        # Either the bare number, or the whole ARN of the account's root.
        if account and text.startswith("arn:") == (account["root"] is not None):
            accounts.add(account["number"])
        elif _ARN.fullmatch(text) or _UNIQUE_ID.fullmatch(text):
            arns.add(text)
        elif text != "*":
            raise InvalidPrincipal(text)
    return Principals(
        everybody="*" in principals,
        accounts=frozenset(accounts),
        arns=frozenset(arns),
        services=frozenset(named.get("Service", ())),
    )
