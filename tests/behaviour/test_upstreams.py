"""Chains of repositories: search, retention, origin controls."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_codeartifact.emulator.entities import Control, Status
from pytest_codeartifact.emulator.quotas import Quotas
from tests.support.distributions import make_sdist, make_wheel
from tests.support.emulation import Emulation, Shelf
from tests.support.holdings import controls, held
from tests.support.public_registry import PublicRegistry
from tests.support.states import set_controls, set_status

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

MakeShelf = Callable[..., Shelf]
HALF_AN_HOUR = 1800
WHEEL = make_wheel()
SDIST = make_sdist()
NEXT = make_wheel(version="2.0")


# --- Chains of repositories --------------------------------------------------------------------


@pytest.mark.documented("Upstream repository priority order")
def test_search_is_depth_first_in_priority_order(
    make_shelf: MakeShelf, client: "CodeArtifactClient"
) -> None:
    """The order is that of the page's example: A, then A's own upstreams, then B."""
    shelves = {name: make_shelf(f"repo-{name}") for name in "EDB"}
    shelves["C"] = make_shelf("repo-C", "repo-D", "repo-E")
    shelves["A"] = make_shelf("repo-A", "repo-C")
    mine = make_shelf("mine", "repo-A", "repo-B")
    order = ["A", "C", "D", "E", "B"]
    offered = {name: make_wheel(extra=f"# {name}".encode(), version="1.0") for name in order}
    for name in reversed(order):
        # What an upstream repository has cannot be published below it, so that it is cut off.
        here: Any = {"domain": "team", "repository": shelves[name].repository}
        upstreams: Any = client.describe_repository(**here)["repository"]["upstreams"]
        client.update_repository(**here, upstreams=[])
        assert shelves[name].upload(offered[name]).status == 200
        client.update_repository(**here, upstreams=upstreams)
        [package] = mine.page().packages
        assert package.digests["sha256"] == offered[name].sha256, name
    assert mine.download(offered["A"]).body == offered["A"].content


@pytest.mark.documented("Working with upstream repositories")
def test_listing_joins_the_versions_of_all(make_shelf: MakeShelf) -> None:
    """Different versions of one package may come from different repositories."""
    one, other = make_shelf("one"), make_shelf("other")
    assert one.upload(WHEEL).status == other.upload(NEXT).status == 200
    app = make_shelf("app", "one", "other")
    assert sorted(app.files()) == [WHEEL.filename, NEXT.filename]
    assert app.download(NEXT).body == NEXT.content


@pytest.mark.assumed("files of one version published in two places are two different versions")
def test_version_is_never_mixed_from_two_origins(make_shelf: MakeShelf) -> None:
    """A nearer repository's version hides the farther one with all its files."""
    one, other = make_shelf("one"), make_shelf("other")
    assert one.upload(WHEEL).status == other.upload(SDIST).status == 200
    app = make_shelf("app", "one", "other")
    assert app.files() == [WHEEL.filename]
    assert app.download(SDIST).status == 404


@pytest.mark.documented("Package retention from upstream repositories")
def test_version_is_kept_at_both_ends_only(
    make_shelf: MakeShelf,
    connected: Shelf,
    registry: PublicRegistry,
    client: "CodeArtifactClient",
) -> None:
    """Kept where it was asked for and where the connection is, and in none between."""
    registry.add(WHEEL)
    make_shelf("middle", connected.repository)
    app = make_shelf("app", "middle")
    assert app.download(WHEEL).body == WHEEL.content
    assert held(client, "app") == held(client, "public") == [WHEEL.filename]
    assert held(client, "middle") == []


@pytest.mark.documented("Package retention from upstream repositories")
def test_version_of_an_upstream_is_kept_downstream(
    make_shelf: MakeShelf, client: "CodeArtifactClient"
) -> None:
    """A kept version outlives the upstream it came from, with where it entered the domain."""
    base = make_shelf("base")
    assert base.upload(WHEEL).status == 200
    app = make_shelf("app", "base")
    assert app.download(WHEEL).body == WHEEL.content
    client.update_repository(domain="team", repository="app", upstreams=[])
    client.delete_repository(domain="team", repository="base")
    assert app.files() == [WHEEL.filename]
    assert app.download(WHEEL).body == WHEEL.content
    version = client.describe_package_version(
        domain="team", repository="app", format="pypi", package="demo", packageVersion="1.0"
    )["packageVersion"]
    assert version["origin"] == {
        "originType": "INTERNAL",
        "domainEntryPoint": {"repositoryName": "base"},
    }


@pytest.mark.documented("Remove an external connection")
def test_kept_versions_stay_when_the_connection_goes(
    connected: Shelf, registry: PublicRegistry, client: "CodeArtifactClient"
) -> None:
    """Without the connection nothing new comes, and what came stays."""
    registry.add(WHEEL)
    registry.add(NEXT)
    assert connected.download(WHEEL).status == 200
    client.disassociate_external_connection(
        domain="team", repository="public", externalConnection="public:pypi"
    )
    assert connected.files() == [WHEEL.filename]
    assert connected.download(WHEEL).status == 200
    assert connected.download(NEXT).status == 404


@pytest.mark.documented("Requesting Python packages from upstreams and external connections")
def test_later_public_file_joins_a_kept_version(
    connected: Shelf, registry: PublicRegistry, client: "CodeArtifactClient"
) -> None:
    """A file added in public later is offered and kept with the version."""
    registry.add(WHEEL)
    assert connected.download(WHEEL).status == 200
    registry.add(SDIST)
    connected.emulation.travel(HALF_AN_HOUR)
    assert connected.files() == [WHEEL.filename, SDIST.filename]
    assert connected.download(SDIST).body == SDIST.content
    assert sorted(held(client, "public")) == [WHEEL.filename, SDIST.filename]


@pytest.mark.documented("Requesting Python packages from upstreams and external connections")
@pytest.mark.parametrize("status", ["Archived", "Unlisted"])
def test_upstream_version_out_of_use_lets_nothing_pass(
    make_shelf: MakeShelf, connected: Shelf, registry: PublicRegistry, status: str
) -> None:
    """New files and yanks reach a kept version, unless it is Archived in between."""
    registry.add(WHEEL)
    app = make_shelf("app", connected.repository)
    assert app.download(WHEEL).status == 200
    set_status(connected, "demo", "1.0", Status(status))
    registry.add(SDIST)
    registry.yank(WHEEL.filename, "broken")
    app.emulation.travel(HALF_AN_HOUR)
    passes = status == "Unlisted"
    packages = app.page().packages
    assert [package.filename for package in packages] == [
        WHEEL.filename,
        *[SDIST.filename] * passes,
    ]
    assert packages[0].is_yanked is passes
    assert app.download(SDIST).status == (200 if passes else 404)
    assert app.download(WHEEL).status == 200


@pytest.mark.documented("Requesting Python packages from upstreams and external connections")
def test_upstream_version_published_directly_lets_nothing_pass(
    make_shelf: MakeShelf,
    connected: Shelf,
    registry: PublicRegistry,
    client: "CodeArtifactClient",
) -> None:
    """A version that entered the domain in between keeps files and yanks of the public one off."""
    registry.add(WHEEL)
    middle = make_shelf("middle")
    app = make_shelf("app", connected.repository)
    assert app.download(WHEEL).status == middle.upload(WHEEL).status == 200
    set_controls(middle, "demo", Control.ALLOW, Control.ALLOW)
    for repository, upstream in (("middle", connected.repository), ("app", "middle")):
        client.update_repository(
            domain="team", repository=repository, upstreams=[{"repositoryName": upstream}]
        )
    registry.add(SDIST)
    registry.yank(WHEEL.filename, "broken")
    app.emulation.travel(HALF_AN_HOUR)
    [package] = app.page().packages
    assert (package.filename, package.is_yanked) == (WHEEL.filename, False)
    assert app.download(SDIST).status == 404


@pytest.mark.documented("Requesting Python packages from upstreams and external connections")
def test_blocked_upstream_keeps_yanks_off(connected: Shelf, registry: PublicRegistry) -> None:
    """With upstream=BLOCK a kept version stays as it was, whatever becomes of the public one."""
    registry.add(WHEEL)
    assert connected.download(WHEEL).status == 200
    set_controls(connected, "demo", Control.BLOCK, Control.BLOCK)
    registry.yank(WHEEL.filename, "broken")
    connected.emulation.travel(HALF_AN_HOUR)
    assert [package.is_yanked for package in connected.page().packages] == [False]


@pytest.mark.documented("Quotas in AWS CodeArtifact")
def test_search_ends_after_twenty_five_repositories(make_shelf: MakeShelf) -> None:
    """The repository asked counts; what stands beyond the limit is not found."""
    names = [f"repo-{number:02}" for number in range(26)]
    last = make_shelf(names[25])
    assert last.upload(WHEEL).status == 200
    shelves = {25: last}
    for number in range(24, -1, -1):
        shelves[number] = make_shelf(names[number], names[number + 1])
    assert shelves[1].files() == [WHEEL.filename]
    assert shelves[0].get("simple/demo/").status == 404
    assert shelves[0].download(WHEEL).status == 404


@pytest.mark.assumed("nothing forbids a cycle, so it must not hurt")
def test_cycle_of_upstreams_ends(make_shelf: MakeShelf, client: "CodeArtifactClient") -> None:
    """Each repository of a cycle is searched once."""
    one = make_shelf("one")
    other = make_shelf("other", "one")
    client.update_repository(
        domain="team", repository="one", upstreams=[{"repositoryName": "other"}]
    )
    assert other.upload(WHEEL).status == 200
    assert one.files() == other.files() == [WHEEL.filename]
    assert one.get("simple/absent/").status == 404


@pytest.mark.assumed("one repository reached by two ways is searched at its first place")
def test_diamond_of_upstreams_is_searched_once(make_shelf: MakeShelf) -> None:
    """The shared base comes before the second branch."""
    base = make_shelf("base")
    make_shelf("left", "base")
    right = make_shelf("right", "base")
    app = make_shelf("app", "left", "right")
    far = make_wheel(extra=b"# right")
    assert right.upload(far).status == base.upload(WHEEL).status == 200
    assert app.download(WHEEL).body == WHEEL.content


# --- Origin controls ---------------------------------------------------------------------------


@pytest.mark.documented("Editing package origin controls")
def test_private_package_stays_private(
    make_shelf: MakeShelf,
    connected: Shelf,
    registry: PublicRegistry,
    client: "CodeArtifactClient",
) -> None:
    """A public package that takes a private one's name, with a higher version, is never seen."""
    app = make_shelf("app", connected.repository)
    assert app.upload(WHEEL).status == 200
    attack = make_wheel(version="99.0")
    registry.add(attack)
    assert app.files() == [WHEEL.filename]
    assert app.download(attack).status == 404
    assert registry.downloads == 0
    assert controls(client, "app") == {"publish": "ALLOW", "upstream": "BLOCK"}


@pytest.mark.documented("Editing package origin controls")
def test_public_package_takes_no_upload(connected: Shelf, registry: PublicRegistry) -> None:
    """Once a version was ingested, nobody publishes under the name."""
    registry.add(WHEEL)
    assert connected.download(WHEEL).status == 200
    answer = connected.upload(NEXT)
    assert answer.status == 403
    assert connected.emulation.stored == [WHEEL.sha256]


@pytest.mark.documented("Editing package origin controls")
def test_mixed_package_refuses_what_upstream_has(
    make_shelf: MakeShelf, connected: Shelf, registry: PublicRegistry
) -> None:
    """With both allowed, a version that exists upstream is a conflict; another is taken."""
    app = make_shelf("app", connected.repository)
    registry.add(WHEEL)
    set_controls(app, "demo", Control.ALLOW, Control.ALLOW)
    assert app.upload(make_wheel(extra=b"# mine")).status == 409
    assert app.upload(NEXT).status == 200
    assert sorted(app.files()) == [WHEEL.filename, NEXT.filename]


@pytest.mark.documented("Packages overview")
@pytest.mark.parametrize("source", ["public registry", "upstream repository"])
def test_unknown_package_refuses_what_upstream_has(
    make_shelf: MakeShelf, connected: Shelf, registry: PublicRegistry, source: str
) -> None:
    """Before a repository has any version of a package, nothing keeps the upstream's out."""
    app = make_shelf("app", connected.repository)
    if source == "public registry":
        registry.add(WHEEL)
    else:
        assert connected.upload(WHEEL).status == 200
    refused = app.upload(make_wheel(extra=b"# mine"))
    assert refused.status == 409
    assert "upstream" in refused.message
    assert app.upload(NEXT).status == 200
    assert app.files() == [NEXT.filename]


@pytest.mark.documented("Requesting packages from external connections")
def test_outage_lets_a_public_version_be_published(
    make_shelf: MakeShelf, connected: Shelf, registry: PublicRegistry
) -> None:
    """What the public registry has cannot be known while it does not answer."""
    registry.add(WHEEL)
    registry.status = 403
    app = make_shelf("app", connected.repository)
    assert app.upload(make_wheel(extra=b"# mine")).status == 200


@pytest.mark.documented("Editing package origin controls")
def test_blocked_upstream_leaves_what_is_kept(connected: Shelf, registry: PublicRegistry) -> None:
    """With upstream=BLOCK nothing new comes; what was kept stays usable."""
    registry.add(WHEEL)
    registry.add(NEXT)
    assert connected.download(WHEEL).status == 200
    set_controls(connected, "demo", Control.BLOCK, Control.BLOCK)
    assert connected.files() == [WHEEL.filename]
    assert connected.download(NEXT).status == 404
    assert connected.download(WHEEL).status == 200


@pytest.mark.documented("Editing package origin controls")
def test_controls_hold_in_their_repository_only(
    make_shelf: MakeShelf, connected: Shelf, registry: PublicRegistry
) -> None:
    """A package blocked downstream is still public upstream, and the other way round it is not."""
    registry.add(WHEEL)
    app = make_shelf("app", connected.repository)
    set_controls(app, "demo", Control.ALLOW, Control.BLOCK)
    assert app.get("simple/demo/").status == 404
    assert connected.files() == [WHEEL.filename]
    other = make_shelf("other", connected.repository)
    set_controls(connected, "demo", Control.ALLOW, Control.BLOCK)
    assert other.get("simple/demo/").status == 404


@pytest.mark.documented("Quotas in AWS CodeArtifact")
def test_search_limit_is_a_quota(make_emulation: Callable[[Quotas], Emulation]) -> None:
    """A lower limit of searched repositories holds as well."""
    emulation = make_emulation(Quotas(searched_repositories=2))
    client = emulation.client()
    client.create_domain(domain="team")
    token = client.get_authorization_token(domain="team")["authorizationToken"]
    for name, upstream in (("c", []), ("b", ["rc"]), ("a", ["rb"])):
        client.create_repository(
            domain="team",
            repository=f"r{name}",
            upstreams=[{"repositoryName": up} for up in upstream],
        )
    assert Shelf(emulation, "team", "rc", token).upload(WHEEL).status == 200
    assert Shelf(emulation, "team", "rb", token).get("simple/demo/").status == 200
    assert Shelf(emulation, "team", "ra", token).get("simple/demo/").status == 404
