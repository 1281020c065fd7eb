"""What tools that declare infrastructure do: create, read back, change, import, delete.

They compare what they read with what was declared, so a second read must show no difference: no
member that appears later, no list in another order, no text that was rewritten.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.emulation import ACCOUNT, REGION

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

ARN = f"arn:aws:codeartifact:{REGION}:{ACCOUNT}"


def document(*actions: str) -> str:
    """A policy as such tools write it: JSON without blanks."""
    statement = {
        "Sid": "Shared",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
        "Action": [f"codeartifact:{action}" for action in actions],
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Declared:
    """A domain `team`, its repositories by name with their upstreams, policies and tags."""

    repositories: Mapping[str, tuple[str, ...]]
    descriptions: Mapping[str, str]
    connection: tuple[str, str]
    policies: Mapping[str, str]
    tags: Mapping[str, Mapping[str, str]]


FIRST = Declared(
    repositories={"public": (), "base": (), "store": ("base", "public")},
    descriptions={"store": "What everybody uses"},
    connection=("public", "public:pypi"),
    policies={
        "domain/team": document("GetAuthorizationToken"),
        "repository/team/store": document("ReadFromRepository"),
    },
    tags={"domain/team": {"stage": "test"}, "repository/team/store": {"owner": "a team"}},
)
SECOND = replace(
    FIRST,
    repositories={**FIRST.repositories, "store": ("public",)},
    descriptions={"store": ""},
    policies={"domain/team": document("DescribeDomain", "GetAuthorizationToken")},
    tags={"domain/team": {"stage": "live", "owner": "a team"}, "repository/team/store": {}},
)


def create(client: "CodeArtifactClient", declared: Declared) -> None:
    """Make everything anew."""
    domain_tags = _listed(declared.tags["domain/team"])
    client.create_domain(domain="team", tags=domain_tags)
    for name, upstreams in declared.repositories.items():
        more: dict[str, Any] = {}
        if name in declared.descriptions:
            more["description"] = declared.descriptions[name]
        if f"repository/team/{name}" in declared.tags:
            more["tags"] = _listed(declared.tags[f"repository/team/{name}"])
        client.create_repository(
            domain="team",
            repository=name,
            upstreams=[{"repositoryName": upstream} for upstream in upstreams],
            **more,
        )
    repository, connection = declared.connection
    client.associate_external_connection(
        domain="team", repository=repository, externalConnection=connection
    )
    for place, text in declared.policies.items():
        _policy(client, place).put(text)


def update(client: "CodeArtifactClient", old: Declared, new: Declared) -> None:
    """Change only what is declared otherwise."""
    for name, upstreams in new.repositories.items():
        if upstreams != old.repositories[name]:
            client.update_repository(
                domain="team",
                repository=name,
                upstreams=[{"repositoryName": upstream} for upstream in upstreams],
            )
        if new.descriptions.get(name) != old.descriptions.get(name):
            client.update_repository(
                domain="team", repository=name, description=new.descriptions[name]
            )
    for place in old.policies.keys() | new.policies.keys():
        if place not in new.policies:
            _policy(client, place).delete()
        elif new.policies[place] != old.policies.get(place):
            _policy(client, place).put(new.policies[place])
    for place, tags in new.tags.items():
        gone = [key for key in old.tags[place] if key not in tags]
        if gone:
            client.untag_resource(resourceArn=f"{ARN}:{place}", tagKeys=gone)
        if tags:
            client.tag_resource(resourceArn=f"{ARN}:{place}", tags=_listed(tags))


def read(client: "CodeArtifactClient") -> Declared:
    """What is there, from nothing but the name of the domain: so resources are imported too."""
    listed = client.list_repositories_in_domain(domain="team")["repositories"]
    described = [
        client.describe_repository(domain="team", repository=each["name"])["repository"]
        for each in listed
    ]
    [connected] = [each for each in described if each["externalConnections"]]
    [connection] = connected["externalConnections"]
    places = ["domain/team", *(f"repository/team/{each['name']}" for each in described)]
    policies = {place: text for place in places if (text := _policy(client, place).get())}
    tags = {
        place: {
            tag["key"]: tag["value"]
            for tag in client.list_tags_for_resource(resourceArn=f"{ARN}:{place}")["tags"]
        }
        for place in places
    }
    return Declared(
        repositories={
            each["name"]: tuple(upstream["repositoryName"] for upstream in each["upstreams"])
            for each in described
        },
        descriptions={
            each["name"]: each["description"] for each in described if "description" in each
        },
        connection=(connected["name"], connection["externalConnectionName"]),
        policies=policies,
        tags=tags,
    )


def delete(client: "CodeArtifactClient", declared: Declared) -> None:
    """Remove everything, what depends on others first."""
    for place in declared.policies:
        _policy(client, place).delete()
    repository, connection = declared.connection
    client.disassociate_external_connection(
        domain="team", repository=repository, externalConnection=connection
    )
    for name in reversed(list(declared.repositories)):
        client.delete_repository(domain="team", repository=name)
    client.delete_domain(domain="team")


@dataclass(frozen=True, slots=True)
class _Policy:
    get: Callable[[], str | None]
    put: Callable[[str], object]
    delete: Callable[[], object]


def _policy(client: "CodeArtifactClient", place: str) -> _Policy:
    kind, _, names = place.partition("/")
    domain, _, repository = names.partition("/")
    request = {"domain": domain} | ({"repository": repository} if repository else {})

    def call(verb: str, **more: str) -> Any:  # noqa: ANN401 - a boto3 result
        return getattr(client, f"{verb}_{kind}_permissions_policy")(**request, **more)["policy"]

    def get() -> str | None:
        try:
            policy = call("get")
        except client.exceptions.ResourceNotFoundException:
            return None
        assert policy["resourceArn"] == f"{ARN}:{place}"
        return str(policy["document"])

    return _Policy(get, lambda text: call("put", policyDocument=text), lambda: call("delete"))


def _listed(tags: Mapping[str, str]) -> list[Any]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _whole(declared: Declared) -> Declared:
    """The declaration with what is absent spelled out, as a read shows it."""
    places = ["domain/team", *(f"repository/team/{name}" for name in declared.repositories)]
    return replace(declared, tags={place: declared.tags.get(place, {}) for place in places})


@pytest.mark.documented("Working with repositories in CodeArtifact")
def test_second_read_shows_no_difference(client: "CodeArtifactClient") -> None:
    """What was declared is what is read, the first time and again, after creation and change."""
    create(client, FIRST)
    assert read(client) == _whole(FIRST)
    assert read(client) == _whole(FIRST)
    update(client, FIRST, SECOND)
    assert read(client) == _whole(SECOND)
    update(client, SECOND, SECOND)
    assert read(client) == _whole(SECOND)


@pytest.mark.documented("Working with domains in CodeArtifact")
def test_deleted_declaration_leaves_nothing(client: "CodeArtifactClient") -> None:
    """After deletion nothing is left, and the same declaration can be made again."""
    create(client, FIRST)
    delete(client, FIRST)
    assert client.list_domains()["domains"] == []
    with pytest.raises(ClientError) as gone:
        client.list_tags_for_resource(resourceArn=f"{ARN}:domain/team")
    assert gone.value.response["Error"]["Code"] == "ResourceNotFoundException"
    create(client, FIRST)
    assert read(client) == _whole(FIRST)
