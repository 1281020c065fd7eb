"""How the process of a build and the emulator talk: each line of JSON is one message.

What a build tells its site, and what it asks, is `{"call": …, "with": {…}}`. Answers go the other
way, as `{"answer": …}` or `{"problem": {…}}`, in the order of the questions. So do `{"job": {…}}`
at the beginning, `{"stop": …}` and `{"hide": …}`.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pytest_codeartifact.emulator.builds.machine import (
    PHASES,
    STATUSES,
    TESTED,
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


# --- Arguments, each of which may be anything -------------------------------------------------


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    # Half a surrogate pair is no text that could be stored.
    return value.encode("utf-8", "replace").decode()


def _one_of(words: Collection[str], value: object) -> str:
    if value not in words:
        raise ValueError(f"one of {', '.join(sorted(words))} is expected")
    return str(value)


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("a number is expected")
    return value


def _completed(said: Message) -> tuple[Any, ...]:
    context = said["context"]
    return (
        _one_of(PHASES, said["phase"]),
        _one_of(STATUSES, said["status"]),
        Context(_text(context["code"]), _text(context["message"])),
    )


def _ended(said: Message) -> tuple[Any, ...]:
    exported = {_text(name): _text(value) for name, value in said["exported"].items()}
    return _one_of(STATUSES, said["status"]), exported


def _packed(said: Message) -> Packed:
    zip_path = said["zip_path"]
    return Packed(
        name=_text(said["name"]),
        prefix=_text(said["prefix"]),
        files={_text(name): Path(_text(path)) for name, path in said["files"].items()},
        zip_path=Path(_text(zip_path)) if zip_path else None,
    )


def _results(said: Message) -> Results:
    return Results(
        cases=tuple(
            Tested(
                name=_text(case["name"]),
                prefix=_text(case["prefix"]),
                status=_one_of(TESTED, case["status"]),
                duration=_number(case["duration"]),
                message=_text(case["message"]),
            )
            for case in said["cases"]
        ),
        counts={
            _one_of(TESTED, status): _number(count) for status, count in said["counts"].items()
        },
        duration=_number(said["duration"]),
    )


_ARGUMENTS: Mapping[str, Callable[[Message], tuple[Any, ...]]] = {
    "log": lambda said: (_text(said["text"]),),
    "entered": lambda said: (_one_of(PHASES, said["phase"]),),
    "completed": _completed,
    "ended": _ended,
    "fetch_source": lambda said: (Path(_text(said["folder"])),),
    "fetch_text": lambda said: (_text(said["arn"]),),
    "parameters": lambda said: ([_text(name) for name in said["names"]],),
    "secrets": lambda said: ([_text(each) for each in said["references"]],),
    "store": lambda said: ({_text(key): _packed(each) for key, each in said["artifacts"].items()},),
    "report": lambda said: (_text(said["name"]), _results(said["results"])),
}
