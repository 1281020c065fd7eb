"""Wheels and sdists made in memory, sound ones and broken ones."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BUILT = (2026, 11, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution file with what an upload says about it."""

    filename: str
    content: bytes
    name: str = "demo"
    version: str = "1.0"
    filetype: str = "bdist_wheel"

    @property
    def sha256(self) -> str:
        """The lower-case hexadecimal hash of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def fields(self) -> dict[str, str]:
        """The form fields that an upload client sends along."""
        return {
            ":action": "file_upload",
            "protocol_version": "1",
            "metadata_version": "2.4",
            "name": self.name,
            "version": self.version,
            "filetype": self.filetype,
            "pyversion": "py3" if self.filetype == "bdist_wheel" else "source",
            "md5_digest": hashlib.md5(self.content, usedforsecurity=False).hexdigest(),
            "sha256_digest": self.sha256,
            "blake2_256_digest": hashlib.blake2b(self.content, digest_size=32).hexdigest(),
        }


def metadata(name: str = "demo", version: str = "1.0", *headers: str, readme: str = "") -> bytes:
    """Core metadata; `headers` are further whole lines."""
    lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *headers]
    return ("\n".join(lines) + "\n" + (f"\n{readme}" if readme else "")).encode()


def zipped(members: Sequence[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive with these members, also twice the same name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            archive.NameToInfo.pop(name, None)  # so that a repeated name is no warning
            archive.writestr(zipfile.ZipInfo(name, BUILT), content, compression)
    return file.getvalue()


def tarred(members: Sequence[tuple[str, bytes]]) -> bytes:
    """A gzipped tar archive with these members."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=0)


def unpack(sdist: Path, folder: Path) -> None:
    """Write the files of an sdist below a folder; the extraction filter is not in every 3.11."""
    with tarfile.open(sdist) as archive:
        for member in archive:
            if member.isfile():
                content = archive.extractfile(member)
                assert content is not None
                path = folder / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())


def make_wheel(
    name: str = "demo",
    version: str = "1.0",
    *,
    headers: Sequence[str] = (),
    readme: str = "",
    extra: bytes = b"",
    tag: str = "py3-none-any",
) -> Distribution:
    """A wheel that installs; `extra` makes its bytes differ from a namesake's."""
    stem = f"{name.replace('-', '_')}-{version}"
    module = f"{name.replace('-', '_').replace('.', '_')}.py"
    members = [
        (module, b"MADE = 1\n" + extra),
        (f"{stem}.dist-info/METADATA", metadata(name, version, *headers, readme=readme)),
        (
            f"{stem}.dist-info/WHEEL",
            f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
        ),
        (f"{stem}.dist-info/RECORD", b""),
    ]
    return Distribution(f"{stem}-{tag}.whl", zipped(members), name, version)


def make_sdist(
    name: str = "demo",
    version: str = "1.0",
    *,
    headers: Sequence[str] = (),
    extra: bytes = b"",
    suffix: str = ".tar.gz",
) -> Distribution:
    """An sdist in the form of its suffix, `.tar.gz` or `.zip`."""
    stem = f"{name.replace('-', '_')}-{version}"
    members = [
        (f"{stem}/pyproject.toml", b"[project]\n" + extra),
        (f"{stem}/PKG-INFO", metadata(name, version, *headers)),
    ]
    content = zipped(members) if suffix == ".zip" else tarred(members)
    return Distribution(f"{stem}{suffix}", content, name, version, "sdist")
