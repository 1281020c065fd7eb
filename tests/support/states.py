"""States of packages that clients cannot bring about by themselves."""

from dataclasses import replace

from pytest_codeartifact.emulator.entities import (
    Control,
    DomainId,
    OriginControls,
    Package,
    PackageFormat,
    PackageId,
    RepositoryId,
    Status,
)
from pytest_codeartifact.emulator.store import Store
from tests.support.emulation import ACCOUNT, REGION, Shelf


def repository_of(shelf: Shelf) -> RepositoryId:
    """The shelf's repository as the store knows it."""
    return RepositoryId(DomainId(REGION, ACCOUNT, shelf.domain), shelf.repository)


def python_package(name: str) -> PackageId:
    """A Python package by its normalised name."""
    return PackageId(PackageFormat.PYPI, "", name)


def store_of(shelf: Shelf) -> Store:
    """The state behind a shelf."""
    return shelf.emulation.emulator._template.store


def set_status(shelf: Shelf, name: str, version: str, status: Status) -> None:
    """Put a stored version into a status."""
    package, repository = python_package(name), repository_of(shelf)
    with store_of(shelf).write() as tx:
        found = tx.versions.get(repository, package, version)
        assert found is not None
        tx.versions.put(repository, package, replace(found, status=status))


def set_controls(shelf: Shelf, name: str, publish: Control, upstream: Control) -> None:
    """Give a package origin controls, whether or not it has versions."""
    package = Package(python_package(name), OriginControls(publish, upstream))
    with store_of(shelf).write() as tx:
        tx.packages.put(repository_of(shelf), package)
