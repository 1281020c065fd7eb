"""What the user's own pip is configured for, read the way pip reads it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit


class PipConfigurationError(Exception):
    """A configuration file of pip cannot be read; the text names it."""


def index_url() -> str | None:
    """The index pip asks instead of the public one; None when it asks that.

    Whoever followed the article once has pip pointed at a CodeArtifact repository, by now with an
    expired token; that is no public registry and does not count.
    """
    found = value("index-url")
    if not found or urlsplit(found).scheme not in {"http", "https"}:
        return None
    return None if ".d.codeartifact." in found else found


def value(key: str) -> str | None:
    """What `pip install` would use for `key`, by pip's own order of files and variables."""
    variable = os.environ.get(f"PIP_{key.upper().replace('-', '_')}")
    if variable:
        return variable.strip()
    found: dict[str, str] = {}
    for path in _files():
        found |= _sections(path, key)
    return found.get("install") or found.get("global") or None


def _files() -> Iterator[Path]:
    """Pip's configuration files, weakest first (pip documentation, "Configuration")."""
    import platformdirs  # noqa: PLC0415 - only needed when nobody set the address

    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    chosen = os.environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return
    if sys.platform == "darwin":
        machine = platformdirs.site_data_dir("pip", appauthor=False, multipath=True)
    else:
        machine = platformdirs.site_config_dir("pip", appauthor=False, multipath=True)
    yield from (Path(folder, name) for folder in machine.split(os.pathsep))
    if sys.platform not in {"win32", "darwin"}:
        yield Path("/etc", name)
    if not (chosen and Path(chosen).exists()):
        home = Path("~").expanduser()
        yield home / ("pip" if sys.platform == "win32" else ".pip") / name
        if sys.platform == "darwin":
            yield home / ".config" / "pip" / name
        yield Path(platformdirs.user_config_dir("pip", appauthor=False, roaming=True), name)
    yield Path(sys.prefix, name)
    if chosen:
        yield Path(chosen)


def _sections(path: Path, key: str) -> dict[str, str]:
    """The values of `key` in one file, by section; empty when there is no such file."""
    import configparser  # noqa: PLC0415 - only needed when nobody set the address

    parser = configparser.RawConfigParser()
    try:
        parser.read(path)
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise PipConfigurationError(
            f"pip configuration: {path} cannot be read: {type(error).__name__}: {reason}"
        ) from None
    found = {}
    for section in parser.sections():
        for name, value in parser.items(section):
            if name.replace("_", "-").removeprefix("--") == key:
                found[section] = value.strip()
    return found
