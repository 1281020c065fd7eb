"""Pip's configuration files: what the machine's say, and the private one that overrides them."""

import configparser
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

FILE_NAME = "pip.ini" if sys.platform == "win32" else "pip.conf"

Settings: TypeAlias = Mapping[tuple[str, str], str]
"""Values by section and key."""

# How to reach a server is the machine's business; where packages come from is ours.
REACHING = frozenset({"cert", "client-cert", "proxy", "retries", "timeout", "trusted-host"})
"""What stays of the machine's settings in a home that reaches servers as the machine does."""
PATIENCE = frozenset({"cert", "retries", "timeout"})
"""What stays in a home with a way of its own, whose PIP_CERT is stronger than any file."""


def machine_files() -> tuple[Path, ...]:
    """The machine-wide files that pip reads whatever HOME and XDG_* say (pip: Configuration)."""
    if sys.platform == "darwin":
        return (Path("/Library/Application Support/pip", FILE_NAME),)
    if sys.platform == "win32":
        return (Path("C:/ProgramData/pip", FILE_NAME),)
    return (Path("/etc", FILE_NAME),)


def user_folder(home_path: Path) -> Path:
    """Where pip looks for the user's file in a private home with its XDG folders set."""
    if sys.platform == "win32":
        return home_path / "AppData" / "Roaming" / "pip"
    return home_path / ".config" / "pip"


def machine_folder(home_path: Path) -> Path | None:
    """Where pip looks for a machine-wide file in a private home; None where it does not.

    It reads `machine_files()` as well, and these are stronger.
    """
    if sys.platform in {"win32", "darwin"}:
        return None
    return home_path / "etc" / "xdg" / "pip"


def read_settings(paths: Iterable[Path]) -> Settings:
    """The settings of the files that exist, later ones over earlier ones."""
    found: dict[tuple[str, str], str] = {}
    for path in paths:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself will say so, and better
        for section in parser.sections():
            for key, value in parser.items(section):
                name = key.lower().replace("_", "-").removeprefix("--")
                found[section, name] = value
    return found


def private_settings(
    machine: Settings, wanted: Settings, *, kept: frozenset[str], machine_wide: bool
) -> tuple[Settings, Settings]:
    """What a private home's machine-wide file says, and what its user's file says.

    The user's empties what the real machine's files set, but for the keys `kept`: pip takes an
    empty value as not set, and the user's file is the stronger one. What is `wanted` stands in the
    machine-wide one, so that it still holds when users take their own settings back. Where the real
    machine's file would win over that, or pip reads no such file of a home, the user's has it.
    """
    emptied = {place: "" for place in machine if place[1] not in kept}
    own = {place: text for place, text in wanted.items() if place in machine or not machine_wide}
    lower = {place: text for place, text in wanted.items() if place not in own}
    return lower, emptied | own


def text_of(settings: Settings) -> str:
    """Settings as a file holds them."""
    lines: list[str] = []
    for section in sorted({section for section, _ in settings}):
        lines.append(f"[{section}]")
        lines += [f"{key} = {text}" for (of, key), text in settings.items() if of == section]
    return os.linesep.join([*lines, ""])
