"""The confused dependency: a public package takes the name of a private one, or the other way."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.distributions import make_sdist, make_wheel
from tests.support.emulation import Shelf, refusal
from tests.support.holdings import controls, held
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

PRIVATE = make_wheel(version="1.1")
ATTACK = make_wheel(version="99.0", extra=b"# not yours")
DEMO: Any = {"domain": "team", "repository": "public", "format": "pypi", "package": "demo"}
ALLOW_BOTH: Any = {"publish": "ALLOW", "upstream": "ALLOW"}
BLOCK_BOTH: Any = {"publish": "BLOCK", "upstream": "BLOCK"}
PUBLISH_ONLY: Any = {"publish": "ALLOW", "upstream": "BLOCK"}
UPSTREAM_ONLY: Any = {"publish": "BLOCK", "upstream": "ALLOW"}


@pytest.fixture
def attacked(connected: Shelf, registry: PublicRegistry) -> Shelf:
    """A repository whose private package got a public namesake with a higher version."""
    assert connected.upload(PRIVATE).status == 200
    registry.add(ATTACK)
    return connected


@pytest.mark.documented("Editing package origin controls")
def test_public_namesake_stays_out(
    client: "CodeArtifactClient", attacked: Shelf, registry: PublicRegistry
) -> None:
    """By default the page never shows the public version, and its file is not served either."""
    assert controls(client, "public") == PUBLISH_ONLY
    assert attacked.files() == [PRIVATE.filename]
    assert attacked.download(ATTACK).status == 404
    assert registry.downloads == 0
    assert held(client, "public") == [PRIVATE.filename]


@pytest.mark.documented("Editing package origin controls")
def test_public_namesake_stays_out_downstream(
    attacked: Shelf, make_shelf: Callable[..., Shelf]
) -> None:
    """Whoever installs through a repository below is protected by the one above."""
    app = make_shelf("app", attacked.repository)
    assert app.files() == [PRIVATE.filename]
    assert app.download(ATTACK).status == 404


@pytest.mark.documented("Editing package origin controls")
def test_allowing_both_lets_the_namesake_in(client: "CodeArtifactClient", attacked: Shelf) -> None:
    """With both allowed, private and public versions stand side by side: what the attack needs."""
    answer = client.put_package_origin_configuration(**DEMO, restrictions=ALLOW_BOTH)
    assert answer["originConfiguration"] == {"restrictions": ALLOW_BOTH}
    assert sorted(attacked.files()) == sorted([PRIVATE.filename, ATTACK.filename])
    assert attacked.download(ATTACK).body == ATTACK.content
    assert attacked.upload(make_wheel(version="1.2")).status == 200
    # Blocking again keeps what came in: controls are about new versions.
    client.put_package_origin_configuration(**DEMO, restrictions=PUBLISH_ONLY)
    assert attacked.download(ATTACK).status == 200


@pytest.mark.documented("Editing package origin controls")
def test_first_ingest_blocks_publishing(
    client: "CodeArtifactClient", connected: Shelf, registry: PublicRegistry
) -> None:
    """A package that came from the public registry takes no private versions, until allowed."""
    registry.add(ATTACK)
    assert connected.download(ATTACK).status == 200
    assert controls(client, "public") == UPSTREAM_ONLY
    refused = connected.upload(PRIVATE)
    assert refused.status == 403
    assert "origin controls" in refused.message
    client.put_package_origin_configuration(**DEMO, restrictions=PUBLISH_ONLY)
    assert connected.upload(PRIVATE).status == 200


@pytest.mark.documented("Editing package origin controls")
def test_blocked_publishing_refuses_every_version(
    client: "CodeArtifactClient", attacked: Shelf
) -> None:
    """With publish=BLOCK neither a new version nor another file of an old one comes in."""
    client.put_package_origin_configuration(**DEMO, restrictions=BLOCK_BOTH)
    for distribution in (make_wheel(version="1.2"), make_sdist(version="1.1")):
        assert attacked.upload(distribution).status == 403
    assert attacked.files() == [PRIVATE.filename]
    assert attacked.download(PRIVATE).body == PRIVATE.content


@pytest.mark.documented("PutPackageOriginConfiguration")
def test_controls_are_set_before_the_first_version(
    client: "CodeArtifactClient", connected: Shelf, registry: PublicRegistry
) -> None:
    """A name can be protected before anything is published under it."""
    registry.add(ATTACK)
    client.put_package_origin_configuration(**DEMO, restrictions=PUBLISH_ONLY)
    assert client.list_package_versions(**DEMO)["versions"] == []
    assert client.describe_package(**DEMO)["package"] == {
        "format": "pypi",
        "name": "demo",
        "originConfiguration": {"restrictions": PUBLISH_ONLY},
    }
    assert connected.get("simple/demo/").status == 404
    assert connected.download(ATTACK).status == 404
    assert connected.upload(PRIVATE).status == 200
    assert connected.files() == [PRIVATE.filename]
    assert controls(client, "public") == PUBLISH_ONLY


@pytest.mark.documented("PutPackageOriginConfiguration")
def test_first_version_leaves_controls_that_were_set(
    client: "CodeArtifactClient", connected: Shelf, registry: PublicRegistry
) -> None:
    """What was set beforehand is not replaced by the defaults of the first version."""
    client.put_package_origin_configuration(**DEMO, restrictions=ALLOW_BOTH)
    assert connected.upload(PRIVATE).status == 200
    assert controls(client, "public") == ALLOW_BOTH
    registry.add(ATTACK)
    assert len(connected.files()) == 2


@pytest.mark.documented("Python package name normalization")
def test_controls_hold_for_every_spelling_of_a_name(
    client: "CodeArtifactClient", connected: Shelf, registry: PublicRegistry
) -> None:
    """A name is protected under its normalised form, however it was written."""
    registry.add(make_wheel("left-pad", "99.0"))
    here = DEMO | {"package": "Left_Pad"}
    client.put_package_origin_configuration(**here, restrictions=PUBLISH_ONLY)
    listed = client.list_packages(domain="team", repository="public")["packages"]
    assert [package["package"] for package in listed] == ["left-pad"]
    assert connected.get("simple/left-pad/").status == 404


@pytest.mark.documented("Editing package origin controls")
def test_controls_need_both_halves(client: "CodeArtifactClient", connected: Shelf) -> None:
    """Publish and upstream are set at the same time; other words than these are refused."""
    assert connected.repository == "public"
    for half in ("publish", "upstream"):
        wrong = ALLOW_BOTH | {half: "MAYBE"}
        with pytest.raises(client.exceptions.ValidationException, match="ALLOW, BLOCK"):
            client.put_package_origin_configuration(**DEMO, restrictions=wrong)
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.put_package_origin_configuration(
            **DEMO | {"repository": "nowhere"}, restrictions=ALLOW_BOTH
        )
    assert refusal(refused)["resourceType"] == "repository"
    assert client.list_packages(domain="team", repository="public")["packages"] == []


@pytest.mark.documented("ListPackages")
def test_packages_are_found_by_their_controls(
    client: "CodeArtifactClient", connected: Shelf
) -> None:
    """The list can be narrowed to what is open to both sides, as an audit does."""
    assert connected.repository == "public"
    for name, wanted in (("open", ALLOW_BOTH), ("closed", BLOCK_BOTH), ("mine", PUBLISH_ONLY)):
        client.put_package_origin_configuration(**DEMO | {"package": name}, restrictions=wanted)
    listed = client.list_packages(domain="team", repository="public", **ALLOW_BOTH)["packages"]
    assert [package["package"] for package in listed] == ["open"]
