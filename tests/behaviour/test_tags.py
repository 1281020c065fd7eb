"""Tags by boto3."""

from typing import TYPE_CHECKING

import pytest

from tests.support.emulation import ACCOUNT, REGION, Emulation, refusal

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient
    from types_boto3_codeartifact.type_defs import TagTypeDef

STEM = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}"
DOMAIN = f"{STEM}:domain/team"
REPOSITORY = f"{STEM}:repository/team/store"
GROUP = f"{STEM}:package-group/team/npm/scope/anycompany~"


@pytest.fixture
def client(emulation: Emulation) -> "CodeArtifactClient":
    """The administrator's client, with a resource of each kind that carries no tags."""
    client = emulation.client()
    client.create_domain(domain="team")
    client.create_repository(domain="team", repository="store")
    client.create_package_group(domain="team", packageGroup="/npm/scope/anycompany~")
    return client


def tags_of(client: "CodeArtifactClient", arn: str) -> dict[str, str]:
    tags = client.list_tags_for_resource(resourceArn=arn)["tags"]
    return {tag["key"]: tag["value"] for tag in tags}


def tags(count: int, stem: str = "key") -> list["TagTypeDef"]:
    return [{"key": f"{stem}-{number}", "value": ""} for number in range(count)]


@pytest.mark.documented("Tagging resources")
@pytest.mark.parametrize("arn", [DOMAIN, REPOSITORY, GROUP])
def test_tags_are_added_changed_and_removed(client: "CodeArtifactClient", arn: str) -> None:
    """Tagging merges by key; removing a key that is not there is no error."""
    client.tag_resource(
        resourceArn=arn,
        tags=[{"key": "stage", "value": "test"}, {"key": "Stage", "value": "other"}],
    )
    client.tag_resource(
        resourceArn=arn, tags=[{"key": "stage", "value": ""}, {"key": "owner", "value": "ann é"}]
    )
    assert tags_of(client, arn) == {"stage": "", "Stage": "other", "owner": "ann é"}
    client.untag_resource(resourceArn=arn, tagKeys=["stage", "absent"])
    assert tags_of(client, arn) == {"Stage": "other", "owner": "ann é"}


@pytest.mark.documented("CreateDomain")
def test_tags_come_with_creation(client: "CodeArtifactClient") -> None:
    """A resource may carry tags from its first moment, and loses them with its last."""
    mark: list[TagTypeDef] = [{"key": "stage", "value": "test"}]
    domain = client.create_domain(domain="other", tags=mark)["domain"]["arn"]
    repository = client.create_repository(domain="team", repository="app", tags=mark)
    arn = repository["repository"]["arn"]
    assert tags_of(client, domain) == tags_of(client, arn) == {"stage": "test"}
    client.delete_repository(domain="team", repository="app")
    client.create_repository(domain="team", repository="app")
    assert tags_of(client, arn) == {}


@pytest.mark.documented("Tag a package group in CodeArtifact")
@pytest.mark.parametrize(
    "spelling", ["/npm/space/%2a", "/npm/space/%2A", "/npm/space/*"], ids=["told", "upper", "plain"]
)
def test_group_is_tagged_by_any_spelling_of_its_arn(
    client: "CodeArtifactClient", spelling: str
) -> None:
    """A group has one set of tags, however its pattern is encoded in the ARN."""
    group = client.create_package_group(domain="team", packageGroup="/npm/space/*")
    told = group["packageGroup"]["arn"]
    arn = f"{STEM}:package-group/team{spelling}"
    client.tag_resource(resourceArn=arn, tags=[{"key": "stage", "value": "test"}])
    assert tags_of(client, told) == tags_of(client, arn) == {"stage": "test"}
    client.untag_resource(resourceArn=arn, tagKeys=["stage"])
    assert tags_of(client, told) == {}


@pytest.mark.documented("Tagging resources")
@pytest.mark.parametrize("key", ["aws:team", "AWS:team"])
def test_reserved_key_is_refused(client: "CodeArtifactClient", key: str) -> None:
    """Keys that begin with `aws:` are AWS's own, wherever tags are given."""
    mark: list[TagTypeDef] = [{"key": "good", "value": ""}, {"key": key, "value": "x"}]
    with pytest.raises(client.exceptions.ValidationException):
        client.tag_resource(resourceArn=DOMAIN, tags=mark)
    with pytest.raises(client.exceptions.ValidationException):
        client.create_domain(domain="other", tags=mark)
    assert tags_of(client, DOMAIN) == {}


@pytest.mark.assumed("tag keys are unique on a resource; the error is that of other services")
def test_repeated_key_is_refused(client: "CodeArtifactClient") -> None:
    """One call cannot give one key two values."""
    with pytest.raises(client.exceptions.ValidationException):
        client.tag_resource(
            resourceArn=DOMAIN, tags=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
        )
    assert tags_of(client, DOMAIN) == {}


@pytest.mark.documented("Tagging resources")
def test_resource_carries_fifty_tags(client: "CodeArtifactClient") -> None:
    """The fifty-first tag is refused, and none of its call is kept; changing one is not adding."""
    client.tag_resource(resourceArn=REPOSITORY, tags=tags(50))
    client.tag_resource(resourceArn=REPOSITORY, tags=[{"key": "key-7", "value": "new"}])
    with pytest.raises(client.exceptions.ServiceQuotaExceededException) as refused:
        client.tag_resource(
            resourceArn=REPOSITORY, tags=[{"key": "key-7", "value": "x"}, *tags(1, "more")]
        )
    assert refusal(refused)["resourceType"] == "repository"
    assert tags_of(client, REPOSITORY)["key-7"] == "new"
    assert len(tags_of(client, REPOSITORY)) == 50


@pytest.mark.documented("Tagging resources")
def test_too_many_tags_refuse_the_creation(client: "CodeArtifactClient") -> None:
    """Nothing is created with more tags than a resource carries, and the refusal says what."""
    with pytest.raises(client.exceptions.ServiceQuotaExceededException) as refused:
        client.create_repository(domain="team", repository="app", tags=tags(51))
    response = refusal(refused)
    assert (response["resourceId"], response["resourceType"]) == ("app", "repository")
    with pytest.raises(client.exceptions.ServiceQuotaExceededException) as refused:
        client.create_domain(domain="other", tags=tags(51))
    response = refusal(refused)
    assert (response["resourceId"], response["resourceType"]) == ("other", "domain")
    assert [domain["name"] for domain in client.list_domains()["domains"]] == ["team"]
    assert len(client.list_repositories()["repositories"]) == 1


@pytest.mark.documented("TagResource")
def test_tags_need_their_resource(client: "CodeArtifactClient") -> None:
    """A well-formed ARN of something missing is not found."""
    for arn in (
        f"{STEM}:domain/gone",
        f"{STEM}:repository/team/gone",
        f"{STEM}:package-group/team/npm/%2a",
        f"{STEM}:package-group/gone/%2a",
    ):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.list_tags_for_resource(resourceArn=arn)
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.tag_resource(resourceArn=arn, tags=tags(1))
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.untag_resource(resourceArn=arn, tagKeys=["a"])


@pytest.mark.assumed("the error of an ARN of another kind is not documented")
@pytest.mark.parametrize(
    "arn",
    [
        f"{STEM}:package/team/store/pypi//demo",
        f"{STEM}:package-group/team",
        f"arn:aws:s3:{REGION}:{ACCOUNT}:domain/team",
        f"arn:aws:codeartifact:{REGION}:{ACCOUNT}:domain",
        "team",
    ],
)
def test_only_domains_repositories_and_groups_are_tagged(
    client: "CodeArtifactClient", arn: str
) -> None:
    """An ARN of anything else is a validation error."""
    with pytest.raises(client.exceptions.ValidationException):
        client.tag_resource(resourceArn=arn, tags=tags(1))


@pytest.mark.assumed("an endpoint of a Region serves the resources of that Region only")
def test_resource_of_another_region_is_refused(emulation: Emulation) -> None:
    """Whoever may call one Region only cannot tag what is in another one."""
    arn = emulation.client(region="us-east-1").create_domain(domain="team")["domain"]["arn"]
    client = emulation.client()
    for call in (
        lambda: client.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "b"}]),
        lambda: client.untag_resource(resourceArn=arn, tagKeys=["a"]),
        lambda: client.list_tags_for_resource(resourceArn=arn),
    ):
        with pytest.raises(client.exceptions.ValidationException, match="not of region eu-west-1"):
            call()
