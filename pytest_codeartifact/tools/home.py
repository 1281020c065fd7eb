"""A private home for programs: its environment starts empty, the user's files stay as they are.

Environment variables of the machine are read here (and in the settings), nowhere else.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pytest_codeartifact import pip_configuration
from pytest_codeartifact.tools import pip_settings, programs
from pytest_codeartifact.tools.programs import PROGRAMS, Program

_SYSTEM_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")

# Output that does not depend on the machine, and nobody who asks or looks for updates.
_QUIET = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "TERM": "dumb",
    "COLUMNS": "80",
    "NO_COLOR": "1",
    "AWS_PAGER": "",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_RETRY_MODE": "standard",
    "AWS_MAX_ATTEMPTS": "3",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "UV_NO_SYSTEM_CONFIG": "1",
    "UV_NO_PROGRESS": "1",
    "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
    # The keyring of an operating system does not care about HOME.
    "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
}


def machine_ca_file() -> Path | None:
    """The CA file that the machine's own configuration names, or None.

    Raises PipConfigurationError when pip's configuration cannot be read.
    """
    named = [os.environ.get(name) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")]
    named.append(pip_configuration.value("cert"))
    return next((Path(text) for text in named if text and Path(text).is_file()), None)


def machine_proxies() -> dict[str, str]:
    """The proxies the machine uses for addresses outside, by variable name; may be empty."""
    both = {name: os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXIES}
    found = {name: text for name, text in both.items() if text}
    if found:
        excepted = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        # What we test runs on this machine and is never asked through a proxy.
        found["no_proxy"] = ",".join(filter(None, (excepted, *_LOOPBACK)))
    return found | {name.upper(): text for name, text in found.items()}


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that programs take for the user's home, and the environment they get."""

    path: Path
    secrets: tuple[str, ...] = field(repr=False)
    _environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        account: Mapping[str, str],
        outside_index: str | None = None,
        ca_file: Path | None = None,
        proxies: Mapping[str, str] | None = None,
        offered: Sequence[Program] = PROGRAMS,
    ) -> "Home":
        """Make a home in the empty or missing folder `path`.

        `account` holds the AWS_* variables for the programs. `outside_index` is pip's index until
        something else is configured, None for pip's own default. `ca_file` and `proxies` are how
        the machine reaches the outside (`machine_ca_file()`, `machine_proxies()`).
        """
        path = path.absolute()
        for folder in _folders(path).values():
            folder.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        _write_pip_settings(path, outside_index, ca_file)
        programs.make_environments(path / "python", path / "tools")
        machine_path = os.environ.get("PATH", os.defpath)
        for program in offered:
            programs.install(program, path / "bin", path / "tools", machine_path)
        outside = dict(proxies or {})
        if ca_file is not None:
            outside |= dict.fromkeys(_CA_VARIABLES, str(ca_file))
        addresses = [outside_index, *outside.values(), *account.values()]
        passwords = {secret for text in addresses if text for secret in _passwords(text)}
        passwords |= {account[name] for name in _SECRET_VARIABLES if account.get(name)}
        return cls(
            path=path,
            secrets=tuple(sorted(passwords)),
            _environment=_QUIET | outside | _places(path) | dict(account),
        )

    @property
    def bin_path(self) -> Path:
        """The private folder that is first on PATH."""
        return self.path / "bin"

    @property
    def python_path(self) -> Path:
        """What `python3` means in this home."""
        return self.path / "python" / "bin" / "python3"

    @property
    def pip_settings_path(self) -> Path:
        """The user's pip configuration file, as `pip config set` writes it."""
        return pip_settings.user_folder(self.path) / pip_settings.FILE_NAME

    @property
    def config_path(self) -> Path:
        """Where XDG_CONFIG_HOME points."""
        return _folders(self.path)["XDG_CONFIG_HOME"]

    @property
    def work_path(self) -> Path:
        """A folder for a reader's own files, empty in the beginning."""
        return self.path / "work"

    def environment(self) -> dict[str, str]:
        """The whole environment of a program in this home; a fresh copy."""
        return dict(self._environment)


def _folders(path: Path) -> dict[str, Path]:
    folders = {
        "HOME": path,
        "XDG_CONFIG_HOME": path / ".config",
        "XDG_CACHE_HOME": path / ".cache",
        "XDG_DATA_HOME": path / ".local" / "share",
        "XDG_STATE_HOME": path / ".local" / "state",
        "XDG_CONFIG_DIRS": path / "etc" / "xdg",
        "TMPDIR": path / "tmp",
        "BIN": path / "bin",
        "WORK": path / "work",
    }
    if sys.platform == "win32":
        folders["APPDATA"] = path / "AppData" / "Roaming"
        folders["LOCALAPPDATA"] = path / "AppData" / "Local"
    return folders


def _places(path: Path) -> dict[str, str]:
    folders = {name: str(folder) for name, folder in _folders(path).items()}
    own = [folders.pop("BIN"), str(path / "python" / "bin")]
    del folders["WORK"]
    if sys.platform == "win32":
        folders |= {"USERPROFILE": folders["HOME"], "TEMP": folders["TMPDIR"]}
        folders["SYSTEMROOT"] = os.environ.get("SYSTEMROOT", "")
    system = [folder for folder in _SYSTEM_FOLDERS if Path(folder).is_dir()]
    return folders | {"PATH": os.pathsep.join([*own, *system])}


def _write_pip_settings(path: Path, index_url: str | None, ca_file: Path | None) -> None:
    folder = pip_settings.user_folder(path)
    folder.mkdir(parents=True, exist_ok=True)
    text = pip_settings.private_settings(
        pip_settings.read_settings(pip_settings.machine_files()),
        index_url=index_url,
        ca_file=ca_file,
    )
    file = folder / pip_settings.FILE_NAME
    file.write_text(text, encoding="utf-8")
    # The outside index may hold a password.
    file.chmod(0o600)


def _passwords(address: str) -> list[str]:
    """The password of an address, as written and decoded; none for anything else."""
    if "@" not in address or "//" not in address:
        return []
    try:
        password = urlsplit(address).password
    except ValueError:
        return []
    return [password, unquote(password)] if password else []
