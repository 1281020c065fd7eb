"""What an article shows besides commands: the policy of a role, and a buildspec.

An article may show fragments: statements without the document around them, or a buildspec without
its version. They are completed here, as every reader has to.
"""

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_codeartifact.tools.process import MissingTool

COMPLETED_VERSION = "0.2"
"""What a buildspec without a version is completed to."""

# Source: "Build specification reference for CodeBuild" (AWS CodeBuild User Guide).
_VERSIONS = ("0.1", COMPLETED_VERSION)
_KEYS = frozenset(
    {"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"}
)
_PHASES = frozenset({"install", "pre_build", "build", "post_build"})
_PHASE_KEYS = frozenset({"run-as", "on-failure", "runtime-versions", "commands", "finally"})
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
class BuildCommand:
    """A command of a buildspec that stands at `line` of the article."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Buildspec:
    """A buildspec: its version, and the commands of each phase that it has."""

    version: str
    phases: Mapping[str, tuple[BuildCommand, ...]]


@dataclass(frozen=True, slots=True)
class Materials:
    """The blocks by name: `policy` and `buildspec`."""

    blocks: Mapping[str, Material]

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
        """The buildspec; raises MaterialError, and MissingTool where YAML cannot be read."""
        block = self._block("buildspec")
        return _Reader(block.line).buildspec(_yaml(block))

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


def _is_list(read: object) -> bool:
    return isinstance(read, list)


def _yaml(block: Material) -> Any:  # noqa: ANN401 -- whatever YAML can say
    try:
        from ruamel.yaml import YAML  # noqa: PLC0415 -- an extra, and few documents need it
        from ruamel.yaml.error import (  # noqa: PLC0415 -- likewise
            MarkedYAMLError,
            YAMLError,
            YAMLWarning,
        )
    except ImportError:
        raise MissingTool("ruamel.yaml") from None
    try:
        with warnings.catch_warnings():
            # What is odd but readable is no finding.
            warnings.simplefilter("ignore", YAMLWarning)
            # Round trip: the only loader that keeps the lines.
            return YAML(typ="rt").load(block.text)
    # The library lets some errors of Python through: for `._`, for a mapping as a key.
    except (YAMLError, ValueError, TypeError) as error:
        line, problem = block.line, str(error)
        if isinstance(error, MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            line += mark.line if mark is not None else 0
            problem = error.problem or problem
        raise MaterialError(f"line {line}: the buildspec is not YAML: {problem}") from error


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a buildspec that begins at line `first` of the article."""

    first: int

    def buildspec(self, read: Any) -> Buildspec:  # noqa: ANN401 -- whatever YAML can say
        top = self._mapping(read, self.first, "the buildspec")
        self._known(top, _KEYS, "key of a buildspec")
        version = str(top.get("version", COMPLETED_VERSION))
        if version not in _VERSIONS:
            line = self._line(top, "version")
            raise MaterialError(f"line {line}: version {version} is none of {', '.join(_VERSIONS)}")
        if "phases" not in top:
            raise MaterialError(f"line {self.first}: the buildspec has no phases")
        phases = self._mapping(top["phases"], self._line(top, "phases"), "phases")
        self._known(phases, _PHASES, "phase of a build")
        return Buildspec(version, {name: tuple(self._commands(phases, name)) for name in phases})

    def _commands(self, phases: Any, name: str) -> Iterator[BuildCommand]:  # noqa: ANN401 -- ruamel's
        phase = self._mapping(phases[name], self._line(phases, name), f"phase {name}")
        self._known(phase, _PHASE_KEYS, "key of a phase")
        if "commands" not in phase:
            return
        commands: Any = phase["commands"]
        if not _is_list(commands):
            raise MaterialError(f"line {self._line(phase, 'commands')}: commands is no list")
        for at, command in enumerate(commands):
            line = self.first + commands.lc.item(at)[0]
            if not isinstance(command, str):
                raise MaterialError(f"line {line}: a command is text, not {command!r}")
            yield BuildCommand(line, command)

    def _mapping(self, read: Any, line: int, what: str) -> Any:  # noqa: ANN401 -- ruamel's
        if not isinstance(read, Mapping):
            raise MaterialError(f"line {line}: {what} is no mapping")
        return read

    def _known(self, mapping: Any, known: frozenset[str], what: str) -> None:  # noqa: ANN401 -- ditto
        for key in mapping:
            if key not in known:
                raise MaterialError(f"line {self._line(mapping, key)}: {key!r} is no {what}")

    def _line(self, mapping: Any, key: str) -> int:  # noqa: ANN401 -- ruamel's
        line: int = self.first + mapping.lc.key(key)[0]
        return line
