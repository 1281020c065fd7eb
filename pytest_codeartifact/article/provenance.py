"""Proof that what is installed came from the repository, byte for byte."""

import base64
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from pytest_codeartifact.tools.programs import site_packages
from pytest_codeartifact.tools.virtualenv import SEEDS, installed_distributions

_ASSET_PATH = re.compile(
    r"(?P<domain>[a-z][a-z0-9-]*)-(?P<owner>\d{12})\.d\.codeartifact\.[^/]+"
    r"/pypi/(?P<repository>[^/]+)/simple/(?P<package>[^/]+)/(?P<version>[^/]+)/(?P<name>[^/]+)$"
)
# What pip rewrites or derives is not the wheel's any more.
_REWRITTEN = re.compile(r"^[^/]+\.data/(?:scripts|headers)/|^[^/]+\.dist-info/RECORD(?:\.|$)")


@dataclass(frozen=True, slots=True)
class ServedAsset:
    """An asset that the repository handed out, by the server's own request log."""

    domain: str
    owner: str
    repository: str
    package: str
    version: str
    name: str
    sha256: str


def served_assets(requests: Iterable[Mapping[str, Any]]) -> Iterator[ServedAsset]:
    """The assets of Python packages that were downloaded successfully, oldest first."""
    for each in requests:
        if each["method"] != "GET" or each["status"] != HTTPStatus.OK or not each.get("sha256"):
            continue
        found = _ASSET_PATH.search(unquote(str(each["path"])))
        if found:
            yield ServedAsset(**found.groupdict(), sha256=str(each["sha256"]))


def unproven(
    venv_path: Path,
    requests: Iterable[Mapping[str, Any]],
    fetch: Callable[[ServedAsset], bytes],
) -> tuple[str, ...]:
    """What in a virtual environment did not verifiably come from a repository; empty is good.

    Each distribution but pip and setuptools must have been downloaded as a wheel by `requests`,
    the log of the server; the repository must still hold that wheel, which `fetch` gets; and
    each installed file must be the wheel's.
    """
    installed = installed_distributions(site_packages(venv_path))
    served = list(served_assets(requests))
    findings: list[str] = []
    proven = 0
    for name, each in sorted(installed.items()):
        if name not in SEEDS:
            findings += _examine(name, each, venv_path, served, fetch)
            proven += 1
    if not proven:
        findings.append(f"{venv_path.name}: nothing is installed")
    return tuple(findings)


def _examine(
    name: str,
    each: metadata.Distribution,
    venv_path: Path,
    served: Iterable[ServedAsset],
    fetch: Callable[[ServedAsset], bytes],
) -> Iterator[str]:
    title = f"{name} {each.version}"
    if each.read_text("direct_url.json") is not None:
        yield f"{title}: installed from a file or an address, not from an index"
        return
    assets = [asset for asset in served if _is_wheel_of(asset.name, name, each.version)]
    if not assets:
        yield f"{title}: its wheel was never downloaded from the repository"
        return
    asset = assets[-1]
    content = fetch(asset)
    if hashlib.sha256(content).hexdigest() != asset.sha256:
        yield f"{title}: the repository holds another {asset.name} than it served"
        return
    for path in _changed_files(content, venv_path):
        yield f"{title}: {path} is not as in {asset.name}"


def _is_wheel_of(filename: str, name: str, version: str) -> bool:
    try:
        found, parsed, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return False
    return found == name and str(parsed) == version


def _changed_files(wheel: bytes, venv_path: Path) -> Iterator[str]:
    """Paths in the wheel whose installed file is missing or another one."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        rows = list(csv.reader(archive.read(record).decode("utf-8").splitlines()))
    for path, stated, *_ in rows:
        if _REWRITTEN.search(path):
            continue
        place = _installed_path(path, venv_path)
        if not place.is_file() or _hash_of(place, stated) != stated:
            yield path


def _hash_of(path: Path, stated: str) -> str:
    """A file's hash the way wheels state it, by the algorithm of `stated`."""
    algorithm = stated.partition("=")[0]
    digest = hashlib.new(algorithm, path.read_bytes()).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _installed_path(path: str, venv_path: Path) -> Path:
    scheme = re.match(r"^[^/]+\.data/(?P<kind>purelib|platlib|data)/", path)
    if scheme is None:
        return site_packages(venv_path) / path
    inside = path[scheme.end() :]
    return (venv_path if scheme["kind"] == "data" else site_packages(venv_path)) / inside
