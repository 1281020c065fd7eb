"""Reading a buildspec: what a build does, each part with the line that says so.

Source: "Build specification reference for CodeBuild" (AWS CodeBuild User Guide).
Differs: what CodeBuild does with keys that it does not know is not documented; here they are
refused, since what a misspelt key says would be lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_codeartifact.codebuild.buildspec_environment import (
    Environment,
    read_environment,
    read_old_environment,
)
from pytest_codeartifact.codebuild.buildspec_outputs import (
    Artifacts,
    Cache,
    Files,
    Report,
    read_artifacts,
    read_cache,
    read_reports,
)
from pytest_codeartifact.codebuild.buildspec_phases import (
    PHASES,
    Command,
    OnFailure,
    Phase,
    read_phases,
)
from pytest_codeartifact.codebuild.yaml_nodes import BuildspecError, Fields, Node, compose

__all__ = [
    "PHASES",
    "Artifacts",
    "Buildspec",
    "BuildspecError",
    "Cache",
    "Command",
    "Environment",
    "Files",
    "OnFailure",
    "Phase",
    "Proxy",
    "Report",
    "read",
]

_KEYS = frozenset(
    {"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"}
)
_OLD_ENVIRONMENT = "environment_variables"
_VERSIONS: Mapping[str, frozenset[str]] = {"0.1": _KEYS | {_OLD_ENVIRONMENT}, "0.2": _KEYS}
_WHAT = "the buildspec"


@dataclass(frozen=True, slots=True)
class Proxy:
    """What goes through an explicit proxy; says nothing to a project without one."""

    line: int
    upload_artifacts: bool = False
    logs: bool = False


@dataclass(frozen=True, slots=True)
class Buildspec:
    """A buildspec.

    `phases` come in the order in which they run. In version 0.1, each command has a shell of its
    own. `batch_line` is where a batch is described, which StartBuild does not use.
    """

    version: str
    phases: Mapping[str, Phase]
    run_as: str | None = None
    environment: Environment = field(default_factory=Environment)
    proxy: Proxy | None = None
    batch_line: int | None = None
    reports: Mapping[str, Report] = field(default_factory=dict)
    artifacts: Artifacts | None = None
    cache: Cache | None = None


def read(text: str, first_line: int = 1, *, version: str | None = None) -> Buildspec:
    """The buildspec whose text begins at a line; raises BuildspecError.

    `version` is that of a fragment which names none; without it, such a fragment is refused.
    """
    root = compose(text, first_line, _WHAT)
    if not isinstance(root.content, Mapping):
        raise BuildspecError(first_line, f"{_WHAT} is no mapping")
    version = _version(root.content, version, first_line)
    given = root.fields(_VERSIONS[version], "a buildspec")
    nodes = given.nodes
    if "phases" not in nodes:
        raise BuildspecError(first_line, f"{_WHAT} has no phases")
    return Buildspec(
        version=version,
        phases=read_phases(nodes["phases"]),
        run_as=given.word("run-as"),
        environment=_environment(given),
        proxy=_proxy(nodes["proxy"]) if "proxy" in nodes else None,
        batch_line=_batch_line(given),
        reports=read_reports(given.entries("reports")),
        artifacts=read_artifacts(nodes["artifacts"]) if "artifacts" in nodes else None,
        cache=read_cache(nodes["cache"]) if "cache" in nodes else None,
    )


def _version(entries: Mapping[str, Node], otherwise: str | None, first_line: int) -> str:
    if "version" not in entries:
        if otherwise is None:
            raise BuildspecError(first_line, f"{_WHAT} has no version")
        return otherwise
    version = entries["version"].text()
    if version not in _VERSIONS:
        raise entries["version"].refused(f"is one of {', '.join(_VERSIONS)}, not {version!r}")
    return version


def _environment(given: Fields) -> Environment:
    if _OLD_ENVIRONMENT in given.nodes:
        if "env" in given.nodes:
            raise given.nodes["env"].refused(f"cannot stand beside {_OLD_ENVIRONMENT!r}")
        return read_old_environment(given.nodes[_OLD_ENVIRONMENT])
    return read_environment(given.nodes["env"]) if "env" in given.nodes else Environment()


def _proxy(node: Node) -> Proxy:
    given = node.fields({"upload-artifacts", "logs"}, "a proxy")
    return Proxy(node.line, given.flag("upload-artifacts"), given.flag("logs"))


def _batch_line(given: Fields) -> int | None:
    given.entries("batch")
    return given.nodes["batch"].line if "batch" in given.nodes else None
