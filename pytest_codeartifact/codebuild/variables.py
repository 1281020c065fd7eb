"""A shell's variables in its own words: what it lists is given back to the next shell."""

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

# The shell command that lists them: bash lists attributes too, others only who is exported.
LIST = 'if [ -n "${BASH_VERSION-}" ]; then declare -p; else set; export -p; fi'

# Those that each shell makes for itself; many of them refuse to be set.
_OWN = re.compile(
    r"BASH(?!_ENV$|_COMPAT$)|(?:COMP_WORDBREAKS|DIRSTACK|EPOCHREALTIME|EPOCHSECONDS|EUID|FUNCNAME"
    r"|GROUPS|HISTCMD|IFS|LINENO|OPTARG|OPTERR|OPTIND|PIPESTATUS|PPID|PS[124]|PWD|S?RANDOM|SECONDS"
    r"|SHELLOPTS|SHLVL|UID|_)$"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_QUOTED = rb"""'[^']*'|"(?:[^"\\]|\\.)*"|\$'(?:[^'\\]|\\.)*'"""
_ENTRY = re.compile(
    rb"^(?P<verb>export|declare|)(?P<flags>(?: -[-A-Za-z]+)?) ?(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    # Possessive, so that no quote is taken for another character in a second try.
    rb"(?:=(?P<text>\((?:" + _QUOTED + rb"|\\.|[^'\"\\()])*+\)"
    rb"|(?:" + _QUOTED + rb"|\\.|[^\s'\"\\()&;|<>`])*+))?$",
    re.MULTILINE | re.DOTALL,
)
_PART = re.compile(_QUOTED + rb"|\\.|[^'\"\\]", re.DOTALL)
_ESCAPE_IN_DOUBLE = re.compile(rb'\\([$`"\\])|\\\n')
_ESCAPE_IN_ANSI = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_ANSI = dict(zip(b"abeEfnrtv", b"\a\b\x1b\x1b\f\n\r\t\v", strict=True))


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as a shell lists it: the words before its name, and its value as quoted there.

    One without a quoted value is declared, and has none.
    """

    words: bytes
    quoted: bytes | None

    @property
    def value(self) -> str | None:
        """What `"$NAME"` is; None without a value, and for an array."""
        if self.quoted is None or self.quoted.startswith(b"("):
            return None
        return os.fsdecode(b"".join(map(_unquoted, _PART.findall(self.quoted))))


def listed(text: bytes) -> dict[str, Variable]:
    """The variables that a shell listed, without those that each shell makes for itself.

    A read-only variable is an ordinary one afterwards.
    """
    found = {}
    for entry in _ENTRY.finditer(text):
        flags = entry["flags"].replace(b"r", b"")
        words = entry["verb"] + (b" --" if flags == b" -" else flags)
        found[entry["name"].decode()] = Variable(words + b" " if words else b"", entry["text"])
    return {name: variable for name, variable in found.items() if is_carried(name)}


def exported(environment: Mapping[str, str]) -> dict[str, Variable]:
    """The variables of an environment that a shell can carry."""
    return {
        name: Variable(b"export ", os.fsencode(shlex.quote(value)))
        for name, value in environment.items()
        if is_carried(name)
    }


def is_carried(name: str) -> bool:
    """Whether a shell can be given a variable of this name, and does not make its own one."""
    return bool(_NAME.fullmatch(name)) and not _OWN.match(name)


def assignments(variables: Mapping[str, Variable]) -> bytes:
    """Commands that give the variables to a shell."""
    return b"".join(
        variable.words
        + name.encode()
        + (b"" if variable.quoted is None else b"=" + variable.quoted)
        + b"\n"
        for name, variable in variables.items()
    )


def _unquoted(part: bytes) -> bytes:
    match part[:1]:
        case b"'":
            return part[1:-1]
        case b'"':
            return _ESCAPE_IN_DOUBLE.sub(rb"\1", part[1:-1])
        case b"$" if part[1:]:
            return _ESCAPE_IN_ANSI.sub(_ansi, part[2:-1])
        case b"\\":
            return part[1:]
        case _:
            return part


def _ansi(escape: re.Match[bytes]) -> bytes:
    octal, hexadecimal, letter = escape.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    return bytes([_ANSI.get(letter[0], letter[0])])
