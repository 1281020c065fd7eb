"""How the process of a build and the emulator talk: each line of JSON is one message.

What a build tells its site, and what it asks, is `{"call": …, "with": {…}}`. Answers go the other
way, as `{"answer": …}` or `{"problem": {…}}`, in the order of the questions. So do `{"job": {…}}`
at the beginning, `{"stop": …}` and `{"hide": …}`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pytest_codeartifact.emulator.builds.machine import (
    BuildProblem,
    Context,
    Job,
    Packed,
    Results,
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


class NotUnderstood(ValueError):
    """A line is no message, or none that anybody could act on."""


@dataclass(frozen=True, slots=True)
class Call:
    """Something to be done with a site: one of its methods, with its arguments."""

    name: str
    arguments: tuple[Any, ...]

    def carry_out(self, site: Site) -> Any:  # noqa: ANN401 -- each has its own answer
        """Do it; raises BuildProblem as the site does."""
        return getattr(site, self.name)(*self.arguments)


def read_call(line: bytes) -> Call:
    """What a line calls for; raises NotUnderstood."""
    try:
        message = decode(line)
        name, said = message["call"], message["with"]
        return Call(name, _ARGUMENTS[name](said))
    # Commands of a build can write to its process's pipes, so anything may be there.
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NotUnderstood(f"{type(error).__name__}: {error}") from error


def _packed(said: Mapping[str, Any]) -> Packed:
    zip_path = said["zip_path"]
    return Packed(
        name=said["name"],
        prefix=said["prefix"],
        files={name: Path(path) for name, path in said["files"].items()},
        zip_path=Path(zip_path) if zip_path else None,
    )


def _results(said: Message) -> Results:
    return Results(
        cases=tuple(Tested(**each) for each in said["cases"]),
        counts={str(status): int(count) for status, count in said["counts"].items()},
        duration=int(said["duration"]),
    )


_ARGUMENTS: Mapping[str, Callable[[Message], tuple[Any, ...]]] = {
    "log": lambda said: (str(said["text"]),),
    "entered": lambda said: (str(said["phase"]),),
    "completed": lambda said: (
        str(said["phase"]),
        str(said["status"]),
        Context(**said["context"]),
    ),
    "ended": lambda said: (str(said["status"]), dict(said["exported"])),
    "fetch_source": lambda said: (Path(said["folder"]),),
    "fetch_text": lambda said: (str(said["arn"]),),
    "parameters": lambda said: (list(said["names"]),),
    "secrets": lambda said: (list(said["references"]),),
    "store": lambda said: ({key: _packed(each) for key, each in said["artifacts"].items()},),
    "report": lambda said: (str(said["name"]), _results(said["results"])),
}
