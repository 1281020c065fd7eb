"""A ready-made package for tests: a small wheel and sdist, made in memory in milliseconds."""

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

# The sdist brings its own build backend, so that it installs where no index offers one.
_BACKEND = '''\
"""Packs the files that lie ready in the folder `files` into a wheel."""

import pathlib
import zipfile


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = pathlib.Path("files")
    name = next(files.glob("*.dist-info")).name.removesuffix(".dist-info") + "-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as wheel:
        for path in sorted(files.rglob("*")):
            if path.is_file():
                wheel.write(path, path.relative_to(files).as_posix())
    return name
'''
_PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
# A fixed time keeps the bytes, and so the hashes, the same from run to run; zip knows none earlier.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_TAR_TIME = 315_532_800


@dataclass(frozen=True, slots=True)
class SamplePackage:
    """A package of one module, whose `hello()` returns a greeting that names the package."""

    name: str
    version: str
    module: str
    wheel: Path
    sdist: Path

    @property
    def paths(self) -> tuple[Path, Path]:
        """Wheel and sdist."""
        return self.wheel, self.sdist


def make_package(
    folder: Path, name: str, version: str = "1.0.0", requires: Iterable[str] = ()
) -> SamplePackage:
    """Write a wheel and an sdist of package `name` into `folder`; the same bytes each time.

    `requires` are requirement lines such as `idna>=3`. Raises packaging's InvalidName,
    InvalidVersion or InvalidRequirement for what no installer would accept.
    """
    release = str(Version(version))
    escaped = canonicalize_name(name, validate=True).replace("-", "_")
    metadata = "".join(
        [
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\n",
            "Summary: A sample package\nRequires-Python: >=3.8\n",
            *(f"Requires-Dist: {Requirement(each)}\n" for each in requires),
        ]
    )
    stem = f"{escaped}-{release}"
    files = _wheel_files(escaped, stem, metadata, f"hello from {name} {release}")
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{stem}-py3-none-any.whl"
    wheel.write_bytes(_zipped(files))
    sdist = folder / f"{stem}.tar.gz"
    sources = {"PKG-INFO": metadata, "pyproject.toml": _PYPROJECT, "backend.py": _BACKEND}
    sources |= {f"files/{path}": text for path, text in files.items()}
    sdist.write_bytes(_tarred({f"{stem}/{path}": text for path, text in sources.items()}))
    return SamplePackage(name, release, escaped, wheel, sdist)


def _wheel_files(module: str, stem: str, metadata: str, greeting: str) -> dict[str, str]:
    files = {
        f"{module}/__init__.py": f"def hello():\n    return {greeting!r}\n",
        f"{stem}.dist-info/METADATA": metadata,
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: pytest-codeartifact\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},{_record_hash(text)},{len(text.encode())}" for path, text in files.items()]
    record = f"{stem}.dist-info/RECORD"
    return files | {record: "\n".join([*rows, f"{record},,"]) + "\n"}


def _record_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _zipped(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, _ZIP_TIME), text)
    return packed.getvalue()


def _tarred(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            entry.mtime = _TAR_TIME
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)
