"""Writes down what a client sees, step by step, without anything that differs from run to run."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.parity.placeholders import JSON, Placeholders
from pytest_codeartifact.tools.process import Completed

OK = "ok"
"""The outcome of a call that was not refused."""

# What tells clients how to go on; dates, ids of requests and the like say nothing of the service.
_HEADERS = (
    "accept-ranges",
    "allow",
    "cache-control",
    "content-encoding",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
    "location",
    "retry-after",
    "vary",
    "www-authenticate",
)
# What programs say of how it went; progress and paths are theirs alone.
_TELLING = re.compile(
    r"^(?:ERROR|WARNING: \d\d\d|Successfully|Login expires|An error occurred|\d\d\d |HTTPError)"
)
_THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown"}
# A 500 may be how a package endpoint answers; these are of whatever stands before it.
_DISTURBED = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_LONGEST_TEXT = 4000
# IAM User Guide (Troubleshoot access denied error messages).
_BOUNDED = "no permissions boundary allows"
_CALLER = "<caller:"


class Disturbed(CodeArtifactError):
    """The service throttled, or could not answer now: nothing was learnt of how it behaves."""


class Bounded(CodeArtifactError):
    """The boundary of a run's roles is narrower than what a probe asks for: nothing was learnt."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back to a plain HTTP request; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> JSON:
        """The body read as JSON; raises ValueError where it is none."""
        return json.loads(self.body)


class Recorder:
    """The steps of one probe, in order."""

    def __init__(self, placeholders: Placeholders) -> None:
        self._placeholders = placeholders
        self._steps: dict[str, Mapping[str, JSON]] = {}

    @property
    def steps(self) -> Mapping[str, Mapping[str, JSON]]:
        """What was seen, by the names of the steps."""
        return self._steps

    def api(self, step: str, call: Callable[..., Any], **arguments: object) -> Mapping[str, Any]:
        """Call a method of a boto3 client and keep the answer or the refusal.

        Returns the answer as it came, empty after a refusal. Raises Disturbed when the service
        throttled or failed, and Bounded when a role may not be allowed that much.
        """
        try:
            answer = dict(call(**arguments))
        except ClientError as error:
            self._keep_refusal(step, error)
            return {}
        told = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
        status = answer["ResponseMetadata"]["HTTPStatusCode"]
        for key, value in told.items():
            if isinstance(value, StreamingBody):
                answer[key] = value.read()
                told[key] = _bytes_told(answer[key])
        seen = {"operation": _operation(call), "outcome": OK, "status": status, "answer": told}
        self._keep(step, "api", seen)
        return answer

    def outcome(self, step: str, call: Callable[..., Any], **arguments: object) -> None:
        """Like `api`, but an answer is not kept: it tells of more than the probe has made."""
        try:
            answer = call(**arguments)
        except ClientError as error:
            self._keep_refusal(step, error)
            return
        status = answer["ResponseMetadata"]["HTTPStatusCode"]
        self._keep(step, "api", {"operation": _operation(call), "outcome": OK, "status": status})

    def http(self, step: str, answer: Answer) -> Answer:
        """Keep what came back to a plain HTTP request; raises Disturbed when that was throttled."""
        if answer.status in _DISTURBED:
            raise Disturbed(f"{step}: HTTP {answer.status}", hint="try again later")
        headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
        if "location" in headers:
            # A signed address is as good as a key, and another one each time.
            headers["location"] = headers["location"].partition("?")[0]
        self._keep(
            step, "http", {"status": answer.status, "headers": headers, "body": _body_told(answer)}
        )
        return answer

    def program(self, step: str, completed: Completed) -> None:
        """Keep how a program ended: its exit code, and what it says of that.

        Raises Disturbed when the service throttled it.
        """
        text = f"{completed.stdout}\n{completed.stderr}"
        if any(word in text for word in (*_THROTTLED, "429")) and completed.exit_code:
            raise Disturbed(f"{step}: the service throttled", hint="try again later")
        lines = [line.strip() for line in text.splitlines()]
        telling = [line for line in lines if _TELLING.search(line)]
        seen = {"program": completed.argv[0].rpartition("/")[2], "exit_code": completed.exit_code}
        self._keep(step, "program", {**seen, "says": telling})

    def fact(self, step: str, value: JSON) -> None:
        """Keep something that was concluded from answers."""
        self._keep(step, "fact", {"value": value})

    def _keep_refusal(self, step: str, error: ClientError) -> None:
        response: Mapping[str, Any] = error.response
        told, status = response["Error"], response["ResponseMetadata"]["HTTPStatusCode"]
        code = str(told.get("Code", ""))
        if code in _THROTTLED or status in _DISTURBED or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Disturbed(f"{step}: HTTP {status}, {code}", hint="try again later") from error
        message = str(told.get("Message", ""))
        if _BOUNDED in message:
            raise Bounded(
                f"{step}: the boundary of this run's roles does not allow {error.operation_name}",
                hint="give a wider one by --codeartifact-boundary",
            ) from error
        more = {
            key: value
            for key, value in response.items()
            # boto3 itself tells the message in two places.
            if key not in {"Error", "ResponseMetadata", "message", "Message"}
        }
        seen = {
            "operation": error.operation_name,
            "outcome": code,
            "status": status,
            "message": message,
            "answer": more,
        }
        self._keep(step, "api", seen)

    def _keep(self, step: str, kind: str, seen: Mapping[str, JSON]) -> None:
        if step in self._steps:
            raise ValueError(f"the step {step!r} is there twice")
        cleaned = {"kind": kind, **self._placeholders.json(seen)}
        # What only the caller may not do says nothing of the service.
        if _CALLER not in cleaned.get("message", ""):
            self._steps[step] = cleaned


def _operation(call: Callable[..., Any]) -> str:
    """What the service calls the operation of a client's method."""
    client: Any = getattr(call, "__self__", None)
    return str(client.meta.method_to_api_mapping[call.__name__])


def _body_told(answer: Answer) -> JSON:
    """What kind of body it is, and what it says as far as that is text."""
    if not answer.body:
        return {"kind": "empty"}
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        text = answer.body.decode()
    except UnicodeDecodeError:
        return {"kind": "bytes", **_bytes_told(answer.body)}
    if content_type.endswith("json"):
        try:
            return {"kind": "json", "json": json.loads(text)}
        except ValueError:
            pass
    is_page = content_type in {"text/html", "application/vnd.pypi.simple.v1+html"}
    return {"kind": "html" if is_page else "text", "text": text[:_LONGEST_TEXT]}


def _bytes_told(content: bytes) -> JSON:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
