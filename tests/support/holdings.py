"""What repositories hold, as the API and one request tell it."""

from typing import TYPE_CHECKING, Any

from tests.support.emulation import Shelf

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient


def held(client: "CodeArtifactClient", repository: str, name: str = "demo") -> list[str]:
    """The files that a repository itself has of a package."""
    where: Any = {"domain": "team", "repository": repository, "format": "pypi", "package": name}
    try:
        versions = client.list_package_versions(**where)["versions"]
    except client.exceptions.ResourceNotFoundException:
        return []
    return [
        asset["name"]
        for version in versions
        for asset in client.list_package_version_assets(**where, packageVersion=version["version"])[
            "assets"
        ]
    ]


def asked_once(shelf: Shelf) -> list[str]:
    """The files that one request shows; what it starts in the background is waited for."""
    page = shelf.get("simple/demo/", accept="application/vnd.pypi.simple.v1+json").json()
    shelf.emulation.settle()
    return [file["filename"] for file in page["files"]]


def controls(client: "CodeArtifactClient", repository: str) -> dict[str, Any]:
    """The origin controls of the package `demo`."""
    package = client.describe_package(
        domain="team", repository=repository, format="pypi", package="demo"
    )["package"]
    return dict(package["originConfiguration"]["restrictions"])
