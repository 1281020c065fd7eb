"""Package groups at work: what they keep out of repositories, and what they leave alone."""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_codeartifact.emulator.entities import Control
from tests.support.distributions import make_wheel
from tests.support.emulation import Shelf
from tests.support.holdings import controls, held
from tests.support.package_groups import ROOT, SPECIFIC, configure, create, entry, govern
from tests.support.public_registry import PublicRegistry
from tests.support.states import set_controls

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

MakeShelf = Callable[..., Shelf]
WHEEL = make_wheel()
NEXT = make_wheel(version="2.0")
OPEN = {"PUBLISH": "ALLOW", "EXTERNAL_UPSTREAM": "ALLOW", "INTERNAL_UPSTREAM": "ALLOW"}


def is_offered(shelf: Shelf) -> bool:
    """Whether clients see the package and get its file; they see and get it both or not at all."""
    page, file = shelf.get("simple/demo/"), shelf.download(WHEEL)
    assert page.status == file.status
    assert page.status in {200, 404}
    return page.status == 200


# --- Publishing --------------------------------------------------------------------------------


@pytest.mark.documented("Package group origin controls")
def test_group_blocks_publishing_everywhere(
    make_shelf: MakeShelf, client: "CodeArtifactClient"
) -> None:
    """With BLOCK no version of the group's packages is published to any repository."""
    one, other = make_shelf("one"), make_shelf("other")
    govern(client, "/pypi//demo~", PUBLISH="BLOCK")
    for shelf in (one, other):
        refused = shelf.upload(WHEEL)
        assert refused.status == 403
        assert "'/pypi//demo~' has BLOCK for PUBLISH" in refused.message
        assert held(client, shelf.repository) == []
        assert shelf.upload(make_wheel("else")).status == 200
    configure(client, "/pypi//demo~", restrictions={"PUBLISH": "ALLOW"})
    assert one.upload(WHEEL).status == 200


@pytest.mark.documented("Package group origin controls")
def test_only_named_repositories_take_publications(
    make_shelf: MakeShelf, client: "CodeArtifactClient"
) -> None:
    """With ALLOW_SPECIFIC_REPOSITORIES the list decides, as it stands at the moment."""
    one, other = make_shelf("one"), make_shelf("other")
    govern(client, "/pypi/*", entry("PUBLISH", "one"), PUBLISH=SPECIFIC)
    assert (one.upload(WHEEL).status, other.upload(WHEEL).status) == (200, 403)
    configure(
        client,
        "/pypi/*",
        addAllowedRepositories=[entry("PUBLISH", "other")],
        removeAllowedRepositories=[entry("PUBLISH", "one")],
    )
    assert (one.upload(NEXT).status, other.upload(NEXT).status) == (403, 200)


@pytest.mark.documented("Package group definition syntax and matching behavior")
def test_only_the_most_specific_group_counts(shelf: Shelf, client: "CodeArtifactClient") -> None:
    """A group's setting stands against its parent's; one that inherits takes the parent's."""
    govern(client, ROOT, PUBLISH="BLOCK")
    assert shelf.upload(WHEEL).status == 403
    create(client, "/pypi/*")
    assert shelf.upload(WHEEL).status == 403
    govern(client, "/pypi//demo$", PUBLISH="ALLOW")
    assert shelf.upload(WHEEL).status == 200
    assert shelf.upload(make_wheel("demo-more")).status == 403


@pytest.mark.documented("DeletePackageGroup")
def test_packages_of_a_deleted_group_fall_to_its_parent(
    shelf: Shelf, client: "CodeArtifactClient"
) -> None:
    """Without the group its parent's setting decides, for packages and child groups alike."""
    govern(client, "/pypi/*", PUBLISH="BLOCK")
    govern(client, "/pypi//demo~", PUBLISH="ALLOW")
    create(client, "/pypi//demo-more$")
    more = make_wheel("demo-more")
    assert (shelf.upload(WHEEL).status, shelf.upload(more).status) == (200, 200)
    client.delete_package_group(domain="team", packageGroup="/pypi//demo~")
    assert shelf.upload(NEXT).status == 403
    assert shelf.upload(make_wheel("demo-more", "2.0")).status == 403


@pytest.mark.documented("Editing package origin controls")
def test_block_wins_over_allow(shelf: Shelf, client: "CodeArtifactClient") -> None:
    """What the package's own controls block stays blocked, whatever its group allows."""
    govern(client, "/pypi/*", **OPEN)
    set_controls(shelf, "demo", Control.BLOCK, Control.ALLOW)
    assert shelf.upload(WHEEL).status == 403


@pytest.mark.documented("Package group definition syntax and matching behavior")
def test_variation_cannot_be_published(
    team: "CodeArtifactClient",
) -> None:
    """Only the name as the pattern has it is published; its variations are blocked."""
    govern(team, "/generic/space/anycompany-spicy-client$", **OPEN)

    def publish(name: str) -> int:
        content = name.encode()
        where: Any = {"domain": "team", "repository": "store", "format": "generic"}
        answer = team.publish_package_version(
            **where,
            namespace="space",
            package=name,
            packageVersion="1.0",
            assetContent=content,
            assetName="asset.bin",
            assetSHA256=hashlib.sha256(content).hexdigest(),
        )
        return answer["ResponseMetadata"]["HTTPStatusCode"]

    for name in ("AnyCompany-spicy-client", "anycompany.spicy.client"):
        with pytest.raises(team.exceptions.ClientError):
            publish(name)
    assert publish("anycompany-spicy-client") == 200
    assert publish("anycompanyspicyclient") == 200


# --- Public registries -------------------------------------------------------------------------


@pytest.mark.documented("Package group origin controls")
def test_group_blocks_ingestion(
    connected: Shelf, registry: PublicRegistry, client: "CodeArtifactClient"
) -> None:
    """With BLOCK a public package is neither shown nor fetched, and nobody asks for it outside."""
    registry.add(WHEEL)
    govern(client, "/pypi//demo$", EXTERNAL_UPSTREAM="BLOCK")
    assert not is_offered(connected)
    assert registry.requests == {}
    configure(client, "/pypi//demo$", restrictions={"EXTERNAL_UPSTREAM": "INHERIT"})
    assert is_offered(connected)
    assert held(client, "public") == [WHEEL.filename]


@pytest.mark.documented("Package group origin controls")
def test_stored_versions_outlast_a_block(
    connected: Shelf, registry: PublicRegistry, client: "CodeArtifactClient"
) -> None:
    """What is in a repository stays usable when a group blocks the way it came; nothing joins."""
    registry.add(WHEEL)
    assert connected.download(WHEEL).status == 200
    registry.add(NEXT)
    assert sorted(connected.files()) == [WHEEL.filename]
    connected.emulation.travel(3 * 3600 + 1)
    connected.get("simple/demo/")
    connected.emulation.settle()
    assert sorted(connected.files()) == [WHEEL.filename, NEXT.filename]
    govern(client, ROOT, **dict.fromkeys(OPEN, "BLOCK"))
    assert connected.files() == [WHEEL.filename]
    assert connected.download(WHEEL).body == WHEEL.content
    assert connected.download(NEXT).status == 404
    listed = client.list_packages(domain="team", repository="public")["packages"]
    assert [package["package"] for package in listed] == ["demo"]


@pytest.mark.documented("Package group origin controls")
def test_ingestion_goes_through_one_repository(
    make_shelf: MakeShelf,
    connected: Shelf,
    registry: PublicRegistry,
    client: "CodeArtifactClient",
) -> None:
    """The page's example: repoA gets it through repoB, no other repository gets it at all."""
    registry.add(WHEEL)
    second = make_shelf("second", connected=True)
    repo_a, other = make_shelf("repo-a", "public"), make_shelf("other", "public")
    govern(
        client,
        "/pypi//demo~",
        entry("INTERNAL_UPSTREAM", "repo-a"),
        entry("EXTERNAL_UPSTREAM", "public"),
        PUBLISH="BLOCK",
        EXTERNAL_UPSTREAM=SPECIFIC,
        INTERNAL_UPSTREAM=SPECIFIC,
    )
    for shelf in (second, other):
        assert not is_offered(shelf)
    for shelf in (repo_a, connected, second, other):
        assert shelf.upload(WHEEL).status == 403
    assert is_offered(repo_a)
    assert held(client, "repo-a") == held(client, "public") == [WHEEL.filename]
    assert held(client, "other") == held(client, "second") == []


@pytest.mark.documented("Package group origin controls")
def test_private_names_are_published_but_not_ingested(
    make_shelf: MakeShelf,
    connected: Shelf,
    registry: PublicRegistry,
    client: "CodeArtifactClient",
) -> None:
    """The page's example: a public namesake of a private package never gets in, newer or not."""
    for wheel in (NEXT, make_wheel("idna", "3.0")):
        registry.add(wheel)
    app = make_shelf("app", connected.repository)
    govern(client, ROOT, PUBLISH="BLOCK")
    private = {"PUBLISH": "ALLOW", "EXTERNAL_UPSTREAM": "BLOCK", "INTERNAL_UPSTREAM": "ALLOW"}
    govern(client, "/pypi//demo~", **private)
    assert app.get("simple/demo/").status == 404
    assert app.upload(WHEEL).status == 200
    assert app.files() == [WHEEL.filename]
    assert app.download(NEXT).status == 404
    assert app.download(make_wheel("idna", "3.0")).status == 200
    assert app.upload(make_wheel("idna", "4.0")).status == 403
    assert not any("demo" in path for path in registry.requests)


# --- Upstream repositories -----------------------------------------------------------------------


@pytest.mark.documented("Package group origin controls")
def test_group_blocks_retention_from_upstream_repositories(
    make_shelf: MakeShelf, client: "CodeArtifactClient"
) -> None:
    """With BLOCK a repository has its own versions only; what it kept before it keeps."""
    base = make_shelf("base")
    assert base.upload(WHEEL).status == 200
    kept, app = make_shelf("kept", "base"), make_shelf("app", "base")
    assert kept.download(WHEEL).status == 200
    govern(client, "/pypi/*", INTERNAL_UPSTREAM="BLOCK")
    assert not is_offered(app)
    assert held(client, "app") == []
    assert is_offered(base)
    assert is_offered(kept)
    assert base.upload(NEXT).status == 200
    assert kept.files() == [WHEEL.filename]


@pytest.mark.documented("Package group origin controls")
def test_internal_and_external_upstreams_are_two_things(
    make_shelf: MakeShelf,
    connected: Shelf,
    registry: PublicRegistry,
    client: "CodeArtifactClient",
) -> None:
    """Blocking the one way leaves the other open."""
    registry.add(WHEEL)
    app = make_shelf("app", "public")
    govern(client, "/pypi/*", INTERNAL_UPSTREAM="BLOCK")
    assert not is_offered(app)
    assert is_offered(connected)
    configure(
        client, "/pypi/*", restrictions={"INTERNAL_UPSTREAM": "ALLOW", "EXTERNAL_UPSTREAM": "BLOCK"}
    )
    # What the repository with the connection has kept is an internal version now.
    assert is_offered(app)


@pytest.mark.assumed("whether repositories in the middle of a chain must be allowed is not known")
def test_each_repository_of_a_chain_must_be_allowed(
    make_shelf: MakeShelf, client: "CodeArtifactClient"
) -> None:
    """A repository that may not take from its upstreams does not pass anything on either."""
    base = make_shelf("base")
    assert base.upload(WHEEL).status == 200
    make_shelf("middle", "base")
    app = make_shelf("app", "middle")
    govern(client, "/pypi/*", entry("INTERNAL_UPSTREAM", "app"), INTERNAL_UPSTREAM=SPECIFIC)
    assert not is_offered(app)
    configure(client, "/pypi/*", addAllowedRepositories=[entry("INTERNAL_UPSTREAM", "middle")])
    assert is_offered(app)
    assert held(client, "middle") == []


# --- Controls of packages ------------------------------------------------------------------------


@pytest.mark.documented("Editing package origin controls")
@pytest.mark.parametrize("way", ["PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM"])
def test_first_ingest_leaves_controls_to_a_restricting_group(
    make_shelf: MakeShelf, registry: PublicRegistry, client: "CodeArtifactClient", way: str
) -> None:
    """Where the group restricts anything, a package defers to it: ALLOW and ALLOW."""
    registry.add(WHEEL)
    make_shelf("public", connected=True)
    app = make_shelf("app", "public")
    names = ("public", "app")
    govern(client, "/pypi/*", *(entry(way, name) for name in names), **{way: SPECIFIC})
    create(client, "/pypi//demo$")
    assert app.download(WHEEL).status == 200
    for name in names:
        assert controls(client, name) == {"publish": "ALLOW", "upstream": "ALLOW"}


@pytest.mark.documented("Editing package origin controls")
def test_first_publication_leaves_controls_to_a_restricting_group(
    make_shelf: MakeShelf, client: "CodeArtifactClient"
) -> None:
    """A published package defers to its group as well, so upstream versions stand beside it."""
    base = make_shelf("base")
    app = make_shelf("app", "base")
    govern(client, "/pypi/*", EXTERNAL_UPSTREAM="BLOCK")
    assert (base.upload(WHEEL).status, app.upload(NEXT).status) == (200, 200)
    for name in ("base", "app"):
        assert controls(client, name) == {"publish": "ALLOW", "upstream": "ALLOW"}
    assert sorted(app.files()) == [WHEEL.filename, NEXT.filename]
    other = make_wheel(extra=b"# other")
    assert app.upload(other).status == 409


@pytest.mark.documented("Editing package origin controls")
def test_first_ingest_sets_controls_where_all_is_allowed(
    connected: Shelf, registry: PublicRegistry, client: "CodeArtifactClient"
) -> None:
    """A group that allows every way, whatever its parents say, leaves the usual defaults."""
    registry.add(WHEEL)
    govern(client, ROOT, PUBLISH="BLOCK")
    govern(client, "/pypi/*", **OPEN)
    assert connected.download(WHEEL).status == 200
    assert controls(client, "public") == {"publish": "BLOCK", "upstream": "ALLOW"}


@pytest.mark.documented("Editing package origin controls")
def test_first_version_cannot_be_one_that_is_public_where_the_group_restricts(
    client: "CodeArtifactClient", connected: Shelf, registry: PublicRegistry
) -> None:
    """Where the group's restrictions leave a package to itself, what is public cannot be taken."""
    wheel = make_wheel("demo", "1.0")
    registry.add(wheel)
    client.create_package_group(domain="team", packageGroup="/pypi/*")
    client.update_package_group_origin_configuration(
        domain="team", packageGroup="/pypi/*", restrictions={"INTERNAL_UPSTREAM": "BLOCK"}
    )
    assert connected.upload(wheel).status == 409
    assert connected.upload(make_wheel("demo", "2.0")).status == 200
