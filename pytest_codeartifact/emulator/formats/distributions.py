"""Python distribution files: what their names and their own metadata say.

Sources: "Binary distribution format", "Source distribution format" and "Core metadata
specifications" (Python Packaging User Guide).
"""

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO, Self, cast

from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from pytest_codeartifact.emulator.entities import Dependency, License, Manifest

METADATA_BYTES = 8 * 1024 * 1024
UNPACKED_BYTES = 4 * 1024 * 1024 * 1024
MEMBERS = 200_000
TAR_HEADER_BYTES = 16 * 1024
LICENSE_CHARACTERS = 100
KINDS = {".whl": "bdist_wheel", ".tar.gz": "sdist", ".zip": "sdist"}


class BrokenDistribution(ValueError):
    """The file is not what it claims to be; the text says in which way."""


@dataclass(frozen=True, slots=True)
class FileName:
    """What a distribution's file name says."""

    name: NormalizedName
    version: str
    filetype: str

    @classmethod
    def parse(cls, text: str) -> "FileName":
        """Read a wheel's or sdist's file name; raises BrokenDistribution for any other."""
        suffix = next((suffix for suffix in KINDS if text.endswith(suffix)), None)
        if suffix is None or "/" in text or "\\" in text:
            msg = f"file {text!r} is neither a wheel (.whl) nor an sdist (.tar.gz, .zip)"
            raise BrokenDistribution(msg)
        try:
            name, version = (
                parse_wheel_filename(text)[:2] if suffix == ".whl" else parse_sdist_filename(text)
            )
        except (InvalidWheelFilename, InvalidSdistFilename) as error:
            raise BrokenDistribution(str(error)) from error
        return cls(name, str(version), KINDS[suffix])


def read_metadata(filename: str, content: BinaryIO) -> RawMetadata:
    """The core metadata inside a wheel or sdist; raises BrokenDistribution when there is none."""
    try:
        text = (
            _tar_member(content) if filename.endswith(".tar.gz") else _zip_member(filename, content)
        )
        # Broken values are left out rather than refused: many real packages carry some.
        raw, _ = parse_email(text)
    except (
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        NotImplementedError,
        lzma.LZMAError,
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        if isinstance(error, BrokenDistribution):
            raise
        msg = f"{filename} cannot be unpacked: {error}"
        raise BrokenDistribution(msg) from error
    return raw


def identity(filename: str, raw: RawMetadata) -> tuple[NormalizedName, str]:
    """Name and version as the metadata states them; raises BrokenDistribution without them."""
    name, version = raw.get("name"), raw.get("version")
    if not name or not version:
        msg = f"the metadata of {filename} names no {'version' if name else 'project'}"
        raise BrokenDistribution(msg)
    try:
        return canonicalize_name(name), str(Version(version))
    except InvalidVersion:
        msg = f"the metadata of {filename} has the invalid version {version!r}"
        raise BrokenDistribution(msg) from None


def manifest_of(raw: RawMetadata, fallback_name: str) -> Manifest:
    """What the API shows about a version."""
    urls = {label.lower(): url for label, url in raw.get("project_urls", {}).items()}
    source = next(
        (urls[label] for label in ("source", "source code", "repository", "code") if label in urls),
        None,
    )
    return Manifest(
        display_name=raw.get("name") or fallback_name,
        summary=raw.get("summary"),
        home_page=raw.get("home_page") or urls.get("homepage"),
        source_code_repository=source,
        licenses=_licenses(raw),
        readme=raw.get("description"),
        dependencies=tuple(_dependencies(raw)),
    )


def _licenses(raw: RawMetadata) -> tuple[License, ...]:
    text = raw.get("license_expression") or raw.get("license") or ""
    # Some projects put the whole licence text here; that is no name.
    return (License(text),) if 0 < len(text) <= LICENSE_CHARACTERS and "\n" not in text else ()


def _dependencies(raw: RawMetadata) -> list[Dependency]:
    found = []
    for text in raw.get("requires_dist", []):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        found.append(
            Dependency(
                package=canonicalize_name(requirement.name),
                type="Requires-Dist",
                requirement=str(requirement.specifier) or None,
            )
        )
    return found


def _zip_member(filename: str, content: BinaryIO) -> bytes:
    with zipfile.ZipFile(content) as archive:
        wanted = "METADATA" if filename.endswith(".whl") else "PKG-INFO"
        members = [
            member
            for member in archive.infolist()
            if member.filename.count("/") == 1 and member.filename.endswith(f"/{wanted}")
        ]
        if wanted == "METADATA":
            members = [m for m in members if m.filename.endswith(".dist-info/METADATA")]
        if len(members) != 1:
            msg = f"{filename} has {len(members)} {wanted} files where exactly one is expected"
            raise BrokenDistribution(msg)
        with archive.open(members[0]) as member:
            return _limited(filename, member.read(METADATA_BYTES + 1))


def _tar_member(content: BinaryIO) -> bytes:
    unpacked = cast("BinaryIO", _Bounded(gzip.GzipFile(fileobj=content)))
    with tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Entry) as archive:
        for count, member in enumerate(archive):
            if count > MEMBERS:
                break
            if member.isfile() and member.name.removeprefix("./").count("/") == 1:
                folder, _, name = member.name.removeprefix("./").partition("/")
                file = archive.extractfile(member) if folder and name == "PKG-INFO" else None
                if file is not None:
                    return _limited(member.name, file.read(METADATA_BYTES + 1))
    msg = "the sdist has no PKG-INFO in its top folder"
    raise BrokenDistribution(msg)


def _limited(filename: str, text: bytes) -> bytes:
    if len(text) > METADATA_BYTES:
        msg = f"the metadata of {filename} is larger than {METADATA_BYTES} bytes"
        raise BrokenDistribution(msg)
    return text


class _Entry(tarfile.TarInfo):
    """An entry of an archive whose headers must be short.

    The library reads a long name or a table of attributes whole into memory, and some versions
    of it then take minutes over a few megabytes.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        entry = super().frombuf(buf, encoding, errors)
        if entry.type in _EXTENDED and entry.size > TAR_HEADER_BYTES:
            msg = f"the sdist has a header of {entry.size} bytes"
            raise BrokenDistribution(msg)
        return entry


_EXTENDED = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)


class _Bounded(io.RawIOBase):
    """A stream that refuses to go on for ever."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self._left = UNPACKED_BYTES

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            msg = f"the sdist unpacks to more than {UNPACKED_BYTES} bytes"
            raise BrokenDistribution(msg)
        return data
