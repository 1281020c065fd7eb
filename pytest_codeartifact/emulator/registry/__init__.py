"""The rules of the registry, without HTTP: publishing, resolution, origin controls.

`Dialect` is what these rules need to know of a package format; formats fulfil it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from pytest_codeartifact.emulator.entities import (
    Asset,
    Manifest,
    PackageFormat,
    PackageId,
    PackageVersion,
    RepositoryId,
)
from pytest_codeartifact.emulator.store import Staged


@dataclass(frozen=True, slots=True)
class RemoteAsset:
    """A file a public registry offers. `sha256` is None where the registry names none."""

    name: str
    url: str
    sha256: str | None
    size: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemoteVersion:
    """A version a public registry offers."""

    version: str
    assets: tuple[RemoteAsset, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """Which version of which package files belong to, what it says of itself and of its files."""

    package: PackageId
    version: str
    manifest: Manifest
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OfferedAsset:
    """A file a client may ask a repository for, stored or not yet."""

    name: str
    sha256: str | None
    size: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    md5: str | None = None
    """Known of what is stored; public registries name the SHA-256."""


@dataclass(frozen=True, slots=True)
class OfferedVersion:
    """A version as a client's listing shows it."""

    version: str
    assets: tuple[OfferedAsset, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a client's listing shows; good until `fresh_until`, in seconds since the epoch."""

    versions: tuple[OfferedVersion, ...]
    fresh_until: float


class Fetcher(Protocol):
    """The only way out of the machine; see `upstream`."""

    def document(self, url: str, accept: str) -> "Document | None":
        """The document there, or None where the registry says there is none."""
        ...

    def stream(self, url: str, registry_url: str) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes there, in chunks; a login of `registry_url` serves for its whole origin."""
        ...


@dataclass(frozen=True, slots=True)
class Document:
    """A fetched text with its media type and the address it finally came from."""

    content: bytes
    media_type: str
    url: str


class Dialect(Protocol):
    """What the rules need of a package format."""

    @property
    def name(self) -> PackageFormat: ...
    @property
    def external_connections(self) -> Sequence[str]:
        """Names of the connections whose public registries speak this format."""
        ...

    def parse_name(self, text: str) -> PackageId:
        """The package somebody means who types this; raises ValueError for no valid name."""
        ...

    def sort_key(self, version: str) -> Any:  # noqa: ANN401 - any total order will do
        """A total order over versions, oldest first."""
        ...

    def public_registry(self, connection: str) -> str:
        """The address of the public registry itself, where nothing else is configured."""
        ...

    def remote_listing(self, fetcher: Fetcher, registry_url: str, package: PackageId) -> str | None:
        """The public registry's listing as text fit to remember, or None where it has none."""
        ...

    def remote_versions(self, listing: str) -> Sequence[RemoteVersion]:
        """Read what `remote_listing` returned."""
        ...

    def manifest(self, package: PackageId, asset: Asset, content: BinaryIO) -> Manifest:
        """What a fetched file says of its version; never fails, knows less if it must."""
        ...


class Registry(Protocol):
    """The rules; both doors call them."""

    def publish(
        self,
        repository: RepositoryId,
        release: Release,
        files: Sequence[Staged],
        *,
        finish: bool = True,
    ) -> PackageVersion:
        """Add files to a version, creating package and version as needed; all or nothing.

        Without `finish` a new version stays Unfinished.
        """
        ...

    def offered(self, repository: RepositoryId, package: PackageId) -> Offer | None:
        """What a client's listing shows, upstreams included; None when nobody has the package."""
        ...

    def open_asset(
        self, repository: RepositoryId, package: PackageId, version: str, asset: str
    ) -> tuple[Asset, BinaryIO] | None:
        """The file, fetched and retained first where it comes from upstream."""
        ...

    def default_version(self, package: PackageId, versions: Sequence[PackageVersion]) -> str | None:
        """The version shown by default: the one that was published last."""
        ...

    def external_connection_format(self, connection: str) -> PackageFormat | None:
        """The format a connection such as `public:pypi` speaks; None for an unknown name."""
        ...
