"""How shells set environment variables."""

import shlex
from collections.abc import Callable, Mapping


def _posix(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{quoted}'"


def _powershell(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"$Env:{name} = '{quoted}'"


SHELLS: Mapping[str, Callable[[str, str], str]] = {
    "sh": _posix,
    "fish": _fish,
    "powershell": _powershell,
}


def guess(shell_path: str | None) -> str:
    """The shell that a `SHELL` variable names; without one PowerShell, as on Windows."""
    if not shell_path:
        return "powershell"
    return "fish" if shell_path.rpartition("/")[2] == "fish" else "sh"


def exports(shell: str, variables: Mapping[str, str]) -> str:
    """Commands that set the variables in a shell of `SHELLS`."""
    return "\n".join(SHELLS[shell](name, value) for name, value in variables.items())
