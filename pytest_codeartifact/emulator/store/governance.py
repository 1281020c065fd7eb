"""What governs a domain to rows and back: permissions policies and package groups."""

import json
import sqlite3
from collections.abc import Sequence

from pytest_codeartifact.emulator.entities import (
    DomainId,
    Mode,
    PackageGroup,
    PackageGroupId,
    ResourcePolicy,
    Restriction,
)


class PolicyTable:
    """Permissions policies by the ARN they are attached to."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def get(self, arn: str) -> ResourcePolicy | None:
        row = self._db.execute("SELECT * FROM policies WHERE arn = ?", (arn,)).fetchone()
        return row and ResourcePolicy(row["arn"], row["document"], row["revision"])

    def put(self, policy: ResourcePolicy) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO policies (arn, document, revision) VALUES (?, ?, ?)",
            (policy.arn, policy.document, policy.revision),
        )

    def delete(self, arn: str) -> None:
        self._db.execute("DELETE FROM policies WHERE arn = ?", (arn,))


class PackageGroupTable:
    """Package groups by domain and pattern."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def get(self, group: PackageGroupId) -> PackageGroup | None:
        row = self._db.execute(
            "SELECT g.* FROM package_groups g JOIN domains d ON d.number = g.domain"
            " WHERE d.region = ? AND d.owner = ? AND d.name = ? AND g.pattern = ?",
            (*_key(group.domain), group.pattern),
        ).fetchone()
        return row and _group(group.domain, row)

    def of(self, domain: DomainId) -> Sequence[PackageGroup]:
        rows = self._db.execute(
            "SELECT g.* FROM package_groups g JOIN domains d ON d.number = g.domain"
            " WHERE d.region = ? AND d.owner = ? AND d.name = ? ORDER BY g.pattern",
            _key(domain),
        )
        return [_group(domain, row) for row in rows]

    def put(self, group: PackageGroup) -> None:
        self._db.execute(
            "INSERT INTO package_groups (domain, pattern, contact_info, description, modes,"
            " allowed, created) SELECT number, ?, ?, ?, ?, ?, ? FROM domains"
            " WHERE region = ? AND owner = ? AND name = ?"
            " ON CONFLICT (domain, pattern) DO UPDATE SET contact_info = excluded.contact_info,"
            " description = excluded.description, modes = excluded.modes,"
            " allowed = excluded.allowed",
            (
                *(group.id.pattern, group.contact_info, group.description),
                *(json.dumps(dict(group.modes)), json.dumps(dict(group.allowed)), group.created),
                *_key(group.id.domain),
            ),
        )

    def delete(self, group: PackageGroupId) -> None:
        self._db.execute(
            "DELETE FROM package_groups WHERE pattern = ? AND domain ="
            " (SELECT number FROM domains WHERE region = ? AND owner = ? AND name = ?)",
            (group.pattern, *_key(group.domain)),
        )


def _key(domain: DomainId) -> tuple[str, str, str]:
    return (domain.region, domain.owner, domain.name)


def _group(domain: DomainId, row: sqlite3.Row) -> PackageGroup:
    return PackageGroup(
        id=PackageGroupId(domain, row["pattern"]),
        contact_info=row["contact_info"],
        description=row["description"],
        modes={Restriction(k): Mode(v) for k, v in json.loads(row["modes"]).items()},
        allowed={Restriction(k): tuple(v) for k, v in json.loads(row["allowed"]).items()},
        created=row["created"],
    )
