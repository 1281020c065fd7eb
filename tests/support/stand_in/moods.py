"""How AWS can be: it throttles, it lists late, and one day it answers otherwise."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wsgi import get_input_stream

from tests.support.stand_in import listings, strict
from tests.support.stand_in.listings import joined

App = Callable[[dict[str, Any], Any], Iterable[bytes]]
Headers = list[tuple[str, str]]
_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]*/([^/]+)/aws4_request")
_LISTINGS = {
    "/v1/domains": ("domains", "domain"),
    "/v1/repositories": ("repositories", "repository"),
    "/v1/domain/repositories": ("repositories", "repository"),
}
_SUMMARY = {
    "domain": ("name", "owner", "arn", "status", "createdTime", "encryptionKey"),
    "repository": (
        *("name", "administratorAccount", "domainName", "domainOwner", "arn", "description"),
        "createdTime",
    ),
}


@dataclass
class Moods:
    """What is asked of it now; all off in the beginning."""

    app: App
    every: int = 0
    lag_seconds: float = 0.0
    changes: set[str] = field(default_factory=set)
    throttled: int = 0
    _late: listings.Listings = field(default_factory=listings.Listings)
    _calls: int = 0
    _made: dict[str, float] = field(default_factory=dict)
    _gone: dict[str, tuple[float, str, dict[str, Any]]] = field(default_factory=dict)
    _known: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 -- PEP 3333
        # This server gives the connection itself, which has no end.
        environ["wsgi.input"] = get_input_stream(environ)
        path = environ["PATH_INFO"]
        if path.startswith("/_stand_in/"):
            return self._controlled(environ, start_response)
        signed = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        service = signed[1] if signed else ""
        if service and self._is_throttled():
            # What is not read would be taken for the next request of the connection.
            environ["wsgi.input"].read()
            return _throttle(service, start_response)
        late = service == "codebuild" and self._late_role(environ)
        if late:
            return _answer(start_response, "400 Bad Request", _JSON, late)
        if service in listings.SERVICES:
            return self._late.answer(service, self.app, environ, start_response, self.lag_seconds)
        if service == "codeartifact" or _is_of_endpoint(environ):
            return self._watched(environ, start_response)
        return self.app(environ, start_response)

    # --- Control ---------------------------------------------------------------------------

    def _controlled(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 -- PEP 3333
        what = environ["PATH_INFO"].rpartition("/")[2]
        told: Any = {}
        size = int(environ.get("CONTENT_LENGTH") or 0)
        asked = json.loads(environ["wsgi.input"].read(size)) if size else {}
        is_set = environ["REQUEST_METHOD"] == "POST"
        if what == "quiet":
            self.every, self.lag_seconds, strict.StrictNeighbours.late_seconds = 0, 0.0, 0.0
            self.changes.clear()
        elif what == "throttle" and is_set:
            self.every = int(asked["every"])
        elif what == "throttle":
            told = {"count": self.throttled}
        elif what == "lag":
            self.lag_seconds = float(asked["seconds"])
        elif what == "late-roles":
            strict.StrictNeighbours.late_seconds = float(asked["seconds"])
        elif what == "change":
            self.changes.add(str(asked["name"]))
        elif what == "journal" and is_set:
            with strict.LOCK:
                strict.ALLOWED.clear()
                strict.QUESTIONS.clear()
        elif what == "journal":
            with strict.LOCK:
                told = {who: sorted(actions) for who, actions in strict.ALLOWED.items()}
        elif what == "questions":
            with strict.LOCK:
                told = list(strict.QUESTIONS)
        else:
            return _answer(start_response, "404 Not Found", _JSON, {"message": what})
        return _answer(start_response, "200 OK", _JSON, told)

    # --- Throttles and late roles ------------------------------------------------------------

    def _is_throttled(self) -> bool:
        with self._lock:
            self._calls += 1
            hit = bool(self.every) and self._calls % self.every == 0
            self.throttled += hit
            return hit

    def _late_role(self, environ: dict[str, Any]) -> dict[str, str] | None:
        seconds = strict.StrictNeighbours.late_seconds
        if not seconds or not environ.get("HTTP_X_AMZ_TARGET", "").endswith(".CreateProject"):
            return None
        body = _body(environ)
        arn = json.loads(body).get("serviceRole", "")
        made = strict.ROLES_MADE.get(arn.rpartition("/")[2], 0.0)
        if time.monotonic() - made >= seconds:
            return None
        message = f"CodeBuild is not authorized to perform: sts:AssumeRole on {arn}"
        return {"__type": "InvalidInputException", "message": message}

    # --- Listings that lag, and changes ------------------------------------------------------

    def _watched(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 -- PEP 3333
        started: list[tuple[str, Headers]] = []

        def noted(status: str, headers: Headers, *_: object) -> None:
            started.append((status, headers))

        chunks = self.app(environ, noted)
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        is_api = not _is_of_endpoint(environ)
        status, headers = started[0] if started else ("", [])
        if not is_api or not path.startswith("/v1/"):
            if self.changes:
                content = joined(chunks)
                status, headers = started[0]
                status, headers = self._changed_page(environ, status, headers)
                start_response(status, headers)
                return [content]
            status, headers = started[0]
            start_response(status, headers)
            return chunks
        content = joined(chunks)
        status, headers = started[0]
        told = json.loads(content) if content[:1] == b"{" else {}
        self._learn(method, path, status, told)
        if path in _LISTINGS and self.lag_seconds and status.startswith("200"):
            asked = dict(parse_qsl(environ.get("QUERY_STRING", ""))).get("domain", "")
            content = json.dumps(self._lagging(path, asked, told)).encode()
        status, content = self._changed(method, path, status, content)
        headers = [(name, text) for name, text in headers if name.lower() != "content-length"]
        start_response(status, [*headers, ("Content-Length", str(len(content)))])
        return [content]

    def _learn(self, method: str, path: str, status: str, told: dict[str, Any]) -> None:
        """Remember what was made and removed, and when."""
        kind = {"/v1/domain": "domain", "/v1/repository": "repository"}.get(path)
        item = told.get(kind or "") or {}
        # Deleting what is not there is answered with next to nothing.
        if kind is None or not status.startswith("200") or "arn" not in item:
            return
        with self._lock:
            if method == "POST":
                summary = {key: item[key] for key in _SUMMARY[kind] if key in item}
                self._made[item["arn"]] = time.monotonic()
                self._known[item["arn"]] = (kind, summary)
            elif method == "DELETE" and item["arn"] in self._known:
                kind, summary = self._known.pop(item["arn"])
                self._gone[item["arn"]] = (time.monotonic(), kind, summary)

    def _lagging(self, path: str, domain: str, told: dict[str, Any]) -> dict[str, Any]:
        key, kind = _LISTINGS[path]
        now = time.monotonic()
        with self._lock:
            shown = [
                each
                for each in told[key]
                if now - self._made.get(each["arn"], 0.0) >= self.lag_seconds
            ]
            there = {each["arn"] for each in told[key]}
            shown += [
                summary
                for arn, (when, of, summary) in self._gone.items()
                if of == kind
                and now - when < self.lag_seconds
                and arn not in there
                # Only one of the listings is of one domain.
                and domain in {"", summary.get("domainName", "")}
            ]
        return {**told, key: shown}

    def _changed(self, method: str, path: str, status: str, content: bytes) -> tuple[str, bytes]:
        is_made_twice = (method, path, status[:3]) == ("POST", "/v1/domain", "409")
        if "conflict-status" in self.changes and is_made_twice:
            return "400 Bad Request", content
        is_missing = (method, path, status[:3]) == ("GET", "/v1/domain", "404")
        if "message" in self.changes and is_missing:
            return status, content.replace(b"Domain not found", b"No such domain")
        return status, content

    def _changed_page(
        self, environ: dict[str, Any], status: str, headers: Headers
    ) -> tuple[str, Headers]:
        if "status-401" in self.changes and status.startswith("401"):
            return "403 Forbidden", headers
        is_page = "/simple/" in environ["PATH_INFO"] and status.startswith("200")
        if "page-header" in self.changes and is_page:
            kept = [pair for pair in headers if pair[0].lower() != "content-type"]
            return status, [*kept, ("Content-Type", "text/plain")]
        return status, headers


_JSON = "application/json"


def _is_of_endpoint(environ: dict[str, Any]) -> bool:
    """Whether it is for a package endpoint; a plain address has the host in its path."""
    return ".d.codeartifact." in f"{environ.get('HTTP_HOST', '')}{environ['PATH_INFO']}"


def _body(environ: dict[str, Any]) -> bytes:
    """The whole body, which can be read again."""
    import io  # noqa: PLC0415 -- here alone

    size = int(environ.get("CONTENT_LENGTH") or 0)
    content: bytes = environ["wsgi.input"].read(size)
    environ["wsgi.input"] = io.BytesIO(content)
    return content


def _throttle(service: str, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 -- PEP 3333
    if service == "codeartifact":
        status = f"{HTTPStatus.TOO_MANY_REQUESTS.value} Too Many Requests"
        told = {"message": "Rate exceeded"}
        return _answer(
            start_response, status, _JSON, told, ("x-amzn-ErrorType", "ThrottlingException")
        )
    if service in {"iam", "sts"}:
        body = (
            "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>"
            "<Message>Rate exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        )
        start_response("400 Bad Request", [("Content-Type", "text/xml")])
        return [body.encode()]
    told = {"__type": "ThrottlingException", "message": "Rate exceeded"}
    return _answer(start_response, "400 Bad Request", "application/x-amz-json-1.1", told)


def _answer(
    start_response: Any,  # noqa: ANN401 -- PEP 3333
    status: str,
    content_type: str,
    told: Any,  # noqa: ANN401 -- JSON
    *headers: tuple[str, str],
) -> Iterable[bytes]:
    content = json.dumps(told).encode()
    length = ("Content-Length", str(len(content)))
    start_response(status, [("Content-Type", content_type), length, *headers])
    return [content]
