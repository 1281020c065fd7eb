"""Files much larger than what the server may hold in memory go through it."""

import hashlib
import http.client
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import urllib3

from tests.durability.serving import Server, Shelf, make_repository
from tests.support.distributions import make_wheel, metadata
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MEGABYTE = 1024 * 1024
FILE_MEGABYTES = 200
RESIDENT_MEGABYTES = 150
GROWTH_MEGABYTES = 60
CHUNK_BYTES = 256 * 1024


def _peak_megabytes(server: Server) -> float:
    """The most memory that the process which serves ever had resident."""
    [worker] = server.workers
    status = Path(f"/proc/{worker}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _big_wheel(folder: Path) -> Path:
    path = folder / "big-1.0-py3-none-any.whl"
    block = os.urandom(MEGABYTE)
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("big/data", "w") as file:
            for _ in range(FILE_MEGABYTES):
                file.write(block)
        archive.writestr("big-1.0.dist-info/METADATA", metadata("big"))
        archive.writestr("big-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    return path


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _upload(shelf: Shelf, path: Path) -> int:
    """Upload a big file without holding it here either; returns the status."""
    fields = make_wheel("big").fields
    fields = {name: text for name, text in fields.items() if not name.endswith("_digest")}
    whole, media_type = urllib3.encode_multipart_formdata(
        {**fields, "content": (path.name, b"CONTENT", "application/octet-stream")}
    )
    before, _, after = whole.partition(b"CONTENT")

    def body() -> Iterator[bytes]:
        yield before
        yield from _chunks(path)
        yield after

    length = len(before) + path.stat().st_size + len(after)
    headers = shelf.headers | {"Content-Type": media_type, "Content-Length": str(length)}
    parts = urlsplit(shelf.url)
    connection = http.client.HTTPConnection(parts.netloc)
    try:
        connection.request("POST", parts.path, body(), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _download(shelf: Shelf, path: Path) -> str:
    """The hash of a file as the repository serves it."""
    url = f"{shelf.url}simple/big/1.0/{path.name}"
    answer = urllib3.request("GET", url, headers=shelf.headers, preload_content=False)
    try:
        assert answer.status == 200
        return _sha256(answer.stream(CHUNK_BYTES))
    finally:
        answer.close()


class _FileRegistry(PublicRegistry):
    """A public registry that serves one big file from disk."""

    file = Path()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/files/"):
            return PublicRegistry.__call__(self, environ, start_response)
        start_response("200 OK", [("Content-Length", str(self.file.stat().st_size))])
        return _chunks(self.file)


def test_memory_does_not_grow_with_uploads_and_downloads(
    tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    """A file of 200 MB comes in and goes out whole while the server stays small."""
    path = _big_wheel(tmp_path)
    server = start_server()
    shelf = make_repository(server)
    at_first = _peak_megabytes(server)

    assert _upload(shelf, path) == 200
    assert _download(shelf, path) == _sha256(_chunks(path))

    peak = _peak_megabytes(server)
    assert peak < RESIDENT_MEGABYTES
    assert peak - at_first < GROWTH_MEGABYTES


def test_memory_does_not_grow_with_what_is_pulled_through(
    tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    """A file of 200 MB is fetched from the public registry, kept and served in small pieces."""
    path = _big_wheel(tmp_path)
    with _FileRegistry(names_hashes=False) as registry:
        registry.file = path
        registry.add(make_wheel("big"))
        server = start_server(upstream=registry.url)
        shelf = make_repository(server, connected=True)
        at_first = _peak_megabytes(server)

        assert _download(shelf, path) == _sha256(_chunks(path))

    peak = _peak_megabytes(server)
    assert peak < RESIDENT_MEGABYTES
    assert peak - at_first < GROWTH_MEGABYTES
