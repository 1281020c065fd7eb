"""Proof that what is installed came from the repository, byte for byte."""

import base64
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pytest_codeartifact.findings import Installed
from pytest_codeartifact.tools.programs import site_packages
from pytest_codeartifact.tools.virtualenv import SEEDS, installed_distributions

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

_ASSET_PATH = re.compile(
    r"(?P<domain>[a-z][a-z0-9-]*)-(?P<owner>\d{12})\.d\.codeartifact\.[^/]+"
    r"/pypi/(?P<repository>[^/]+)/simple/(?P<package>[^/]+)/(?P<version>[^/]+)/(?P<name>[^/]+)$"
)
# What pip rewrites or derives is not the wheel's any more.
_REWRITTEN = re.compile(r"^[^/]+\.data/(?:scripts|headers)/|^[^/]+\.dist-info/RECORD(?:\.|$)")


@dataclass(frozen=True, slots=True)
class ServedAsset:
    """An asset that the repository handed out, by the server's own request log."""

    request: int
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
        # A plain address has the host in its path, a real one before it.
        found = _ASSET_PATH.search(unquote(f"{each.get('host', '')}{each['path']}"))
        if found:
            yield ServedAsset(
                **found.groupdict(), request=int(each["number"]), sha256=str(each["sha256"])
            )


@dataclass(frozen=True, slots=True)
class Traced:
    """What an environment holds: proven to be a repository's, and `findings`, what is not."""

    installed: tuple[Installed, ...]
    findings: tuple[str, ...]


class Holdings:
    """What repositories hold, asked of the service; `client` gives the client that asks."""

    def __init__(self, client: "Callable[[], CodeArtifactClient]") -> None:
        self._client = client

    def fetch(self, asset: ServedAsset) -> bytes | None:
        """The bytes of an asset, None once it is gone (API reference: GetPackageVersionAsset)."""
        client = self._client()
        try:
            answer = client.get_package_version_asset(
                **self._of(asset), packageVersion=asset.version, asset=asset.name
            )
        except client.exceptions.ResourceNotFoundException:
            return None
        return answer["asset"].read()

    def origin(self, asset: ServedAsset) -> str:
        """Where the repository has a version from: a connection's name, or "published".

        AWS API reference: DescribePackageVersion.
        """
        answer = self._client().describe_package_version(
            **self._of(asset), packageVersion=asset.version
        )
        entry = answer["packageVersion"].get("origin", {}).get("domainEntryPoint", {})
        return str(entry.get("externalConnectionName") or "published")

    def _of(self, asset: ServedAsset) -> dict[str, Any]:
        return {
            "domain": asset.domain,
            "domainOwner": asset.owner,
            "repository": asset.repository,
            "format": "pypi",
            "package": canonicalize_name(asset.package),
        }


def trace(
    venv_path: Path,
    requests: Iterable[Mapping[str, Any]],
    fetch: Callable[[ServedAsset], bytes | None],
    origin: Callable[[ServedAsset], str] = lambda _: "",
    ignored: Collection[str] = SEEDS,
) -> Traced:
    """Trace what is installed in a virtual environment to the requests that delivered it.

    Each distribution but the `ignored` must have been downloaded as a wheel by `requests`, the log
    of the server; the repository must still hold that wheel, which `fetch` gets; and each
    installed file must be the wheel's. `origin` says where the repository has an asset from.
    """
    served = list(served_assets(requests))
    proven: list[Installed] = []
    findings: list[str] = []
    for name, each in sorted(installed_distributions(site_packages(venv_path)).items()):
        if name in ignored:
            continue
        result = _examine(name, each, venv_path, served, fetch)
        if isinstance(result, _Proven):
            proven.append(_told(venv_path, name, each.version, result, origin))
        else:
            findings += result
    if not proven and not findings:
        findings.append(f"{venv_path.name}: nothing is installed")
    return Traced(tuple(proven), tuple(findings))


@dataclass(frozen=True, slots=True)
class _Proven:
    asset: ServedAsset
    files: int


def _told(
    venv_path: Path, name: str, version: str, proven: _Proven, origin: Callable[[ServedAsset], str]
) -> Installed:
    asset = proven.asset
    return Installed(
        environment=venv_path.name,
        distribution=name,
        version=version,
        file=asset.name,
        sha256=asset.sha256,
        repository=f"{asset.domain}/{asset.repository}",
        request=asset.request,
        origin=origin(asset),
        files=proven.files,
    )


def _examine(
    name: str,
    each: metadata.Distribution,
    venv_path: Path,
    served: Iterable[ServedAsset],
    fetch: Callable[[ServedAsset], bytes | None],
) -> _Proven | list[str]:
    title = f"{name} {each.version}"
    if each.read_text("direct_url.json") is not None:
        return [f"{title}: installed from a file or an address, not from an index"]
    assets = [asset for asset in served if _is_wheel_of(asset.name, name, each.version)]
    if not assets:
        return [f"{title}: its wheel was never downloaded from the repository"]
    asset = assets[-1]
    content = fetch(asset)
    if content is None:
        return [f"{title}: the repository does not hold {asset.name} any more"]
    if hashlib.sha256(content).hexdigest() != asset.sha256:
        return [f"{title}: the repository holds another {asset.name} than it served"]
    compared = list(_compared_files(content, venv_path))
    changed = [path for path, is_same in compared if not is_same]
    if changed:
        return [f"{title}: {path} is not as in {asset.name}" for path in changed]
    return _Proven(asset, len(compared))


def _is_wheel_of(filename: str, name: str, version: str) -> bool:
    try:
        found, parsed, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return False
    return found == name and str(parsed) == version


def _compared_files(wheel: bytes, venv_path: Path) -> Iterator[tuple[str, bool]]:
    """Each file of the wheel that is installed as it is, and whether it is there and the same."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        rows = list(csv.reader(archive.read(record).decode("utf-8").splitlines()))
    for path, stated, *_ in rows:
        if _REWRITTEN.search(path):
            continue
        place = _installed_path(path, venv_path)
        yield path, place.is_file() and _hash_of(place, stated) == stated


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
