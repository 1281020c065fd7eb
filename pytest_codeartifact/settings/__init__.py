"""The settings of a run: read once, each with the place its value came from.

Environment variables are read here (and where the private home of programs is made), nowhere else.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from pytest_codeartifact.settings.definitions import (
    ACCOUNT,
    AWS_OPTION,
    BARE_OPTIONS,
    BOUNDARY,
    BUDGET,
    DEFAULT_ACCOUNT,
    DEFAULT_DOMAIN_QUOTA,
    DEFAULT_LIFETIME,
    DEFAULT_PREFIX,
    DEFAULT_REGION,
    DEFAULT_SETTLE,
    DEFINITIONS,
    DOMAIN_QUOTA,
    DURATION,
    ENDPOINT,
    KEEP,
    LIFETIME,
    MUTATE,
    NO,
    PARITY,
    PARITY_MAX_AGE,
    PREFIX,
    PUBLIC_PYPI,
    REGION,
    REPORT,
    SEPARATORS,
    SETTLE,
    SHOW_ACCOUNT,
    STATE,
    TARGETS,
    UPDATE,
    UPDATE_OPTION,
    YES,
    Definition,
    Setting,
    Source,
    add_options,
)
from pytest_codeartifact.settings.surroundings import (
    accounts_of_environment,
    endpoint_variables,
    in_actions,
    kernel_environment,
    of_pip,
    prefix_of_environment,
    public_pypi_of_environment,
    region_of_environment,
    server_environment,
)

__all__ = [
    "ACCOUNT",
    "AWS_OPTION",
    "BARE_OPTIONS",
    "DEFAULT_ACCOUNT",
    "DEFAULT_REGION",
    "DEFINITIONS",
    "MUTATE",
    "PUBLIC_PYPI",
    "REGION",
    "UPDATE_OPTION",
    "AccountSettings",
    "Definition",
    "Setting",
    "Settings",
    "Source",
    "accounts_of_environment",
    "add_options",
    "check",
    "endpoint_variables",
    "in_actions",
    "kernel_environment",
    "prefix_of_environment",
    "public_pypi_of_environment",
    "read",
    "region_of_environment",
    "server_environment",
    "updates",
]

_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_T = TypeVar("_T")
_U = TypeVar("_U")

_NOWHERE: Setting[Path | None] = Setting(None, Source.DEFAULT)
_ANY_AGE: Setting[int | None] = Setting(None, Source.DEFAULT)
_NO_SETTING: Setting[bool] = Setting(False, Source.DEFAULT)  # noqa: FBT003 -- the value is all there is to say


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """What only a run on a real account needs.

    `prefix` begins the names of all that it makes. After `lifetime` seconds these may be swept.
    `budget` is what it may cost in US dollars, None for any. `keep` leaves everything in place.
    `settle` are the seconds that a change of permissions is given until it holds everywhere.
    `boundary` is the name of the policy that bounds the roles it makes. `shows_account` says that
    account ids are shown in whole. `domain_quota` is how many domains the account may have.
    """

    prefix: Setting[str]
    lifetime: Setting[int]
    budget: Setting[float | None]
    keep: Setting[bool]
    settle: Setting[float]
    boundary: Setting[str | None]
    shows_account: Setting[bool]
    domain_quota: Setting[int]


_NO_ACCOUNT = AccountSettings(
    prefix=Setting(DEFAULT_PREFIX, Source.DEFAULT),
    lifetime=Setting(4 * 3600, Source.DEFAULT),
    budget=Setting(None, Source.DEFAULT),
    keep=_NO_SETTING,
    settle=Setting(DEFAULT_SETTLE, Source.DEFAULT),
    boundary=Setting(None, Source.DEFAULT),
    shows_account=_NO_SETTING,
    domain_quota=Setting(DEFAULT_DOMAIN_QUOTA, Source.DEFAULT),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is to use.

    `account` is the one that the emulator plays; on a real account `accounts` are those in which
    the run may work. `parity` is the folder of records, and `parity_max_age` how many days old
    one may be.

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
    parity: Setting[Path | None] = _NOWHERE
    parity_max_age: Setting[int | None] = _ANY_AGE
    on_account: AccountSettings = _NO_ACCOUNT

    @classmethod
    def plain(cls, public_pypi: str | None) -> "Settings":
        """Nobody's choices: for those who use the emulator without a run of pytest."""
        return cls(
            target=Setting("local", Source.DEFAULT),
            region=Setting(DEFAULT_REGION, Source.DEFAULT),
            account=Setting(DEFAULT_ACCOUNT, Source.DEFAULT),
            public_pypi=Setting(public_pypi, Source.PIP),
            state=_NOWHERE,
            endpoint=Setting(None, Source.DEFAULT),
            report=_NOWHERE,
            mutate=_NO_SETTING,
        )

    @property
    def is_on_account(self) -> bool:
        """Whether the run works on a real account."""
        return self.target.value == "aws"

    @property
    def accounts(self) -> tuple[str, ...]:
        """The ids of the accounts in which a run on a real account may work."""
        return tuple(SEPARATORS.split(self.account.value))

    @property
    def endpoint_of_articles(self) -> str:
        """How the programs of articles address the service."""
        return self.endpoint.value or "hosts"

    @property
    def endpoint_of_fixtures(self) -> str:
        """How the programs of fixtures address the service."""
        return self.endpoint.value or "plain"


def check(config: pytest.Config) -> None:
    """Refuse bad values early, with a pytest.UsageError; costs microseconds."""
    target = config.getoption("codeartifact")
    if target is not None and target not in TARGETS:
        msg = f"--codeartifact: expected local or aws, not {target!r}"
        raise pytest.UsageError(msg)
    for definition in DEFINITIONS:
        definition.explicit(config)
    if updates(config):
        _check_update(config)
    if target == "aws":
        _check_account(config)
    elif len(SEPARATORS.split((ACCOUNT.explicit(config) or _A_DEFAULT).value)) > 1:
        msg = f"{ACCOUNT.option}: an emulator plays one account; name one"
        raise pytest.UsageError(msg)


def updates(config: pytest.Config) -> bool:
    """Whether documents are to be rewritten."""
    return bool(config.getoption(UPDATE))


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


def _check_account(config: pytest.Config) -> None:
    """Refuse a run on a real account that nobody has thought through."""
    is_worker = hasattr(config, "workerinput")
    if not is_worker and AWS_OPTION not in config.invocation_params.args:
        msg = f"{AWS_OPTION} counts only when typed on the command line itself"
        raise pytest.UsageError(msg)
    for definition, what in ((REGION, "Region"), (ACCOUNT, "account")):
        if definition.explicit(config) is None:
            msg = (
                f"{AWS_OPTION}: the {what} must be named: by {definition.option}, "
                f"{definition.variable} or the ini value {definition.ini}"
            )
            raise pytest.UsageError(msg)
    redirected = endpoint_variables()
    if redirected:
        msg = (
            f"{AWS_OPTION}: {' and '.join(redirected)} would lead the calls away from AWS; "
            f"unset {'it' if len(redirected) == 1 else 'them'}, or use --codeartifact=local"
        )
        raise pytest.UsageError(msg)
    for definition in (STATE, MUTATE, ENDPOINT):
        explicit = definition.explicit(config)
        if explicit is not None and explicit.value.lower() not in {*NO, "hosts"}:
            msg = f"{AWS_OPTION}: {definition.option} is about the emulator; leave it out"
            raise pytest.UsageError(msg)
    if updates(config):
        msg = f"{AWS_OPTION}: {UPDATE_OPTION} rewrites documents by the emulator; leave it out"
        raise pytest.UsageError(msg)


_A_DEFAULT = Setting(DEFAULT_ACCOUNT, Source.DEFAULT)


def read(config: pytest.Config) -> Settings:
    """All settings of this run; a value nobody may use is a pytest.UsageError."""
    named = config.getoption("codeartifact")
    return Settings(
        target=Setting(named or "local", Source.OPTION if named else Source.DEFAULT),
        region=REGION.explicit(config) or Setting(DEFAULT_REGION, Source.DEFAULT),
        account=ACCOUNT.explicit(config) or _A_DEFAULT,
        public_pypi=_public_pypi(config),
        state=_folder(STATE, config),
        endpoint=_endpoint(config),
        report=_folder(REPORT, config),
        mutate=_yes_or_no(MUTATE, config),
        parity=_folder(PARITY, config),
        parity_max_age=_read(PARITY_MAX_AGE, config, lambda text: int(text.rstrip("d")), None),
        on_account=AccountSettings(
            prefix=_read(PREFIX, config, str, DEFAULT_PREFIX),
            lifetime=_read(LIFETIME, config, _seconds, _seconds(DEFAULT_LIFETIME)),
            budget=_read(BUDGET, config, float, None),
            keep=_yes_or_no(KEEP, config),
            settle=_read(SETTLE, config, float, DEFAULT_SETTLE),
            boundary=_read(BOUNDARY, config, str, None),
            shows_account=_yes_or_no(SHOW_ACCOUNT, config),
            domain_quota=_read(DOMAIN_QUOTA, config, int, DEFAULT_DOMAIN_QUOTA),
        ),
    )


def _public_pypi(config: pytest.Config) -> Setting[str | None]:
    explicit = PUBLIC_PYPI.explicit(config)
    if explicit is not None:
        return Setting(explicit.value, explicit.source)
    index_url = of_pip("index-url")
    source = Source.DEFAULT if index_url is None else Source.PIP
    return Setting(index_url, source)


def _endpoint(config: pytest.Config) -> Setting[str | None]:
    explicit = ENDPOINT.explicit(config)
    if explicit is None:
        return Setting(None, Source.DEFAULT)
    return Setting(explicit.value, explicit.source)


def _read(
    definition: Definition, config: pytest.Config, meaning: Callable[[str], _T], default: _U
) -> Setting[_T | _U]:
    """What a setting's text means, or its default."""
    explicit = definition.explicit(config)
    if explicit is None:
        return Setting(default, Source.DEFAULT)
    return Setting(meaning(explicit.value), explicit.source)


def _yes_or_no(definition: Definition, config: pytest.Config) -> Setting[bool]:
    return _read(definition, config, lambda text: text.lower() in YES, False)  # noqa: FBT003 -- ditto


def _seconds(text: str) -> int:
    """A time such as 90m in seconds."""
    match = DURATION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return int(match[1]) * _SECONDS[match[2]]


def _folder(definition: Definition, config: pytest.Config) -> Setting[Path | None]:
    """A folder; a relative one is below where pytest was started, or beside the ini file."""
    explicit = definition.explicit(config)
    if explicit is None:
        return Setting(None, Source.DEFAULT)
    base = config.invocation_params.dir
    if explicit.source is Source.INI:
        base = config.inipath.parent if config.inipath else config.rootpath
    return Setting(base / Path(explicit.value).expanduser(), explicit.source)
