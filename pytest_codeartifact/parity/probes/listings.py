"""Lists: their order, short pages, and tokens for the next page."""

from pytest_codeartifact.parity.probe import probe
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene, names_of


@probe(settles="the order of repositories, short pages, and the refusal of a bad next token")
def pages_of_repositories(scene: Scene, saw: Recorder) -> None:
    """List three repositories one by one, then with tokens that are none."""
    client, domain = scene.client(), scene.new_domain()
    stem = scene.name("repository")
    # Made in another order than that of their names, so that the order of the list tells.
    for letter in "bca":
        scene.repository(domain, name=f"{stem}-{letter}")
    listed = client.list_repositories_in_domain
    asked: dict[str, object] = {"domain": domain.name, "maxResults": 1}
    for number in range(1, 5):
        answer = saw.api(f"page {number}", listed, **asked)
        if "nextToken" not in answer:
            break
        asked["nextToken"] = answer["nextToken"]
    saw.api("a token that is none", listed, domain=domain.name, nextToken="x")
    saw.api("too many at once", listed, domain=domain.name, maxResults=1001)


@probe(settles="the order of packages and versions")
def order_of_packages(scene: Scene, saw: Recorder) -> None:
    """List packages and versions that were published in another order."""
    client, repository = scene.client(), scene.repository()
    for name, version in (
        ("probe-b", "2.0.0"),
        ("probe-b", "10.0.0"),
        ("probe-b", "1.0.0"),
        ("probe-a", "1.0.0"),
    ):
        scene.publish(repository, scene.package(name, version).wheel)
    names = names_of(repository)
    asked = {**names, "format": "pypi", "package": "probe-b"}
    saw.api("packages", client.list_packages, **names)
    saw.api("versions", client.list_package_versions, **asked)
    saw.api("versions by time", client.list_package_versions, **asked, sortBy="PUBLISHED_TIME")
    saw.api("a namespace without a format", client.list_packages, **names, namespace="probe")
