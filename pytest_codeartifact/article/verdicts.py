"""Whose fault a failure is: the article's, the emulator's, AWS's by a change, or the machine's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pytest_codeartifact.findings import Verdict

# Answers that the emulator gives on behalf of a public registry that fails.
_OF_THE_REGISTRY = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
_UNKNOWN_TO_CLI = re.compile(
    r"aws: (?:\[ERROR\]: |error: ).*?(?:Invalid choice|Unknown options?)", re.IGNORECASE | re.DOTALL
)
_DENIED = re.compile(r"User: (?P<who>arn:\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)")
_THROTTLED = re.compile(r"\(Throttling\w*\)|\(TooManyRequests\w*\)|\b429\b")
_NOTHING_ELSE = "programs and service did their part, and what came of it is not what is said"


@dataclass(frozen=True, slots=True)
class Failure:
    """What is known of something that failed: `kind` as of StepFailed, `program` what was run."""

    kind: str
    program: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What happened around a failure: to the emulator, at its doors, and on the way to it.

    `requests` are those of the failed step by the server's log, `crashes` its defects, `refused`
    the hosts that programs were kept from, `passed_by` the service's hosts that a program named
    without having connected to them, `fetched` the statuses of reads from public registries.
    `caller` is who works in a real account; there `requests` are those that left this machine.
    """

    requests: Sequence[Mapping[str, Any]] = ()
    crashes: Sequence[str] = ()
    refused: Sequence[str] = ()
    passed_by: Sequence[str] = ()
    fetched: Sequence[int] = ()
    caller: str = ""


def verdict_on(failure: Failure, around: Surroundings) -> tuple[Verdict, str]:
    """Why something failed, and by what that is known: the first reason that applies."""
    return (
        _machines(failure)
        or (_accounts(failure, around) if around.caller else _emulators(around))
        or _networks(failure, around)
        or _changed(failure)
        or (Verdict.ARTICLE_WRONG, _NOTHING_ELSE)
    )


def _machines(failure: Failure) -> tuple[Verdict, str] | None:
    if failure.kind == "missing-program":
        return Verdict.ENVIRONMENT, f"{failure.program} is not installed here"
    if failure.kind == "timeout":
        return Verdict.ENVIRONMENT, f"{failure.program} did not end in time"
    return None


def _emulators(around: Surroundings) -> tuple[Verdict, str] | None:
    if around.crashes:
        return Verdict.EMULATOR_GAP, f"the emulator crashed on {around.crashes[0]}"
    for request in around.requests:
        status = int(request["status"])
        if status == HTTPStatus.NOT_IMPLEMENTED:
            what = request.get("operation", request["path"])
            return Verdict.EMULATOR_GAP, f"the emulator does not know {what}"
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _OF_THE_REGISTRY:
            what = f"{request['method']} {request['path']}"
            return Verdict.EMULATOR_GAP, f"the emulator answered {what} with {status}"
    return None


def _accounts(failure: Failure, around: Surroundings) -> tuple[Verdict, str] | None:
    """What is neither the article's fault nor a change: the account, the way to it, the budget."""
    # What was reached at last, though not at once, explains nothing.
    last = {each.get("host"): each for each in around.requests}
    for request in around.requests:
        is_over = _is_unreached(request) and request is not last[request.get("host")]
        if request.get("message") and not is_over:
            return Verdict.ENVIRONMENT, str(request["message"])
    denied = _DENIED.search(failure.text)
    if denied and denied["who"] == around.caller:
        what = f"who runs this may not do {denied['action']}"
        return Verdict.ENVIRONMENT, f"{what}; the policies of a run are in examples/nightly/iam"
    if _THROTTLED.search(failure.text):
        return Verdict.ENVIRONMENT, "AWS throttled, also after all retries"
    for request in around.requests:
        status = int(request["status"])
        is_told = request.get("is_throttled") or _is_unreached(request)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not is_told:
            what = f"{request['method']} {request['host']}{request['path']}"
            return Verdict.ENVIRONMENT, f"AWS answered {what} with {status}"
    return None


def _is_unreached(request: Mapping[str, Any]) -> bool:
    return bool(request.get("is_unreached"))


def _networks(failure: Failure, around: Surroundings) -> tuple[Verdict, str] | None:
    program = failure.program or "a program"
    if around.passed_by:
        reason = f"{program} did not go through the proxy: no connection was made to "
        reason += f"{around.passed_by[0]}, which it names; let it use HTTPS_PROXY, or run with "
        return Verdict.ENVIRONMENT, reason + "--codeartifact-endpoint=plain"
    if around.refused:
        reason = f"{program} asked for {around.refused[0]}, and nothing but AWS is reached here"
        return Verdict.ENVIRONMENT, reason
    failed = [request for request in around.requests if int(request["status"]) in _OF_THE_REGISTRY]
    bad = [status for status in around.fetched if status >= HTTPStatus.BAD_REQUEST or not status]
    if failed:
        seen = f", which answered {bad[0]}" if bad and bad[0] else ""
        return Verdict.ENVIRONMENT, f"the public registry could not be read{seen}"
    return None


def _changed(failure: Failure) -> tuple[Verdict, str] | None:
    if _UNKNOWN_TO_CLI.search(failure.text):
        return Verdict.AWS_CHANGED, "the AWS CLI that is installed here does not know this command"
    return None
