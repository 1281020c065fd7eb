"""Domains by boto3."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from pytest_codeartifact.emulator.quotas import Quotas
from tests.support.distributions import make_sdist, make_wheel
from tests.support.emulation import ACCOUNT, API_URL, REGION, Emulation, Shelf, refusal

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

STEM = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}"
NOT_FOUND = "Domain not found. Domain 'team' owned by account '111122223333' does not exist"


@pytest.mark.documented("CreateDomain")
def test_created_domain_is_described_whole(
    client: "CodeArtifactClient", emulation: Emulation
) -> None:
    """Creating answers with every field, and describing repeats it."""
    created = client.create_domain(domain="team")["domain"]
    assert created == {
        "name": "team",
        "owner": ACCOUNT,
        "arn": f"{STEM}:domain/team",
        "status": "Active",
        "createdTime": created["createdTime"],
        "encryptionKey": created["encryptionKey"],
        "repositoryCount": 0,
        "assetSizeBytes": 0,
        "s3BucketArn": "arn:aws:s3:::assets-438097961670-eu-west-1",
    }
    assert created["encryptionKey"].startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/")
    now = datetime.fromtimestamp(emulation.emulator.clock.now(), UTC)
    assert abs((now - created["createdTime"]).total_seconds()) < 60
    assert client.describe_domain(domain="team")["domain"] == created


@pytest.mark.documented("Create the Amazon S3 gateway endpoint")
@pytest.mark.parametrize(
    ("region", "account"),
    [
        ("us-east-1", "193858265520"),
        ("ap-southeast-1", "421485864821"),
        ("ap-southeast-2", "860415559748"),
        ("ap-south-1", "681137435769"),
    ],
)
def test_bucket_is_the_one_of_the_region(emulation: Emulation, region: str, account: str) -> None:
    """The service keeps assets of a region in one bucket, which policies of networks name."""
    domain = emulation.client(region=region).create_domain(domain="team")["domain"]
    assert domain["s3BucketArn"] == f"arn:aws:s3:::assets-{account}-{region}"


@pytest.mark.assumed("the made-up bucket of other regions has the form of the documented ones")
def test_bucket_of_any_region_has_an_account(emulation: Emulation) -> None:
    """Where the bucket's account is not documented, there is one of twelve digits."""
    client = emulation.client(region="sa-east-1")
    bucket = client.create_domain(domain="team")["domain"]["s3BucketArn"]
    assert bucket.startswith("arn:aws:s3:::assets-")
    assert bucket.endswith("-sa-east-1")
    assert bucket.removeprefix("arn:aws:s3:::assets-")[:12].isdecimal()


KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.documented("CreateDomain")
@pytest.mark.parametrize("key", [KEY_ID, KEY + KEY_ID])
def test_named_key_is_shown_by_its_arn(client: "CodeArtifactClient", key: str) -> None:
    """A key given by its id or its ARN is described by its ARN."""
    created = client.create_domain(domain="team", encryptionKey=key)["domain"]
    assert created["encryptionKey"] == KEY + KEY_ID


@pytest.mark.documented("CreateDomain")
@pytest.mark.parametrize("key", ["alias/mine", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/mine"])
def test_alias_is_shown_as_a_key(client: "CodeArtifactClient", key: str) -> None:
    """A key given by an alias is described by a key's ARN, never by the alias."""
    created = client.create_domain(domain="team", encryptionKey=key)["domain"]
    assert created["encryptionKey"].startswith(KEY)
    assert "alias" not in created["encryptionKey"]


@pytest.mark.assumed("the model has a reason for this, but names no case")
@pytest.mark.parametrize("key", ["nonsense", "arn:aws:kms:us-east-1:111122223333:key/" + KEY_ID])
def test_unusable_key_is_refused(client: "CodeArtifactClient", key: str) -> None:
    """A key that cannot be one of this region is a validation error with its own reason."""
    with pytest.raises(client.exceptions.ValidationException) as refused:
        client.create_domain(domain="team", encryptionKey=key)
    assert refusal(refused)["reason"] == "ENCRYPTION_KEY_ERROR"
    assert client.list_domains()["domains"] == []


@pytest.mark.documented("CreateDomain")
def test_existing_domain_is_a_conflict(client: "CodeArtifactClient") -> None:
    """Creating twice is refused, also with the same arguments, and says which domain it is."""
    client.create_domain(domain="team")
    with pytest.raises(client.exceptions.ConflictException) as refused:
        client.create_domain(domain="team")
    response = refusal(refused)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert (response["resourceId"], response["resourceType"]) == ("team", "domain")
    assert len(client.list_domains()["domains"]) == 1


@pytest.mark.documented("Domain overview")
def test_domain_name_is_taken_per_account_and_region(emulation: Emulation) -> None:
    """Another account and another region may have a domain of the same name."""
    other = emulation.other_account()
    clients = [
        emulation.client(),
        emulation.client(region="us-west-2"),
        emulation.client(other),
    ]
    owners = [client.create_domain(domain="team")["domain"]["owner"] for client in clients]
    assert owners == [ACCOUNT, ACCOUNT, other.number]
    assert [len(client.list_domains()["domains"]) for client in clients] == [1, 1, 1]


@pytest.mark.documented("CreateDomain")
@pytest.mark.parametrize("name", ["my_domain", "Team", "1team", "team-", "t" * 51, "te.am"])
def test_bad_domain_name_is_refused(client: "CodeArtifactClient", name: str) -> None:
    """A name that breaks the pattern or the length is a validation error."""
    with pytest.raises(client.exceptions.ValidationException) as refused:
        client.create_domain(domain=name)
    assert refusal(refused)["reason"] == "FIELD_VALIDATION_FAILED"
    assert name in str(refused.value)


@pytest.mark.documented("CreateDomain")
@pytest.mark.parametrize("name", ["te", "t" * 50, "a-1", "t--m"])
def test_good_domain_name_is_accepted(client: "CodeArtifactClient", name: str) -> None:
    """Names up to the bounds of the pattern are taken as they are."""
    assert client.create_domain(domain=name)["domain"]["name"] == name


@pytest.mark.documented("Quotas in AWS CodeArtifact")
def test_eleventh_domain_passes_the_quota(client: "CodeArtifactClient") -> None:
    """An account has ten domains; one more is refused with HTTP 402 until one is deleted."""
    for number in range(10):
        client.create_domain(domain=f"team-{number}")
    with pytest.raises(client.exceptions.ServiceQuotaExceededException) as refused:
        client.create_domain(domain="team-10")
    response = refusal(refused)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 402
    assert response["resourceType"] == "domain"
    client.delete_domain(domain="team-0")
    client.create_domain(domain="team-10")


@pytest.mark.documented("Quotas in AWS CodeArtifact")
def test_domain_quota_counts_per_region_and_account(
    make_emulation: Callable[[Quotas], Emulation],
) -> None:
    """Domains elsewhere do not count."""
    emulation = make_emulation(Quotas(domains=1))
    emulation.client().create_domain(domain="team")
    emulation.client(region="us-west-2").create_domain(domain="team")
    emulation.client(emulation.other_account()).create_domain(domain="team")
    with pytest.raises(ClientError, match="ServiceQuotaExceeded"):
        emulation.client().create_domain(domain="team-2")


@pytest.mark.observed("aws-cdk issue 19792")
def test_missing_domain_is_not_found(client: "CodeArtifactClient") -> None:
    """The refusal names the domain and the account it was looked for in."""
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.describe_domain(domain="team")
    response = refusal(refused)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert response["Error"]["Message"] == NOT_FOUND
    assert (response["resourceId"], response["resourceType"]) == ("team", "domain")


@pytest.mark.observed("cloudformation-resource-providers-codeartifact issue 63")
def test_domain_with_a_repository_cannot_be_deleted(client: "CodeArtifactClient") -> None:
    """A domain must be empty first; packages alone do not matter, repositories do."""
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    with pytest.raises(client.exceptions.ConflictException) as refused:
        client.delete_domain(domain="team")
    assert refusal(refused)["Error"]["Message"] == (
        "Domain must contain 0 repositories before deletion"
    )
    client.delete_repository(domain="team", repository="store")
    client.delete_domain(domain="team")
    assert client.list_domains()["domains"] == []


@pytest.mark.documented("DeleteDomain")
def test_deleted_domain_is_described_as_deleted(client: "CodeArtifactClient") -> None:
    """Deleting answers with the description, its status changed; the name is free again."""
    created = client.create_domain(domain="team", tags=[{"key": "stage", "value": "test"}])
    deleted = client.delete_domain(domain="team")["domain"]
    assert deleted == {**created["domain"], "status": "Deleted"}
    arn = client.create_domain(domain="team")["domain"]["arn"]
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == []


@pytest.mark.documented("DeleteDomain")
def test_deleting_a_missing_domain_succeeds(client: "CodeArtifactClient") -> None:
    """The operation declares no such error, and AWS's own handlers rely on that."""
    assert client.delete_domain(domain="team")["domain"]["status"] == "Deleted"


@pytest.mark.documented("DescribeDomain")
def test_domain_counts_repositories_and_bytes(
    client: "CodeArtifactClient", make_shelf: Callable[..., Shelf]
) -> None:
    """Equal content counts once in a domain, however many repositories hold it."""
    wheel, sdist = make_wheel(), make_sdist()
    one, two = make_shelf("one"), make_shelf("two")
    assert one.upload(wheel).status == two.upload(wheel).status == 200
    assert two.upload(sdist).status == 200
    domain = client.describe_domain(domain="team")["domain"]
    assert domain["repositoryCount"] == 2
    assert domain["assetSizeBytes"] == len(wheel.content) + len(sdist.content)


@pytest.mark.documented("ListDomains")
def test_domains_are_listed_as_summaries(client: "CodeArtifactClient") -> None:
    """A summary has no counts and no bucket."""
    created = client.create_domain(domain="team")["domain"]
    assert client.list_domains()["domains"] == [
        {
            name: created[name]
            for name in ("name", "owner", "arn", "status", "createdTime", "encryptionKey")
        }
    ]


@pytest.mark.documented("ListDomains")
def test_domains_are_listed_in_pages(client: "CodeArtifactClient") -> None:
    """The pages together are the whole, and the last has no token."""
    names = [f"team-{number}" for number in range(5)]
    for name in names:
        client.create_domain(domain=name)
    pages = list(client.get_paginator("list_domains").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["domains"]) for page in pages] == [2, 2, 1]
    assert sorted(domain["name"] for page in pages for domain in page["domains"]) == names
    assert "nextToken" not in pages[-1]


@pytest.mark.assumed("the error of a bad token is not documented")
def test_token_of_another_list_is_refused(
    client: "CodeArtifactClient", make_shelf: Callable[..., Shelf]
) -> None:
    """A token continues only the list it came from."""
    make_shelf("one")
    make_shelf("two")
    token = client.list_repositories(maxResults=1)["nextToken"]
    with pytest.raises(client.exceptions.ValidationException):
        client.list_domains(nextToken=token)


@pytest.mark.documented("Cross-account domain access")
def test_foreign_domain_is_refused(emulation: Emulation, client: "CodeArtifactClient") -> None:
    """Without a policy that lets it, another account may not even see a domain."""
    client.create_domain(domain="team")
    stranger = emulation.other_account()
    theirs = emulation.client(stranger)
    for call in (
        lambda: theirs.describe_domain(domain="team", domainOwner=ACCOUNT),
        lambda: theirs.get_authorization_token(domain="team", domainOwner=ACCOUNT),
        lambda: theirs.delete_domain(domain="team", domainOwner=ACCOUNT),
        lambda: theirs.list_tags_for_resource(resourceArn=f"{STEM}:domain/team"),
        lambda: theirs.list_repositories_in_domain(domain="team", domainOwner=ACCOUNT),
    ):
        with pytest.raises(theirs.exceptions.AccessDeniedException) as refused:
            call()
        response = refusal(refused)
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert f"arn:aws:iam::{stranger.number}:user/" in response["Error"]["Message"]
        assert f"on resource: {STEM}:domain/team" in response["Error"]["Message"]
    assert client.describe_domain(domain="team")["domain"]["status"] == "Active"


@pytest.mark.assumed("the owner is looked up before anything else, as the message shows")
def test_foreign_domain_without_owner_is_not_found(emulation: Emulation) -> None:
    """Without `domainOwner` the caller's own account is meant."""
    emulation.client().create_domain(domain="team")
    theirs = emulation.client(emulation.other_account())
    with pytest.raises(theirs.exceptions.ResourceNotFoundException):
        theirs.describe_domain(domain="team")


@pytest.mark.documented("DescribeDomain")
def test_own_account_may_be_named(client: "CodeArtifactClient") -> None:
    """Naming the caller's own account as owner changes nothing."""
    created = client.create_domain(domain="team")["domain"]
    described = client.describe_domain(domain="team", domainOwner=ACCOUNT)["domain"]
    assert described == created


@pytest.mark.documented("AWS CodeArtifact endpoints and quotas")
def test_service_answers_at_its_own_host_name(emulation: Emulation) -> None:
    """A client that believes to speak to the real address is served too."""
    client = emulation.client(url=API_URL)
    client.create_domain(domain="team")
    assert [d["name"] for d in client.list_domains()["domains"]] == ["team"]
