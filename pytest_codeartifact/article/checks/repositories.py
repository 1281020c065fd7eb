"""Checks of domains and repositories: what they hold, what they share, how they go."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pytest_codeartifact.article.checks import Observation, World, check
from pytest_codeartifact.article.checks.reader import (
    Machine,
    answer,
    ended,
    eventually,
    fact,
    make_domain,
    make_repository,
    place,
    read,
)
from pytest_codeartifact.targets.workspace import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_PUBLIC_NPM = "public:npmjs"


@check
def new_repository_is_empty(world: World) -> Observation:
    """Count the packages of a repository that was just made."""
    repository = make_repository(world)
    name = world.domain_name
    listed = world.account.client().list_packages(domain=name, repository=repository.name)
    packages = listed["packages"]
    seen = answer(f"ListPackages of {name}/{repository.name} lists {len(packages)} packages")
    return Observation({"packages": len(packages)}, [seen])


@check
def domain_groups_repositories(world: World) -> Observation:
    """Make two repositories in a domain, compare their keys, and deny reading for the domain."""
    domain = make_domain(world)
    repositories = [world.workspace.repository(domain, name) for name in ("demo-repo", "other")]
    client, package = world.account.client(), world.package("demo")
    for each in repositories:
        each.upload(package.wheel)
    name = world.domain_name
    listed = eventually(
        world,
        "both repositories to be listed",
        lambda: client.list_repositories_in_domain(domain=name)["repositories"],
        lambda seen: len(seen) >= len(repositories),
    )
    described: list[Mapping[str, Any]] = [client.describe_domain(domain=name)["domain"]]
    for each in repositories:
        told = client.describe_repository(domain=name, repository=each.name)
        described.append(told["repository"])
    keys = [str(each["encryptionKey"]) for each in described if "encryptionKey" in each]
    token = domain.token()
    before = [read(world, each, "demo/", token)[0] for each in repositories]
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "codeartifact:ReadFromRepository",
        "Resource": "*",
    }
    client.put_domain_permissions_policy(
        domain=name,
        policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    after = eventually(
        world,
        "the domain's policy to hold",
        lambda: [read(world, each, "demo/", token)[0] for each in repositories],
        lambda seen: set(seen) == {HTTPStatus.FORBIDDEN},
    )
    reached = set(before) == {HTTPStatus.OK} and set(after) == {HTTPStatus.FORBIDDEN}
    return Observation(
        {
            "repositories": len(listed),
            "one_key": len(keys) == 1 and keys[0].startswith("arn:aws:kms:"),
            "policy_reaches_all": reached,
        },
        [
            answer(f"ListRepositoriesInDomain lists {', '.join(each['name'] for each in listed)}"),
            answer(f"keys that the domain and its repositories name: {', '.join(keys)}"),
            fact(f"reading from both was answered {before}, and {after} once the domain denies it"),
        ],
    )


@check
def npm_connection_exists(world: World) -> Observation:
    """Connect the repository to the public npm registry."""
    repository = make_repository(world)
    told = world.account.client().associate_external_connection(
        domain=world.domain_name, repository=repository.name, externalConnection=_PUBLIC_NPM
    )
    connections = told["repository"]["externalConnections"]
    names = " ".join(each["externalConnectionName"] for each in connections)
    states = ", ".join(
        f"{each['externalConnectionName']} ({each['packageFormat']}, {each['status']})"
        for each in connections
    )
    seen = answer(f"AssociateExternalConnection: connected to {states}")
    return Observation({"connected": names}, [seen])


@check
def deletion_order(world: World) -> Observation:
    """Delete the domain before its repository, then the repository before the domain."""
    make_repository(world)
    aws = Machine(world).tools.aws
    delete_domain = ("codeartifact", "delete-domain", "--domain", world.domain_name)
    first = aws.run(*delete_domain, expect=None)
    repository = aws.run("codeartifact", "delete-repository", *place(world), expect=None)
    second = aws.run(*delete_domain, expect=None)
    left = _domains_afterwards(world)
    return Observation(
        {
            "domain_first": first.exit_code == 0,
            "repository_then_domain": repository.exit_code == second.exit_code == 0 and not left,
        },
        [
            ended(first),
            fact(
                f"`delete-repository` and then `delete-domain` ended with {repository.exit_code}"
                f" and {second.exit_code}"
            ),
            answer(f"ListDomains lists {left} domains of this name afterwards"),
        ],
    )


@check
def nothing_is_left_in_the_account(world: World) -> Observation:
    """Delete the repository with a package in it and the domain, and look for what is left."""
    repository = make_repository(world)
    repository.upload(world.package("demo").wheel)
    client, resource = world.account.client(), repository.arn
    before = eventually(
        world, "the domain to be listed", lambda: _domains(world), lambda number: number > 0
    )
    client.delete_repository(domain=world.domain_name, repository=repository.name)
    world.account.patience.until(
        "the domain to be empty",
        lambda: client.delete_domain(domain=world.domain_name),
        lambda error: code_of(error) == "ConflictException",
    )
    after = _domains_afterwards(world)
    pages = client.get_paginator("list_repositories").paginate()
    listed = [
        each
        for page in pages
        for each in page["repositories"]
        if each["domainName"] == world.domain_name
    ]
    return Observation(
        {"domains_before": before, "domains_after": after, "repositories_after": len(listed)},
        [
            answer(f"ListDomains lists {before} before and {after} after the deletions"),
            answer(f"ListRepositories lists {len(listed)}; {resource} was one before"),
        ],
    )


def _domains(world: World) -> int:
    """How many domains are listed that are called as the article's."""
    pages = world.account.client().get_paginator("list_domains").paginate()
    names = [each["name"] for page in pages for each in page["domains"]]
    return names.count(world.domain_name)


def _domains_afterwards(world: World) -> int:
    """How many of them are listed once the deletion has been noticed."""
    return eventually(
        world, "the domain to be listed no more", lambda: _domains(world), lambda seen: not seen
    )
