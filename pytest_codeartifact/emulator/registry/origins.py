"""Origin controls: the protection against a public package of the same name.

Source: "Editing package origin controls" (AWS CodeArtifact User Guide).
"""

from pytest_codeartifact.emulator.entities import (
    Control,
    OriginControls,
    PackageId,
    RepositoryId,
)
from pytest_codeartifact.emulator.store import Transaction

PUBLISHED_FIRST = OriginControls(publish=Control.ALLOW, upstream=Control.BLOCK)
"""What the first published version of a package sets."""

INGESTED_FIRST = OriginControls(publish=Control.BLOCK, upstream=Control.ALLOW)
"""What the first version from a public registry sets."""

# Differs: what a version retained from another repository sets is not documented; as an ingest.
RETAINED_FIRST = INGESTED_FIRST


def may_be_published(tx: Transaction, repository: RepositoryId, package: PackageId) -> bool:
    """Whether new versions may be published; a package never seen may be."""
    known = tx.packages.get(repository, package)
    return known is None or known.controls.publish is Control.ALLOW


def may_come_from_public(tx: Transaction, repository: RepositoryId, package: PackageId) -> bool:
    """Whether new versions may come through the repository's own external connection."""
    return _takes_from_upstream(tx, repository, package)


def may_come_from_upstream(tx: Transaction, repository: RepositoryId, package: PackageId) -> bool:
    """Whether new versions may come from the repository's upstream repositories."""
    return _takes_from_upstream(tx, repository, package)


def _takes_from_upstream(tx: Transaction, repository: RepositoryId, package: PackageId) -> bool:
    known = tx.packages.get(repository, package)
    return known is None or known.controls.upstream is Control.ALLOW
