"""Package groups as operations find them and the API shows them."""

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.entities import (
    Mode,
    PackageGroup,
    PackageGroupId,
    Restriction,
)
from pytest_codeartifact.emulator.errors import ResourceNotFound
from pytest_codeartifact.emulator.operations.lookups import find_domain
from pytest_codeartifact.emulator.registry.package_groups import PackageGroups, own_mode
from pytest_codeartifact.emulator.store import Transaction

# Differs: the model's resource types have no word for package groups, so what the service says in
# an error about one is not known; here it is 'package'.
RESOURCE_TYPE = "package"


def find_group(tx: Transaction, group: PackageGroupId) -> PackageGroup:
    """The package group; raises ResourceNotFound for it or its domain."""
    find_domain(tx, group.domain)
    found = tx.package_groups.get(group)
    if found is None:
        raise ResourceNotFound(
            f"Package group not found. Package group '{group.pattern}' in domain"
            f" '{group.domain.name}' owned by account '{group.domain.owner}' does not exist",
            group.pattern,
            RESOURCE_TYPE,
        )
    return found


def described_group(tx: Transaction, group: PackageGroup) -> shapes.PackageGroupDescription:
    """A group as it stands among the other groups of its domain now."""
    return describe_group(PackageGroups.of(tx, group.id.domain), group)


def describe_group(groups: PackageGroups, group: PackageGroup) -> shapes.PackageGroupDescription:
    """A group with its settings; the root group has no parent."""
    description: shapes.PackageGroupDescription = {
        "arn": group.id.arn,
        "pattern": group.id.pattern,
        "domainName": group.id.domain.name,
        "domainOwner": group.id.domain.owner,
        "createdTime": group.created,
        "originConfiguration": {
            "restrictions": {each: _restriction(groups, group, each) for each in Restriction}
        },
    }
    if group.contact_info is not None:
        description["contactInfo"] = group.contact_info
    if group.description is not None:
        description["description"] = group.description
    parent = groups.parent(group)
    if parent is not None:
        description["parent"] = _reference(parent)
    return description


def _restriction(
    groups: PackageGroups, group: PackageGroup, restriction: Restriction
) -> shapes.PackageGroupOriginRestriction:
    mode, setting = own_mode(group, restriction), groups.setting(group, restriction)
    described: shapes.PackageGroupOriginRestriction = {
        "mode": mode,
        "effectiveMode": setting.mode,
        "repositoriesCount": len(group.allowed.get(restriction, ())),
    }
    if mode is Mode.INHERIT:
        described["inheritedFrom"] = _reference(setting.source)
    return described


def _reference(group: PackageGroup) -> shapes.PackageGroupReference:
    return {"arn": group.id.arn, "pattern": group.id.pattern}
