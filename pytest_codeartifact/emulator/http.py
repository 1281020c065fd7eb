"""A request and a response as both doors see them: WSGI's environment made readable."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Header names are lower case; `path` is decoded, `query` is as sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: BinaryIO
    scheme: str = "http"
    remote_address: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, Any]) -> "Request":
        """Read a WSGI environment (PEP 3333)."""
        headers = {
            key[5:].replace("_", "-").lower(): value
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if environ.get(key):
                headers[key.replace("_", "-").lower()] = environ[key]
        return cls(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
            query=environ.get("QUERY_STRING", ""),
            headers=headers,
            body=environ["wsgi.input"],
            scheme=environ.get("wsgi.url_scheme", "http"),
            remote_address=environ.get("REMOTE_ADDR", ""),
        )

    @property
    def base_url(self) -> str:
        """Scheme and host as the client addressed them, without a trailing slash."""
        return f"{self.scheme}://{self.headers.get('host', 'localhost')}"

    @property
    def url(self) -> str:
        """The whole address as the client may have written it."""
        query = f"?{self.query}" if self.query else ""
        path = quote(self.path, safe="/~!$&'()*+,;=:@")
        return f"{self.base_url}{path}{query}"


@dataclass(slots=True)
class Response:
    """What goes back: bytes, or chunks that are made while they are sent."""

    status: int
    body: bytes | Iterable[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    """What the request log should know besides: the principal, the SHA-256 of a served asset."""

    @property
    def status_line(self) -> str:
        return f"{self.status} {HTTPStatus(self.status).phrase}"


class ClosingChunks:
    """A response body that closes what it was made from, when it is sent or the client is gone."""

    def __init__(self, chunks: Iterable[bytes], source: BinaryIO) -> None:
        self._chunks = chunks
        self._source = source

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def close(self) -> None:
        """Close the chunks, if they can be, and their source (PEP 3333)."""
        try:
            close = getattr(self._chunks, "close", None)
            if close is not None:
                close()
        finally:
            self._source.close()
