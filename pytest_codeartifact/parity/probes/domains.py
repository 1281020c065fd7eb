"""Domains: names that are taken, missing or bad, and what must go first."""

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene


@probe(settles="what a domain looks like, and the refusal of a name that is taken")
def domain_made_twice(scene: Scene, saw: Recorder) -> None:
    """Create a domain, describe it, and create it once more."""
    client, name = scene.client(), scene.name("domain")
    scene.expect_domain(name)
    saw.api("create a domain", client.create_domain, domain=name, tags=scene.tags)
    saw.api("describe the domain", client.describe_domain, domain=name)
    saw.api("create the same domain again", client.create_domain, domain=name, tags=scene.tags)


@probe(settles="what is said of a domain that is not there, and whether deleting it is an error")
def domain_missing(scene: Scene, saw: Recorder) -> None:
    """Name a missing domain in calls of several kinds."""
    client, name = scene.client(), scene.name("domain")
    saw.api("describe a missing domain", client.describe_domain, domain=name)
    saw.api(
        "create a repository in a missing domain",
        client.create_repository,
        domain=name,
        repository=scene.name("repository"),
        tags=scene.tags,
    )
    saw.api("ask for a token of a missing domain", client.get_authorization_token, domain=name)
    saw.api("delete a missing domain", client.delete_domain, domain=name)


@probe(settles="the refusal of names that break the rules, and its reason")
def domain_named_badly(scene: Scene, saw: Recorder) -> None:
    """Create domains of names that the model forbids."""
    client = scene.client()
    for step, name in (
        ("an underscore and a capital", "Bad_Name"),
        ("a hyphen at the end", "bad-name-"),
        ("51 characters", "a" * 51),
    ):
        saw.api(f"create a domain with {step}", client.create_domain, domain=name)


@probe(settles="what deleting a domain needs, and answers")
def domain_with_repositories(scene: Scene, saw: Recorder) -> None:
    """Delete a domain that has a repository, then without it, then once more."""
    client, domain = scene.client(), scene.new_domain()
    repository = scene.repository(domain)
    saw.api("delete a domain with a repository", client.delete_domain, domain=domain.name)
    client.delete_repository(domain=domain.name, repository=repository.name)
    scene.until_gone(repository)
    saw.api("delete the empty domain", client.delete_domain, domain=domain.name)
    saw.api("delete it again", client.delete_domain, domain=domain.name)
