"""A build from its source to its artifacts: the order of phases, and what their failures mean.

Sources: "Build phase transitions" and "Build specification reference for CodeBuild" (AWS CodeBuild
User Guide).
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from pytest_codeartifact.codebuild.buildspec import Command, OnFailure, Phase
from pytest_codeartifact.codebuild.commands import TooManyProcesses
from pytest_codeartifact.codebuild.delivering import Delivery
from pytest_codeartifact.codebuild.log import Log
from pytest_codeartifact.codebuild.preparing import Prepared, prepare
from pytest_codeartifact.emulator.builds.machine import TIMED_OUT, BuildProblem, Context, Job, Site
from pytest_codeartifact.tools.process import CommandFailed, MissingTool

SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"
_PHASES = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")
_MOST_EXPORTED = 64 * 1024
# After these, a failure leaves nothing worth going on with.
_ESSENTIAL = frozenset({"INSTALL", "PRE_BUILD"})
# What the build's end is told as where it did not come by itself.
_INTERRUPTED = {
    "STOPPED": Context(),
    "TIMED_OUT": TIMED_OUT,
}


class Runner:
    """Runs one build."""

    def __init__(self, job: Job, site: Site) -> None:
        self._job = job
        self._site = site
        self._log = Log(site.log, time.time)
        self._prepared: Prepared | None = None
        self._last_exit = 0
        self._interruption: str | None = None
        self._stopping = threading.Lock()

    def run(self) -> None:
        """Run the build to its end and tell the site how it ended; nothing is left running."""
        try:
            status = self._status()
            exported = self._exported()
        finally:
            if self._prepared is not None:
                self._prepared.shell.end()
            self._log.close()
        self._site.ended(status, exported)

    def stop(self, status: str) -> None:
        """End what runs, with this status; from any thread."""
        with self._stopping:
            self._interruption = self._interruption or status
            prepared = self._prepared
        if prepared is not None:
            prepared.shell.end()

    def hide(self, secret: str) -> None:
        """From now on, this must not be seen in the log."""
        self._log.hide(secret)

    # --- Phases --------------------------------------------------------------------------------

    def _status(self) -> str:
        log = self._log
        log.say("Running on CodeBuild On-demand")
        log.say("Waiting for agent ping")
        log.say("Waiting for DOWNLOAD_SOURCE")
        log.say("Phase is DOWNLOAD_SOURCE")
        if not self._phase("DOWNLOAD_SOURCE", self._prepare):
            return self._interruption or FAILED
        prepared = self._ready()
        succeeded, delivers = self._commands(prepared)
        if delivers:
            delivery = Delivery(self._job, self._site, log, prepared)
            succeeded = (
                self._phase("UPLOAD_ARTIFACTS", partial(delivery.run, succeeded)) and succeeded
            )
        return self._interruption or (SUCCEEDED if succeeded else FAILED)

    def _commands(self, prepared: Prepared) -> tuple[bool, bool]:
        """Whether the build is good so far, and whether what it made is to be delivered."""
        succeeded = True
        for name in _PHASES:
            phase = prepared.buildspec.phases.get(name.lower())
            self._log.say(f"Entering phase {name}")
            if self._phase(name, partial(self._attempts, prepared, phase, succeeded)):
                continue
            if self._interruption:
                return False, False
            match phase.on_failure if phase else None:
                case OnFailure(action="CONTINUE"):
                    # Differs: whether the build then counts as good is not documented; people use
                    # it to say that a failure does not matter.
                    continue
                case OnFailure(action="ABORT"):
                    # Differs: whether artifacts are uploaded then is not documented.
                    return False, False
                case _:
                    succeeded = False
            if name in _ESSENTIAL:
                return False, False
        return succeeded, True

    def _phase(self, name: str, work: Callable[[], None]) -> bool:
        """Do the work of a phase; whether it succeeded."""
        self._site.entered(name)
        status, context = SUCCEEDED, Context()
        try:
            work()
        except BuildProblem as problem:
            status, context = FAILED, Context(problem.code, self._log.masked(problem.message))
        except (OSError, ValueError, MissingTool, CommandFailed, TooManyProcesses) as error:
            # What the build has made of its folder and its processes is its own doing.
            status, context = FAILED, Context("CLIENT_ERROR", self._log.masked(str(error)))
        if self._interruption:
            status, context = self._interruption, _INTERRUPTED[self._interruption]
        self._log.say(f"Phase complete: {name} State: {status}")
        self._log.say(f"Phase context status code: {context.code} Message: {context.message}")
        self._site.completed(name, status, context)
        return status == SUCCEEDED

    def _prepare(self) -> None:
        prepared = prepare(self._job, self._site, self._log)
        with self._stopping:
            self._prepared = prepared
        if self._interruption:
            prepared.shell.end()

    def _ready(self) -> Prepared:
        if self._prepared is None:
            raise RuntimeError("commands come after the preparation")
        return self._prepared

    # --- Commands ------------------------------------------------------------------------------

    def _attempts(self, prepared: Prepared, phase: Phase | None, succeeding: bool) -> None:  # noqa: FBT001 -- a variable
        """Run a phase's commands, again where the buildspec wants that; raises BuildProblem.

        Differs: AWS says that RETRY retries the build; here it is the phase's commands.
        """
        if phase is None:
            return None
        run = partial(
            self._once, prepared, phase, {"CODEBUILD_BUILD_SUCCEEDING": str(int(succeeding))}
        )
        retries, pattern = 0, None
        if phase.on_failure is not None and phase.on_failure.action == "RETRY":
            retries, pattern = phase.on_failure.retries, phase.on_failure.pattern
        for attempt in range(1, retries + 1):
            try:
                return run()
            except BuildProblem as problem:
                if self._interruption or (
                    pattern and not pattern.search(f"{problem.message}\n{self._log.recent}")
                ):
                    raise
                self._log.say(f"Retrying phase {phase.name}: attempt {attempt} of {retries}")
        return run()

    def _once(self, prepared: Prepared, phase: Phase, variables: Mapping[str, str]) -> None:
        self._log.forget_recent()
        if not phase.commands:
            self._log.say(f"No commands found for phase name: {phase.name}")
        problems = [
            self._all(prepared, commands, variables)
            for commands in (phase.commands, phase.finally_)
        ]
        for problem in filter(None, problems):
            raise problem

    def _all(
        self, prepared: Prepared, commands: Sequence[Command], variables: Mapping[str, str]
    ) -> BuildProblem | None:
        """Run commands up to the first that fails; why it failed."""
        for command in commands:
            if self._interruption:
                break
            try:
                self._command(prepared, command, variables)
            except BuildProblem as problem:
                return problem
        return None

    def _command(self, prepared: Prepared, command: Command, variables: Mapping[str, str]) -> None:
        log, text = self._log, command.text
        log.say(f"Running command {text}")
        if prepared.buildspec.version == "0.1":
            prepared.shell.forget()
        try:
            last = {"CODEBUILD_LAST_EXIT": str(self._last_exit)}
            status = prepared.shell.run(text, {**variables, **last})
        except TooManyProcesses as error:
            log.after_command()
            log.say(f"Command did not exit successfully {text}: {error}")
            raise BuildProblem(
                "COMMAND_EXECUTION_ERROR",
                f"Error while executing command: {text}. Reason: {error}",
            ) from error
        log.after_command()
        # As shells say it of a process that a signal ended.
        status = 128 - status if status < 0 else status
        self._last_exit = status
        if status and not self._interruption:
            log.say(f"Command did not exit successfully {text} exit status {status}")
            raise BuildProblem(
                "COMMAND_EXECUTION_ERROR",
                f"Error while executing command: {text}. Reason: exit status {status}",
            )

    def _exported(self) -> dict[str, str]:
        """The variables that the buildspec exports, as they are in the end."""
        if self._prepared is None:
            return {}
        shell, names = self._prepared.shell, self._prepared.buildspec.environment.exported
        values = {name: shell.value(name) for name in names}
        # Differs: whether AWS has a limit for them is not documented.
        return {
            name: self._log.masked(value)[:_MOST_EXPORTED]
            for name, value in values.items()
            if value is not None
        }
