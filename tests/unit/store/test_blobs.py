import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.store.blobs import FolderBlobs
from pytest_codeartifact.emulator.store.sqlite import SqliteStore
from tests.unit.store.test_sqlite import DEMO, STORE, TEAM, VERSION

CONTENT = b"some bytes"


def files(folder: Path) -> list[str]:
    return sorted(
        path.name
        for kind in ("blobs", "incoming")
        for path in (folder / kind).rglob("*")
        if path.is_file()
    )


def test_staged_file_that_is_not_kept_is_removed(tmp_path: Path) -> None:
    """Leaving the context throws away what nobody kept."""
    blobs = FolderBlobs(tmp_path)
    with blobs.stage("a", [CONTENT]) as staged:
        with staged.open() as file:
            assert file.read() == CONTENT
        assert len(files(tmp_path)) == 1
    assert files(tmp_path) == []


def test_kept_file_is_found_by_its_content(tmp_path: Path) -> None:
    """Kept bytes stay under their SHA-256, equal content once, and can be read while staged."""
    blobs = FolderBlobs(tmp_path)
    for name in ("a", "b"):
        with blobs.stage(name, [CONTENT[:4], CONTENT[4:]]) as staged:
            staged.keep()
            with staged.open() as file:
                assert file.read() == CONTENT
        with blobs.open(staged.asset) as file:
            assert file.read() == CONTENT
    assert files(tmp_path) == [hashlib.sha256(CONTENT).hexdigest()]


def test_broken_source_leaves_nothing(tmp_path: Path) -> None:
    """When the bytes stop coming, nothing of them stays."""

    def breaking() -> Iterator[bytes]:
        yield CONTENT
        msg = "gone"
        raise ConnectionResetError(msg)

    with pytest.raises(ConnectionResetError):
        FolderBlobs(tmp_path).stage("a", breaking())
    assert files(tmp_path) == []


def test_start_removes_what_a_crash_left(tmp_path: Path) -> None:
    """Half-received files and blobs that no version refers to go; the others stay."""
    folder = tmp_path / "state"
    store = SqliteStore(folder)
    with store.blobs.stage("kept", [CONTENT]) as staged, store.write() as tx:
        tx.domains.put(TEAM)
        tx.repositories.put(STORE)
        tx.packages.put(STORE.id, DEMO)
        tx.versions.put(STORE.id, DEMO.id, replace(VERSION, assets=(staged.asset,)))
        staged.keep()
    orphan = store.blobs.stage("orphan", [b"kept, but its write failed"])
    orphan.keep()
    store.blobs.stage("half", [b"never kept"])
    assert len(files(folder)) == 3
    store.close()
    SqliteStore(folder).close()
    assert files(folder) == [staged.asset.sha256]


@given(st.lists(st.binary(max_size=64), max_size=6))
def test_hashes_are_those_of_the_bytes(chunks: list[bytes]) -> None:
    """However the bytes arrive, size and hashes are those of the whole."""
    content = b"".join(chunks)
    with (
        tempfile.TemporaryDirectory() as folder,
        FolderBlobs(Path(folder)).stage("a", chunks) as staged,
    ):
        asset = staged.asset
    assert asset.size == len(content)
    assert asset.hashes == {
        "MD5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "SHA-1": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        "SHA-256": hashlib.sha256(content).hexdigest(),
        "SHA-512": hashlib.sha512(content).hexdigest(),
    }
