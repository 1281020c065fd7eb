"""Domains. Source: "Working with domains in CodeArtifact" (AWS CodeArtifact User Guide)."""

import re
import uuid

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.operation import operation
from pytest_codeartifact.emulator.api.paging import page
from pytest_codeartifact.emulator.calls import Call, on_domain, on_nothing, with_tags
from pytest_codeartifact.emulator.entities import Domain, DomainId
from pytest_codeartifact.emulator.errors import Conflict, ServiceQuotaExceeded, Validation
from pytest_codeartifact.emulator.operations.lookups import find_domain
from pytest_codeartifact.emulator.operations.tags import checked_tags
from pytest_codeartifact.emulator.store import Transaction

# AWS (Create Amazon S3 gateway endpoint): the service keeps assets in one bucket for each region.
_BUCKET_ACCOUNTS = {
    "us-east-1": "193858265520",
    "us-east-2": "250872398865",
    "us-west-2": "787052242323",
    "eu-west-1": "438097961670",
    "eu-west-2": "247805302724",
    "eu-west-3": "762466490029",
    "eu-north-1": "611884512288",
    "eu-south-1": "484130244270",
    "eu-central-1": "769407342218",
    "ap-northeast-1": "660291247815",
    "ap-southeast-1": "421485864821",
    "ap-southeast-2": "860415559748",
    "ap-south-1": "681137435769",
}
_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+")
_KEY_ID = re.compile(r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_ALIAS = re.compile(r"(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?alias/[A-Za-z0-9/_-]+")


@operation(on_nothing, with_tags)
def create_domain(call: Call, request: shapes.CreateDomainRequest) -> shapes.CreateDomainResult:
    """Create a domain in the caller's account and region."""
    identity = DomainId(call.region, call.caller.account, request["domain"])
    tags = checked_tags(request.get("tags", []), call.quotas, identity.name, "domain")
    domain = Domain(
        id=identity,
        encryption_key=_key_arn(identity, request.get("encryptionKey")),
        created=call.clock.now(),
    )
    with call.store.write() as tx:
        if tx.domains.get(identity) is not None:
            raise Conflict(
                f"Domain '{identity.name}' owned by account '{identity.owner}' already exists",
                identity.name,
                "domain",
            )
        if len(tx.domains.owned_by(identity.region, identity.owner)) >= call.quotas.domains:
            raise ServiceQuotaExceeded(
                f"An account has at most {call.quotas.domains} domains in a region",
                identity.name,
                "domain",
            )
        tx.domains.put(domain)
        tx.tags.replace(identity.arn, tags)
    return {"domain": _description(domain, "Active", repository_count=0, asset_bytes=0)}


@operation(on_domain)
def describe_domain(
    call: Call, request: shapes.DescribeDomainRequest
) -> shapes.DescribeDomainResult:
    """Describe a domain with what it holds now."""
    with call.store.read() as tx:
        domain = find_domain(tx, call.domain_id(request))
        return {"domain": _described(tx, domain)}


@operation(on_domain)
def delete_domain(call: Call, request: shapes.DeleteDomainRequest) -> shapes.DeleteDomainResult:
    """Delete a domain without repositories; one that is not there counts as deleted."""
    identity = call.domain_id(request)
    with call.store.write() as tx:
        domain = tx.domains.get(identity)
        if domain is None:
            # Differs: the service succeeds too, but what it then answers is not documented.
            return {"domain": {"name": identity.name, "owner": identity.owner, "status": "Deleted"}}
        if tx.repositories.count(identity):
            raise Conflict(
                "Domain must contain 0 repositories before deletion", identity.name, "domain"
            )
        for group in tx.package_groups.of(identity):
            tx.tags.replace(group.id.arn, {})
        tx.policies.delete(identity.arn)
        tx.domains.delete(identity)
        tx.tags.replace(identity.arn, {})
    return {"domain": _description(domain, "Deleted", repository_count=0, asset_bytes=0)}


@operation(on_nothing)
def list_domains(call: Call, request: shapes.ListDomainsRequest) -> shapes.ListDomainsResult:
    """List the domains the caller's account owns in this region."""
    with call.store.read() as tx:
        domains = tx.domains.owned_by(call.region, call.caller.account)
    shown, token = page(
        domains,
        key=lambda domain: domain.id.name,
        request=request,
        default=1000,
        fingerprint=f"ListDomains {call.region} {call.caller.account}",
    )
    summaries: list[shapes.DomainSummary] = [
        {
            "name": domain.id.name,
            "owner": domain.id.owner,
            "arn": domain.id.arn,
            "status": "Active",
            "createdTime": domain.created,
            "encryptionKey": domain.encryption_key,
        }
        for domain in shown
    ]
    return {"domains": summaries, "nextToken": token} if token else {"domains": summaries}


def _described(tx: Transaction, domain: Domain) -> shapes.DomainDescription:
    return _description(
        domain,
        "Active",
        repository_count=tx.repositories.count(domain.id),
        asset_bytes=tx.domains.asset_bytes(domain.id),
    )


def _description(
    domain: Domain, status: str, *, repository_count: int, asset_bytes: int
) -> shapes.DomainDescription:
    return {
        "name": domain.id.name,
        "owner": domain.id.owner,
        "arn": domain.id.arn,
        "status": status,
        "createdTime": domain.created,
        "encryptionKey": domain.encryption_key,
        "repositoryCount": repository_count,
        "assetSizeBytes": asset_bytes,
        "s3BucketArn": _bucket_arn(domain.id.region),
    }


def _bucket_arn(region: str) -> str:
    # Differs: for regions whose bucket is not documented, the account in its name is made up.
    account = _BUCKET_ACCOUNTS.get(region) or f"{uuid.uuid5(uuid.NAMESPACE_DNS, region).int:012}"
    return f"arn:aws:s3:::assets-{account[:12]}-{region}"


def _key_arn(domain: DomainId, key: str | None) -> str:
    """The ARN of the key a caller names by ARN, id or alias; the AWS managed one for None."""
    stem = f"arn:aws:kms:{domain.region}:{domain.owner}:key"
    if key is None or _ALIAS.fullmatch(key):
        # Differs: no key management service is asked, so an alias stands for a key of its own.
        name = key or "alias/aws/codeartifact"
        return f"{stem}/{uuid.uuid5(uuid.NAMESPACE_URL, f'{stem}/{name}')}"
    match = _KEY_ARN.fullmatch(key)
    if match and match["region"] == domain.region:
        return key
    if _KEY_ID.fullmatch(key):
        return f"{stem}/{key}"
    raise Validation(
        f"The encryption key '{key}' is not a key of this region", "ENCRYPTION_KEY_ERROR"
    )
