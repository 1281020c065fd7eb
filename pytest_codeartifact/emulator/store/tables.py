"""Entities to rows and back; every SQL statement about them stands here."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pytest_codeartifact.emulator.entities import (
    Asset,
    Control,
    Dependency,
    Domain,
    DomainId,
    License,
    Manifest,
    Origin,
    OriginControls,
    OriginType,
    Package,
    PackageFormat,
    PackageId,
    PackageVersion,
    Repository,
    RepositoryId,
    Status,
    Upstream,
)
from pytest_codeartifact.emulator.store import Listing


class DomainTable:
    """Domains by region, owner and name."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def get(self, domain: DomainId) -> Domain | None:
        row = self._db.execute(
            "SELECT * FROM domains WHERE region = ? AND owner = ? AND name = ?",
            (domain.region, domain.owner, domain.name),
        ).fetchone()
        return row and _domain(row)

    def owned_by(self, region: str, owner: str) -> Sequence[Domain]:
        rows = self._db.execute(
            "SELECT * FROM domains WHERE region = ? AND owner = ? ORDER BY name", (region, owner)
        )
        return [_domain(row) for row in rows]

    def put(self, domain: Domain) -> None:
        self._db.execute(
            "INSERT INTO domains (region, owner, name, encryption_key, created)"
            " VALUES (?, ?, ?, ?, ?)",
            (*_key(domain.id), domain.encryption_key, domain.created),
        )

    def delete(self, domain: DomainId) -> None:
        self._db.execute(
            "DELETE FROM domains WHERE region = ? AND owner = ? AND name = ?", _key(domain)
        )

    def asset_bytes(self, domain: DomainId) -> int:
        row = self._db.execute(
            "SELECT coalesce(sum(size), 0) FROM (SELECT DISTINCT a.sha256, a.size FROM domains d"
            " JOIN repositories r ON r.domain = d.number JOIN packages p ON p.repository = r.number"
            " JOIN versions v ON v.package = p.number JOIN assets a ON a.version = v.number"
            " WHERE d.region = ? AND d.owner = ? AND d.name = ?)",
            _key(domain),
        ).fetchone()
        return int(row[0])


class RepositoryTable:
    """Repositories with their upstreams and external connections."""

    _SELECT = (
        "SELECT r.*, d.region, d.owner, d.name AS domain_name FROM repositories r"
        " JOIN domains d ON d.number = r.domain "
    )
    _OF_DOMAIN = "d.region = ? AND d.owner = ? AND d.name = ?"

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def get(self, repository: RepositoryId) -> Repository | None:
        row = self._db.execute(
            f"{self._SELECT} WHERE {self._OF_DOMAIN} AND r.name = ?",
            (*_key(repository.domain), repository.name),
        ).fetchone()
        return row and _repository(row)

    def by_uid(self, uid: str) -> Repository | None:
        row = self._db.execute(f"{self._SELECT} WHERE r.uid = ?", (uid,)).fetchone()
        return row and _repository(row)

    def in_domain(self, domain: DomainId) -> Sequence[Repository]:
        rows = self._db.execute(
            f"{self._SELECT} WHERE {self._OF_DOMAIN} ORDER BY r.name", _key(domain)
        )
        return [_repository(row) for row in rows]

    def administered_by(self, region: str, account: str) -> Sequence[Repository]:
        rows = self._db.execute(
            f"{self._SELECT} WHERE d.region = ? AND r.administrator = ?"
            " ORDER BY d.name, d.owner, r.name",
            (region, account),
        )
        return [_repository(row) for row in rows]

    def count(self, domain: DomainId) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM repositories r JOIN domains d ON d.number = r.domain"
            f" WHERE {self._OF_DOMAIN}",
            _key(domain),
        ).fetchone()
        return int(row[0])

    def put(self, repository: Repository) -> None:
        self._db.execute(
            "INSERT INTO repositories (uid, domain, name, administrator, description, upstreams,"
            " connections, created) SELECT ?, number, ?, ?, ?, ?, ?, ? FROM domains"
            " WHERE region = ? AND owner = ? AND name = ?"
            " ON CONFLICT (uid) DO UPDATE SET description = excluded.description,"
            " upstreams = excluded.upstreams, connections = excluded.connections",
            (
                repository.uid,
                repository.id.name,
                repository.administrator,
                repository.description,
                json.dumps([[upstream.uid, upstream.name] for upstream in repository.upstreams]),
                json.dumps(repository.external_connections),
                repository.created,
                *_key(repository.id.domain),
            ),
        )

    def delete(self, repository: RepositoryId) -> None:
        self._db.execute(
            "DELETE FROM repositories WHERE name = ? AND domain ="
            " (SELECT number FROM domains WHERE region = ? AND owner = ? AND name = ?)",
            (repository.name, *_key(repository.domain)),
        )


_PACKAGE_JOIN = (
    " FROM packages p JOIN repositories r ON r.number = p.repository"
    " JOIN domains d ON d.number = r.domain "
)
_OF_REPOSITORY = "d.region = ? AND d.owner = ? AND d.name = ? AND r.name = ?"
_OF_PACKAGE = f"{_OF_REPOSITORY} AND p.format = ? AND p.namespace = ? AND p.name = ?"


class PackageTable:
    """Packages of one repository, with their origin controls."""

    def __init__(self, db: sqlite3.Connection, versions: "VersionTable") -> None:
        self._db = db
        self._versions = versions

    def get(self, repository: RepositoryId, package: PackageId) -> Package | None:
        row = self._db.execute(
            f"SELECT p.* {_PACKAGE_JOIN} WHERE {_OF_PACKAGE}", _package_key(repository, package)
        ).fetchone()
        return row and _package(row)

    def of(self, repository: RepositoryId) -> Sequence[Package]:
        rows = self._db.execute(
            f"SELECT p.* {_PACKAGE_JOIN} WHERE {_OF_REPOSITORY}"
            " ORDER BY p.format, p.namespace, p.name",
            (*_key(repository.domain), repository.name),
        )
        return [_package(row) for row in rows]

    def put(self, repository: RepositoryId, package: Package) -> None:
        self._db.execute(
            "INSERT INTO packages (repository, format, namespace, name, publish, upstream)"
            " SELECT r.number, ?, ?, ?, ?, ? FROM repositories r"
            f" JOIN domains d ON d.number = r.domain WHERE {_OF_REPOSITORY}"
            " ON CONFLICT (repository, format, namespace, name) DO UPDATE SET"
            " publish = excluded.publish, upstream = excluded.upstream",
            (
                *(package.id.format, package.id.namespace, package.id.name),
                *(package.controls.publish, package.controls.upstream),
                *(*_key(repository.domain), repository.name),
            ),
        )

    def delete(self, repository: RepositoryId, package: PackageId) -> None:
        for version in self._versions.of(repository, package):
            self._versions.delete(repository, package, version.version)
        self._db.execute(
            f"DELETE FROM packages WHERE number = (SELECT p.number {_PACKAGE_JOIN}"
            f" WHERE {_OF_PACKAGE})",
            _package_key(repository, package),
        )


_Changed = Callable[[RepositoryId, PackageId, PackageVersion | None, PackageVersion | None], None]


class VersionTable:
    """Package versions of one repository, each with its assets."""

    def __init__(self, db: sqlite3.Connection, changed: _Changed) -> None:
        """`changed` is told of every version that is put or deleted: before and after."""
        self._db = db
        self._changed = changed

    def of(self, repository: RepositoryId, package: PackageId) -> Sequence[PackageVersion]:
        key = _package_key(repository, package)
        rows = self._db.execute(
            f"SELECT v.* {_PACKAGE_JOIN} JOIN versions v ON v.package = p.number"
            f" WHERE {_OF_PACKAGE} ORDER BY v.number",
            key,
        ).fetchall()
        assets: dict[int, list[Asset]] = {}
        for row in self._db.execute(
            f"SELECT a.* {_PACKAGE_JOIN} JOIN versions v ON v.package = p.number"
            f" JOIN assets a ON a.version = v.number WHERE {_OF_PACKAGE} ORDER BY a.number",
            key,
        ):
            assets.setdefault(row["version"], []).append(_asset(row))
        return [_version(row, assets.get(row["number"], ())) for row in rows]

    def get(
        self, repository: RepositoryId, package: PackageId, version: str
    ) -> PackageVersion | None:
        row = self._db.execute(
            f"SELECT v.* {_PACKAGE_JOIN} JOIN versions v ON v.package = p.number"
            f" WHERE {_OF_PACKAGE} AND v.version = ?",
            (*_package_key(repository, package), version),
        ).fetchone()
        if row is None:
            return None
        assets = self._db.execute(
            "SELECT * FROM assets WHERE version = ? ORDER BY number", (row["number"],)
        )
        return _version(row, [_asset(asset) for asset in assets])

    def put(self, repository: RepositoryId, package: PackageId, version: PackageVersion) -> None:
        before = self.get(repository, package, version.version)
        number = self._db.execute(
            "INSERT INTO versions (package, version, status, revision, origin_type,"
            " origin_repository, origin_connection, published, manifest)"
            f" SELECT p.number, ?, ?, ?, ?, ?, ?, ?, ? {_PACKAGE_JOIN} WHERE {_OF_PACKAGE}"
            " ON CONFLICT (package, version) DO UPDATE SET status = excluded.status,"
            " revision = excluded.revision, origin_type = excluded.origin_type,"
            " origin_repository = excluded.origin_repository,"
            " origin_connection = excluded.origin_connection, published = excluded.published,"
            " manifest = excluded.manifest RETURNING number",
            (
                *(version.version, version.status, version.revision, version.origin.type),
                *(version.origin.repository, version.origin.external_connection),
                *(version.published, json.dumps(asdict(version.manifest))),
                *_package_key(repository, package),
            ),
        ).fetchone()[0]
        self._db.execute("DELETE FROM assets WHERE version = ?", (number,))
        self._db.executemany(
            "INSERT INTO assets (version, name, size, md5, sha1, sha256, sha512, attributes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(number, asset.name, asset.size, asset.md5, asset.sha1, asset.sha256),
                    *(asset.sha512, json.dumps(dict(asset.attributes))),
                )
                for asset in version.assets
            ],
        )
        self._changed(repository, package, before, version)

    def delete(self, repository: RepositoryId, package: PackageId, version: str) -> None:
        before = self.get(repository, package, version)
        self._db.execute(
            f"DELETE FROM versions WHERE number = (SELECT v.number {_PACKAGE_JOIN}"
            f" JOIN versions v ON v.package = p.number WHERE {_OF_PACKAGE} AND v.version = ?)",
            (*_package_key(repository, package), version),
        )
        self._changed(repository, package, before, None)


class TagTable:
    """Tags by the ARN of what carries them."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def of(self, arn: str) -> Mapping[str, str]:
        rows = self._db.execute("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,))
        return {row["key"]: row["value"] for row in rows}

    def replace(self, arn: str, tags: Mapping[str, str]) -> None:
        self._db.execute("DELETE FROM tags WHERE arn = ?", (arn,))
        self._db.executemany(
            "INSERT INTO tags (arn, key, value) VALUES (?, ?, ?)",
            [(arn, key, value) for key, value in tags.items()],
        )


class ListingTable:
    """Remembered answers of public registries."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def get(self, source: str, package: PackageId) -> Listing | None:
        row = self._db.execute(
            "SELECT document, fetched FROM listings"
            " WHERE connection = ? AND format = ? AND namespace = ? AND name = ?",
            (source, package.format, package.namespace, package.name),
        ).fetchone()
        return row and Listing(row["document"], row["fetched"])

    def put(self, source: str, package: PackageId, listing: Listing) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO listings (connection, format, namespace, name, fetched,"
            " document) VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(source, package.format, package.namespace, package.name),
                *(listing.fetched, listing.document),
            ),
        )


def _key(domain: DomainId) -> tuple[str, str, str]:
    return (domain.region, domain.owner, domain.name)


def _package_key(repository: RepositoryId, package: PackageId) -> tuple[str, ...]:
    return (
        *(*_key(repository.domain), repository.name),
        *(package.format, package.namespace, package.name),
    )


def _domain(row: sqlite3.Row) -> Domain:
    identity = DomainId(row["region"], row["owner"], row["name"])
    return Domain(identity, row["encryption_key"], row["created"])


def _repository(row: sqlite3.Row) -> Repository:
    domain = DomainId(row["region"], row["owner"], row["domain_name"])
    return Repository(
        id=RepositoryId(domain, row["name"]),
        uid=row["uid"],
        administrator=row["administrator"],
        description=row["description"],
        upstreams=tuple(Upstream(uid, name) for uid, name in json.loads(row["upstreams"])),
        external_connections=tuple(json.loads(row["connections"])),
        created=row["created"],
    )


def _package(row: sqlite3.Row) -> Package:
    identity = PackageId(PackageFormat(row["format"]), row["namespace"], row["name"])
    return Package(identity, OriginControls(Control(row["publish"]), Control(row["upstream"])))


def _asset(row: sqlite3.Row) -> Asset:
    return Asset(
        name=row["name"],
        size=row["size"],
        md5=row["md5"],
        sha1=row["sha1"],
        sha256=row["sha256"],
        sha512=row["sha512"],
        attributes=json.loads(row["attributes"]),
    )


def _version(row: sqlite3.Row, assets: Sequence[Asset]) -> PackageVersion:
    return PackageVersion(
        version=row["version"],
        status=Status(row["status"]),
        revision=row["revision"],
        origin=Origin(
            OriginType(row["origin_type"]), row["origin_repository"], row["origin_connection"]
        ),
        published=row["published"],
        manifest=_manifest(json.loads(row["manifest"])),
        assets=tuple(assets),
    )


def _manifest(fields: dict[str, Any]) -> Manifest:
    licenses = tuple(License(**item) for item in fields.pop("licenses"))
    dependencies = tuple(Dependency(**item) for item in fields.pop("dependencies"))
    return Manifest(**fields, licenses=licenses, dependencies=dependencies)
