"""The part of a buildspec about its phases: commands, and what follows when they fail."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_codeartifact.codebuild.yaml_nodes import BuildspecError, Fields, Node

PHASES = ("install", "pre_build", "build", "post_build")
"""The phases that run commands, in their order."""

_KEYS = frozenset({"run-as", "on-failure", "runtime-versions", "commands", "finally"})
_RETRIES = 3
_MOST_RETRIES = 100
_RETRY = re.compile(r"RETRY(-(?P<count>[0-9]+))?(-(?P<pattern>.+))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a phase."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class OnFailure:
    """What follows when a phase fails; `pattern` is what makes a failure worth a retry."""

    action: Literal["ABORT", "CONTINUE", "RETRY"]
    retries: int = 0
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase; `runtimes` are those that `install` wants of the image."""

    name: str
    line: int
    commands: tuple[Command, ...] = ()
    finally_: tuple[Command, ...] = ()
    on_failure: OnFailure | None = None
    run_as: str | None = None
    runtimes: Mapping[str, str] = field(default_factory=dict)


def read_phases(node: Node) -> Mapping[str, Phase]:
    """What `phases` says, in the order in which phases run; raises BuildspecError."""
    entries = node.entries()
    for name, entry in entries.items():
        if name not in PHASES:
            problem = f"Invalid buildspec phase name: {name}. Expecting: {','.join(sorted(PHASES))}"
            raise BuildspecError(entry.line, problem, problem)
    return {name: _phase(entries[name]) for name in PHASES if name in entries}


def _phase(node: Node) -> Phase:
    given = node.fields(_KEYS, "a phase")
    if node.name != "install":
        # AWS (build-spec-ref): only this phase may choose runtimes, or have no commands.
        if "runtime-versions" in given.nodes:
            raise given.nodes["runtime-versions"].refused("belongs to the phase install")
        if "commands" not in given.nodes:
            raise node.refused("has no commands")
    return Phase(
        node.name,
        node.line,
        _commands(given, "commands"),
        _commands(given, "finally"),
        _on_failure(given.nodes["on-failure"]) if "on-failure" in given.nodes else None,
        given.word("run-as"),
        {name: each.word() for name, each in given.entries("runtime-versions").items()},
    )


def _commands(given: Fields, key: str) -> tuple[Command, ...]:
    commands = []
    for at, item in enumerate(given.items(key)):
        if not isinstance(item.content, str):
            # In the words of CodeBuild, which people search for: mostly, a command contains `: `.
            problem = f"Expected {key.title()}[{at}] to be of string type: found subkeys instead"
            where = f"at line {item.line}, value of the key tag on line {item.line - 1}"
            raise BuildspecError(item.line, problem, f"{problem} {where} might be empty")
        commands.append(Command(item.line, item.content))
    return tuple(commands)


def _on_failure(node: Node) -> OnFailure:
    match node.text():
        case "ABORT":
            return OnFailure("ABORT")
        case "CONTINUE":
            return OnFailure("CONTINUE")
        case text:
            return _retry(node, text)


def _retry(node: Node, text: str) -> OnFailure:
    """One of RETRY, RETRY-count, RETRY-regex and RETRY-count-regex."""
    form = _RETRY.fullmatch(text)
    if form is None:
        raise node.refused(f"is ABORT, CONTINUE or a form of RETRY, not {text!r}")
    count = form["count"] or str(_RETRIES)
    if len(count) > len(str(_MOST_RETRIES)) or int(count) > _MOST_RETRIES:
        raise node.refused(f"retries 0 to {_MOST_RETRIES} times, not {count}")
    return OnFailure("RETRY", int(count), _pattern(node, form["pattern"]))


def _pattern(node: Node, text: str | None) -> re.Pattern[str] | None:
    # Differs: CodeBuild reads a regular expression as another language does, not as Python.
    if text is None:
        return None
    try:
        with warnings.catch_warnings():
            # What Python will read otherwise one day, it reads today.
            warnings.simplefilter("ignore")
            return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise node.refused(f"has no regular expression that can be read: {error}") from error
