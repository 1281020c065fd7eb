"""Boto3 over a real connection."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_codeartifact import CodeArtifactClient

    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.workspace import Domain, Repository


def test_uploaded_assets_are_described_as_they_are(
    codeartifact_client: "CodeArtifactClient",
    codeartifact_repository: "Repository",
    codeartifact_package: "SamplePackage",
) -> None:
    """Every asset listed for an uploaded version has the name, size and hash of its file."""
    codeartifact_repository.upload(*codeartifact_package.paths)

    listed = codeartifact_client.list_package_version_assets(
        domain=codeartifact_repository.domain.name,
        repository=codeartifact_repository.name,
        format="pypi",
        package=codeartifact_package.name,
        packageVersion=codeartifact_package.version,
    )["assets"]

    assert {(each["name"], each["size"], each["hashes"]["SHA-256"]) for each in listed} == {
        (path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in codeartifact_package.paths
    }


def test_asset_streams_back_as_it_was_uploaded(
    codeartifact_client: "CodeArtifactClient",
    codeartifact_repository: "Repository",
    codeartifact_package: "SamplePackage",
) -> None:
    """The stream of GetPackageVersionAsset holds the bytes of the file."""
    codeartifact_repository.upload(codeartifact_package.wheel)

    answer = codeartifact_client.get_package_version_asset(
        domain=codeartifact_repository.domain.name,
        repository=codeartifact_repository.name,
        format="pypi",
        package=codeartifact_package.name,
        packageVersion=codeartifact_package.version,
        asset=codeartifact_package.wheel.name,
    )

    assert answer["asset"].read() == codeartifact_package.wheel.read_bytes()


def test_paginator_meets_every_repository_once(
    codeartifact_client: "CodeArtifactClient",
    codeartifact_domain: "Domain",
    make_codeartifact_repository: "Callable[..., Repository]",
) -> None:
    """A listing in small pages has the same entries as were made, in no page twice."""
    made = sorted(make_codeartifact_repository().name for _ in range(5))

    pages = codeartifact_client.get_paginator("list_repositories_in_domain").paginate(
        domain=codeartifact_domain.name, PaginationConfig={"PageSize": 2}
    )

    met = [each["name"] for page in pages for each in page["repositories"]]
    assert sorted(met) == made


def test_one_of_many_creators_wins(
    codeartifact_client: "CodeArtifactClient", codeartifact_domain: "Domain"
) -> None:
    """Of concurrent requests for one new repository one succeeds; the others hear of a conflict."""

    def create(_: int) -> str:
        try:
            codeartifact_client.create_repository(
                domain=codeartifact_domain.name, repository="wanted"
            )
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "created"

    with ThreadPoolExecutor(8) as threads:
        outcomes = sorted(threads.map(create, range(8)))

    assert outcomes == ["ConflictException"] * 7 + ["created"]


def test_refusal_becomes_the_clients_own_exception(
    codeartifact_client: "CodeArtifactClient",
) -> None:
    """What is missing raises the class that boto3 made from the service's model."""
    with pytest.raises(codeartifact_client.exceptions.ResourceNotFoundException) as caught:
        codeartifact_client.describe_domain(domain="nobody-made-this")

    assert "nobody-made-this" in caught.value.response["Error"]["Message"]
