"""What an operation of CodeArtifact may use, and what its caller must be granted.

Source: "Actions, resources, and condition keys for AWS CodeArtifact" (Service Authorization
Reference): actions are named like the operations, and each is granted on one kind of resource.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.utils import canonicalize_name

from pytest_codeartifact.emulator.api.operation import ApiCall
from pytest_codeartifact.emulator.entities import (
    DomainId,
    PackageFormat,
    PackageGroupId,
    PackageId,
    RepositoryId,
    read_arn,
)
from pytest_codeartifact.emulator.iam.grants import Facts, Grant, tag_facts
from pytest_codeartifact.emulator.iam.tokens import Tokens
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.emulator.registry import Registry
from pytest_codeartifact.emulator.store import Store


@dataclass(frozen=True, slots=True)
class Call(ApiCall):
    """All that an operation may use besides its request."""

    store: Store
    registry: Registry
    tokens: Tokens
    quotas: Quotas

    def domain_id(self, request: Mapping[str, Any]) -> DomainId:
        """The domain a request names; without `domainOwner` the caller's own account is meant."""
        return DomainId(
            self.region, request.get("domainOwner", self.caller.account), request["domain"]
        )


# --- Grant rules: the resource an operation acts on ------------------------------------------


def _action(operation_name: str) -> str:
    return f"codeartifact:{operation_name}"


def _repository_id(call: Call, request: Mapping[str, Any]) -> RepositoryId:
    return RepositoryId(call.domain_id(request), request["repository"])


def _tag_facts(request: Mapping[str, Any]) -> Facts:
    """What the tags of a request set: all of them where they are given, the keys to be removed."""
    if "tagKeys" in request:
        return (("aws:TagKeys", tuple(request["tagKeys"])),)
    return tag_facts((tag["key"], tag["value"]) for tag in request.get("tags", []))


def on_domain(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
    """The operation on the domain the request names."""
    return [Grant.on_domain(_action(operation_name), call.domain_id(request))]


def on_repository(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
    """The operation on the repository the request names."""
    return [Grant.on_repository(_action(operation_name), _repository_id(call, request))]


def on_package(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
    """The operation on the package the request names, within its repository."""
    package_format, name = PackageFormat(request["format"]), request["package"]
    if package_format is PackageFormat.PYPI:
        # AWS (Python package name normalization): policies see the normalised name.
        name = canonicalize_name(name)
    package = PackageId(package_format, request.get("namespace", ""), name)
    return [Grant.on_package(_action(operation_name), _repository_id(call, request), package)]


def on_package_group(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
    """The operation on the package group the request names."""
    group = PackageGroupId(call.domain_id(request), request["packageGroup"])
    return [Grant.on_package_group(_action(operation_name), group)]


def on_domain_by_owner(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
    """The operation on the domain, whatever its permissions policy says.

    MODEL (PutDomainPermissionsPolicy): the policy is ignored, so that nobody locks himself out.
    """
    action, domain = _action(operation_name), call.domain_id(request)
    return [Grant.on_domain(action, domain, ignores_policy=True)]


def on_repository_by_owner(
    call: Call, operation_name: str, request: Mapping[str, Any]
) -> list[Grant]:
    """The operation on the repository, whatever its permissions policy says.

    MODEL (PutRepositoryPermissionsPolicy): the policy is ignored, so that nobody locks himself out.
    """
    action, repository = _action(operation_name), _repository_id(call, request)
    return [Grant.on_repository(action, repository, ignores_policy=True)]


def on_nothing(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:  # noqa: ARG001 - a rule
    """The operation as such: it has no resource, so policies must grant it on `*`."""
    return [Grant.anywhere(_action(operation_name), facts=_tag_facts(request))]


def in_domain(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:
    """The operation on `*`, or on a domain of another account, whose policy must allow it too.

    Differs: the reference of actions knows no resource for this one, the page "Domain policies"
    says that other accounts are granted it on the domain. Here each holds where it is said.
    """
    action, facts, domain = _action(operation_name), _tag_facts(request), call.domain_id(request)
    if domain.owner == call.caller.account:
        return [Grant.anywhere(action, domain, facts=facts)]
    return [Grant(action, domain.arn, domain, facts=facts)]


def on_tagged(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:  # noqa: ARG001 - a rule
    """The operation on the resource whose tags the request is about."""
    arn = request["resourceArn"]
    named = read_arn(arn)
    # Policies see one spelling, however the pattern of a package group was encoded.
    arn = named.arn if named else arn
    place = named.domain if isinstance(named, PackageGroupId) else named
    return [Grant(_action(operation_name), arn, place, arn, _tag_facts(request))]


def with_tags(call: Call, operation_name: str, request: Mapping[str, Any]) -> list[Grant]:  # noqa: ARG001 - a rule
    """Tagging what the operation makes, when the request brings tags.

    AWS (Domain policies): whoever creates a repository with tags needs TagResource as well.
    """
    facts = _tag_facts(request)
    if not facts:
        return []
    domain = call.domain_id(request)
    if "packageGroup" in request:
        arn = PackageGroupId(domain, request["packageGroup"]).arn
    elif "repository" in request:
        arn = RepositoryId(domain, request["repository"]).arn
    else:
        arn = domain.arn
    return [Grant("codeartifact:TagResource", arn, domain, facts=facts)]
