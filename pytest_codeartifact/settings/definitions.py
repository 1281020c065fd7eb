"""Each setting with its three equal forms: option, environment variable, ini value."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import pytest

TARGETS = ("local", "aws")
ENDPOINTS = ("plain", "hosts")
DEFAULT_REGION = "ap-southeast-1"
DEFAULT_ACCOUNT = "111122223333"
AWS_OPTION = "--codeartifact=aws"
UPDATE_OPTION = "--codeartifact-update"
UPDATE = "codeartifact_update"
DEFAULT_PREFIX = "pca"
DEFAULT_LIFETIME = "4h"
DEFAULT_SETTLE = 8.0
DEFAULT_DOMAIN_QUOTA = 10
"""Domains an account may have in a Region (CodeArtifact User Guide: "Quotas")."""
YES, NO = frozenset({"yes", "true", "on", "1"}), frozenset({"no", "false", "off", "0"})
SEPARATORS = re.compile(r"[\s,]+")
"""What stands between the parts of a list."""
DURATION = re.compile(r"([1-9][0-9]{0,3})([mhd])")
"""A time such as 90m, 4h or 2d."""

_T = TypeVar("_T")


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
class Definition:
    """One setting with its three equal forms; `bare` is what the option means without a value.

    What is `repeatable` may be given more than once; as one text it is a list with commas.
    """

    stem: str
    metavar: str
    help: str
    wanted: str
    accepts: Callable[[str], bool]
    bare: str | None = None
    repeatable: bool = False

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
        given = config.getoption(self.ini)
        for text, source, form in (
            (",".join(given) if isinstance(given, list) else given, Source.OPTION, self.option),
            (self.of_environment(), Source.ENVIRONMENT, self.variable),
            (config.getini(self.ini) or None, Source.INI, f"{self.ini} (ini)"),
        ):
            if text is None:
                continue
            if not self.accepts(text):
                msg = f"{form}: expected {self.wanted}, not {harmless(text)!r}"
                raise pytest.UsageError(msg)
            return Setting(text, source)
        return None

    def of_environment(self) -> str | None:
        """What the variable says, unchecked; None where it is unset or empty."""
        return os.environ.get(self.variable) or None


def harmless(text: str) -> str:
    """A value as an error may show it: an address loses its user and password."""
    return re.sub(r"(?<=//)[^/@]*@", "", text)


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _yes_or_no(stem: str, text: str) -> Definition:
    """A setting that is on or off; the bare option turns it on."""
    return Definition(
        stem=stem,
        metavar="yes|no",
        help=text,
        wanted="yes or no",
        accepts=lambda given: given.lower() in YES | NO,
        bare="yes",
    )


def _folder(stem: str, text: str) -> Definition:
    """A setting that names a folder, which need not be there."""
    return Definition(
        stem=stem,
        metavar="DIR",
        help=text,
        wanted="a folder",
        accepts=lambda given: bool(given) and not Path(given).is_file(),
    )


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
    help=f"AWS account the emulator plays (default: {DEFAULT_ACCOUNT}); with {AWS_OPTION}, the "
    "account in which the run may work, and no other; may be repeated there",
    wanted="an AWS account id of 12 digits",
    accepts=lambda text: all(
        re.fullmatch(r"[0-9]{12}", each) is not None for each in SEPARATORS.split(text)
    ),
    repeatable=True,
)
PUBLIC_PYPI = Definition(
    stem="public-pypi",
    metavar="URL",
    help="index behind the external connection public:pypi (default: pip's own index-url)",
    wanted="an http or https address",
    accepts=_is_web_address,
)
STATE = _folder(
    "state",
    "folder the emulator keeps its domains and packages in (default: a temporary one)",
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
REPORT = _folder(
    "report",
    "folder to write report.json, report.html, report.md and errata.patch of a verified "
    "article to (default: none)",
)
MUTATE = _yes_or_no(
    "mutate",
    "alter each expected line, policy action and buildspec line in turn: would the claim "
    "that rests on it fail? (default: no)",
)
PREFIX = Definition(
    stem="prefix",
    metavar="NAME",
    help="what the names of all that a run makes on a real account begin with "
    f"(default: {DEFAULT_PREFIX})",
    wanted="2 to 12 lower-case letters and digits, a letter first",
    accepts=lambda text: re.fullmatch(r"[a-z][a-z0-9]{1,11}", text) is not None,
)
LIFETIME = Definition(
    stem="lifetime",
    metavar="TIME",
    help="after what time a sweep may remove what a run on a real account made, such as 90m or 4h "
    f"(default: {DEFAULT_LIFETIME})",
    wanted="a time such as 90m, 4h or 2d",
    accepts=lambda text: DURATION.fullmatch(text) is not None,
)
BUDGET = Definition(
    stem="budget",
    metavar="USD",
    help="what a run on a real account may cost at most, in US dollars; it stops before that is "
    "passed (default: no limit)",
    wanted="an amount in US dollars such as 0.50",
    accepts=lambda text: re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,4})?", text) is not None,
)
KEEP = _yes_or_no(
    "keep",
    "leave in the real account what the run made, until it is swept (default: no)",
)
SETTLE = Definition(
    stem="settle",
    metavar="SECONDS",
    help="how long a run on a real account waits until a change of permissions holds everywhere "
    f"(default: {DEFAULT_SETTLE:g})",
    wanted="a number of seconds such as 8 or 0.5",
    accepts=lambda text: re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text) is not None,
)
BOUNDARY = Definition(
    stem="boundary",
    metavar="NAME",
    help="name of the policy in the real account that bounds every role that a run makes "
    "(default: PREFIX-boundary)",
    wanted="the name of an IAM policy",
    accepts=lambda text: re.fullmatch(r"[\w+=,.@/-]{1,128}", text) is not None,
)
SHOW_ACCOUNT = _yes_or_no(
    "show-account",
    "show the ids of real accounts in whole (default: no)",
)
DOMAIN_QUOTA = Definition(
    stem="domain-quota",
    metavar="NUMBER",
    help="how many domains the real account may have in the Region "
    f"(default: {DEFAULT_DOMAIN_QUOTA})",
    wanted="a number above 0",
    accepts=lambda text: re.fullmatch(r"[1-9][0-9]{0,4}", text) is not None,
)
PARITY = _folder(
    "parity",
    "folder of the records of what AWS answered: read by runs on the emulator, written by "
    "those on a real account (default: those that come with the plugin are read, none is written)",
)
PARITY_MAX_AGE = Definition(
    stem="parity-max-age",
    metavar="DAYS",
    help="fail when a record in the folder of --codeartifact-parity is older, such as 30d "
    "(default: any age)",
    wanted="a number of days such as 30d",
    accepts=lambda text: re.fullmatch(r"[1-9][0-9]{0,3}d?", text) is not None,
)
ON_ACCOUNT = (PREFIX, LIFETIME, BUDGET, KEEP, SETTLE, BOUNDARY, SHOW_ACCOUNT, DOMAIN_QUOTA)
"""What only runs on a real account need."""
DEFINITIONS = (
    *(REGION, ACCOUNT, PUBLIC_PYPI, STATE, ENDPOINT, REPORT, MUTATE, PARITY, PARITY_MAX_AGE),
    *ON_ACCOUNT,
)


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
                definition.option,
                dest=definition.ini,
                metavar=definition.metavar,
                help=text,
                action="append" if definition.repeatable else "store",
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
        dest=UPDATE,
        action="store_true",
        help="rewrite the outputs that the given Markdown files show to what was really printed; "
        "on the command line only, and never where the variable CI is set",
    )
