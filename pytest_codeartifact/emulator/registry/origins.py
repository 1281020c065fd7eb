"""Origin controls: the protection against a public package of the same name.

Source: "Editing package origin controls" (AWS CodeArtifact User Guide).
"""

from pytest_codeartifact.emulator.entities import Control, OriginControls, Package

PUBLISHED_FIRST = OriginControls(publish=Control.ALLOW, upstream=Control.BLOCK)
"""What the first published version of a package sets."""

INGESTED_FIRST = OriginControls(publish=Control.BLOCK, upstream=Control.ALLOW)
"""What the first version from a public registry sets."""

# Differs: what a version retained from another repository sets is not documented; as an ingest.
RETAINED_FIRST = INGESTED_FIRST


def takes_from_upstream(package: Package | None) -> bool:
    """Whether new versions may come from upstream; a package never seen may come."""
    return package is None or package.controls.upstream is Control.ALLOW


def may_be_published(package: Package | None) -> bool:
    """Whether new versions may be published; a package never seen may be."""
    return package is None or package.controls.publish is Control.ALLOW
