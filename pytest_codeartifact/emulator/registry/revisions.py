"""The revision of a package version: another string whenever its files or its metadata change.

Source: "AWS CodeArtifact concepts", section "Package version revision".
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace

from pytest_codeartifact.emulator.entities import Asset, PackageId, PackageVersion


def revised(
    package: PackageId, version: PackageVersion, added: Iterable[Asset] = ()
) -> PackageVersion:
    """The version with further assets and the revision its content now has."""
    assets = (*version.assets, *added)
    content = [
        [package.format, package.namespace, package.name, version.version],
        sorted([asset.name, asset.sha256] for asset in assets),
        asdict(version.manifest),
    ]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()
    return replace(version, assets=assets, revision=base64.b64encode(digest).decode())
