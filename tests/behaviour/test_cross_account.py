"""Domains that several accounts work in: who may do what, and whose repositories they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.distributions import make_wheel
from tests.support.emulation import ACCOUNT, REGION, Emulation, Shelf, refusal
from tests.support.people import Document, Keys, People, allow, denied, deny, policy

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

STEM = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}"
DOMAIN, STORE = f"{STEM}:domain/team", f"{STEM}:repository/team/store"
# Any: boto3's types take each keyword for every other one, too.
WHERE: Any = {"domain": "team", "domainOwner": ACCOUNT}
IN_STORE: Any = {**WHERE, "repository": "store"}


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The owner of the domain `team` with its repository `store`, and people of another account."""

    emulation: Emulation
    owner: "CodeArtifactClient"
    others: People

    @property
    def stranger(self) -> "CodeArtifactClient":
        """The other account's administrator."""
        return self.others.codeartifact()

    @property
    def root(self) -> str:
        """The other account as policies name it."""
        return f"arn:aws:iam::{self.others.account.number}:root"

    def open_domain(self, *actions: str, resource: str = "*", **more: object) -> None:
        """Let the other account do this, as far as the domain's policy goes."""
        self.put_domain(allow(*actions, resource=resource, Principal={"AWS": self.root}, **more))

    def put_domain(self, *statements: Document) -> None:
        """Make these statements the domain's policy."""
        self.owner.put_domain_permissions_policy(domain="team", policyDocument=policy(*statements))

    def open_store(self, *actions: str, resource: str = "*", **more: object) -> None:
        """Let the other account do this, as far as the repository's policy goes."""
        self.put_store(
            allow(*actions, resource=resource, **({"Principal": {"AWS": self.root}} | more))
        )

    def put_store(self, *statements: Document) -> None:
        """Make these statements the repository's policy."""
        self.owner.put_repository_permissions_policy(
            domain="team", repository="store", policyDocument=policy(*statements)
        )

    def shelf(self, keys: Keys | None = None, repository: str = "store") -> Shelf:
        """The Python endpoint of a repository, with a token of the other account."""
        token = self.others.codeartifact(keys).get_authorization_token(**WHERE)
        return Shelf(self.emulation, "team", repository, token["authorizationToken"])


@pytest.fixture
def both(emulation: Emulation, team: "CodeArtifactClient") -> Iterator[Neighbourhood]:
    """The owner and another account, without any policy between them."""
    yield Neighbourhood(emulation, team, People(emulation, emulation.other_account()))
    assert emulation.crashes() == []


def unallowed(action: str, resource: str) -> str:
    """How the sentence ends where no policy of the resource allows it."""
    return (
        f"authorized to perform: codeartifact:{action} on resource: {resource} because no"
        f" resource-based policy allows the codeartifact:{action} action"
    )


# --- Without policies ------------------------------------------------------------------------


@pytest.mark.observed("aws-cdk issue 19792")
def test_domain_is_looked_for_in_the_own_account(both: Neighbourhood) -> None:
    """Without its owner a domain of another account is not found, whatever its policy allows."""
    both.open_domain("*")
    with pytest.raises(both.stranger.exceptions.ResourceNotFoundException) as refused:
        both.stranger.describe_domain(domain="team")
    assert refusal(refused)["Error"]["Message"] == (
        f"Domain not found. Domain 'team' owned by account '{both.others.account.number}' does not"
        " exist"
    )


@pytest.mark.observed("public transcript of a Terraform run on a foreign domain")
def test_putting_a_policy_on_a_foreign_domain_is_denied(both: Neighbourhood) -> None:
    """The whole sentence of the service, word for word."""
    document = policy(allow("DescribeDomain", Principal="*"))
    with pytest.raises(ClientError) as refused:
        both.stranger.put_domain_permissions_policy(**WHERE, policyDocument=document)
    assert refusal(refused)["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: arn:aws:iam::{both.others.account.number}:user/administrator is not"
        f" {unallowed('PutDomainPermissionsPolicy', DOMAIN)}",
    }


@pytest.mark.documented("Domain policies")
@pytest.mark.parametrize(
    ("operation", "action", "place"),
    [
        ("describe_domain", "DescribeDomain", "domain"),
        ("delete_domain", "DeleteDomain", "domain"),
        ("list_repositories_in_domain", "ListRepositoriesInDomain", "domain"),
        ("get_authorization_token", "GetAuthorizationToken", "domain"),
        ("delete_domain_permissions_policy", "DeleteDomainPermissionsPolicy", "domain"),
        ("describe_repository", "DescribeRepository", "repository"),
        ("update_repository", "UpdateRepository", "repository"),
        ("delete_repository", "DeleteRepository", "repository"),
        ("list_packages", "ListPackages", "repository"),
        ("get_repository_permissions_policy", "GetRepositoryPermissionsPolicy", "repository"),
    ],
)
def test_other_account_is_denied_without_policy(
    both: Neighbourhood, operation: str, action: str, place: str
) -> None:
    """Only the owner's account may do anything at first, however much others may at home."""
    where, resource = (WHERE, DOMAIN) if place == "domain" else (IN_STORE, STORE)
    assert denied(both.stranger, operation, **where).endswith(unallowed(action, resource))


@pytest.mark.assumed("a stranger who learned which names exist would learn too much")
def test_missing_names_of_others_are_denied_alike(both: Neighbourhood) -> None:
    """Whether a foreign domain or repository exists makes no difference to the answer."""
    nowhere = {"domain": "nowhere", "domainOwner": ACCOUNT}
    text = denied(both.stranger, "describe_domain", **nowhere)
    assert text.endswith(unallowed("DescribeDomain", f"{STEM}:domain/nowhere"))
    text = denied(both.stranger, "describe_repository", **WHERE, repository="nothing")
    assert text.endswith(unallowed("DescribeRepository", f"{STEM}:repository/team/nothing"))


# --- Both sides must allow -------------------------------------------------------------------


@pytest.mark.documented("Cross-account policy evaluation logic")
def test_own_account_must_allow_too(both: Neighbourhood) -> None:
    """A domain open to the other account is open to those whom that account lets."""
    both.open_domain("DescribeDomain", "ListRepositoriesInDomain")
    client = both.others.codeartifact(both.others.user("ann", allow("DescribeDomain")))
    client.describe_domain(**WHERE)
    assert denied(client, "list_repositories_in_domain", **WHERE).endswith(
        f"perform: codeartifact:ListRepositoriesInDomain on resource: {DOMAIN} because no"
        " identity-based policy allows the codeartifact:ListRepositoriesInDomain action"
    )


@pytest.mark.documented("Repository policies")
def test_policy_can_name_one_user_of_the_other_account(both: Neighbourhood) -> None:
    """Bob may, the administrator may not; bob's own policy must still allow what he does."""
    keys = both.others.user("bob", allow("DescribeRepository"))
    bob = f"arn:aws:iam::{both.others.account.number}:user/bob"
    both.open_store("DescribeRepository", "ListPackages", Principal={"AWS": bob})
    both.others.codeartifact(keys).describe_repository(**IN_STORE)
    text = denied(both.stranger, "describe_repository", **IN_STORE)
    assert text.endswith(unallowed("DescribeRepository", STORE))
    text = denied(both.others.codeartifact(keys), "list_packages", **IN_STORE)
    assert text.endswith("no identity-based policy allows the codeartifact:ListPackages action")


@pytest.mark.documented("Repository policies")
def test_policy_can_name_one_role_of_the_other_account(both: Neighbourhood) -> None:
    """Every session of the role is meant by the role's ARN."""
    role = both.others.role("reader", allow("DescribeRepository"))
    both.open_store("DescribeRepository", Principal={"AWS": role})
    session = both.others.codeartifact(both.others.assume(role))
    session.describe_repository(**IN_STORE)
    text = denied(session, "list_packages", **IN_STORE)
    assert text.endswith(unallowed("ListPackages", STORE))


@pytest.mark.documented("Domain policies")
@pytest.mark.parametrize("kind", ["domain", "repository"])
def test_putting_the_policy_cannot_be_granted_by_itself(both: Neighbourhood, kind: str) -> None:
    """The policy that is to be replaced has no say, so it cannot let another account replace it."""
    document = policy(allow("DescribeDomain", Principal="*"))
    if kind == "domain":
        both.open_domain("*")
        what, where, resource = "PutDomainPermissionsPolicy", WHERE, DOMAIN
    else:
        both.open_store("*")
        what, where, resource = "PutRepositoryPermissionsPolicy", IN_STORE, STORE
    text = denied(both.stranger, f"put_{kind}_permissions_policy", **where, policyDocument=document)
    assert text.endswith(unallowed(what, resource))


@pytest.mark.assumed("only for Put does the guide say that the policy has no say")
def test_reading_and_deleting_the_policy_can_be_granted(both: Neighbourhood) -> None:
    """Another account can be let to see the policy, and to take it off."""
    both.open_domain("GetDomainPermissionsPolicy", "DeleteDomainPermissionsPolicy")
    shown = both.stranger.get_domain_permissions_policy(**WHERE)["policy"]
    assert both.stranger.delete_domain_permissions_policy(**WHERE)["policy"] == shown
    denied(both.stranger, "get_domain_permissions_policy", **WHERE)


# --- Domain policies in repositories ---------------------------------------------------------


@pytest.mark.documented("Repository policies")
def test_domain_policy_opens_its_repositories(both: Neighbourhood) -> None:
    """One policy that allows is enough; what the repository's leaves out is not denied by that."""
    both.open_domain("DescribeRepository", "ListPackages")
    both.stranger.describe_repository(**IN_STORE)
    both.open_store("GetRepositoryEndpoint")
    both.stranger.list_packages(**IN_STORE)
    both.stranger.get_repository_endpoint(**IN_STORE, format="pypi")
    text = denied(both.stranger, "update_repository", **IN_STORE)
    assert text.endswith(unallowed("UpdateRepository", STORE))


@pytest.mark.documented("Domain policies")
def test_domain_policy_opens_the_repositories_it_names(both: Neighbourhood) -> None:
    """A statement about one repository leaves the others, and the domain, closed."""
    both.owner.create_repository(domain="team", repository="lab")
    both.open_domain("Describe*", resource=STORE)
    both.stranger.describe_repository(**IN_STORE)
    denied(both.stranger, "describe_repository", **WHERE, repository="lab")
    denied(both.stranger, "describe_domain", **WHERE)


@pytest.mark.documented("Repository policies")
@pytest.mark.parametrize("denying", ["domain", "repository"])
def test_deny_in_either_policy_wins(both: Neighbourhood, denying: str) -> None:
    """What one of the policies denies, no other can allow."""
    statements = {
        place: (deny if place == denying else allow)("DescribeRepository", Principal="*")
        for place in ("domain", "repository")
    }
    both.put_domain(statements["domain"])
    both.put_store(statements["repository"])
    text = denied(both.stranger, "describe_repository", **IN_STORE)
    assert text.endswith(f"resource: {STORE} with an explicit deny in a resource-based policy")


@pytest.mark.documented("Repository policies")
def test_domain_policy_can_grant_putting_repository_policies(both: Neighbourhood) -> None:
    """Only the repository's own policy has no say when it is replaced."""
    both.open_domain("PutRepositoryPermissionsPolicy")
    document = policy(allow("ListPackages", Principal="*"))
    both.stranger.put_repository_permissions_policy(**IN_STORE, policyDocument=document)
    shown = both.owner.get_repository_permissions_policy(domain="team", repository="store")
    assert shown["policy"]["document"] == document


# --- Repositories in another account's domain ------------------------------------------------


@pytest.mark.documented("Domain policies")
@pytest.mark.parametrize("resource", ["*", DOMAIN])
def test_other_account_creates_a_repository(both: Neighbourhood, resource: str) -> None:
    """The creator's account administers it, the domain's owner stands in its ARN."""
    others = both.others.account.number
    request = {**WHERE, "repository": "theirs"}
    text = denied(both.stranger, "create_repository", **request)
    assert text.endswith("no resource-based policy allows the codeartifact:CreateRepository action")
    both.open_domain("CreateRepository", resource=resource)
    made = both.stranger.create_repository(**WHERE, repository="theirs")["repository"]
    assert (made["administratorAccount"], made["domainOwner"]) == (others, ACCOUNT)
    assert made["arn"] == f"{STEM}:repository/team/theirs"


@pytest.mark.documented("Domain policies")
def test_tags_of_a_new_repository_need_their_permission(both: Neighbourhood) -> None:
    """A domain's policy must allow TagResource before others create repositories with tags."""
    both.open_domain("CreateRepository")
    request: dict[str, Any] = {**WHERE, "repository": "theirs"}
    request["tags"] = [{"key": "stage", "value": "test"}]
    resource = f"{STEM}:repository/team/theirs"
    text = denied(both.stranger, "create_repository", **request)
    assert text.endswith(unallowed("TagResource", resource))
    both.open_domain("CreateRepository", "TagResource")
    arn = both.stranger.create_repository(**request)["repository"]["arn"]
    assert both.owner.list_tags_for_resource(resourceArn=arn)["tags"] == request["tags"]


@pytest.mark.documented("ListRepositories")
def test_repositories_are_listed_by_who_administers_them(both: Neighbourhood) -> None:
    """An account's own list follows administration, the domain's list shows all."""
    both.open_domain("CreateRepository", "ListRepositoriesInDomain")
    both.stranger.create_repository(**WHERE, repository="theirs")

    def names(answer: Any) -> list[str]:  # noqa: ANN401 - boto3's
        return [repository["name"] for repository in answer["repositories"]]

    assert names(both.owner.list_repositories()) == ["store"]
    assert names(both.stranger.list_repositories()) == ["theirs"]
    for client in (both.owner, both.stranger):
        assert names(client.list_repositories_in_domain(**WHERE)) == ["store", "theirs"]
        number = both.others.account.number
        filtered = client.list_repositories_in_domain(**WHERE, administratorAccount=number)
        assert names(filtered) == ["theirs"]
    assert both.stranger.list_domains()["domains"] == []


@pytest.mark.documented("Repository policies")
def test_administrator_and_owner_both_rule_a_repository(both: Neighbourhood) -> None:
    """Neither the account that made it nor the domain's owner needs a policy any more."""
    both.open_domain("CreateRepository")
    theirs = {**WHERE, "repository": "theirs"}
    both.stranger.create_repository(**WHERE, repository="theirs")
    both.owner.delete_domain_permissions_policy(domain="team")
    document = policy(allow("ListPackages", Principal={"AWS": ACCOUNT}))
    both.stranger.put_repository_permissions_policy(
        domain="team", domainOwner=ACCOUNT, repository="theirs", policyDocument=document
    )
    both.stranger.update_repository(**WHERE, repository="theirs", description="ours")
    shown = both.owner.describe_repository(domain="team", repository="theirs")["repository"]
    assert shown["description"] == "ours"
    both.owner.delete_repository(domain="team", repository="theirs")
    with pytest.raises(ClientError):
        both.stranger.describe_repository(**theirs)


@pytest.mark.documented("Working with upstream repositories")
def test_upstream_must_let_itself_be_used(both: Neighbourhood) -> None:
    """Naming a repository as upstream needs a permission on it, at creation and later."""
    both.open_domain("CreateRepository")
    upstreams: Any = [{"repositoryName": "store"}]
    sentence = unallowed("AssociateWithDownstreamRepository", STORE)
    request = {**WHERE, "repository": "theirs"}
    text = denied(both.stranger, "create_repository", **request, upstreams=upstreams)
    assert text.endswith(sentence)
    both.stranger.create_repository(**WHERE, repository="theirs")
    text = denied(both.stranger, "update_repository", **request, upstreams=upstreams)
    assert text.endswith(sentence)
    both.open_store("AssociateWithDownstreamRepository")
    updated = both.stranger.update_repository(**WHERE, repository="theirs", upstreams=upstreams)
    assert updated["repository"]["upstreams"] == upstreams


# --- The package endpoint --------------------------------------------------------------------


@pytest.mark.documented("Domain policies")
def test_reading_needs_both_policies(both: Neighbourhood) -> None:
    """The domain's policy gives the token, the repository's lets read with it."""
    both.open_store("ReadFromRepository")
    text = denied(both.stranger, "get_authorization_token", **WHERE)
    assert text.endswith(unallowed("GetAuthorizationToken", DOMAIN))
    both.owner.delete_repository_permissions_policy(domain="team", repository="store")
    both.open_domain("GetAuthorizationToken")
    shelf = both.shelf()
    refused = shelf.get("simple/demo/")
    assert refused.status == 403
    assert refused.message.endswith(unallowed("ReadFromRepository", STORE))
    both.open_store("ReadFromRepository")
    assert shelf.get("simple/demo/").status == 404
    both.owner.delete_repository_permissions_policy(domain="team", repository="store")
    assert shelf.get("simple/demo/").status == 403


@pytest.mark.documented("Repository policies")
def test_reading_through_an_upstream_needs_no_policy_of_it(both: Neighbourhood) -> None:
    """Who may read a repository reads what its upstreams have."""
    wheel = make_wheel("demo", "1.0")
    both.open_domain("GetAuthorizationToken", "CreateRepository")
    both.open_store("AssociateWithDownstreamRepository")
    token = both.owner.get_authorization_token(domain="team")["authorizationToken"]
    assert Shelf(both.emulation, "team", "store", token).upload(wheel).status == 200
    both.stranger.create_repository(
        **WHERE, repository="theirs", upstreams=[{"repositoryName": "store"}]
    )
    assert both.shelf(repository="theirs").download(wheel).body == wheel.content
    assert both.shelf().get("simple/demo/").status == 403


@pytest.mark.observed("terraform-provider-aws issue 31092")
def test_deleted_upstream_breaks_all_below_until_its_user_is_updated(both: Neighbourhood) -> None:
    """The owner deletes what others use: every endpoint below breaks, and heals in one place."""
    both.open_domain("GetAuthorizationToken", "CreateRepository")
    both.open_store("AssociateWithDownstreamRepository")
    for name, upstream in (("middle", "store"), ("below", "middle")):
        upstreams: Any = [{"repositoryName": upstream}]
        both.stranger.create_repository(**WHERE, repository=name, upstreams=upstreams)
    middle, below = both.shelf(repository="middle"), both.shelf(repository="below")
    assert below.get("simple/demo/").status == 404
    both.owner.delete_repository(domain="team", repository="store")
    for shelf in (middle, below):
        assert "upstream graph no longer exists" in shelf.get("simple/demo/").message
    both.stranger.update_repository(**WHERE, repository="below")
    assert "upstream graph no longer exists" in below.get("simple/demo/").message
    both.stranger.update_repository(**WHERE, repository="middle")
    assert (middle.get("simple/demo/").status, below.get("simple/demo/").status) == (404, 404)
