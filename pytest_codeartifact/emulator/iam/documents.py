"""Policy documents: JSON text into statements, refused with a reason where it is no policy.

Source: "IAM JSON policy element reference" (IAM User Guide).
"""

from dataclasses import dataclass


class MalformedPolicy(ValueError):
    """The text is no policy; the message says what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy. `arn` is that of a managed policy, None for any other."""

    document: str
    arn: str | None = None

    @property
    def condition_keys(self) -> frozenset[str]:
        """The condition keys its verdict can depend on, in lower case, variables included."""
        return frozenset()


def read_identity_policy(document: str, arn: str | None = None) -> Policy:
    """A policy without principals; raises MalformedPolicy."""
    return Policy(document, arn)


def read_resource_policy(document: str) -> Policy:
    """A policy with principals, such as a repository's or a role's trust policy.

    Raises MalformedPolicy.
    """
    return Policy(document)
