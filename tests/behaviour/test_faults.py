"""Public registries that are broken on purpose: what was kept serves, the rest fails as it must."""

import base64
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.distributions import make_sdist, make_wheel
from tests.support.emulation import Shelf
from tests.support.holdings import held
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

WHEEL = make_wheel()
SDIST = make_sdist()
NEXT = make_wheel(version="2.0")
OTHER = make_wheel("other")
UNREACHABLE: list[dict[str, Any]] = [
    {"kind": "down"},
    {"kind": "failing"},
    {"kind": "failing", "status": 500},
    {"kind": "throttled"},
]


def break_registry(shelf: Shelf, **fault: object) -> None:
    """Break the registry behind `public:pypi`."""
    answer = shelf.emulation.control("POST", "faults", {"connection": "public:pypi"} | fault)
    assert answer.status == 200, answer.body


def mend_registry(shelf: Shelf) -> None:
    """End all faults."""
    assert shelf.emulation.control("DELETE", "faults").json() == {"faults": []}


@pytest.fixture
def shelf(connected: Shelf, registry: PublicRegistry) -> Shelf:
    """A connected repository that has retained one of the files its registry offers."""
    for each in (WHEEL, NEXT, OTHER):
        registry.add(each)
    assert connected.files() == [WHEEL.filename, NEXT.filename]
    assert connected.download(WHEEL).status == 200
    return connected


@pytest.mark.documented("Requesting package versions from upstream repositories")
@pytest.mark.parametrize("fault", UNREACHABLE, ids=str)
def test_retained_version_outlives_its_registry(
    shelf: Shelf, registry: PublicRegistry, fault: dict[str, Any]
) -> None:
    """Page and file of what was retained are served, from the repository alone."""
    asked = registry.requests.total()
    break_registry(shelf, **fault)
    assert shelf.files() == [WHEEL.filename]
    assert shelf.download(WHEEL).body == WHEEL.content
    assert registry.requests.total() == asked


@pytest.mark.assumed("the answer for a public registry that cannot be read is not documented")
@pytest.mark.parametrize("fault", UNREACHABLE, ids=str)
def test_what_was_not_retained_fails_until_the_registry_is_mended(
    shelf: Shelf, fault: dict[str, Any]
) -> None:
    """Neither page nor file, though the page was read before; both are back at once."""
    assert shelf.files("other") == [OTHER.filename]
    break_registry(shelf, **fault)
    for answer in (shelf.get("simple/other/"), shelf.download(OTHER), shelf.download(NEXT)):
        assert (answer.status, "fault" in answer.message) == (504, True)
    mend_registry(shelf)
    assert shelf.files() == [WHEEL.filename, NEXT.filename]
    assert shelf.files("other") == [OTHER.filename]
    assert shelf.download(NEXT).body == NEXT.content


@pytest.mark.assumed("what is not what its listing promises must not be kept")
def test_corrupt_file_is_refused_and_not_kept(shelf: Shelf, client: "CodeArtifactClient") -> None:
    """Other bytes than promised are neither served nor stored; what was kept is not touched."""
    break_registry(shelf, kind="corrupt")
    stored = shelf.emulation.stored
    answer = shelf.download(NEXT)
    assert (answer.status, "but its index promises" in answer.message) == (502, True)
    assert shelf.download(WHEEL).body == WHEEL.content
    assert (shelf.emulation.stored, held(client, "public")) == (stored, [WHEEL.filename])
    mend_registry(shelf)
    assert shelf.download(NEXT).body == NEXT.content


@pytest.mark.assumed("without a promise nobody can tell that the bytes are wrong")
def test_corrupt_file_without_a_promised_hash_is_served(
    connected: Shelf, registry: PublicRegistry
) -> None:
    """Where the listing names no hash, damage goes unseen by the repository, as it would."""
    registry.names_hashes = False
    registry.add(WHEEL)
    break_registry(connected, kind="corrupt")
    answer = connected.download(WHEEL)
    assert (answer.status, len(answer.body)) == (200, len(WHEEL.content))
    assert answer.body != WHEEL.content


@pytest.mark.assumed("what is not what its listing promises must not be kept")
def test_wrong_hash_in_the_listing_is_shown_and_refuses_the_file(
    shelf: Shelf, client: "CodeArtifactClient"
) -> None:
    """The page repeats the wrong promise for what is not kept; the file is refused."""
    break_registry(shelf, kind="wrong-hash")
    kept, offered = shelf.page().packages
    assert kept.digests["sha256"] == WHEEL.sha256
    assert offered.digests["sha256"] != NEXT.sha256
    assert shelf.download(NEXT).status == 502
    assert held(client, "public") == [WHEEL.filename]


@pytest.mark.documented("Requesting Python packages from upstreams and external connections")
def test_yank_is_shown_for_kept_and_offered_files(shelf: Shelf) -> None:
    """A yank reaches the page with its reason; the files stay downloadable."""
    break_registry(shelf, kind="yanked", reason="broken & <bad>")
    assert [(p.is_yanked, p.yanked_reason) for p in shelf.page().packages] == [
        (True, "broken & <bad>"),
        (True, "broken & <bad>"),
    ]
    assert shelf.download(NEXT).body == NEXT.content
    mend_registry(shelf)
    assert [package.is_yanked for package in shelf.page().packages] == [False, False]


@pytest.mark.documented("Requesting package versions from upstream repositories")
def test_replaced_file_reaches_only_who_had_not_retained_it(
    shelf: Shelf, client: "CodeArtifactClient"
) -> None:
    """New bytes under an old name: the listing agrees with them, the retained file stays."""
    break_registry(shelf, kind="replaced")
    kept, offered = shelf.page().packages
    assert kept.digests["sha256"] == WHEEL.sha256
    assert shelf.download(WHEEL).body == WHEEL.content
    answer = shelf.download(NEXT)
    assert (answer.status, answer.body == NEXT.content) == (200, False)
    assert offered.digests == {"sha256": hashlib.sha256(answer.body).hexdigest()}
    assert offered.size == len(answer.body)
    assert held(client, "public") == [WHEEL.filename, NEXT.filename]


@pytest.mark.assumed("a registry that replaces one file leaves the others as they are")
def test_replaced_file_has_the_bytes_that_were_given(
    connected: Shelf, registry: PublicRegistry
) -> None:
    """Only the file named is another one, with exactly these bytes."""
    registry.add(WHEEL)
    registry.add(SDIST)
    evil = make_wheel(extra=b"evil").content
    content = base64.b64encode(evil).decode()
    break_registry(connected, kind="replaced", file=WHEEL.filename, content_base64=content)
    wheel, sdist = connected.page().packages
    assert wheel.digests == {"sha256": hashlib.sha256(evil).hexdigest()}
    assert sdist.digests == {"sha256": SDIST.sha256}
    assert connected.download(WHEEL).body == evil
    assert connected.download(SDIST).body == SDIST.content


@pytest.mark.assumed("a registry may be broken for one package and not for another")
@pytest.mark.parametrize("name", ["other", "OTHER"])
def test_fault_of_one_package_leaves_the_others(shelf: Shelf, name: str) -> None:
    """Page and file of one package fail under any spelling of its name, all others do not."""
    break_registry(shelf, kind="down", package=name)
    assert shelf.get("simple/other/").status == 504
    assert shelf.files() == [WHEEL.filename, NEXT.filename]
    mend_registry(shelf)
    break_registry(shelf, kind="corrupt", package=name)
    assert shelf.download(OTHER).status == 502
    assert shelf.download(NEXT).status == 200


@pytest.mark.documented("Requesting package versions from upstream repositories")
def test_fault_is_met_through_an_upstream_repository(
    shelf: Shelf, make_shelf: Callable[..., Shelf]
) -> None:
    """A downstream repository gets what its upstream retained, and nothing else."""
    downstream = make_shelf("downstream", "public")
    break_registry(shelf, kind="down")
    assert downstream.files() == [WHEEL.filename]
    assert downstream.download(WHEEL).body == WHEEL.content
    assert downstream.get("simple/other/").status == 504


@pytest.mark.assumed("faults of different kinds may come together")
def test_faults_add_up(shelf: Shelf) -> None:
    """A yanked file may arrive corrupt as well."""
    break_registry(shelf, kind="yanked", reason="bad")
    break_registry(shelf, kind="corrupt")
    assert shelf.page().packages[1].is_yanked
    assert shelf.download(NEXT).status == 502
