"""Python packages: what pip, twine, uv and their kin ask of a repository.

Sources: "Using CodeArtifact with Python", "Python compatibility", "Python package name
normalization" (AWS CodeArtifact User Guide).
"""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, BinaryIO, ClassVar

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from pytest_codeartifact.emulator.entities import Asset, Manifest, PackageFormat, PackageId
from pytest_codeartifact.emulator.formats.base import (
    Format,
    Route,
    Visit,
    asset_response,
    message_response,
)
from pytest_codeartifact.emulator.formats.distributions import (
    BrokenDistribution,
    FileName,
    identity,
    manifest_of,
    read_metadata,
)
from pytest_codeartifact.emulator.formats.forms import Form, read_form
from pytest_codeartifact.emulator.formats.page_cache import PageCache, PageKey
from pytest_codeartifact.emulator.formats.simple_page import (
    HTML,
    HTML_V1,
    JSON_V1,
    negotiated,
    render,
)
from pytest_codeartifact.emulator.http import Response
from pytest_codeartifact.emulator.registry import (
    Fetcher,
    Offer,
    Release,
    RemoteAsset,
    RemoteVersion,
)
from pytest_codeartifact.emulator.registry.refusals import Malformed, PublicRegistryUnavailable
from pytest_codeartifact.emulator.store import Staged

ACCEPT = f"{JSON_V1}, {HTML_V1};q=0.2, {HTML};q=0.1"


class PyPI(Format):
    """The `pypi` format."""

    name: ClassVar[PackageFormat] = PackageFormat.PYPI
    external_connections: ClassVar[Sequence[str]] = ("public:pypi",)

    def __init__(self) -> None:
        self._pages = PageCache()

    def routes(self) -> Sequence[Route]:
        """Project page, file, upload; there is no list of all projects, as on the service."""
        return (
            Route("GET", "simple/<project>/", self._project_page, "ReadFromRepository"),
            Route("GET", "simple/<project>/<version>/<file>", self._file, "ReadFromRepository"),
            Route("POST", "", self._upload, "PublishPackageVersion", on_package=True),
        )

    def parse_name(self, text: str) -> PackageId:
        """The package of this name in any spelling; raises ValueError for no valid name."""
        return PackageId(self.name, "", canonicalize_name(text, validate=True))

    def sort_key(self, version: str) -> Any:  # noqa: ANN401 - any total order will do
        """The order of the version specifiers specification; what is no version comes first."""
        try:
            return (1, Version(version), version)
        except InvalidVersion:
            return (0, Version("0"), version)

    def public_registry(self, connection: str) -> str:  # noqa: ARG002 - there is but one
        """The address that the library's constant names."""
        from pypi_simple import PYPI_SIMPLE_ENDPOINT  # noqa: PLC0415 - only servers that pull

        return PYPI_SIMPLE_ENDPOINT

    def remote_listing(self, fetcher: Fetcher, registry_url: str, package: PackageId) -> str | None:
        """The public project page, reduced to the files that can be served."""
        # Only servers that pull need it, and importing it takes a while.
        import pypi_simple  # noqa: PLC0415
        from pypi_simple.errors import UnsupportedRepoVersionError  # noqa: PLC0415

        document = fetcher.document(f"{registry_url.rstrip('/')}/{package.name}/", ACCEPT)
        if document is None:
            return None
        try:
            if "json" in document.media_type:
                page = pypi_simple.ProjectPage.from_json_data(
                    json.loads(document.content), document.url
                )
            else:
                page = pypi_simple.ProjectPage.from_html(
                    package.name, document.content, document.url
                )
        except (ValueError, KeyError, TypeError, UnsupportedRepoVersionError) as error:
            msg = f"the public registry's page of {package.name} is not readable: {error}"
            raise PublicRegistryUnavailable(msg) from error
        files = []
        for file in page.packages:
            version = _normalised(file.version)
            if version is None or file.package_type not in {"wheel", "sdist"}:
                continue
            attributes = {}
            if file.requires_python:
                attributes["requires-python"] = file.requires_python
            if file.is_yanked:
                attributes["yanked"] = file.yanked_reason or ""
            if file.upload_time:
                attributes["upload-time"] = _moment(file.upload_time)
            url, sha256 = file.url.partition("#")[0], file.digests.get("sha256")
            files.append((version, file.filename, url, sha256, file.size, attributes))
        return json.dumps(files)

    def remote_versions(self, listing: str) -> Sequence[RemoteVersion]:
        """Read what `remote_listing` returned."""
        versions: dict[str, list[RemoteAsset]] = {}
        for version, *rest in json.loads(listing):
            versions.setdefault(version, []).append(RemoteAsset(*rest))
        return [RemoteVersion(version, tuple(assets)) for version, assets in versions.items()]

    def manifest(self, package: PackageId, asset: Asset, content: BinaryIO) -> Manifest:
        """What a fetched file says of its version; public files may be broken in any way."""
        try:
            return manifest_of(read_metadata(asset.name, content), package.name)
        except BrokenDistribution:
            return Manifest(display_name=package.name)

    def _project_page(self, visit: Visit) -> Response:
        try:
            package = self.parse_name(visit.parameters["project"])
        except ValueError:
            return message_response(404, "not found")
        media_type = negotiated(visit.request.headers.get("accept"))
        if media_type is None:
            return message_response(
                406, f"a project page is served as {JSON_V1}, {HTML_V1} or {HTML}"
            )

        def make() -> tuple[Offer, bytes] | None:
            offer = visit.registry.offered(visit.repository, package)
            return (offer, render(package.name, offer, media_type)) if offer else None

        key = PageKey(visit.repository, package, media_type)
        body = self._pages.page(key, visit.store, visit.clock, make)
        if body is None:
            return message_response(404, f"package {package.name} not found")
        content_type = f"{HTML}; charset=utf-8" if media_type == HTML else media_type
        return Response(200, body, {"Content-Type": content_type, "Vary": "Accept"})

    def _file(self, visit: Visit) -> Response:
        version, file = visit.parameters["version"], visit.parameters["file"]
        try:
            package = self.parse_name(visit.parameters["project"])
        except ValueError:
            return message_response(404, "not found")
        found = visit.registry.open_asset(visit.repository, package, version, file)
        if found is None:
            return message_response(404, f"{file} of package {package.name} {version} not found")
        return asset_response(*found)

    def _upload(self, visit: Visit) -> Response:
        with ExitStack() as stack:
            form = read_form(visit.request, visit.store.blobs, stack, visit.quotas.asset_bytes)
            try:
                package, version, content = self._checked(form)
                visit.permit(package)
                raw = _checked_metadata(package, version, content)
            except BrokenDistribution as error:
                raise Malformed(str(error)) from error
            attributes = {"upload-time": _moment(datetime.fromtimestamp(visit.clock.now(), UTC))}
            if requires := raw.get("requires_python"):
                attributes["requires-python"] = requires
            release = Release(package, version, manifest_of(raw, package.name), attributes)
            visit.registry.publish(visit.repository, release, [content])
        return Response(200, b"", {"Content-Type": "text/plain"})

    def _checked(self, form: Form) -> tuple[PackageId, str, Staged]:
        """Package, version and file of an upload whose parts agree; raises Malformed otherwise."""
        action = form.first(":action") or "file_upload"
        if action != "file_upload":
            raise Malformed(f"the action {action!r} is not supported, only 'file_upload'")
        for wanted in ("name", "version"):
            if form.first(wanted) is None:
                raise Malformed(f"the upload has no {wanted!r}")
        if form.content is None:
            raise Malformed("the upload has no file part 'content'")
        try:
            package = self.parse_name(form.first("name") or "")
        except ValueError:
            raise Malformed(f"{form.first('name')!r} is not a valid project name") from None
        version = _normalised(form.first("version"))
        if version is None:
            raise Malformed(f"{form.first('version')!r} is not a valid version")
        _check_digests(form, form.content.asset)
        file = FileName.parse(form.content.asset.name)
        if (file.name, file.version) != (package.name, version):
            raise Malformed(
                f"file {form.content.asset.name} belongs to {file.name} {file.version},"
                f" but the upload says {package.name} {version}"
            )
        filetype = form.first("filetype") or file.filetype
        if filetype != file.filetype:
            raise Malformed(f"file {form.content.asset.name} is no {filetype!r}")
        return package, version, form.content


def _checked_metadata(package: PackageId, version: str, content: Staged) -> Any:  # noqa: ANN401
    filename = content.asset.name
    with content.open() as file:
        raw = read_metadata(filename, file)
    said: tuple[NormalizedName, str] = identity(filename, raw)
    if said != (package.name, version):
        raise Malformed(
            f"the metadata of {filename} says {said[0]} {said[1]},"
            f" but the upload says {package.name} {version}"
        )
    return raw


def _check_digests(form: Form, asset: Asset) -> None:
    computed = {
        "md5_digest": asset.md5,
        "sha256_digest": asset.sha256,
        "blake2_256_digest": form.blake2_256,
    }
    for field, digest in computed.items():
        said = form.first(field)
        if said is not None and said.lower() != digest:
            raise Malformed(
                f"{field} of {asset.name} is {said}, but the bytes received have {digest}"
            )


def _moment(time: datetime) -> str:
    """A time as the pages say it: in UTC, with microseconds."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _normalised(version: str | None) -> str | None:
    try:
        return str(Version(version or ""))
    except InvalidVersion:
        return None


FORMAT = PyPI
