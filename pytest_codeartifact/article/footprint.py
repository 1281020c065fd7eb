"""The footprint of a reader's steps: what they leave on the machine, and what is taken back.

A snapshot holds everything in the private home that a reader would call theirs: files, settings in
the configuration of programs, credentials, caches, virtual environments. Two of them make a ledger
entry; what the last one has more than the first is what a clean-up forgot.
"""

import configparser
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_codeartifact.findings import Footprint, Trace
from pytest_codeartifact.redaction import TOKEN_PATTERN, redact
from pytest_codeartifact.tools.programs import site_packages
from pytest_codeartifact.tools.virtualenv import installed_distributions

# What the private home is made of, and no reader has or misses.
_NOT_THE_READERS = frozenset({"bin", "tools", "tmp", "etc"})
_PYTHON = "python"
_CACHES = (".cache", ".local/share/virtualenv", ".npm", ".aws/cli/cache")
_INI_FILES = (".config/pip/pip.conf", ".pip/pip.conf", ".pypirc", ".aws/config", ".aws/credentials")
_LINE_FILES = (".npmrc",)
_TOKEN = re.compile(TOKEN_PATTERN)
_READ_BYTES = 1024 * 1024
"""Larger files hold no settings, and are compared by size and time."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was there at one moment: each trace with what tells a changed one."""

    traces: Mapping[Trace, str]


def snapshot(home_path: Path) -> Snapshot:
    """What a home holds now."""
    return Snapshot(dict(_traces(home_path)))


def difference(before: Snapshot, after: Snapshot) -> Footprint:
    """What came, went and changed between two snapshots of one home."""
    was, now = before.traces, after.traces
    return Footprint(
        added=_sorted(now.keys() - was.keys()),
        changed=_sorted({trace for trace in now.keys() & was.keys() if now[trace] != was[trace]}),
        removed=_sorted(was.keys() - now.keys()),
    )


def _sorted(traces: set[Trace]) -> tuple[Trace, ...]:
    return tuple(sorted(traces, key=lambda trace: (trace.kind, trace.name)))


def _traces(home_path: Path) -> Iterator[tuple[Trace, str]]:
    yield from _distributions(home_path / _PYTHON)
    for folder in _CACHES:
        if any(path.is_file() for path in (home_path / folder).rglob("*")):
            yield Trace("cache", f"~/{folder}"), ""
    for path in _readers_paths(home_path):
        name = f"~/{path.relative_to(home_path).as_posix()}"
        if path.is_dir():
            yield Trace("environment", name), ""
        else:
            yield from _of_file(home_path, path, name)


def _distributions(python_path: Path) -> Iterator[tuple[Trace, str]]:
    """What is installed into the home's own Python: its files would be too many to name."""
    for name, each in installed_distributions(site_packages(python_path)).items():
        yield Trace("environment", f"python3: {name} {each.version}"), ""


def _readers_paths(home_path: Path) -> Iterator[Path]:
    """Every file of the reader's, and virtual environments as the folders they are."""
    caches = {home_path / folder for folder in _CACHES}
    left_out = {home_path / name for name in (*_NOT_THE_READERS, _PYTHON)} | caches
    for folder, names, files in os.walk(home_path):
        here = Path(folder)
        for name in list(names):
            path = here / name
            if path in left_out:
                names.remove(name)
            elif (path / "pyvenv.cfg").is_file():
                names.remove(name)
                yield path
        yield from (here / name for name in files)


def _of_file(home_path: Path, path: Path, name: str) -> Iterator[tuple[Trace, str]]:
    seen = path.lstat()
    content = path.read_bytes() if seen.st_size <= _READ_BYTES and path.is_file() else None
    text = content.decode("utf-8", "replace") if content is not None else ""
    inside = path.relative_to(home_path).as_posix()
    if inside in _INI_FILES:
        settings = dict(_ini_settings(text))
    elif inside in _LINE_FILES:
        settings = dict(_line_settings(text))
    else:
        settings = {}
    for key, value in settings.items():
        yield Trace("setting", f"{name}: {key}", redact(value)), _digest(value.encode())
    if _TOKEN.search(text):
        mode = f"{seen.st_mode & 0o777:04o}"
        yield Trace("credential", name, f"a token, readable by mode {mode}"), ""
    if inside in (*_INI_FILES, *_LINE_FILES):
        # Programs write the same settings with other blanks; a file of settings counts by them.
        if settings:
            yield Trace("file", name), ""
        return
    mark = _digest(content) if content is not None else f"{seen.st_size} {seen.st_mtime_ns}"
    yield Trace("file", name), mark


def _ini_settings(text: str) -> Iterator[tuple[str, str]]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for section in parser.sections():
        for key, value in parser.items(section):
            yield f"{section}.{key}", value


def _line_settings(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, found, value = line.rpartition("=")
        if found and not line.startswith((";", "#")):
            yield redact(key.strip()), value.strip()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
