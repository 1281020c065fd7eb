"""What a test may break about a public registry: one class for each kind.

A fault stands between the rules and whoever reads from outside, so that the rules meet a broken
registry as they would meet a real one: what a repository has retained keeps serving.
"""

import base64
import binascii
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import partial
from itertools import chain
from typing import Any, ClassVar

from pytest_codeartifact.emulator.entities import PackageFormat, PackageId
from pytest_codeartifact.emulator.registry import RemoteAsset, RemoteVersion
from pytest_codeartifact.emulator.registry.refusals import PublicRegistryUnavailable

LONGEST_SECONDS = 30.0
"""The emulator waits no longer for a public registry."""


class BadFault(ValueError):
    """There is no such fault; the message says what is wrong with it and what there is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Breaks nothing; each kind replaces what it is about. The fields are a kind's details."""

    kind: ClassVar[str]
    formats: ClassVar[frozenset[PackageFormat]] = frozenset(PackageFormat)
    """The formats whose registries can break in this way."""

    def ask(self) -> None:
        """Called before anything is read; raises PublicRegistryUnavailable."""

    def listing(self, versions: Sequence[RemoteVersion]) -> Sequence[RemoteVersion]:
        """What the registry's listing says while it is broken."""
        return versions

    def content(self, asset: RemoteAsset, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """What the registry serves as this file while it is broken."""
        del asset
        return chunks

    def end(self) -> None:
        """The registry is mended: whoever waits for it need not wait any longer."""

    def document(self) -> dict[str, Any]:
        """The fault as JSON says it."""
        details = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        return {"kind": self.kind} | {k: v for k, v in details.items() if v is not None}


@dataclass(frozen=True, slots=True)
class Down(Fault):
    """The registry takes no connections."""

    kind: ClassVar[str] = "down"

    def ask(self) -> None:
        raise PublicRegistryUnavailable("the public registry does not answer: a fault took it down")


@dataclass(frozen=True, slots=True)
class Slow(Fault):
    """Every answer takes so many seconds longer."""

    kind: ClassVar[str] = "slow"
    seconds: float
    _mended: threading.Event = field(
        default_factory=threading.Event, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if type(self.seconds) not in {int, float} or not 0 < self.seconds <= LONGEST_SECONDS:
            raise BadFault(
                f"'seconds' is a number above 0 and at most {LONGEST_SECONDS:g},"
                f" not {self.seconds!r}"
            )

    def ask(self) -> None:
        self._mended.wait(self.seconds)

    def end(self) -> None:
        self._mended.set()


@dataclass(frozen=True, slots=True)
class Failing(Fault):
    """Every answer is an error of the registry's server."""

    kind: ClassVar[str] = "failing"
    status: int = 503

    def __post_init__(self) -> None:
        if type(self.status) is not int or not 500 <= self.status <= 599:  # noqa: PLR2004 - HTTP
            raise BadFault(f"'status' is a number from 500 to 599, not {self.status!r}")

    def ask(self) -> None:
        raise PublicRegistryUnavailable(f"the public registry answers {self.status}: a fault")


@dataclass(frozen=True, slots=True)
class Throttled(Fault):
    """The registry takes no more requests from here (HTTP 429)."""

    kind: ClassVar[str] = "throttled"

    def ask(self) -> None:
        raise PublicRegistryUnavailable("the public registry answers 429: a fault throttles it")


@dataclass(frozen=True, slots=True)
class Corrupt(Fault):
    """Files arrive with other bytes than the listing promises."""

    kind: ClassVar[str] = "corrupt"

    def content(self, asset: RemoteAsset, chunks: Iterator[bytes]) -> Iterator[bytes]:
        del asset
        first = next(chunks, b"")
        damaged = bytes([first[0] ^ 0xFF]) + first[1:] if first else b"\0"
        return chain([damaged], chunks)


@dataclass(frozen=True, slots=True)
class WrongHash(Fault):
    """The listing promises another hash than the files have."""

    kind: ClassVar[str] = "wrong-hash"

    def listing(self, versions: Sequence[RemoteVersion]) -> Sequence[RemoteVersion]:
        return _each_asset(versions, _with_wrong_hash)


@dataclass(frozen=True, slots=True)
class Yanked(Fault):
    """The listing marks every file as yanked."""

    kind: ClassVar[str] = "yanked"
    formats: ClassVar[frozenset[PackageFormat]] = frozenset({PackageFormat.PYPI})
    reason: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.reason, str):
            raise BadFault(f"'reason' is a text, not {self.reason!r}")

    def listing(self, versions: Sequence[RemoteVersion]) -> Sequence[RemoteVersion]:
        return _each_asset(versions, self._yanked)

    def _yanked(self, asset: RemoteAsset) -> RemoteAsset:
        return replace(asset, attributes={**asset.attributes, "yanked": self.reason})


@dataclass(frozen=True, slots=True)
class Replaced(Fault):
    """Files have the same names and other bytes, and the listing agrees with those.

    `content` is the Base64 of the new bytes; without it they are a line that names the file. With
    `file` only the file of that name is replaced.
    """

    kind: ClassVar[str] = "replaced"
    file: str | None = None
    content_base64: str | None = None

    def __post_init__(self) -> None:
        for name in ("file", "content_base64"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise BadFault(f"{name!r} is a text, not {value!r}")
        try:
            base64.b64decode(self.content_base64 or "", validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadFault("'content_base64' is not Base64") from error

    def listing(self, versions: Sequence[RemoteVersion]) -> Sequence[RemoteVersion]:
        return _each_asset(versions, self._promised)

    def content(self, asset: RemoteAsset, chunks: Iterator[bytes]) -> Iterator[bytes]:
        return iter([self._bytes(asset)]) if self._concerns(asset) else chunks

    def document(self) -> dict[str, Any]:
        """The fault as JSON says it; of its content only the size."""
        told = Fault.document(self)
        content = told.pop("content_base64", None)
        return told if content is None else {**told, "size": len(base64.b64decode(content))}

    def _concerns(self, asset: RemoteAsset) -> bool:
        return self.file in {None, asset.name}

    def _bytes(self, asset: RemoteAsset) -> bytes:
        if self.content_base64 is None:
            return f"not what {asset.name} was\n".encode()
        return base64.b64decode(self.content_base64)

    def _promised(self, asset: RemoteAsset) -> RemoteAsset:
        if not self._concerns(asset):
            return asset
        content = self._bytes(asset)
        sha256 = hashlib.sha256(content).hexdigest()
        return replace(asset, sha256=sha256, size=len(content))


KINDS: Mapping[str, type[Fault]] = {
    each.kind: each
    for each in (Down, Slow, Failing, Throttled, Corrupt, WrongHash, Yanked, Replaced)
}
"""Every kind by its name."""


def fault_of(kind: object, details: Mapping[str, object]) -> Fault:
    """The fault of this kind; raises BadFault for what is no kind or no detail of it."""
    found = KINDS.get(kind) if isinstance(kind, str) else None
    if found is None:
        raise BadFault(f"the kind of a fault is one of {', '.join(KINDS)}; not {kind!r}")
    known = {each.name: each for each in fields(found) if each.init}
    for name in details:
        if name not in known:
            its = f"its details are {', '.join(known)}" if known else "it has no details"
            raise BadFault(f"{name!r} is no detail of a fault of kind {kind!r}; {its}")
    for name, each in known.items():
        if name not in details and each.default is MISSING:
            raise BadFault(f"a fault of kind {kind!r} needs {name!r}")
    make: Callable[..., Fault] = found
    return make(**details)


@dataclass(frozen=True, slots=True)
class Placed:
    """A fault where it is: at a connection, for one of its packages or for all."""

    connection: str
    package: PackageId | None
    fault: Fault

    def concerns(self, connection: str, package: PackageId) -> bool:
        """Whether whoever asks the connection for the package meets the fault."""
        return self.connection == connection and self.package in {None, package}

    def document(self) -> dict[str, Any]:
        """As JSON says it."""
        place = {"connection": self.connection}
        if self.package is not None:
            name = self.package.name
            place["package"] = (
                f"{self.package.namespace}/{name}" if self.package.namespace else name
            )
        return place | self.fault.document()


@dataclass(frozen=True, slots=True)
class BrokenAsset(RemoteAsset):
    """A file of a broken registry; whoever reads it meets the faults, too."""

    faults: tuple[Fault, ...] = ()


def broken(versions: Sequence[RemoteVersion], faults: tuple[Fault, ...]) -> Sequence[RemoteVersion]:
    """What a registry offers while it has these faults."""
    for fault in faults:
        versions = fault.listing(versions)
    return _each_asset(versions, partial(_broken_asset, faults)) if faults else versions


def _broken_asset(faults: tuple[Fault, ...], asset: RemoteAsset) -> RemoteAsset:
    plain = {each.name: getattr(asset, each.name) for each in fields(RemoteAsset)}
    return BrokenAsset(**plain, faults=faults)


def _with_wrong_hash(asset: RemoteAsset) -> RemoteAsset:
    return replace(asset, sha256=hashlib.sha256(f"not {asset.name}".encode()).hexdigest())


def _each_asset(
    versions: Sequence[RemoteVersion], change: Callable[[RemoteAsset], RemoteAsset]
) -> Sequence[RemoteVersion]:
    return [
        replace(version, assets=tuple(change(asset) for asset in version.assets))
        for version in versions
    ]
