"""Content-addressed files: written aside, hashed on the way, then moved into place."""

import hashlib
import io
import os
import shutil
import uuid
from collections.abc import Container, Iterable
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Self

from pytest_codeartifact.emulator.entities import Asset

SMALL_BYTES = 64 * 1024
SMALL_BLOBS = 256
"""At most 16 MiB are kept in memory."""


class StagedFile:
    """Bytes in the `incoming` folder, whole and on disk."""

    def __init__(self, aside: Path, place: Path, asset: Asset) -> None:
        self._aside = aside
        self._place = place
        self.asset = asset

    def open(self) -> BinaryIO:
        return (self._aside if self._aside.exists() else self._place).open("rb")

    def keep(self) -> None:
        """Move the bytes into place, durably."""
        folder = self._place.parent
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            _sync(folder.parent)
        self._aside.replace(self._place)
        _sync(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._aside.unlink(missing_ok=True)


class FolderBlobs:
    """Blobs in a folder; a crash leaves at most files that the next start removes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "blobs"
        self._incoming = folder / "incoming"
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._incoming.mkdir()
        # Content never changes under its hash, so what is small and asked for often stays at hand.
        self._small = lru_cache(maxsize=SMALL_BLOBS)(self._read)

    def stage(self, name: str, chunks: Iterable[bytes]) -> StagedFile:
        """Write the bytes aside; whatever `chunks` raises leaves nothing behind."""
        md5 = hashlib.md5(usedforsecurity=False)
        sha1 = hashlib.sha1(usedforsecurity=False)
        sha256, sha512 = hashlib.sha256(), hashlib.sha512()
        size = 0
        aside = self._incoming / uuid.uuid4().hex
        try:
            with aside.open("xb") as file:
                for chunk in chunks:
                    for digest in (md5, sha1, sha256, sha512):
                        digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        asset = Asset(
            name=name,
            size=size,
            md5=md5.hexdigest(),
            sha1=sha1.hexdigest(),
            sha256=sha256.hexdigest(),
            sha512=sha512.hexdigest(),
        )
        return StagedFile(aside, self._path(asset.sha256), asset)

    def open(self, asset: Asset) -> BinaryIO:
        """The content of a stored asset."""
        if asset.size <= SMALL_BYTES:
            return io.BytesIO(self._small(asset.sha256))
        return self._path(asset.sha256).open("rb")

    def sweep(self, wanted: Container[str]) -> None:
        """Remove every blob whose SHA-256 is not wanted; only safe while nobody writes."""
        for path in self._folder.glob("??/*"):
            if path.name not in wanted:
                path.unlink()

    def _read(self, sha256: str) -> bytes:
        return self._path(sha256).read_bytes()

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _sync(folder: Path) -> None:
    """Make the folder's entries durable, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
