"""Package groups. Source: "Working with package groups in CodeArtifact" (User Guide)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.api.paging import page
from pytest_codeartifact.emulator.calls import (
    Call,
    in_domain,
    on_domain,
    on_package_group,
    with_tags,
)
from pytest_codeartifact.emulator.entities import (
    ROOT_PATTERN,
    Mode,
    PackageGroup,
    PackageGroupId,
    PackageId,
    RepositoryId,
    Restriction,
)
from pytest_codeartifact.emulator.errors import Conflict, Validation
from pytest_codeartifact.emulator.iam.grants import Grant
from pytest_codeartifact.emulator.operations.group_descriptions import (
    RESOURCE_TYPE,
    describe_group,
    described_group,
    find_group,
)
from pytest_codeartifact.emulator.operations.lookups import (
    find_domain,
    find_repository,
    package_id,
)
from pytest_codeartifact.emulator.operations.tags import checked_tags
from pytest_codeartifact.emulator.registry.group_patterns import InvalidPattern, read_pattern
from pytest_codeartifact.emulator.registry.package_groups import PackageGroups, own_mode
from pytest_codeartifact.emulator.store import Transaction

PAGE = 1000
CHANGES = 100
"""How many entries of allowed repository lists one request may name (CFN: Translator)."""


def _on_associated_group(
    call: Call, operation_name: str, request: Mapping[str, Any]
) -> list[Grant]:
    """The operation on the package group that the package belongs to.

    AWS (Actions, resources, and condition keys for AWS CodeArtifact): the resource is a group.
    """
    # Read first: a request that cannot be must look the same whether or not there is a domain.
    domain, package = call.domain_id(request), package_id(request)
    pattern = ROOT_PATTERN
    with call.store.read() as tx:
        if tx.domains.get(domain) is not None:
            group, _ = PackageGroups.of(tx, domain).association(package)
            pattern = group.id.pattern
    return on_package_group(call, operation_name, {**request, "packageGroup": pattern})


@operation(in_domain, with_tags)
def create_package_group(
    call: Call, request: shapes.CreatePackageGroupRequest
) -> shapes.CreatePackageGroupResult:
    """Create a group of the packages that a pattern names; it inherits all its settings.

    Differs: on the service it takes a while until a new group, or the end of one, shows in what its
    packages may do; here it counts at once.
    """
    identity = _group_id(call, request)
    _check_pattern(identity)
    tags = checked_tags(request.get("tags", []), call.quotas, identity.pattern, RESOURCE_TYPE)
    group = PackageGroup(
        id=identity,
        contact_info=request.get("contactInfo"),
        description=request.get("description"),
        modes={},
        allowed={},
        created=call.clock.now(),
    )
    with call.store.write() as tx:
        find_domain(tx, identity.domain)
        if tx.package_groups.get(identity) is not None:
            raise Conflict(
                f"Package group '{identity.pattern}' already exists in domain"
                f" '{identity.domain.name}'",
                identity.pattern,
                RESOURCE_TYPE,
            )
        tx.package_groups.put(group)
        tx.tags.replace(identity.arn, tags)
        return {"packageGroup": described_group(tx, group)}


@operation(on_package_group)
def describe_package_group(
    call: Call, request: shapes.DescribePackageGroupRequest
) -> shapes.DescribePackageGroupResult:
    """Describe a group with its parent and with what holds for it, inherited or its own."""
    with call.store.read() as tx:
        return {"packageGroup": described_group(tx, find_group(tx, _group_id(call, request)))}


@operation(on_package_group)
def update_package_group(
    call: Call, request: shapes.UpdatePackageGroupRequest
) -> shapes.UpdatePackageGroupResult:
    """Change contact information or description; what is not named stays."""
    with call.store.write() as tx:
        group = find_group(tx, _group_id(call, request))
        group = replace(
            group,
            contact_info=request.get("contactInfo", group.contact_info),
            description=request.get("description", group.description),
        )
        tx.package_groups.put(group)
        return {"packageGroup": described_group(tx, group)}


@operation(on_package_group)
def delete_package_group(
    call: Call, request: shapes.DeletePackageGroupRequest
) -> shapes.DeletePackageGroupResult:
    """Delete a group; its packages and its child groups fall to its parent."""
    with call.store.write() as tx:
        group = find_group(tx, _group_id(call, request))
        if group.id.pattern == ROOT_PATTERN:
            # Differs: the root group cannot be deleted on the service either; which error says so
            # is not documented.
            raise Validation("The root package group '/*' cannot be deleted", "OTHER")
        described = described_group(tx, group)
        tx.package_groups.delete(group.id)
        tx.tags.replace(group.id.arn, {})
    return {"packageGroup": described}


@operation(on_package_group)
def update_package_group_origin_configuration(
    call: Call, request: shapes.UpdatePackageGroupOriginConfigurationRequest
) -> shapes.UpdatePackageGroupOriginConfigurationResult:
    """Change modes, then add to the lists of allowed repositories, then remove from them."""
    added = _entries(request.get("addAllowedRepositories", []))
    removed = _entries(request.get("removeAllowedRepositories", []))
    if len(added) + len(removed) > CHANGES:
        # Differs: that the changes of allowed repositories are limited is known from a client of
        # AWS; the service's error is not.
        raise Validation(
            f"A request names at most {CHANGES} allowed repositories to add or remove, this one"
            f" {len(added) + len(removed)}"
        )
    with call.store.write() as tx:
        before = find_group(tx, _group_id(call, request))
        after = _restricted(before, request.get("restrictions", {}))
        after = _with_lists(tx, after, added, removed)
        tx.package_groups.put(after)
        return {
            "packageGroup": described_group(tx, after),
            "allowedRepositoryUpdates": _list_updates(before, after),
        }


@operation(on_domain)
def list_package_groups(
    call: Call, request: shapes.ListPackageGroupsRequest
) -> shapes.ListPackageGroupsResult:
    """List the groups of a domain, the root group among them."""
    domain, prefix = call.domain_id(request), request.get("prefix", "")
    with call.store.read() as tx:
        find_domain(tx, domain)
        groups = tx.package_groups.of(domain)
    wanted = [group for group in groups if group.id.pattern.startswith(prefix)]
    return _listed(groups, wanted, request, f"ListPackageGroups {domain.arn}")


@operation(on_package_group)
def list_sub_package_groups(
    call: Call, request: shapes.ListSubPackageGroupsRequest
) -> shapes.ListSubPackageGroupsResult:
    """List the groups whose direct parent a group is."""
    with call.store.read() as tx:
        group = find_group(tx, _group_id(call, request))
        groups = tx.package_groups.of(group.id.domain)
    wanted = PackageGroups(groups).children(group)
    return _listed(groups, wanted, request, f"ListSubPackageGroups {group.id.arn}")


@operation(on_package_group)
def list_allowed_repositories_for_group(
    call: Call, request: shapes.ListAllowedRepositoriesForGroupRequest
) -> shapes.ListAllowedRepositoriesForGroupResult:
    """List the repositories that a group's own list for a restriction names."""
    with call.store.read() as tx:
        group = find_group(tx, _group_id(call, request))
    names = group.allowed.get(Restriction(request["originRestrictionType"]), ())
    shown, token = page(
        names,
        key=lambda name: name,
        request=request,
        default=PAGE,
        fingerprint=f"ListAllowedRepositoriesForGroup {group.id.arn}",
    )
    return {"allowedRepositories": shown, **({"nextToken": token} if token else {})}


@operation(on_package_group)
def list_associated_packages(
    call: Call, request: shapes.ListAssociatedPackagesRequest
) -> shapes.ListAssociatedPackagesResult:
    """List the packages in repositories of the domain that belong to a group.

    A preview lists those that would belong to it, if there were such a group.
    """
    identity = _group_id(call, request)
    with call.store.read() as tx:
        find_domain(tx, identity.domain)
        groups = tx.package_groups.of(identity.domain)
        if request.get("preview", False) and tx.package_groups.get(identity) is None:
            _check_pattern(identity)
            groups = [*groups, PackageGroup(identity, None, None, {}, {}, call.clock.now())]
        else:
            find_group(tx, identity)
        packages = _packages(tx, identity)
    together = PackageGroups(groups)
    associations = ((package, *together.association(package)) for package in packages)
    shown, token = page(
        [(package, strength) for package, group, strength in associations if group.id == identity],
        key=lambda found: (found[0].format, found[0].namespace, found[0].name),
        request=request,
        default=PAGE,
        fingerprint=f"ListAssociatedPackages {identity.arn}",
    )
    found = [
        {
            "format": package.format,
            "namespace": package.namespace or None,
            "package": package.name,
            "associationType": strength,
        }
        for package, strength in shown
    ]
    return cast("shapes.ListAssociatedPackagesResult", {"packages": found, "nextToken": token})


@operation(_on_associated_group)
def get_associated_package_group(
    call: Call, request: shapes.GetAssociatedPackageGroupRequest
) -> shapes.GetAssociatedPackageGroupResult:
    """Tell the group of a package, whether or not the package is in any repository."""
    domain, package = call.domain_id(request), package_id(request)
    with call.store.read() as tx:
        find_domain(tx, domain)
        groups = PackageGroups.of(tx, domain)
    group, strength = groups.association(package)
    return {"packageGroup": describe_group(groups, group), "associationType": strength}


# --- Changing origin controls ----------------------------------------------------------------

_Entry = tuple[Restriction, str]
"""An entry of a list of allowed repositories: of which restriction, and the repository's name."""


def _entries(named: Sequence[shapes.PackageGroupAllowedRepository]) -> list[_Entry]:
    """The entries a request names; raises Validation where one says only half of it."""
    for each in named:
        if "originRestrictionType" not in each or "repositoryName" not in each:
            raise Validation(
                "An allowed repository needs both an originRestrictionType and a repositoryName"
            )
    return [(Restriction(each["originRestrictionType"]), each["repositoryName"]) for each in named]


def _restricted(group: PackageGroup, wanted: Mapping[str, str]) -> PackageGroup:
    """The group with other modes; a restriction that names no repositories has no list."""
    modes = {**group.modes, **{Restriction(key): Mode(mode) for key, mode in wanted.items()}}
    if group.id.pattern == ROOT_PATTERN and Mode.INHERIT in modes.values():
        # Differs: the error for a root group that is to INHERIT is not documented.
        raise Validation("The root package group '/*' has no parent to INHERIT from", "OTHER")
    changed = replace(group, modes=modes)
    lists = {each: names for each, names in group.allowed.items() if _has_list(changed, each)}
    return replace(changed, allowed=lists)


def _with_lists(
    tx: Transaction, group: PackageGroup, added: Sequence[_Entry], removed: Sequence[_Entry]
) -> PackageGroup:
    """The group with longer and shorter lists; what is to be removed may be absent.

    Differs: what the service does with the name of a repository that is deleted is not documented;
    here it stays in the lists, and a namesake created later is allowed.
    """
    lists = {each: set(names) for each, names in group.allowed.items()}
    for restriction, name in added:
        if not _has_list(group, restriction):
            # AWS (Package group origin controls): there is a list for each such setting only.
            raise Validation(
                f"Package group '{group.id.pattern}' has {own_mode(group, restriction)} for"
                f" {restriction}; only with ALLOW_SPECIFIC_REPOSITORIES it has a list of allowed"
                " repositories",
                "OTHER",
            )
        find_repository(tx, RepositoryId(group.id.domain, name))
        lists.setdefault(restriction, set()).add(name)
    for restriction, name in removed:
        lists.get(restriction, set()).discard(name)
    return replace(group, allowed={each: tuple(sorted(names)) for each, names in lists.items()})


def _has_list(group: PackageGroup, restriction: Restriction) -> bool:
    return own_mode(group, restriction) is Mode.ALLOW_SPECIFIC_REPOSITORIES


def _list_updates(before: PackageGroup, after: PackageGroup) -> dict[str, dict[str, list[str]]]:
    """What came into the lists and what left them; nothing for lists that are as they were."""
    updates: dict[str, dict[str, list[str]]] = {}
    for restriction in Restriction:
        old, new = (set(each.allowed.get(restriction, ())) for each in (before, after))
        changes = {"ADDED": sorted(new - old), "REMOVED": sorted(old - new)}
        if new != old:
            updates[restriction] = {kind: names for kind, names in changes.items() if names}
    return updates


# --- Looking up ------------------------------------------------------------------------------


def _group_id(call: Call, request: Mapping[str, Any]) -> PackageGroupId:
    return PackageGroupId(call.domain_id(request), request["packageGroup"])


def _check_pattern(identity: PackageGroupId) -> None:
    try:
        read_pattern(identity.pattern)
    except InvalidPattern as error:
        raise Validation(str(error)) from error


def _packages(tx: Transaction, identity: PackageGroupId) -> set[PackageId]:
    """Every package of the domain, in however many repositories it is."""
    repositories = tx.repositories.in_domain(identity.domain)
    return {package.id for each in repositories for package in tx.packages.of(each.id)}


def _listed(
    groups: Sequence[PackageGroup],
    wanted: Sequence[PackageGroup],
    request: Mapping[str, Any],
    fingerprint: str,
) -> shapes.ListPackageGroupsResult:
    """A page of the wanted ones of a domain's groups."""
    shown, token = page(
        wanted,
        key=lambda group: group.id.pattern,
        request=request,
        default=PAGE,
        fingerprint=fingerprint,
    )
    together = PackageGroups(groups)
    summaries: list[shapes.PackageGroupSummary] = [
        describe_group(together, group) for group in shown
    ]
    result: shapes.ListPackageGroupsResult = {"packageGroups": summaries}
    if token:
        result["nextToken"] = token
    return result
