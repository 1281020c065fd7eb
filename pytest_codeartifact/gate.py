"""A run on a real account, from before its first request to after its last one.

Only the main process has it. It refuses what must not be, says where it works before anything is
made, ends the run once its budget is used up, and in the end removes all that the run has made, by
whichever of its processes, and says what would not go.
"""

import shutil
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from pytest_codeartifact import interrupts, settings
from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.findings import JSON
from pytest_codeartifact.redaction import redact
from pytest_codeartifact.targets import (
    account_target,
    guards,
    opened_target,
    run_of,
    secrets_of,
    settings_of,
)
from pytest_codeartifact.targets.aws import AwsTarget, ledger_folder
from pytest_codeartifact.targets.guards import Room, masked
from pytest_codeartifact.targets.ledger import Spent
from pytest_codeartifact.targets.patience import Wait
from pytest_codeartifact.targets.sweeping import Found, Sweep

if TYPE_CHECKING:
    from collections.abc import Callable

TITLE = "the account"
_MEANWHILE = "codeartifact_meanwhile"
_ENDED = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
_NOTHING = pytest.ExitCode.NO_TESTS_COLLECTED
_AGAIN_SECONDS = 10.0
_SHOWN_WAITS = 5


class Gate:
    """The guards before a run, and the clean-up after it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._account: AwsTarget | None = None
        self._room: Room | None = None
        self._left: Sequence[Found] = ()
        self._problems: list[str] = []
        self._spent = Spent()
        self._meanwhiles: list[Meanwhile] = []
        self._done = 0
        self._lost_workers = 0
        self._restore: Callable[[], None] = lambda: None

    # --- Before --------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Ask every guard; raises pytest.UsageError for the first that refuses."""
        # Before anything is made: whoever ends the run from now on shall find it cleaned up.
        self._restore = interrupts.terminate_as_interrupt()
        chosen = settings_of(self._config).on_account
        try:
            account = account_target(self._config)
            if account is None:
                return
            if settings.in_actions() is not None and not chosen.shows_account.value:
                # The runner masks it from here on, wherever it is printed.
                self._print(f"::add-mask::{account.account}")
            room = guards.room_for_domains(
                account.client(),
                chosen.domain_quota.value,
                chosen.prefix.value,
                datetime.now(UTC),
            )
            guards.refuse_short_room(room)
        except CodeArtifactError as error:
            shutil.rmtree(ledger_folder(run_of(self._config)), ignore_errors=True)
            self._restore()
            said = redact(str(error), secrets_of(self._config))
            raise pytest.UsageError(f"{settings.AWS_OPTION}: {said}") from None
        self._account, self._room = account, room

    def header_lines(self) -> Sequence[str]:
        """Who works where, under which names, and how much room there is; said before any write."""
        account, room = self._account, self._room
        if account is None or room is None:
            return ()
        ownership = account.ownership
        chosen = settings_of(self._config)
        budget = chosen.on_account.budget
        limit = "no budget" if budget.value is None else f"budget {budget.value:.2f} USD"
        is_shown = chosen.on_account.shows_account.value
        number = account.account if is_shown else masked(account.account)
        where = (
            "aws (from option)",
            f"region {account.region} ({chosen.region.origin})",
            f"account {number} (allowed {chosen.account.origin})",
            f"identity {account.identity.arn.replace(account.account, number)}",
        )
        what = (
            f"{ownership.stem}-*",
            f"expire {ownership.expires:%Y-%m-%d %H:%M} UTC",
            f"domains {room.domains} of {room.quota}",
            f"room for {room.free}",
            limit,
        )
        return (f"codeartifact: {', '.join(where)}", f"codeartifact names: {', '.join(what)}")

    # --- Meanwhile -----------------------------------------------------------------------

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what was really done: a gate in which nothing ran is no gate."""
        if report.when == "call" and report.outcome != "skipped":
            self._done += 1

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object | None) -> None:  # noqa: ANN401 -- of pytest-xdist
        """Keep what a process tells; what a lost one made is nobody's now."""
        if error is not None:
            self._lost_workers += 1
        told = getattr(node, "workeroutput", {}).get(_MEANWHILE)
        if told is not None:
            self._meanwhiles.append(Meanwhile.read(told))

    # --- After ---------------------------------------------------------------------------

    # The innermost wrapper: after all fixtures are torn down, and before the summary is shown.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Remove what is left, whatever went wrong before; what stays fails the run."""
        try:
            return (yield)
        finally:
            if self._account is not None:
                self._finish(session, self._account)

    def _finish(self, session: pytest.Session, account: AwsTarget) -> None:
        account.ledger.release()
        if settings_of(self._config).on_account.keep.value:
            with self._told("what is kept"):
                self._left = self._sweep(account).find()
        else:
            self._remove(session, account)
        self._spent = account.ledger.total()
        self._meanwhiles.append(Meanwhile.of(account))
        shutil.rmtree(ledger_folder(run_of(self._config)), ignore_errors=True)
        self._restore()
        if self._problems and session.exitstatus in {pytest.ExitCode.OK, _NOTHING}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        elif session.exitstatus == pytest.ExitCode.OK and not (self._done or self._only_looks):
            self._problems.append("nothing ran: every test was left out or skipped")
            session.exitstatus = _NOTHING

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Go on with the rest of the clean-up, and tell at its end what went wrong with this."""
        try:
            yield
        except KeyboardInterrupt:
            self._problems.append(f"the clean-up was interrupted amid {what}")
        except (CodeArtifactError, BotoCoreError, ClientError) as error:
            self._problems.append(f"{what}: {error}")

    def _sweep(self, account: AwsTarget) -> Sweep:
        return Sweep(
            account,
            prefix=account.ownership.prefix,
            now=datetime.now(UTC),
            run=account.ownership.run,
        )

    def _remove(self, session: pytest.Session, account: AwsTarget) -> None:
        with self._told("the domain that all tests share"):
            workspace = account.workspace()
            # By its name: it may not be listed yet.
            workspace.expect(account.ownership.stem)
            workspace.close()
        # What a process made last that was ended amid it is listed a little later.
        were_ended = self._lost_workers or session.exitstatus in _ENDED
        for attempt in range(2 if were_ended and self._has_workers else 1):
            with self._told("what is left in the account"):
                if attempt:
                    time.sleep(_AGAIN_SECONDS)
                found = self._sweep(account).remove()
                self._left = [each for each in found if each.action in {"failed", "kept"}]
        self._problems += [
            f"not removed: {each.kind} {each.name}: {each.reason}" for each in self._left
        ]

    @property
    def _only_looks(self) -> bool:
        return bool(self._config.option.collectonly)

    @property
    def _has_workers(self) -> bool:
        return bool(getattr(self._config.option, "numprocesses", None))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What was used, what was waited for, and what stays."""
        account = self._account
        if account is None:
            return
        terminalreporter.write_sep("-", TITLE)
        for line in self._summary(account):
            terminalreporter.write_line(line)
        for problem in self._problems:
            terminalreporter.write_line(self._safe(problem, account), red=True, bold=True)
        if self._problems and self._spent.resources:
            command = self._sweep(account).command(self._shown(account))
            terminalreporter.write_line(f"what is left of this run: {command}", bold=True)

    @staticmethod
    def _safe(text: str, account: AwsTarget) -> str:
        """A text without secrets, and without the account unless it was asked for."""
        return redact(text, account.secrets)

    def document(self) -> JSON:
        """What the report says of the account: what was used so far, and what was waited for."""
        account = self._account
        if account is None:
            return {}
        spent = account.ledger.total()
        told = [*self._meanwhiles, Meanwhile.of(account)]
        return {
            **asdict(spent),
            "usd": spent.usd,
            "throttled": sum(each.throttled for each in told),
            "waits": [asdict(wait) for each in told for wait in each.waits],
        }

    def _summary(self, account: AwsTarget) -> Iterator[str]:
        spent = self._spent
        yield (
            f"used        {spent.requests} requests, {spent.bytes_moved / 1000:.1f} kB, "
            f"{spent.resources} resources, {spent.builds} builds: at most {spent.usd:.4f} USD"
        )
        throttled = sum(each.throttled for each in self._meanwhiles)
        if throttled:
            yield f"throttled   {throttled} requests, tried again by their clients"
        waits = [wait for each in self._meanwhiles for wait in each.waits]
        for wait in waits[:_SHOWN_WAITS]:
            yield f"waited      {wait.seconds:.1f} s for {wait.what}"
        if len(waits) > _SHOWN_WAITS:
            rest = sum(wait.seconds for wait in waits[_SHOWN_WAITS:])
            yield f"waited      {rest:.1f} s, {len(waits) - _SHOWN_WAITS} times more"
        if settings_of(self._config).on_account.keep.value:
            yield f"kept        {', '.join(f'{each.kind} {each.name}' for each in self._left)}"
            yield f"            remove it by: {self._sweep(account).command(self._shown(account))}"
        elif not self._problems:
            yield "left        nothing"

    def _shown(self, account: AwsTarget) -> str:
        """The account as commands name it."""
        shows = settings_of(self._config).on_account.shows_account.value
        return account.account if shows else "ID"

    def _print(self, text: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(text)


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What a process of the run had to be patient for."""

    throttled: int
    waits: tuple[Wait, ...]

    @classmethod
    def of(cls, account: AwsTarget) -> "Meanwhile":
        """What this process has waited for so far."""
        throttled = sum(bool(each.get("is_throttled")) for each in account.requests())
        return cls(throttled, tuple(account.patience.waits))

    @classmethod
    def read(cls, told: JSON) -> "Meanwhile":
        """What another process said of itself."""
        return cls(told["throttled"], tuple(Wait(**each) for each in told["waits"]))


class InEveryProcess:
    """Ends the run once it must not ask for anything more, and tells the main process the rest."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self) -> None:
        """Stop before the next test."""
        if opened_target(self._config) is None:
            return
        account = account_target(self._config)
        if account is not None and account.ledger.is_reached:
            session = self._config.pluginmanager.get_plugin("session")
            if session is not None:
                session.shouldstop = "the budget of --codeartifact-budget is used up"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """In a process of pytest-xdist, tell the main one what was waited for."""
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is None or opened_target(self._config) is None:
            return
        account = account_target(self._config)
        if account is not None:
            output[_MEANWHILE] = asdict(Meanwhile.of(account))
