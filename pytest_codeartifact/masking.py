"""Masks secrets in pytest's reports and warnings, before anything prints or stores them."""

import re
import warnings
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_codeartifact import targets

if TYPE_CHECKING:
    from _pytest.reports import BaseReport

# pytest shortens long values in the middle, and what is left of a token must go as well.
_SHORTENED = re.compile(r"(?:\*{6}|eyJ2ZXIiO[\w-]*)\.{3}[\w.-]*")
# Tokens have dots within, and never at their end.
_CUT = re.compile(r"([\w+/=-]*)\.{3}((?:[\w+/=-]|\.(?=[\w+/=-]))*)")
_TELLING = 8
"""So many characters of a secret are no coincidence."""


class Masking:
    """The last station of every report on its way to the terminal, files and other processes."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._mask(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._mask(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        text = str(warning_message.message)
        clean = self._redacted(text)
        if clean != text:
            warning_message.message = clean

    def _mask(self, report: "BaseReport") -> None:
        parts = ("longrepr", "sections", "user_properties", "wasxfail", "codeartifact")
        held = {name: value for name in parts if (value := getattr(report, name, None))}
        if not held:
            return
        for name, value in held.items():
            setattr(report, name, mask(value, self._redacted, {}))

    def _redacted(self, text: str) -> str:
        from pytest_codeartifact.redaction import MASK, redact  # noqa: PLC0415 -- most have no text

        known = targets.secrets_of(self._config)
        text = _SHORTENED.sub(f"{MASK}...", redact(text, known))
        return _CUT.sub(partial(_without_ends, known), text)


def _without_ends(secrets: frozenset[str], cut: re.Match[str]) -> str:
    """A text that was shortened in the middle, without the beginning or the end of a secret."""
    from pytest_codeartifact.redaction import MASK  # noqa: PLC0415 -- most have no text

    begins, ends = cut[1], cut[2]
    if len(begins) >= _TELLING and any(secret.startswith(begins) for secret in secrets):
        begins = MASK
    if len(ends) >= _TELLING and any(secret.endswith(ends) for secret in secrets):
        ends = MASK
    return f"{begins}...{ends}"


def mask(value: Any, redacted: Callable[[str], str], done: dict[int, Any]) -> Any:  # noqa: ANN401 -- whatever a plugin made its report of
    """`value` with `redacted` applied to every text in it; representations change in place.

    `done` holds what was visited already: representations may refer to each other.
    """
    if isinstance(value, str):
        return redacted(value)
    if id(value) in done:
        return done[id(value)]
    done[id(value)] = value
    if type(value) in {list, tuple}:
        return type(value)(mask(each, redacted, done) for each in value)
    if type(value) is dict:
        # Keys may be names that somebody gave, such as hosts.
        return {
            redacted(key) if isinstance(key, str) else key: mask(each, redacted, done)
            for key, each in value.items()
        }
    # pytest's own representations are dataclasses; those of other plugins can at least be printed.
    if (is_dataclass(value) and not isinstance(value, type)) or hasattr(value, "toterminal"):
        for name, each in vars(value).items():
            object.__setattr__(value, name, mask(each, redacted, done))
    return value
