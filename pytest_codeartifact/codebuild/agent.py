"""The process of a build: it reads its job from standard input, and says there how it goes.

It ends, with everything that commands have started, when the build is over, when it is told to
stop, and when standard input ends, as then the emulator is gone.
"""

import os
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from pytest_codeartifact.codebuild import messages
from pytest_codeartifact.codebuild.runner import Runner
from pytest_codeartifact.emulator.builds.machine import Context, Packed, Results
from pytest_codeartifact.tools.process import processes
from pytest_codeartifact.tools.trees import go_on_as_child


def main() -> None:
    """Run the build that the first line describes."""
    # Whoever stays behind ends what is left, even if a command kills this process.
    go_on_as_child(processes)
    told, said = _streams()
    first = told.readline()
    if not first:
        return
    site = _DistantSite(said)
    runner = Runner(messages.read_job(messages.decode(first)), site)

    def listen() -> None:
        for line in told:
            message = messages.decode(line)
            if "stop" in message:
                runner.stop(message["stop"])
            elif "hide" in message:
                runner.hide(message["hide"])
            else:
                site.answers.put(message)
        # Nobody is there any more who could be told how it ended.
        runner.stop("STOPPED")
        os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    runner.run()


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for us alone: neither commands nor a stray print may use them."""
    told, said = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return told, said


class _DistantSite:
    """Fulfils `Site` by lines to whoever started this process."""

    def __init__(self, said: BinaryIO) -> None:
        self.answers: queue.SimpleQueue[messages.Message] = queue.SimpleQueue()
        self._said = said
        self._one_line = threading.Lock()
        self._one_question = threading.Lock()

    def log(self, text: str) -> None:
        self._tell("log", text=text)

    def entered(self, phase: str) -> None:
        self._tell("entered", phase=phase)

    def completed(self, phase: str, status: str, context: Context) -> None:
        self._tell("completed", phase=phase, status=status, context=asdict(context))

    def ended(self, status: str, exported: Mapping[str, str]) -> None:
        self._tell("ended", status=status, exported=dict(exported))

    def fetch_source(self, folder: Path) -> None:
        self._ask("fetch_source", folder=str(folder))

    def fetch_text(self, arn: str) -> str:
        return str(self._ask("fetch_text", arn=arn))

    def parameters(self, names: Sequence[str]) -> Mapping[str, str]:
        return dict(self._ask("parameters", names=list(names)))

    def secrets(self, references: Sequence[str]) -> Mapping[str, str]:
        return dict(self._ask("secrets", references=list(references)))

    def store(self, artifacts: Mapping[str, Packed]) -> None:
        self._ask("store", artifacts={key: asdict(each) for key, each in artifacts.items()})

    def report(self, name: str, results: Results) -> None:
        self._ask("report", name=name, results=asdict(results))

    def _tell(self, call: str, **said: object) -> None:
        with self._one_line:
            self._said.write(messages.encode({"call": call, "with": said}) + b"\n")
            self._said.flush()

    def _ask(self, call: str, **said: object) -> Any:  # noqa: ANN401 -- each call has its own answer
        with self._one_question:
            self._tell(call, **said)
            return messages.read_answer(self.answers.get())


if __name__ == "__main__":
    main()
