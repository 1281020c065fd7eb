"""How shells set and unset environment variables."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Protocol


class Shell(Protocol):
    """A shell's way to say it."""

    def export(self, name: str, value: str) -> str:
        """The command that sets a variable for programs started from the shell."""
        ...

    def unset(self, names: Iterable[str]) -> str:
        """The command that removes variables, whether they are set or not."""
        ...


class _Posix:
    def export(self, name: str, value: str) -> str:
        return f"export {name}={shlex.quote(value)}"

    def unset(self, names: Iterable[str]) -> str:
        return f"unset {' '.join(names)}"


class _Fish:
    def export(self, name: str, value: str) -> str:
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}'"

    def unset(self, names: Iterable[str]) -> str:
        return f"set -e {' '.join(names)}"


class _PowerShell:
    def export(self, name: str, value: str) -> str:
        quoted = value.replace("'", "''")
        return f"$Env:{name} = '{quoted}'"

    def unset(self, names: Iterable[str]) -> str:
        variables = ", ".join(f"Env:{name}" for name in names)
        return f"Remove-Item -ErrorAction SilentlyContinue {variables}"


SHELLS: Mapping[str, Shell] = {"sh": _Posix(), "fish": _Fish(), "powershell": _PowerShell()}


def guess(shell_path: str | None) -> str:
    """The shell that a `SHELL` variable names; without one PowerShell, as on Windows."""
    if not shell_path:
        return "powershell"
    return "fish" if shell_path.rpartition("/")[2] == "fish" else "sh"


def commands(shell: str, variables: Mapping[str, str], unset: Iterable[str] = ()) -> str:
    """Commands for a shell of `SHELLS`: unset what would disturb, then set the variables."""
    words = SHELLS[shell]
    names = list(unset)
    lines = [words.unset(names)] if names else []
    lines += [words.export(name, value) for name, value in variables.items()]
    return "\n".join(lines)
