"""The part of a buildspec about files that outlive a build: artifacts, reports and a cache."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pytest_codeartifact.codebuild.yaml_nodes import Fields, Node

_FILES_KEYS = frozenset({"files", "base-directory", "discard-paths"})
_REPORT_KEYS = _FILES_KEYS | {"file-format"}
_SECONDARY_KEYS = _FILES_KEYS | {"name", "exclude-paths", "enable-symlinks", "s3-prefix"}
_ARTIFACTS_KEYS = _SECONDARY_KEYS | {"secondary-artifacts"}
_CACHE_KEYS = frozenset({"key", "fallback-keys", "action", "paths"})
_READABLE_FORMAT = "JUNITXML"
_OTHER_FORMATS = frozenset(
    {
        "CUCUMBERJSON",
        "NUNITXML",
        "NUNIT3XML",
        "TESTNGXML",
        "VISUALSTUDIOTRX",
        "CLOVERXML",
        "COBERTURAXML",
        "JACOCOXML",
        "SIMPLECOV",
    }
)
_MOST_REPORTS = 5
_MOST_FALLBACK_KEYS = 5


@dataclass(frozen=True, slots=True)
class Files:
    """Which files are meant: those that a pattern names below the base directory."""

    line: int
    patterns: tuple[str, ...]
    base_directory: str | None = None
    discard_paths: bool = False
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What a build hands over; `name` may contain what a shell expands."""

    line: int
    name: str | None
    files: Files
    enable_symlinks: bool = False
    s3_prefix: str | None = None
    secondary: Mapping[str, "Artifacts"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """Files of test results for a report group, which `name` names or is the ARN of."""

    line: int
    name: str
    files: Files
    file_format: str = _READABLE_FORMAT


@dataclass(frozen=True, slots=True)
class Cache:
    """What is kept from build to build.

    A local cache uses `paths` only. The keys and `action`, which is `restore`, `save` or None for
    both, are about caches in S3.
    """

    line: int
    paths: tuple[str, ...]
    key: str | None = None
    fallback_keys: tuple[str, ...] = ()
    action: str | None = None


def read_artifacts(node: Node, keys: Collection[str] = _ARTIFACTS_KEYS) -> Artifacts:
    """What `artifacts` says; raises BuildspecError."""
    given = node.fields(keys, "artifacts")
    secondary = given.entries("secondary-artifacts")
    # AWS's guide wants `files` beside secondary artifacts too; AWS's CDK leaves them out.
    if not secondary:
        _demand(node, given, "files")
    return Artifacts(
        node.line,
        given.word("name"),
        _files(node, given),
        given.flag("enable-symlinks"),
        given.word("s3-prefix"),
        {name: read_artifacts(each, _SECONDARY_KEYS) for name, each in secondary.items()},
    )


def read_reports(entries: Mapping[str, Node]) -> Mapping[str, Report]:
    """What `reports` says; raises BuildspecError."""
    for entry in list(entries.values())[_MOST_REPORTS:]:
        raise entry.refused(f"is one report too many: {_MOST_REPORTS} are allowed")
    return {name: _report(entry) for name, entry in entries.items()}


def read_cache(node: Node) -> Cache:
    """What `cache` says; raises BuildspecError."""
    given = node.fields(_CACHE_KEYS, "a cache")
    _demand(node, given, "paths")
    for item in given.items("fallback-keys")[_MOST_FALLBACK_KEYS:]:
        raise item.refused(f"is one key too many: {_MOST_FALLBACK_KEYS} are allowed")
    action = given.word("action")
    if action not in {None, "restore", "save"}:
        raise given.nodes["action"].refused(f"is restore or save, not {action!r}")
    return Cache(
        node.line,
        given.words("paths"),
        given.word("key"),
        given.words("fallback-keys"),
        action,
    )


def _report(node: Node) -> Report:
    given = node.fields(_REPORT_KEYS, "a report")
    _demand(node, given, "files")
    stated = given.word("file-format") or _READABLE_FORMAT
    # AWS wrote JunitXml before it wrote JUNITXML.
    file_format = stated.upper()
    if file_format in _OTHER_FORMATS:
        reason = f"is {stated}: only {_READABLE_FORMAT} is read here"
        raise given.nodes["file-format"].refused(reason)
    if file_format != _READABLE_FORMAT:
        raise given.nodes["file-format"].refused(f"is {stated!r}, which is no format of reports")
    return Report(node.line, node.name, _files(node, given), file_format)


def _files(node: Node, given: Fields) -> Files:
    return Files(
        node.line,
        given.words("files"),
        given.word("base-directory"),
        given.flag("discard-paths"),
        given.words("exclude-paths"),
    )


def _demand(node: Node, given: Fields, key: str) -> None:
    if key not in given.nodes:
        raise node.refused(f"has no {key}")
