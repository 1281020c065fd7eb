"""A private home for programs: its environment starts empty, the user's files stay as they are.

Environment variables of the machine are read here, in `reach` and in the settings, nowhere else.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pytest_codeartifact.tools import pip_settings, programs
from pytest_codeartifact.tools.programs import PROGRAMS, Program
from pytest_codeartifact.tools.reach import Reach

_SYSTEM_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
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
    # Every file comes from the repository each time, and nothing is left behind.
    "PIP_NO_CACHE_DIR": "1",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    "UV_NO_SYSTEM_CONFIG": "1",
    "UV_NO_PROGRESS": "1",
    "POETRY_NO_INTERACTION": "1",
    "PDM_CHECK_UPDATE": "0",
    "PDM_NON_INTERACTIVE": "1",
    "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
    # The keyring of an operating system does not care about HOME.
    "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
}


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that programs take for the user's home, and the environment they get."""

    path: Path
    reach: Reach
    secrets: tuple[str, ...] = field(repr=False)
    _environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        account: Mapping[str, str],
        outside_index: str | None = None,
        reach: Reach | None = None,
        offered: Sequence[Program] = PROGRAMS,
    ) -> "Home":
        """Make a home in the empty or missing folder `path`.

        `account` holds the AWS_* variables for the programs. `outside_index` is pip's index until
        something else is configured, None for pip's own default. `reach` is how programs reach
        servers; without it they get neither proxies nor a CA file.
        """
        path, reach = path.absolute(), reach or Reach()
        for folder in _folders(path).values():
            folder.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        _write_pip_settings(path, outside_index, reach)
        programs.make_environments(path / "python", path / "tools")
        machine_path = os.environ.get("PATH", os.defpath)
        for program in offered:
            programs.install(program, path / "bin", path / "tools", machine_path)
        addresses = [outside_index, *reach.variables.values(), *account.values()]
        passwords = {secret for text in addresses if text for secret in _passwords(text)}
        passwords |= {account[name] for name in _SECRET_VARIABLES if account.get(name)}
        return cls(
            path=path,
            reach=reach,
            secrets=tuple(sorted(passwords)),
            _environment=_QUIET | dict(reach.variables) | _places(path) | reach.led(account),
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
    # Virtualenv unpacks pip there once; that is no cache of the reader's.
    folders["VIRTUALENV_OVERRIDE_APP_DATA"] = str(path / "tools" / "virtualenv")
    own = [folders.pop("BIN"), str(path / "python" / "bin")]
    del folders["WORK"]
    if sys.platform == "win32":
        folders |= {"USERPROFILE": folders["HOME"], "TEMP": folders["TMPDIR"]}
        folders["SYSTEMROOT"] = os.environ.get("SYSTEMROOT", "")
    system = [folder for folder in _SYSTEM_FOLDERS if Path(folder).is_dir()]
    return folders | {"PATH": os.pathsep.join([*own, *system])}


def _write_pip_settings(path: Path, index_url: str | None, reach: Reach) -> None:
    wanted = {("global", "index-url"): index_url} if index_url else {}
    machine_folder = pip_settings.machine_folder(path)
    lower, own = pip_settings.private_settings(
        pip_settings.read_settings(pip_settings.machine_files()),
        wanted,
        kept=pip_settings.PATIENCE if reach.by_host_names else pip_settings.REACHING,
        machine_wide=machine_folder is not None,
    )
    for folder, settings in ((machine_folder, lower), (pip_settings.user_folder(path), own)):
        if folder is None:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        if settings:
            file = folder / pip_settings.FILE_NAME
            # The outside index may hold a password.
            file.touch(mode=0o600)
            file.write_text(pip_settings.text_of(settings), encoding="utf-8")


def _passwords(address: str) -> list[str]:
    """The password of an address, as written and decoded; none for anything else."""
    if "@" not in address or "//" not in address:
        return []
    try:
        password = urlsplit(address).password
    except ValueError:
        return []
    return [password, unquote(password)] if password else []
