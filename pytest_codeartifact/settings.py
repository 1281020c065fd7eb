"""The settings of a run: read once, each with the place its value came from.

Environment variables are read here (and where the private home of programs is made), nowhere else.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import pytest

from pytest_codeartifact.errors import CodeArtifactError

TARGETS = ("local", "aws")
ENDPOINTS = ("plain", "hosts")
DEFAULT_REGION = "ap-southeast-1"
DEFAULT_ACCOUNT = "111122223333"
UPDATE_OPTION = "--codeartifact-update"
_UPDATE = "codeartifact_update"

_YES, _NO = {"yes", "true", "on", "1"}, {"no", "false", "off", "0"}
_T = TypeVar("_T")

# All that the server's process inherits: no AWS variable, no setting of another program.
_PASSED_ON = (
    "PATH",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)


class Source(StrEnum):
    """Where a value came from, strongest first."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    INI = "ini"
    PIP = "pip configuration"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting(Generic[_T]):
    """A value and its source."""

    value: _T
    source: Source

    @property
    def origin(self) -> str:
        """The source as the header says it."""
        return "default" if self.source is Source.DEFAULT else f"from {self.source}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is to use.

    `public_pypi` is the address behind the external connection `public:pypi`; None stands for the
    public registry itself. `state` is the folder the emulator keeps; None for a temporary one.
    `endpoint` is how programs address the service, plain or hosts; None where nobody chose: then
    articles use real host names, and fixtures plain addresses. `report` is the folder that reports
    are written to.
    """

    target: Setting[str]
    region: Setting[str]
    account: Setting[str]
    public_pypi: Setting[str | None]
    state: Setting[Path | None]
    endpoint: Setting[str | None]
    report: Setting[Path | None]
    mutate: Setting[bool]

    @classmethod
    def plain(cls, public_pypi: str | None) -> "Settings":
        """Nobody's choices: for those who use the emulator without a run of pytest."""
        nowhere: Setting[Path | None] = Setting(None, Source.DEFAULT)
        return cls(
            target=Setting("local", Source.DEFAULT),
            region=Setting(DEFAULT_REGION, Source.DEFAULT),
            account=Setting(DEFAULT_ACCOUNT, Source.DEFAULT),
            public_pypi=Setting(public_pypi, Source.PIP),
            state=nowhere,
            endpoint=Setting(None, Source.DEFAULT),
            report=nowhere,
            mutate=Setting(False, Source.DEFAULT),  # noqa: FBT003 -- the value is all there is to say
        )

    @property
    def endpoint_of_articles(self) -> str:
        """How the programs of articles address the service."""
        return self.endpoint.value or "hosts"

    @property
    def endpoint_of_fixtures(self) -> str:
        """How the programs of fixtures address the service."""
        return self.endpoint.value or "plain"


@dataclass(frozen=True, slots=True)
class Definition:
    """One setting with its three equal forms; `bare` is what the option means without a value."""

    stem: str
    metavar: str
    help: str
    wanted: str
    accepts: Callable[[str], bool]
    bare: str | None = None

    @property
    def option(self) -> str:
        return f"--codeartifact-{self.stem}"

    @property
    def variable(self) -> str:
        return f"PYTEST_CODEARTIFACT_{self.stem.upper().replace('-', '_')}"

    @property
    def ini(self) -> str:
        return f"codeartifact_{self.stem.replace('-', '_')}"

    def explicit(self, config: pytest.Config) -> Setting[str] | None:
        """The value somebody set, or None; a bad one is a pytest.UsageError that names its form."""
        # An empty variable or ini value counts as not set: that is how shells and CI unset things.
        for text, source, form in (
            (config.getoption(self.ini), Source.OPTION, self.option),
            (os.environ.get(self.variable) or None, Source.ENVIRONMENT, self.variable),
            (config.getini(self.ini) or None, Source.INI, f"{self.ini} (ini)"),
        ):
            if text is None:
                continue
            if not self.accepts(text):
                msg = f"{form}: expected {self.wanted}, not {_harmless(text)!r}"
                raise pytest.UsageError(msg)
            return Setting(text, source)
        return None


def _harmless(text: str) -> str:
    """A value as an error may show it: an address loses its user and password."""
    return re.sub(r"(?<=//)[^/@]*@", "", text)


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


REGION = Definition(
    stem="region",
    metavar="REGION",
    help=f"AWS region to work in (default: {DEFAULT_REGION})",
    wanted=f"an AWS region such as {DEFAULT_REGION}",
    accepts=lambda text: re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}", text) is not None,
)
ACCOUNT = Definition(
    stem="account",
    metavar="ID",
    help=f"AWS account the emulator plays (default: {DEFAULT_ACCOUNT})",
    wanted="an AWS account id of 12 digits",
    accepts=lambda text: re.fullmatch(r"[0-9]{12}", text) is not None,
)
PUBLIC_PYPI = Definition(
    stem="public-pypi",
    metavar="URL",
    help="index behind the external connection public:pypi (default: pip's own index-url)",
    wanted="an http or https address",
    accepts=_is_web_address,
)
STATE = Definition(
    stem="state",
    metavar="DIR",
    help="folder the emulator keeps its domains and packages in (default: a temporary one)",
    wanted="a folder",
    accepts=lambda text: bool(text) and not Path(text).is_file(),
)
ENDPOINT = Definition(
    stem="endpoint",
    metavar="plain|hosts",
    help="how programs address the service: hosts, by its real host names through a proxy on this "
    "machine, or plain, by the emulator's own address (default: hosts for articles, plain for "
    "fixtures)",
    wanted="plain or hosts",
    accepts=lambda text: text in ENDPOINTS,
)
REPORT = Definition(
    stem="report",
    metavar="DIR",
    help="folder to write report.json, report.html, report.md and errata.patch of a verified "
    "article to (default: none)",
    wanted="a folder",
    accepts=lambda text: bool(text) and not Path(text).is_file(),
)
MUTATE = Definition(
    stem="mutate",
    metavar="yes|no",
    help="alter each expected line, policy action and buildspec line in turn: would the claim "
    "that rests on it fail? (default: no)",
    wanted="yes or no",
    accepts=lambda text: text.lower() in _YES | _NO,
    bare="yes",
)
DEFINITIONS = (REGION, ACCOUNT, PUBLIC_PYPI, STATE, ENDPOINT, REPORT, MUTATE)


BARE_OPTIONS = {
    "--codeartifact": "--codeartifact=local",
    **{each.option: f"{each.option}={each.bare}" for each in DEFINITIONS if each.bare},
}
"""What an option means that may stand without its value."""


def add_options(parser: pytest.Parser) -> None:
    """Declare the options and ini values of every setting, in one help group."""
    group = parser.getgroup("codeartifact", "AWS CodeArtifact")
    group.addoption(
        "--codeartifact",
        nargs="?",
        const="local",
        metavar="local|aws",
        help="verify the built-in article, or the given Markdown files and tests, on an embedded "
        "CodeArtifact (local, what the bare option means) or on a real account (aws)",
    )
    for definition in DEFINITIONS:
        text = f"{definition.help}; also {definition.variable} or ini {definition.ini}"
        if definition.bare is None:
            group.addoption(
                definition.option, dest=definition.ini, metavar=definition.metavar, help=text
            )
        else:
            group.addoption(
                definition.option,
                dest=definition.ini,
                nargs="?",
                const=definition.bare,
                metavar=definition.metavar,
                help=text,
            )
        parser.addini(definition.ini, definition.help, type="string", default="")
    group.addoption(
        UPDATE_OPTION,
        dest=_UPDATE,
        action="store_true",
        help="rewrite the outputs that the given Markdown files show to what was really printed; "
        "on the command line only, and never where the variable CI is set",
    )


def check(config: pytest.Config) -> None:
    """Refuse bad values early, with a pytest.UsageError; costs microseconds."""
    target = config.getoption("codeartifact")
    if target is not None and target not in TARGETS:
        msg = f"--codeartifact: expected local or aws, not {target!r}"
        raise pytest.UsageError(msg)
    if target == "aws":
        msg = (
            "--codeartifact=aws: running on a real AWS account is not available in this version; "
            "use --codeartifact=local"
        )
        if "--codeartifact=aws" not in config.invocation_params.args:
            msg = "--codeartifact=aws counts only when typed on the command line itself"
        raise pytest.UsageError(msg)
    for definition in DEFINITIONS:
        definition.explicit(config)
    if updates(config):
        _check_update(config)


def updates(config: pytest.Config) -> bool:
    """Whether documents are to be rewritten."""
    return bool(config.getoption(_UPDATE))


def _check_update(config: pytest.Config) -> None:
    if os.environ.get("CI"):
        msg = f"{UPDATE_OPTION}: the variable CI is set, and CI must not rewrite what it verifies"
        raise pytest.UsageError(msg)
    if config.getoption("codeartifact") is None or not config.option.file_or_dir:
        msg = f"{UPDATE_OPTION}: name the Markdown files, as in `--codeartifact my-article.md`"
        raise pytest.UsageError(msg)
    if getattr(config.option, "numprocesses", None):
        msg = f"{UPDATE_OPTION}: files are rewritten in one process; leave out -n"
        raise pytest.UsageError(msg)


def in_actions() -> Path | None:
    """The step summary's file when this runs in GitHub Actions, else None; "" is no file."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return None
    return Path(os.environ.get("GITHUB_STEP_SUMMARY") or os.devnull)


def read(config: pytest.Config) -> Settings:
    """All settings of this run; a value nobody may use is a pytest.UsageError."""
    named = config.getoption("codeartifact")
    return Settings(
        target=Setting(named or "local", Source.OPTION if named else Source.DEFAULT),
        region=REGION.explicit(config) or Setting(DEFAULT_REGION, Source.DEFAULT),
        account=ACCOUNT.explicit(config) or Setting(DEFAULT_ACCOUNT, Source.DEFAULT),
        public_pypi=_public_pypi(config),
        state=_folder(STATE, config),
        endpoint=_endpoint(config),
        report=_folder(REPORT, config),
        mutate=_mutate(config),
    )


def public_pypi_of_environment() -> str | None:
    """The index that the variable names, for those who run without pytest; None where it is unset.

    Raises CodeArtifactError for what is no address.
    """
    text = os.environ.get(PUBLIC_PYPI.variable) or None
    if text is not None and not PUBLIC_PYPI.accepts(text):
        raise CodeArtifactError(
            f"{PUBLIC_PYPI.variable}: expected {PUBLIC_PYPI.wanted}, not {_harmless(text)!r}"
        )
    return text


def server_environment(home: Path) -> dict[str, str]:
    """The environment of the emulator's server: almost empty, with `home` as its home folder."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    certificates = _of_pip("cert")
    if certificates and not {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"} & environment.keys():
        environment["SSL_CERT_FILE"] = certificates
    # The server is told where public:pypi points; it shall not look into pip's files once more.
    return environment | {"HOME": str(home), "PIP_CONFIG_FILE": os.devnull, "PYTHONUTF8": "1"}


def kernel_environment(folder: Path) -> dict[str, str]:
    """The environment of a notebook's kernel: this process's own, with IPython's files apart."""
    return dict(os.environ) | {"IPYTHONDIR": str(folder / "ipython"), "NO_COLOR": "1"}


def _public_pypi(config: pytest.Config) -> Setting[str | None]:
    explicit = PUBLIC_PYPI.explicit(config)
    if explicit is not None:
        return Setting(explicit.value, explicit.source)
    index_url = _of_pip("index-url")
    source = Source.DEFAULT if index_url is None else Source.PIP
    return Setting(index_url, source)


def _of_pip(key: str) -> str | None:
    # Not needed by those who set the address, nor by plain runs.
    from pytest_codeartifact import pip_configuration  # noqa: PLC0415

    try:
        return pip_configuration.index_url() if key == "index-url" else pip_configuration.value(key)
    except pip_configuration.PipConfigurationError as error:
        raise pytest.UsageError(str(error)) from None


def _endpoint(config: pytest.Config) -> Setting[str | None]:
    explicit = ENDPOINT.explicit(config)
    if explicit is None:
        return Setting(None, Source.DEFAULT)
    return Setting(explicit.value, explicit.source)


def _mutate(config: pytest.Config) -> Setting[bool]:
    explicit = MUTATE.explicit(config)
    if explicit is None:
        return Setting(False, Source.DEFAULT)  # noqa: FBT003 -- the value is all there is to say
    return Setting(explicit.value.lower() in _YES, explicit.source)


def _folder(definition: Definition, config: pytest.Config) -> Setting[Path | None]:
    """A folder; a relative one is below where pytest was started, or beside the ini file."""
    explicit = definition.explicit(config)
    if explicit is None:
        return Setting(None, Source.DEFAULT)
    base = config.invocation_params.dir
    if explicit.source is Source.INI:
        base = config.inipath.parent if config.inipath else config.rootpath
    return Setting(base / Path(explicit.value).expanduser(), explicit.source)
