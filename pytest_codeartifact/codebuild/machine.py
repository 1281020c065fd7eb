"""This machine as one that builds run on, each in a process that is told and asked in lines."""

import contextlib
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_codeartifact.codebuild import messages
from pytest_codeartifact.emulator.builds.machine import BuildProblem, Job, MachineFault, Site
from pytest_codeartifact.tools.conversations import Conversation, LineTooLong
from pytest_codeartifact.tools.process import MissingTool

# A build that was stopped may end in order; one that does not even answer is ended by force.
_STOP_SECONDS = 10.0

# All that the process of a build inherits; its commands inherit even less. No AWS variable, no
# setting of another program.
_PASSED_ON = (
    "PATH",
    "TMPDIR",
    "SYSTEMROOT",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)


@dataclass(frozen=True, slots=True)
class LocalMachine:
    """Fulfils `Machine` with processes beside the emulator, which are ended with it."""

    environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def here(cls) -> "LocalMachine":
        """With what the environment of this process says of paths, proxies and certificates."""
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        # A password of the caller's proxy is none of the build's business.
        passed = {name: text for name, text in passed.items() if "@" not in text}
        return cls(passed | {"PYTHONUTF8": "1"})

    def begin(self, job: Job) -> "LocalSession":
        """Begin a build; raises MachineFault where that is impossible."""
        folder = Path(job.folder)
        # -P: a file of the source must not be imported in place of a module.
        command = [sys.executable, "-P", "-m", "pytest_codeartifact.codebuild.agent"]
        environment = {**self.environment, "HOME": str(folder)}
        try:
            talk = Conversation(command, env=environment, cwd=folder, log_path=folder / "agent.log")
        except (OSError, MissingTool) as error:
            raise MachineFault(f"the build could not be started: {error}") from error
        return LocalSession(talk, job)


class LocalSession:
    """Fulfils `Session`."""

    def __init__(self, talk: Conversation, job: Job) -> None:
        self._talk = talk
        self._stopping = threading.Lock()
        self._force: threading.Timer | None = None
        self._tell(messages.job_message(job))

    def attend(self, site: Site) -> None:
        """Tell and ask `site` until the build has ended and left nothing behind.

        Raises MachineFault when it is gone without having said how it ended.
        """
        said_how = False
        try:
            for line in self._talk.lines():
                call = messages.read_call(line)
                said_how = said_how or call.name == "ended"
                self._answer(call, site)
        except (LineTooLong, messages.NotUnderstood) as error:
            raise MachineFault(f"the build's process was not understood: {error}") from error
        finally:
            with self._stopping:
                if self._force is not None:
                    self._force.cancel()
            self._talk.end()
        if not said_how:
            words = self._talk.last_words
            last = f": {words.splitlines()[-1]}" if words else ""
            raise MachineFault(f"the build's process is gone{last}")

    def _answer(self, call: messages.Call, site: Site) -> None:
        try:
            answer = call.carry_out(site)
        except BuildProblem as problem:
            self._tell(messages.problem_message(problem))
        else:
            if call.name not in messages.TOLD:
                self._tell({"answer": answer})

    def stop(self, status: str) -> None:
        """End the build, with status STOPPED or TIMED_OUT; from any thread, and at once."""
        # First, as a process that does not even listen may keep us from telling it.
        with self._stopping:
            if self._force is None:
                self._force = threading.Timer(_STOP_SECONDS, self._talk.end)
                self._force.daemon = True
                self._force.start()
        self._tell({"stop": status})

    def hide(self, secret: str) -> None:
        """From now on, this must not be seen in the log."""
        self._tell({"hide": secret})

    def _tell(self, message: messages.Message) -> None:
        # Who does not listen any more has ended, or is about to.
        with contextlib.suppress(BrokenPipeError):
            self._talk.write_line(messages.encode(message))
