"""A ZIP file unpacked by somebody who does not trust it."""

import lzma
import shutil
import stat
import struct
import zlib
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo

MOST_FILES = 200_000
MOST_BYTES = 4 * 1024**3
"""Of all files together, unpacked."""

_CHUNK_BYTES = 1024 * 1024
_DAMAGED = (
    BadZipFile,
    LargeZipFile,
    EOFError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)
"""What the standard library raises where it meets other bytes than it expects."""

_UNIX = 3
"""What a ZIP file says of entries whose modes are those of Unix."""


class Unpackable(ValueError):
    """What should be unpacked cannot be; the text says why."""


def place_in(folder: Path, name: str) -> Path:
    """Where a file of this relative name goes; raises Unpackable where that is not in `folder`."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or not path.parts:
        msg = f"illegal file path: {name!r}"
        raise Unpackable(msg)
    return folder.joinpath(*path.parts)


def check_amount(files: int, size: int) -> None:
    """Return when so many files of this size together are not too much; raise Unpackable.

    Differs: what fills the disk of a build's machine is not refused by AWS until it is full.
    """
    if files > MOST_FILES or size > MOST_BYTES:
        msg = f"more than {MOST_FILES} files or {MOST_BYTES} bytes"
        raise Unpackable(msg)


def unpack(archive: IO[bytes], folder: Path) -> int:
    """Unpack into an empty folder and return how many files there are; raises Unpackable.

    Files keep whether they can be executed. Nothing is written outside the folder.

    Differs: a symbolic link becomes a file with its target as text.
    """
    try:
        with ZipFile(archive) as opened:
            entries = opened.infolist()
            check_amount(len(entries), sum(each.file_size for each in entries))
            for entry in entries:
                _unpack_one(opened, entry, folder)
            return sum(not each.is_dir() for each in entries)
    except Unpackable:
        raise
    except _DAMAGED as error:
        # In the words of the language that AWS's agent is written in.
        msg = "zip: not a valid zip file"
        raise Unpackable(msg) from error
    except (NotImplementedError, RuntimeError) as error:
        # A way of compressing that nobody here knows, or a password.
        msg = "zip: unsupported compression algorithm"
        raise Unpackable(msg) from error
    except OSError as error:
        # Such as a file and a folder of the same name.
        msg = error.strerror or str(error)
        raise Unpackable(msg) from error


def _unpack_one(opened: ZipFile, entry: ZipInfo, folder: Path) -> None:
    place = place_in(folder, entry.filename)
    if entry.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(entry) as source, place.open("wb") as target:
        shutil.copyfileobj(source, target, _CHUNK_BYTES)
    mode = entry.external_attr >> 16
    if entry.create_system == _UNIX and mode and not stat.S_ISLNK(mode):
        # The build must be able to read and change it.
        place.chmod(stat.S_IMODE(mode) & 0o777 | 0o600)
