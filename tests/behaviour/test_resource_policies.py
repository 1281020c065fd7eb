"""What the permissions policies of domains and repositories do to those who come."""

from typing import Any

import pytest

from tests.support.distributions import make_wheel
from tests.support.emulation import REGION, Emulation
from tests.support.people import BEARER, People, allow, denied, deny, policy

TOKEN = allow("GetAuthorizationToken")


def arn(people: People, what: str) -> str:
    return f"arn:aws:codeartifact:{REGION}:{people.account.number}:{what}"


def on_domain(people: People, *statements: Any) -> None:  # noqa: ANN401 - JSON
    """Make these statements the domain's policy."""
    people.codeartifact().put_domain_permissions_policy(
        domain="team", policyDocument=policy(*statements)
    )


def on_store(people: People, *statements: Any) -> None:  # noqa: ANN401 - JSON
    """Make these statements the policy of the repository `store`."""
    people.codeartifact().put_repository_permissions_policy(
        domain="team", repository="store", policyDocument=policy(*statements)
    )


def for_(who: Any, statement: Any) -> Any:  # noqa: ANN401 - JSON
    """The statement with a principal."""
    return {**statement, "Principal": who if who == "*" else {"AWS": who}}


@pytest.mark.documented("Repository policies")
def test_repository_policy_lets_a_user_in_by_name(people: People) -> None:
    """Within the account, a policy that names the user is enough; it opens nothing else."""
    ann = people.user("ann", TOKEN, BEARER)
    shelf = people.shelf(ann)
    assert shelf.get("simple/demo/").status == 403
    user = f"arn:aws:iam::{people.account.number}:user/ann"
    on_store(people, for_(user, allow("ReadFromRepository")))
    assert shelf.get("simple/demo/").status == 404
    assert shelf.upload(make_wheel("demo", "1.0")).status == 403


@pytest.mark.documented("IAM JSON policy elements: Principal")
def test_account_as_principal_leaves_it_to_its_own_policies(people: People) -> None:
    """Naming the own account delegates: whoever has no policy stays outside."""
    shelf = people.shelf(people.user("ann", TOKEN, BEARER))
    root = f"arn:aws:iam::{people.account.number}:root"
    on_store(people, for_(root, allow("ReadFromRepository")))
    assert shelf.get("simple/demo/").status == 403
    on_store(people, for_("*", allow("ReadFromRepository")))
    assert shelf.get("simple/demo/").status == 404


@pytest.mark.documented("Repository policies")
def test_package_arn_in_a_repository_policy_limits_publishing(people: People) -> None:
    """Somebody may publish one package, because the repository says so."""
    shelf = people.shelf(people.user("ann", TOKEN, BEARER))
    user = f"arn:aws:iam::{people.account.number}:user/ann"
    package = arn(people, "package/team/store/pypi//demo")
    on_store(people, for_(user, allow("PublishPackageVersion", resource=package)))
    assert shelf.upload(make_wheel("demo", "1.0")).status == 200
    assert shelf.upload(make_wheel("other", "1.0")).status == 403


@pytest.mark.observed("2024")
def test_deny_of_a_repository_hits_its_owner_too(people: People) -> None:
    """An explicit Deny holds for the administrator as well, who can take it back."""
    on_store(people, for_("*", deny("ListPackages", "DeleteRepository")))
    client = people.codeartifact()
    text = denied(client, "list_packages", domain="team", repository="store")
    assert text.endswith(
        f"perform: codeartifact:ListPackages on resource: {arn(people, 'repository/team/store')}"
        " with an explicit deny in a resource-based policy"
    )
    denied(client, "delete_repository", domain="team", repository="store")
    on_store(people, for_("*", allow("ListPackages")))
    client.list_packages(domain="team", repository="store")


@pytest.mark.documented("Delete a repository")
def test_deny_of_a_domain_protects_its_repositories(people: People) -> None:
    """A domain's policy keeps repositories from being deleted, all but those it leaves out."""
    client = people.codeartifact()
    client.create_repository(domain="team", repository="scratch")
    on_domain(people, for_("*", deny("DeleteRepository")))
    denied(client, "delete_repository", domain="team", repository="store")
    denied(client, "delete_repository", domain="team", repository="scratch")
    fence = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "codeartifact:DeleteRepository",
        "NotResource": arn(people, "repository/team/scratch"),
    }
    on_domain(people, fence)
    client.delete_repository(domain="team", repository="scratch")
    denied(client, "delete_repository", domain="team", repository="store")


@pytest.mark.documented("Repository policies")
def test_allow_of_a_domain_reaches_into_its_repositories(people: People) -> None:
    """Reading can be granted by the domain's policy, without one of the repository."""
    shelf = people.shelf(people.user("ann", TOKEN, BEARER))
    user = f"arn:aws:iam::{people.account.number}:user/ann"
    assert shelf.get("simple/demo/").status == 403
    on_domain(people, for_(user, allow("ReadFromRepository")))
    assert shelf.get("simple/demo/").status == 404


@pytest.mark.documented("Get set up with AWS CodeArtifact")
def test_permission_of_sts_has_no_effect_in_a_resource_policy(people: People) -> None:
    """The bearer permission counts in identity policies only."""
    keys = people.user("ann", TOKEN)
    user = f"arn:aws:iam::{people.account.number}:user/ann"
    on_domain(people, for_(user, allow("GetAuthorizationToken")), for_(user, {**BEARER}))
    text = denied(people.codeartifact(keys), "get_authorization_token", domain="team")
    assert "perform: sts:GetServiceBearerToken" in text


@pytest.mark.documented("Domain policies")
def test_domain_opens_for_an_organization(emulation: Emulation, people: People) -> None:
    """`aws:PrincipalOrgID` lets in the accounts of an organization, and no others."""
    organizations = people.ask("organizations")
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    made = organizations.create_account(AccountName="member", Email="member@example.com")
    member = People(emulation, emulation.account(made["CreateAccountStatus"]["AccountId"]))
    stranger = People(emulation, emulation.other_account())
    ours = {"StringEquals": {"aws:PrincipalOrgID": organization}}
    on_domain(people, for_("*", allow("DescribeDomain", Condition=ours)))
    request = {"domain": "team", "domainOwner": people.account.number}
    client = member.codeartifact()
    assert client.describe_domain(**request)["domain"]["owner"] == people.account.number
    text = denied(stranger.codeartifact(), "describe_domain", **request)
    assert text.endswith(
        "because no resource-based policy allows the codeartifact:DescribeDomain action"
    )


@pytest.mark.documented("IAM JSON policy elements: NotPrincipal")
def test_deny_for_all_but_some(people: People) -> None:
    """NotPrincipal with Deny spares those it names."""
    ann, bob = (people.user(name, allow("*")) for name in ("ann", "bob"))
    root = f"arn:aws:iam::{people.account.number}:root"
    spared = [root, root.replace("root", "user/ann"), root.replace("root", "user/administrator")]
    fence = {**deny("DescribeRepository"), "NotPrincipal": {"AWS": spared}}
    on_store(people, fence)
    request = {"domain": "team", "repository": "store"}
    people.codeartifact(ann).describe_repository(**request)
    denied(people.codeartifact(bob), "describe_repository", **request)


@pytest.mark.documented("Repository policies")
def test_policy_ends_with_what_it_was_attached_to(people: People) -> None:
    """A repository made anew under the name has no policy."""
    client = people.codeartifact()
    on_store(people, for_("*", deny("ListPackages")))
    client.delete_repository(domain="team", repository="store")
    client.create_repository(domain="team", repository="store")
    client.list_packages(domain="team", repository="store")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_repository_permissions_policy(domain="team", repository="store")
