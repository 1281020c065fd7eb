"""What an article shows besides commands: the policy of a role, and a buildspec.

An article may show fragments: statements without the document around them, or a buildspec without
its version. They are completed here, as every reader has to.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_codeartifact.codebuild.buildspec import Buildspec, BuildspecError
from pytest_codeartifact.codebuild.buildspec import read as read_buildspec

COMPLETED_VERSION = "0.2"
"""What a buildspec without a version is completed to."""

_SERVICE = "codeartifact:"
_STS = "sts:"


class MaterialError(ValueError):
    """A policy or buildspec cannot be read; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Material:
    """A block of text of the article that begins at `line`."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Materials:
    """The blocks by name: `policy` and `buildspec`."""

    blocks: Mapping[str, Material]

    def naming(self, domain: str, own: str) -> "Materials":
        """The same blocks, about a domain of another name."""
        word = re.compile(rf"(?<![\w-]){re.escape(domain)}(?![\w-])")
        return Materials(
            {
                name: Material(word.sub(own, block.text), block.line)
                for name, block in self.blocks.items()
            }
        )

    @property
    def statements(self) -> Sequence[Mapping[str, Any]]:
        """The statements of the policy; raises MaterialError."""
        text = self._block("policy").text
        try:
            read: list[Any] = json.loads(f"[{text}]")
        except ValueError as error:
            raise MaterialError(f"the policy is not JSON: {error}") from error
        if len(read) == 1 and isinstance(read[0], Mapping) and "Statement" in read[0]:
            stated = read[0]["Statement"]
            read = stated if isinstance(stated, list) else [stated]
        if not read or not all(isinstance(each, Mapping) for each in read):
            raise MaterialError("the policy has no statements")
        return read

    @property
    def package_statements(self) -> Sequence[Mapping[str, Any]]:
        """What the policy says of CodeArtifact: effect, these actions and resource, no more.

        Raises MaterialError.
        """
        found = []
        for statement in self.statements:
            actions = [each for each in actions_of(statement) if _is_of(_SERVICE, each)]
            if actions:
                parts = {key: statement[key] for key in ("Effect", "Resource") if key in statement}
                found.append({**parts, "Action": actions})
        if not found:
            raise MaterialError(f"no statement of the policy has an action {_SERVICE}...")
        return found

    @property
    def bearer_statement(self) -> Mapping[str, Any]:
        """The statement about tokens: the one with a condition or an action of STS.

        Raises MaterialError.
        """
        for statement in self.statements:
            of_sts = any(_is_of(_STS, each) for each in actions_of(statement))
            if of_sts or "Condition" in statement:
                return statement
        raise MaterialError(f"no statement of the policy has an action {_STS}... or a condition")

    @property
    def buildspec(self) -> Buildspec:
        """The buildspec; raises MaterialError."""
        block = self._block("buildspec")
        try:
            return read_buildspec(block.text, block.line, version=COMPLETED_VERSION)
        except BuildspecError as error:
            raise MaterialError(str(error)) from error

    def _block(self, name: str) -> Material:
        if name not in self.blocks:
            raise MaterialError(f"the article shows no {name}")
        return self.blocks[name]


def actions_of(statement: Mapping[str, Any]) -> Sequence[str]:
    """The actions of a statement, which may be one or a list; raises MaterialError."""
    stated = statement.get("Action", [])
    actions = [stated] if isinstance(stated, str) else stated
    if not isinstance(actions, list) or not all(isinstance(each, str) for each in actions):
        raise MaterialError(f"a statement's Action is neither text nor a list of texts: {stated!r}")
    return actions


def without_action(
    statements: Iterable[Mapping[str, Any]], action: str
) -> Sequence[Mapping[str, Any]]:
    """The same statements less one action; one that has no other is left out."""
    left = [
        {**statement, "Action": [each for each in actions_of(statement) if each != action]}
        for statement in statements
    ]
    return [statement for statement in left if statement["Action"]]


def _is_of(service: str, action: str) -> bool:
    # IAM does not distinguish case in actions.
    return action.lower().startswith(service)
