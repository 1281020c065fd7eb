"""Pip's configuration files: what the machine's say, and the private one that overrides them."""

import configparser
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

FILE_NAME = "pip.ini" if sys.platform == "win32" else "pip.conf"

# How to reach a server is the machine's business; where packages come from is ours.
_REACHING = frozenset({"cert", "client-cert", "proxy", "retries", "timeout", "trusted-host"})


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


def read_settings(paths: Iterable[Path]) -> dict[tuple[str, str], str]:
    """The values by (section, key) of the files that exist, later ones over earlier ones."""
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
    machine: Mapping[tuple[str, str], str], *, index_url: str | None, ca_file: Path | None
) -> str:
    """Text of the private file: our own values, and an empty one for each the machine sets.

    Pip takes an empty value as not set, and the user's file is stronger than the machine's.
    """
    values = {place: "" for place in machine if place[1] not in _REACHING}
    if index_url:
        values["global", "index-url"] = index_url
    if ca_file:
        values["global", "cert"] = str(ca_file)
    lines: list[str] = []
    for section in sorted({section for section, _ in values}):
        lines.append(f"[{section}]")
        lines += [f"{key} = {text}" for (of, key), text in values.items() if of == section]
    return os.linesep.join([*lines, ""])
