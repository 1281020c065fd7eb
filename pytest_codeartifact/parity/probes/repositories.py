"""Repositories: names that are taken or missing, and their endpoints."""

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene

_FORMATS = ("npm", "pypi", "maven", "nuget", "generic", "ruby", "swift", "cargo")


@probe(settles="what a repository looks like, and the refusal of a name that is taken")
def repository_made_twice(scene: Scene, saw: Recorder) -> None:
    """Create a repository, describe it, and create it once more."""
    client, names = scene.client(), {"domain": scene.domain.name}
    names["repository"] = scene.unmade_repository()
    saw.api("create a repository", client.create_repository, **names, tags=scene.tags)
    saw.api("describe the repository", client.describe_repository, **names)
    saw.api("create the same again", client.create_repository, **names, tags=scene.tags)


@probe(
    settles="what is said of a repository that is not there, and whether deleting it is an error"
)
def repository_missing(scene: Scene, saw: Recorder) -> None:
    """Name a missing repository in calls of several kinds."""
    client, domain = scene.client(), scene.domain.name
    missing = scene.name("repository")
    names = {"domain": domain, "repository": missing}
    saw.api("describe a missing repository", client.describe_repository, **names)
    saw.api("ask for its endpoint", client.get_repository_endpoint, **names, format="pypi")
    saw.api("list its packages", client.list_packages, **names)
    saw.api("update it", client.update_repository, **names, description="missing")
    saw.api("delete it", client.delete_repository, **names)
    saw.api(
        "create a repository with a missing upstream",
        client.create_repository,
        domain=domain,
        repository=scene.unmade_repository(),
        upstreams=[{"repositoryName": missing}],
        tags=scene.tags,
    )


@probe(settles="the addresses of all formats, over IPv4 alone and dual-stack")
def repository_endpoints(scene: Scene, saw: Recorder) -> None:
    """Ask for the endpoint of each format and each type."""
    client, repository = scene.client(), scene.repository()
    names = {"domain": repository.domain.name, "repository": repository.name}
    for each in _FORMATS:
        saw.api(f"the endpoint for {each}", client.get_repository_endpoint, **names, format=each)
        for kind in ("ipv4", "dualstack"):
            saw.api(
                f"the endpoint for {each}, {kind}",
                client.get_repository_endpoint,
                **names,
                format=each,
                endpointType=kind,
            )
    saw.api(
        "the endpoint for a format that is none",
        client.get_repository_endpoint,
        **names,
        format="conda",
    )


@probe(settles="the refusal of names that break the rules, and its reason")
def repository_named_badly(scene: Scene, saw: Recorder) -> None:
    """Create repositories of names that the model forbids."""
    client = scene.client()
    for step, name in (("a slash", "bad/name"), ("a hyphen in front", "-bad")):
        saw.api(
            f"create a repository with {step}",
            client.create_repository,
            domain=scene.domain.name,
            repository=name,
        )
