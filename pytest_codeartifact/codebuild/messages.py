"""How the process of a build and the emulator talk: each line of JSON is one message.

What a build tells its site, and what it asks, is `{"call": …, "with": {…}}`. Answers go the other
way, as `{"answer": …}` or `{"problem": {…}}`, in the order of the questions. So do `{"job": {…}}`
at the beginning, `{"stop": …}` and `{"hide": …}`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_codeartifact.emulator.builds.machine import (
    BuildProblem,
    Context,
    Job,
    Packed,
    Site,
    Tested,
    Variable,
)

Message = dict[str, Any]

TOLD = frozenset({"log", "entered", "completed", "ended"})
"""Calls that nobody waits for."""


def encode(message: Mapping[str, Any]) -> bytes:
    """A message as one line, without its end."""
    return json.dumps(message, default=str).encode()


def decode(line: bytes) -> Message:
    """The message of a line; raises ValueError."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object")  # noqa: TRY004 -- one error for bad lines
    return message


def job_message(job: Job) -> Message:
    """The message that begins a build."""
    return {"job": asdict(job)}


def read_job(message: Message) -> Job:
    """The job of the message that begins a build."""
    job = dict(message["job"])
    job["variables"] = tuple(Variable(**each) for each in job["variables"])
    return Job(**job)


def problem_message(problem: BuildProblem) -> Message:
    """An answer that there is none."""
    return {"problem": {"code": problem.code, "message": problem.message}}


def read_answer(message: Message) -> Any:  # noqa: ANN401 -- each question has its own
    """What was answered; raises the BuildProblem that was answered."""
    problem = message.get("problem")
    if problem is not None:
        raise BuildProblem(problem["code"], problem["message"])
    return message["answer"]


def carry_out(message: Message, site: Site) -> Any:  # noqa: ANN401 -- each call has its own answer
    """Do with `site` what a message calls for; raises BuildProblem as the site does."""
    return _CALLS[message["call"]](site, message["with"])


def _packed(said: Mapping[str, Any]) -> Packed:
    zip_path = said["zip_path"]
    return Packed(
        name=said["name"],
        prefix=said["prefix"],
        files={name: Path(path) for name, path in said["files"].items()},
        zip_path=Path(zip_path) if zip_path else None,
    )


_CALLS: Mapping[str, Callable[[Site, Message], Any]] = {
    "log": lambda site, said: site.log(said["text"]),
    "entered": lambda site, said: site.entered(said["phase"]),
    "completed": lambda site, said: site.completed(
        said["phase"], said["status"], Context(**said["context"])
    ),
    "ended": lambda site, said: site.ended(said["status"], said["exported"]),
    "fetch_source": lambda site, said: site.fetch_source(Path(said["folder"])),
    "fetch_text": lambda site, said: site.fetch_text(said["arn"]),
    "parameters": lambda site, said: site.parameters(said["names"]),
    "secrets": lambda site, said: site.secrets(said["references"]),
    "store": lambda site, said: site.store(
        {key: _packed(each) for key, each in said["artifacts"].items()}
    ),
    "report": lambda site, said: site.report(
        said["name"], [Tested(**each) for each in said["cases"]]
    ),
}
