"""What a package format is: routes for its clients, and what the registry's rules need of it."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, ClassVar

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import (
    Asset,
    Manifest,
    PackageFormat,
    PackageId,
    RepositoryId,
)
from pytest_codeartifact.emulator.http import Request, Response
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.emulator.registry import Fetcher, Registry, RemoteVersion
from pytest_codeartifact.emulator.store import Store

WHOLE_BYTES = 1024 * 1024
CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Visit:
    """What a route's handler gets: an authenticated request for an existing repository."""

    request: Request
    repository: RepositoryId
    parameters: Mapping[str, str]
    registry: Registry
    store: Store
    quotas: Quotas
    clock: Clock
    permit: Callable[[PackageId], None]
    """Refuses unless the caller may do the route's action on this package."""


@dataclass(frozen=True)
class Route:
    """A path of the format below its endpoint, such as `simple/<project>/`.

    `action` is the IAM action without its prefix. With `on_package` the handler asks for it through
    `Visit.permit` once it knows the package; else it is asked for on the repository beforehand.
    """

    method: str
    path: str
    handler: Callable[[Visit], Response]
    action: str
    on_package: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The path as a pattern; a missing trailing slash is no difference."""
        return re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", self.path.rstrip("/")) + "/?")


class Format(ABC):
    """One package format; the folder's discovery looks for its class under the name `FORMAT`."""

    name: ClassVar[PackageFormat]
    external_connections: ClassVar[Sequence[str]] = ()

    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """What clients of this format may ask for."""

    @abstractmethod
    def parse_name(self, text: str) -> PackageId:
        """The package a client means; raises ValueError for what cannot be a name."""

    @abstractmethod
    def sort_key(self, version: str) -> Any:  # noqa: ANN401 - any total order will do
        """A total order over versions, oldest first."""

    @abstractmethod
    def public_registry(self, connection: str) -> str:
        """The address of the public registry itself, where nothing else is configured."""

    @abstractmethod
    def remote_listing(self, fetcher: Fetcher, registry_url: str, package: PackageId) -> str | None:
        """The public registry's listing as text fit to remember, or None where it has none."""

    @abstractmethod
    def remote_versions(self, listing: str) -> Sequence[RemoteVersion]:
        """Read what `remote_listing` returned."""

    @abstractmethod
    def manifest(self, package: PackageId, asset: Asset, content: BinaryIO) -> Manifest:
        """What a fetched file says of its version; never fails, knows less if it must."""


def json_response(status: int, document: object) -> Response:
    """A JSON answer."""
    body = json.dumps(document).encode()
    return Response(status, body, {"Content-Type": "application/json"})


def message_response(status: int, message: str) -> Response:
    """A refusal in the one body that every format's client finds its words in."""
    return json_response(
        status, {"message": message, "error": message, "errors": [{"detail": message}]}
    )


class FileChunks:
    """A file as a response body, closed by the server when it is sent or the client is gone."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._file.read(CHUNK_BYTES), b"")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def asset_response(asset: Asset, file: BinaryIO) -> Response:
    """The bytes of an asset: small ones whole, large ones in chunks."""
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(asset.size)}
    body: bytes | Iterable[bytes]
    if asset.size <= WHOLE_BYTES:
        with file:
            body = file.read()
    else:
        body = FileChunks(file)
    return Response(200, body, headers, {"sha256": asset.sha256})
