"""The part of a buildspec about the variables of a build."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_codeartifact.codebuild.yaml_nodes import Fields, Node
from pytest_codeartifact.emulator.secret_references import SecretReference

_KEYS = frozenset(
    {
        "shell",
        "variables",
        "parameter-store",
        "secrets-manager",
        "exported-variables",
        "git-credential-helper",
    }
)
_SHELLS = ("bash", "/bin/sh")
_SHELLS_OF_WINDOWS = ("powershell.exe", "cmd.exe")
_RESERVED_PREFIX = "CODEBUILD_"


@dataclass(frozen=True, slots=True)
class Environment:
    """What a buildspec says of variables: their values, or where those are kept.

    Without a source in Git, `git_credential_helper` has no effect.
    """

    shell: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    parameter_store: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    git_credential_helper: bool = False


def read_environment(node: Node) -> Environment:
    """What `env` says; raises BuildspecError."""
    given = node.fields(_KEYS, "env")
    parameters = _variables(given, "parameter-store")
    secrets = _variables(given, "secrets-manager")
    return Environment(
        _shell(given),
        {name: each.text() for name, each in _variables(given, "variables").items()},
        {name: each.word() for name, each in parameters.items()},
        {name: _secret(each) for name, each in secrets.items()},
        _exported(given, {*parameters, *secrets}),
        given.flag("git-credential-helper"),
    )


def read_old_environment(node: Node) -> Environment:
    """What `environment_variables` says, as version 0.1 calls it; raises BuildspecError."""
    given = node.fields({"plaintext"}, node.name)
    variables = _variables(given, "plaintext")
    return Environment(variables={name: each.text() for name, each in variables.items()})


def _shell(given: Fields) -> str | None:
    shell = given.word("shell")
    if shell in _SHELLS_OF_WINDOWS:
        raise given.nodes["shell"].refused(f"is {shell}: builds of Windows are not run here")
    if shell not in {None, *_SHELLS}:
        raise given.nodes["shell"].refused(f"is {' or '.join(_SHELLS)}, not {shell!r}")
    return shell


def _variables(given: Fields, key: str) -> Mapping[str, Node]:
    """What is said of variables, by their names."""
    entries = given.entries(key)
    for name, entry in entries.items():
        if not name or "=" in name:
            raise entry.refused("cannot be the name of a variable")
        if name.startswith(_RESERVED_PREFIX):
            raise entry.refused(f"is reserved, as all names that begin with {_RESERVED_PREFIX}")
    return entries


def _secret(node: Node) -> str:
    """A reference to a secret, as it was written."""
    text = node.word()
    try:
        SecretReference.read(text)
    except ValueError as error:
        raise node.refused(str(error)) from error
    return text


def _exported(given: Fields, secret: set[str]) -> tuple[str, ...]:
    # AWS (build-spec-ref): neither AWS's own variables nor parameters and secrets are exported.
    for item in given.items("exported-variables"):
        name = item.word()
        if name.startswith("AWS_"):
            raise item.refused(f"is {name}: what begins with AWS_ cannot be exported")
        if name in secret:
            raise item.refused(f"is {name}: parameters and secrets cannot be exported")
    return given.words("exported-variables")
