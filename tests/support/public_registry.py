"""A fake public Python registry on a loopback port, with knobs for everything that goes wrong.

with PublicRegistry() as registry:
    registry.add(make_wheel("demo", "1.0"))
    connect(registry.url)
    assert registry.count("/simple/demo/") == 1
"""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import TYPE_CHECKING, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from packaging.utils import canonicalize_name

from tests.support.distributions import Distribution

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

JSON = "application/vnd.pypi.simple.v1+json"
PATIENCE_SECONDS = 30.0
"""How long a held answer waits at most, so that a failing test ends."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's own name
        """Say nothing."""


@dataclass(slots=True)
class _File:
    distribution: Distribution
    requires_python: str | None
    yanked: str | None
    served: bytes


@dataclass(slots=True)
class PublicRegistry:
    """The registry; set its attributes while it serves to make it misbehave."""

    speaks_json: bool = True
    """Whether project pages are offered as JSON; HTML is served in any case."""
    names_hashes: bool = True
    """Whether pages say what SHA-256 each file has."""
    status: int | None = None
    """A status for every answer, such as 403; None lets it serve."""
    failures: int = 0
    """How many of the next requests are answered 500."""
    gate: threading.Event = field(default_factory=threading.Event)
    """Answers wait until this is set, as it is from the start."""
    requests: Counter[str] = field(default_factory=Counter)
    """How often each path was asked for."""
    arrived: threading.Event = field(default_factory=threading.Event)
    """Set when a request arrives; clear it to wait for the next."""
    _files: dict[str, list[_File]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: WSGIServer | None = None
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.gate.set()

    def __enter__(self) -> Self:
        self._server = make_server("127.0.0.1", 0, self, server_class=_Server, handler_class=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the port; from then on nobody answers there."""
        self.gate.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._thread = None

    @property
    def url(self) -> str:
        """The address of the simple API, with a trailing slash."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}/simple/"

    def add(
        self,
        distribution: Distribution,
        *,
        requires_python: str | None = None,
        yanked: str | None = None,
        served: bytes | None = None,
    ) -> None:
        """Offer a file; `served` makes the bytes differ from what the page promises."""
        files = self._files.setdefault(canonicalize_name(distribution.name), [])
        content = distribution.content if served is None else served
        files.append(_File(distribution, requires_python, yanked, content))

    def yank(self, filename: str, reason: str) -> None:
        """Yank a file that is offered already."""
        for files in self._files.values():
            for file in files:
                if file.distribution.filename == filename:
                    file.yanked = reason

    def remove(self, name: str) -> None:
        """Offer nothing under this normalised name any more."""
        del self._files[name]

    def count(self, path: str) -> int:
        """How often a path such as `/simple/demo/` was asked for."""
        return self.requests[path]

    @property
    def downloads(self) -> int:
        """How many files were asked for, however often each."""
        return sum(n for path, n in self.requests.items() if path.startswith("/files/"))

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        with self._lock:
            self.requests[environ["PATH_INFO"]] += 1
            fails = self.failures > 0
            self.failures -= fails
        self.arrived.set()
        self.gate.wait(PATIENCE_SECONDS)
        if fails or self.status is not None:
            status, media_type, body = self.status or 500, "text/plain", b"out of order"
        else:
            status, media_type, body = self._answer(environ)
        headers = [("Content-Type", media_type), ("Content-Length", str(len(body)))]
        start_response(f"{status} Answer", headers)
        return [body]

    def _answer(self, environ: "WSGIEnvironment") -> tuple[int, str, bytes]:
        place, _, rest = environ["PATH_INFO"].lstrip("/").partition("/")
        if place == "simple" and rest.rstrip("/") in self._files:
            name = rest.rstrip("/")
            if self.speaks_json and JSON in environ.get("HTTP_ACCEPT", ""):
                return 200, JSON, self._json(name)
            return 200, "text/html", self._html(name)
        if place == "files":
            for file in self._all():
                if file.distribution.filename == rest:
                    return 200, "application/octet-stream", file.served
        return 404, "text/plain", b"not found"

    def _all(self) -> Iterator[_File]:
        for files in self._files.values():
            yield from files

    def _json(self, name: str) -> bytes:
        files = []
        for file in self._files[name]:
            entry: dict[str, object] = {
                "filename": file.distribution.filename,
                "url": f"../../files/{file.distribution.filename}",
                "hashes": {"sha256": file.distribution.sha256} if self.names_hashes else {},
                "size": len(file.distribution.content),
            }
            if file.requires_python:
                entry["requires-python"] = file.requires_python
            if file.yanked is not None:
                entry["yanked"] = file.yanked or True
            files.append(entry)
        page = {"meta": {"api-version": "1.1"}, "name": name, "versions": [], "files": files}
        return json.dumps(page).encode()

    def _html(self, name: str) -> bytes:
        anchors = []
        for file in self._files[name]:
            attributes = f'href="../../files/{file.distribution.filename}'
            attributes += f'#sha256={file.distribution.sha256}"' if self.names_hashes else '"'
            if file.requires_python:
                attributes += f' data-requires-python="{escape(file.requires_python)}"'
            if file.yanked is not None:
                attributes += f' data-yanked="{escape(file.yanked)}"'
            anchors.append(f"<a {attributes}>{file.distribution.filename}</a><br/>")
        return f"<!DOCTYPE html><html><body>{''.join(anchors)}</body></html>".encode()
