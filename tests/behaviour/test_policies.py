"""Permissions policies of domains and repositories by boto3."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.emulation import ACCOUNT, REGION, refusal
from tests.support.people import allow, deny, policy

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

STEM = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}"
DOCUMENT = policy(allow("DescribeDomain", "DescribeRepository", Principal="*"))


@dataclass(frozen=True, slots=True)
class Holder:
    """What a policy is attached to, with the operations of its policy."""

    kind: str
    name: str
    client: "CodeArtifactClient"

    @property
    def arn(self) -> str:
        path = "domain/team" if self.kind == "domain" else "repository/team/store"
        return f"{STEM}:{path}"

    def put(self, document: str = DOCUMENT, **more: str) -> dict[str, Any]:
        return self._ask("put", policyDocument=document, **more)

    def get(self) -> dict[str, Any]:
        return self._ask("get")

    def delete(self, **more: str) -> dict[str, Any]:
        return self._ask("delete", **more)

    def _ask(self, verb: str, **more: str) -> dict[str, Any]:
        where = {"domain": "team"} | ({"repository": "store"} if self.kind != "domain" else {})
        answer = getattr(self.client, f"{verb}_{self.kind}_permissions_policy")(**where, **more)
        return dict(answer["policy"])


@pytest.fixture(params=["domain", "repository"])
def holder(team: "CodeArtifactClient", request: pytest.FixtureRequest) -> Holder:
    """The domain `team`, then its repository `store`."""
    return Holder(request.param, {"domain": "team", "repository": "store"}[request.param], team)


def refused(error: str, call: Callable[[], object]) -> dict[str, Any]:
    """The answer to a call that is refused with this error."""
    with pytest.raises(ClientError) as info:
        call()
    response = refusal(info)
    assert response["Error"]["Code"] == error
    return response


# --- Put, get, delete ------------------------------------------------------------------------


@pytest.mark.documented("Domain policies")
def test_policy_is_shown_as_it_was_put(holder: Holder) -> None:
    """Putting, getting and deleting answer with the ARN, the document and its revision."""
    put = holder.put()
    assert put == {"resourceArn": holder.arn, "document": DOCUMENT, "revision": put["revision"]}
    assert holder.get() == put
    assert holder.delete() == put
    refused("ResourceNotFoundException", holder.get)


@pytest.mark.assumed("the service may tidy a document; what is known of it does not show that")
def test_white_space_of_a_document_is_kept(holder: Holder) -> None:
    """The document comes back to the letter: blanks, line ends, order and letters beyond ASCII."""
    document = DOCUMENT.replace("{", "{ \n\t", 1).replace(
        '"Statement"', '"Id": "Zoë",\r\n"Statement"'
    )
    assert json.loads(document)["Id"] == "Zoë"
    holder.put(document)
    assert holder.get()["document"] == document


@pytest.mark.observed("terraform-provider-aws, internal/service/codeartifact acceptance tests")
def test_holder_without_policy_has_none_to_show(holder: Holder) -> None:
    """There is none at first, which is not found; the refusal names what should have it."""
    for call in (holder.get, holder.delete):
        response = refused("ResourceNotFoundException", call)
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 404
        assert (response["resourceId"], response["resourceType"]) == (holder.name, holder.kind)


@pytest.mark.documented("PutDomainPermissionsPolicy")
@pytest.mark.parametrize("verb", ["put", "get", "delete"])
def test_policy_needs_its_domain_and_repository(client: "CodeArtifactClient", verb: str) -> None:
    """What is missing is named: the domain first, then the repository."""
    document = {"policyDocument": DOCUMENT} if verb == "put" else {}
    of_domain = getattr(client, f"{verb}_domain_permissions_policy")
    of_repository = getattr(client, f"{verb}_repository_permissions_policy")
    where: Any = {"domain": "team", "repository": "store"}
    response = refused("ResourceNotFoundException", lambda: of_domain(domain="team", **document))
    assert response["Error"]["Message"].startswith("Domain not found. Domain 'team'")
    response = refused("ResourceNotFoundException", lambda: of_repository(**where, **document))
    assert response["resourceType"] == "domain"
    client.create_domain(domain="team")
    response = refused("ResourceNotFoundException", lambda: of_repository(**where, **document))
    assert (response["resourceId"], response["resourceType"]) == ("store", "repository")


@pytest.mark.documented("Repository policies")
def test_put_replaces_the_whole_policy(holder: Holder) -> None:
    """A second policy is put in the place of the first; nothing of that is left."""
    holder.put()
    other = policy(allow("ListPackages", Principal={"AWS": ACCOUNT}))
    assert holder.put(other)["document"] == other
    assert holder.get()["document"] == other


@pytest.mark.documented("DeleteDomain")
def test_policy_goes_with_what_it_is_attached_to(team: "CodeArtifactClient") -> None:
    """A domain or repository made anew under the old name has no policy."""
    team.put_domain_permissions_policy(domain="team", policyDocument=DOCUMENT)
    where: Any = {"domain": "team", "repository": "store"}
    team.put_repository_permissions_policy(**where, policyDocument=DOCUMENT)
    team.delete_repository(**where)
    team.create_repository(**where)
    refused("ResourceNotFoundException", lambda: team.get_repository_permissions_policy(**where))
    assert team.get_domain_permissions_policy(domain="team")["policy"]["document"] == DOCUMENT
    team.delete_repository(**where)
    team.delete_domain(domain="team")
    team.create_domain(domain="team")
    refused("ResourceNotFoundException", lambda: team.get_domain_permissions_policy(domain="team"))


# --- Revisions -------------------------------------------------------------------------------


@pytest.mark.observed("terraform-provider-aws, internal/service/codeartifact acceptance tests")
def test_each_put_makes_another_revision(holder: Holder) -> None:
    """The same document put again has another revision, of a form that a request may carry."""
    first, second = holder.put()["revision"], holder.put()["revision"]
    assert first != second
    assert holder.get()["revision"] == second
    assert len(second) == 44
    assert not any(character.isspace() for character in second)


@pytest.mark.documented("Domain policies")
def test_current_revision_lets_a_change_pass(holder: Holder) -> None:
    """Whoever names the revision that is there may put and delete."""
    first = holder.put()["revision"]
    second = holder.put(policyRevision=first)["revision"]
    assert holder.delete(policyRevision=second)["revision"] == second


@pytest.mark.documented("Domain policies")
def test_stale_revision_is_a_conflict(holder: Holder) -> None:
    """A newer policy of somebody else is neither overwritten nor deleted."""
    stale = holder.put()["revision"]
    newer = holder.put(policy(deny("DeleteDomain", Principal="*")))
    for call in (holder.put, holder.delete):
        response = refused("ConflictException", lambda call=call: call(policyRevision=stale))  # type: ignore[misc]  # the default binds the loop's value
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 409
        assert (response["resourceId"], response["resourceType"]) == (holder.name, holder.kind)
    assert holder.get() == newer


@pytest.mark.assumed("a policy deleted meanwhile has no current revision, so any is stale")
def test_revision_of_a_deleted_policy_is_a_conflict(holder: Holder) -> None:
    """A change meant for a policy that is gone does not make a new one."""
    gone = holder.put()["revision"]
    holder.delete()
    refused("ConflictException", lambda: holder.put(policyRevision=gone))
    refused("ResourceNotFoundException", lambda: holder.delete(policyRevision=gone))
    refused("ResourceNotFoundException", holder.get)


# --- Documents -------------------------------------------------------------------------------


def changed(**elements: object) -> str:
    """The policy with other elements in its statement; None takes one away."""
    statement = json.loads(DOCUMENT)["Statement"][0] | elements
    present = {name: value for name, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": present})


@pytest.mark.assumed("the error is declared, its reason and its text are not documented")
@pytest.mark.parametrize(
    "document",
    [
        pytest.param("nonsense", id="no JSON"),
        pytest.param("[]", id="no object"),
        pytest.param("{}", id="no statement"),
        pytest.param('{"Statement": []}', id="empty"),
        pytest.param(changed(Principal=None), id="no principal"),
        pytest.param(changed(Principal={"AWS": "ann"}), id="strange principal"),
        pytest.param(changed(Effect="allow"), id="effect"),
        pytest.param(changed(Action=None), id="no action"),
        pytest.param(changed(Resource=None), id="no resource"),
        pytest.param(changed(Principals="*"), id="unknown element"),
        pytest.param(changed(Action="s3:GetObject"), id="another service"),
        pytest.param(changed(Action=["codeartifact:*", "iam:*"]), id="also another service"),
        pytest.param(changed(Action="codeartifacts:Get*"), id="almost the service"),
        pytest.param(changed(Action="sts:AssumeRole"), id="another action of STS"),
    ],
)
def test_bad_document_is_refused(holder: Holder, document: str) -> None:
    """What is no policy about CodeArtifact is a validation error, and the old policy stays."""
    before = holder.put()
    response = refused("ValidationException", lambda: holder.put(document))
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["reason"] == "FIELD_VALIDATION_FAILED"
    assert "policy document" in response["Error"]["Message"]
    assert holder.get() == before


@pytest.mark.assumed("what a policy may name beyond the documented examples is not documented")
@pytest.mark.parametrize(
    "document",
    [
        pytest.param(changed(Action="*"), id="every action"),
        pytest.param(changed(Action="CodeArtifact:get*"), id="other case, wildcard"),
        pytest.param(changed(Action="sts:GetServiceBearerToken"), id="bearer token"),
        pytest.param(changed(Action=None, NotAction="codeartifact:Delete*"), id="all but some"),
        pytest.param(
            changed(Condition={"NumericLessThan": {"aws:EpochTime": 7}}).replace(
                "7}", "7" * 5000 + "}"
            ),
            id="long number",
        ),
    ],
)
def test_unusual_document_is_accepted(holder: Holder, document: str) -> None:
    """What is well-formed and about CodeArtifact passes."""
    assert holder.put(document)["document"] == document


@pytest.mark.observed("terraform-provider-aws, internal/service/codeartifact acceptance tests")
def test_policy_of_a_repository_may_name_another_resource(team: "CodeArtifactClient") -> None:
    """A repository's policy that speaks of its domain is taken, though it has no effect."""
    document = policy(allow("CreateRepository", resource=f"{STEM}:domain/team", Principal="*"))
    team.put_repository_permissions_policy(
        domain="team", repository="store", policyDocument=document
    )


def padded(length: int) -> str:
    return DOCUMENT + " " * (length - len(DOCUMENT))


@pytest.mark.documented("PutDomainPermissionsPolicy")
def test_document_has_at_most_7168_characters(holder: Holder) -> None:
    """The bound counts every character, blanks included."""
    assert len(holder.put(padded(7168))["document"]) == 7168
    response = refused("ValidationException", lambda: holder.put(padded(7169)))
    assert "'policyDocument' failed to satisfy constraint" in response["Error"]["Message"]
    assert "less than or equal to 7168" in response["Error"]["Message"]


@pytest.mark.documented("PutDomainPermissionsPolicy")
@pytest.mark.parametrize("revision", ["r" * 101, "with blank"])
def test_revision_out_of_form_is_refused(holder: Holder, revision: str) -> None:
    """A revision has up to a hundred characters and no white space."""
    response = refused("ValidationException", lambda: holder.put(policyRevision=revision))
    assert "'policyRevision' failed to satisfy constraint" in response["Error"]["Message"]


# --- Effect on their owner -------------------------------------------------------------------

LOCKED = policy(deny("*", Principal="*"))


@pytest.mark.documented("Domain policies")
def test_owner_cannot_lock_himself_out(holder: Holder) -> None:
    """A policy that denies everybody everything binds the owner too, but for putting another."""
    holder.put(LOCKED)
    response = refused("AccessDeniedException", holder.get)
    assert response["Error"]["Message"] == (
        f"User: arn:aws:iam::{ACCOUNT}:user/administrator is not authorized to perform:"
        f" codeartifact:Get{holder.kind.capitalize()}PermissionsPolicy on resource: {holder.arn}"
        " with an explicit deny in a resource-based policy"
    )
    refused("AccessDeniedException", holder.delete)
    holder.put()
    assert holder.get()["document"] == DOCUMENT


@pytest.mark.documented("Repository policies")
def test_domain_policy_can_deny_putting_a_repository_policy(team: "CodeArtifactClient") -> None:
    """The repository's own policy is left out when it is replaced, the domain's is not."""
    where: Any = {"domain": "team", "repository": "store"}
    team.put_domain_permissions_policy(domain="team", policyDocument=LOCKED)
    response = refused(
        "AccessDeniedException",
        lambda: team.put_repository_permissions_policy(**where, policyDocument=DOCUMENT),
    )
    assert "with an explicit deny in a resource-based policy" in response["Error"]["Message"]
    team.put_domain_permissions_policy(domain="team", policyDocument=DOCUMENT)
    team.put_repository_permissions_policy(**where, policyDocument=DOCUMENT)
