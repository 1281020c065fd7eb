"""One build from StartBuild to its end: what AWS does around the container.

Sources: "Build phase transitions", "Troubleshooting AWS CodeBuild" (AWS CodeBuild User Guide).
"""

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_codeartifact.emulator.builds import artifacts, sources
from pytest_codeartifact.emulator.builds.builds import FAILED, STOPPED, SUCCEEDED, Build
from pytest_codeartifact.emulator.builds.caches import Caches
from pytest_codeartifact.emulator.builds.credentials import PREFIX, ContainerCredentials, Lease
from pytest_codeartifact.emulator.builds.folders import remove
from pytest_codeartifact.emulator.builds.machine import (
    TIMED_OUT,
    BuildProblem,
    Context,
    Job,
    MachineFault,
    Packed,
    Results,
    Session,
    Yard,
)
from pytest_codeartifact.emulator.builds.powers import Power, Powers
from pytest_codeartifact.emulator.builds.reports import Reports
from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.neighbours.service_sessions import (
    Issued,
    NotTrusted,
    ServiceSessions,
)

FAULT = "FAULT"
_TOLD = {
    STOPPED: None,
    "TIMED_OUT": TIMED_OUT,
}
"""What is said of builds that were ended from outside."""
_SECRET_BYTES = 24
# An event of CloudWatch Logs has room for 256 KiB.
_LONG_LINE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What builds find around them.

    `folder` holds what builds write while they run, `caches` what projects keep for the next one.
    `outside_index` asks for pip's index until a build configures another.
    """

    yard: Yard
    folder: Path
    caches: Caches
    outside_index: Callable[[], str | None]
    clock: Clock
    sessions: ServiceSessions
    credentials: ContainerCredentials
    powers: Powers
    reports: Reports


class Course:
    """A build on its way."""

    def __init__(self, build: Build, around: Surroundings) -> None:
        self.build = build
        self._around = around
        self._now = around.clock.now
        self._session: Session | None = None
        self._power: Power | None = None
        self._begun: float | None = None
        self._interruption: str | None = None
        self._interrupting = threading.Lock()

    def is_overdue(self) -> bool:
        """Whether the build has waited or run for longer than its project allows."""
        plan, now = self.build.plan, self._now()
        if self._begun is None:
            return now - self.build.started >= plan.queued_timeout * 60
        return now - self._begun >= plan.timeout * 60

    def cancel(self, status: str) -> None:
        """End a build that has not begun to run."""
        self._complete(status, _TOLD[status])
        self.build.end(status, self._now())

    def stop(self, status: str) -> None:
        """End a build that runs, with this status; from any thread."""
        with self._interrupting:
            self._interruption = self._interruption or status
            session = self._session
        if session is not None:
            session.stop(status)

    def run(self) -> None:
        """Run the build to its end, and leave nothing behind but what it was to make."""
        build, status = self.build, FAULT
        folder = self._around.folder / build.id.uuid
        try:
            status = self._run(folder)
        except BuildProblem as problem:
            fault = isinstance(problem, MachineFault)
            status = self._interruption or (FAULT if fault else FAILED)
            self._complete(status, _TOLD.get(status, problem.context))
        except Exception:
            # A defect of ours: it is told as such, and the build does not wait for ever.
            self._complete(FAULT)
            raise
        finally:
            self._around.credentials.revoke(build.id.uuid)
            remove(folder)
            # As observed on AWS: a build that was stopped has no FINALIZING.
            if status != STOPPED:
                build.enter("FINALIZING", self._now())
                self._complete(SUCCEEDED, self._unlogged())
            build.end(status, self._now())

    def _unlogged(self) -> Context | None:
        """Why the log has an end before the build's, if it has.

        Differs: where AWS tells of a role that may not write its log is not documented.
        """
        refusal = self._power.log_refusal if self._power else None
        return None if refusal is None else Context("ACCESS_DENIED", refusal)

    def _run(self, folder: Path) -> str:
        build, around = self.build, self._around
        self._begun = self._now()
        issued = self._assume()
        power = self._power = around.powers.of(issued.caller, build.id.region)
        if build.plan.keeps_log:
            power.open_log(build)
            build.opened_log()
        self._complete(SUCCEEDED)
        build.enter("PROVISIONING", self._now())
        folder.mkdir(parents=True, mode=0o700)
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        site = _Site(build, around, power)
        session = around.yard.machine.begin(self._job(folder, secret))
        with self._interrupting:
            self._session = session
        if self._interruption:
            session.stop(self._interruption)

        def renew() -> Issued:
            newer = self._assume()
            _hide(newer, session)
            return newer

        _hide(issued, session)
        role = build.plan.service_role
        around.credentials.grant(build.id.uuid, Lease(role, secret, issued, renew))
        self._complete(SUCCEEDED)
        try:
            session.attend(site)
        finally:
            site.close_log()
        return site.status

    def _assume(self) -> Issued:
        build = self.build
        try:
            return self._around.sessions.assume(
                build.plan.service_role,
                f"AWSCodeBuild-{build.id.uuid}",
                source_arn=build.id.project_id.arn,
            )
        except NotTrusted as error:
            raise BuildProblem("ACCESS_DENIED", str(error)) from error

    def _job(self, folder: Path, secret: str) -> Job:
        build, around, plan = self.build, self._around, self.build.plan
        wanted = [plan.artifacts, *plan.secondary_artifacts]
        cached = plan.cache.get("type") == "LOCAL"
        return Job(
            folder=str(folder),
            build_arn=build.id.arn,
            build_id=build.id.text,
            number=build.number,
            project=build.id.project,
            region=build.id.region,
            initiator=plan.initiator,
            image=plan.environment["image"],
            started=build.started,
            encryption_key=plan.encryption_key,
            log_stream=build.stream,
            endpoint_url=around.yard.url,
            credentials_url=f"{around.yard.url}{PREFIX}{build.id.uuid}",
            credentials_token=secret,
            source_location=plan.source.get("location", ""),
            source_version=plan.source_version,
            buildspec=plan.source.get("buildspec", ""),
            variables=plan.variables,
            packagings={
                each.get("artifactIdentifier", ""): each.get("packaging", "NONE")
                for each in wanted
                if each["type"] != "NO_ARTIFACTS"
            },
            cache_folder=str(around.caches.of(build.id.project_id)) if cached else None,
            outside_index=around.outside_index(),
        )

    def _complete(self, status: str, context: Context | None = None) -> None:
        self.build.complete(status, self._now(), context)


def _hide(issued: Issued, session: Session) -> None:
    for secret in (issued.access_key_id, issued.secret_access_key, issued.session_token):
        session.hide(secret)


class _Site:
    """Fulfils `Site`: what the inside of a build tells and asks."""

    def __init__(self, build: Build, around: Surroundings, power: Power) -> None:
        self.status = FAULT
        self._unended = ""
        self._build = build
        self._around = around
        self._power = power
        self._now = around.clock.now

    def log(self, text: str) -> None:
        # What has no end yet goes on with the next piece, unless it is long already.
        whole, end, self._unended = (self._unended + text).rpartition("\n")
        if whole or end:
            self._append(whole + end)
        if len(self._unended) >= _LONG_LINE:
            self.close_log()

    def close_log(self) -> None:
        """Write what has no end."""
        if self._unended:
            self._append(self._unended)
            self._unended = ""

    def _append(self, text: str) -> None:
        if self._build.plan.keeps_log:
            self._power.append_log(self._build, text, self._now())

    def entered(self, phase: str) -> None:
        self._build.enter(phase, self._now())

    def completed(self, phase: str, status: str, context: Context) -> None:
        del phase  # it is the one that was entered last
        self._build.complete(status, self._now(), context)

    def ended(self, status: str, exported: Mapping[str, str]) -> None:
        self._build.export(exported)
        self.status = status

    def fetch_source(self, folder: Path) -> None:
        plan = self._build.plan
        sources.fetch(plan.source, plan.source_version, self._power, folder)

    def fetch_text(self, arn: str) -> str:
        return sources.fetch_text(arn, self._power)

    def parameters(self, names: Sequence[str]) -> Mapping[str, str]:
        return {name: self._power.parameter(name) for name in names}

    def secrets(self, references: Sequence[str]) -> Mapping[str, str]:
        return {reference: self._power.secret(reference) for reference in references}

    def store(self, artifacts_: Mapping[str, Packed]) -> None:
        plan = self._build.plan
        wanted = {each.get("artifactIdentifier", ""): each for each in plan.secondary_artifacts}
        wanted[""] = plan.artifacts
        if not wanted.keys() >= artifacts_.keys():
            raise MachineFault("the build's process brings artifacts that nobody wants")
        self._build.stored(
            {
                key: artifacts.place(
                    wanted[key], packed, self._build.id, plan.encryption_key, self._power
                )
                for key, packed in artifacts_.items()
            }
        )

    def report(self, name: str, results: Results) -> None:
        build, reports = self._build, self._around.reports
        group = reports.group_arn(build.id, name)
        if reports.group(build.id.account, build.id.region, group) is None:
            self._power.create_report_group(name, group)
        self._power.report(name, group)
        build.reported(reports.add(group, build.id.arn, results, self._now()))
