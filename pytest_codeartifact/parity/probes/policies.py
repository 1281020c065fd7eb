"""Policies of domains and repositories: revisions, documents that are none, and who is bound."""

import json

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene, names_of
from pytest_codeartifact.targets import Capability


def _document(effect: str, principal: str, *actions: str) -> str:
    statement = {
        "Effect": effect,
        "Principal": {"AWS": principal},
        "Action": list(actions),
        "Resource": "*",
    }
    # Not as a program would write it: what comes back shows whether it is kept as it was.
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


@probe(settles="the refusals of policies, and whether a document is kept as it was written")
def domain_policy(scene: Scene, saw: Recorder) -> None:
    """Set, replace and delete a domain's policy, also with what is no policy."""
    client, domain = scene.client(), scene.new_domain()
    named = {"domain": domain.name}
    put = client.put_domain_permissions_policy
    sound = _document("Allow", scene.account, "codeartifact:DescribeDomain")
    saw.api("get none", client.get_domain_permissions_policy, **named)
    saw.api("malformed JSON", put, **named, policyDocument="{")
    saw.api("no policy", put, **named, policyDocument="{}")
    nobody = _document("Allow", f"{scene.arn('x')}", "codeartifact:DescribeDomain")
    saw.api("an unknown principal", put, **named, policyDocument=nobody)
    foreign = _document("Allow", scene.account, "s3:GetObject")
    saw.api("an action of another service", put, **named, policyDocument=foreign)
    first = saw.api("put", put, **named, policyDocument=sound)
    saw.api("get", client.get_domain_permissions_policy, **named)
    saw.api("put again", put, **named, policyDocument=sound)
    stale = {"policyRevision": first.get("policy", {}).get("revision", "none")}
    saw.api("put with a stale revision", put, **named, policyDocument=sound, **stale)
    delete = client.delete_domain_permissions_policy
    saw.api("delete with a stale revision", delete, **named, **stale)
    saw.api("delete", delete, **named)
    saw.api("delete once more", delete, **named)


@probe(
    settles="whether a repository's policy binds who deletes it",
    needs=[Capability.IDENTITIES],
)
def policy_that_forbids_its_end(scene: Scene, saw: Recorder) -> None:
    """Let a policy deny a role to change and to delete this very policy."""
    client, repository = scene.client(), scene.repository()
    actions = [
        "codeartifact:PutRepositoryPermissionsPolicy",
        "codeartifact:DeleteRepositoryPermissionsPolicy",
    ]
    role = scene.role([*actions, "codeartifact:DescribeRepository"])
    names = names_of(repository)
    document = _document("Deny", role.arn, *actions, "codeartifact:DescribeRepository")
    client.put_repository_permissions_policy(**names, policyDocument=document)
    scene.settle()
    as_role = role.client()
    saw.api("describe the repository", as_role.describe_repository, **names)
    saw.api(
        "change the policy",
        as_role.put_repository_permissions_policy,
        **names,
        policyDocument=document,
    )
    saw.api("delete the policy", as_role.delete_repository_permissions_policy, **names)
    # Whoever it binds: it must not keep the repository from being removed.
    client.put_repository_permissions_policy(
        **names,
        policyDocument=_document("Allow", scene.account, "codeartifact:DescribeRepository"),
    )
