"""Public packages through a connection, and packages of upstream repositories."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pytest_codeartifact.emulator.entities import Control
from pytest_codeartifact.emulator.registry import connections
from tests.support.distributions import Distribution, make_sdist, make_wheel
from tests.support.emulation import Shelf
from tests.support.holdings import asked_once, controls, held
from tests.support.public_registry import PublicRegistry
from tests.support.states import set_controls

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

MakeShelf = Callable[..., Shelf]
HALF_AN_HOUR = 1800
WHEEL = make_wheel()
SDIST = make_sdist()
NEXT = make_wheel(version="2.0")


# --- Reading the public registry ---------------------------------------------------------------


@pytest.mark.documented("Requesting Python packages from upstreams and external connections")
@pytest.mark.parametrize("speaks_json", [True, False])
def test_public_page_is_shown_as_our_own(
    connected: Shelf,
    registry: PublicRegistry,
    speaks_json: bool,  # noqa: FBT001 - a table
) -> None:
    """Links lead to this repository; hashes, Python versions and yanks are kept."""
    registry.speaks_json = speaks_json
    registry.add(WHEEL, requires_python=">=3.8,<4")
    registry.add(SDIST, yanked="broken & <bad>")
    wheel, sdist = connected.page().packages
    assert (wheel.filename, wheel.requires_python, wheel.is_yanked) == (
        WHEEL.filename,
        ">=3.8,<4",
        False,
    )
    assert (sdist.is_yanked, sdist.yanked_reason) == (True, "broken & <bad>")
    assert wheel.digests == {"sha256": WHEEL.sha256}
    assert wheel.url.startswith("http://127.0.0.1:8080/team-")


def say_upload_times(monkeypatch: pytest.MonkeyPatch, time: str) -> None:
    """Let public registries name this time of upload for every file."""
    plain = PublicRegistry._json

    def dated(self: PublicRegistry, name: str) -> bytes:
        page = json.loads(plain(self, name))
        for file in page["files"]:
            file["upload-time"] = time
        return json.dumps(page).encode()

    monkeypatch.setattr(PublicRegistry, "_json", dated)


@pytest.mark.documented("Gating packages on version age")
def test_upload_time_is_the_public_one(
    connected: Shelf, registry: PublicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a file is kept and after; what is known of no file is not on the page."""
    registry.add(WHEEL)
    assert [package.upload_time for package in connected.page().packages] == [None]
    connected.emulation.travel(HALF_AN_HOUR)
    say_upload_times(monkeypatch, "2023-05-22T15:12:42.31379Z")
    public = datetime(2023, 5, 22, 15, 12, 42, 313790, tzinfo=UTC)
    assert [package.upload_time for package in connected.page().packages] == [public]
    assert connected.download(WHEEL).status == 200
    registry.status = 403
    connected.emulation.travel(HALF_AN_HOUR)
    assert [package.upload_time for package in connected.page().packages] == [public]
    assert b'data-upload-time="2023-05-22T15:12:42.313790Z"' in connected.get("simple/demo/").body


@pytest.mark.documented("Gating packages on version age")
def test_published_time_is_the_time_of_ingestion(
    connected: Shelf,
    registry: PublicRegistry,
    client: "CodeArtifactClient",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The API does not say when the public registry got a version."""
    say_upload_times(monkeypatch, "2023-05-22T15:12:42.313790Z")
    registry.add(WHEEL)
    before = connected.emulation.emulator.clock.now()
    assert connected.download(WHEEL).status == 200
    version = client.describe_package_version(
        domain="team", repository="public", format="pypi", package="demo", packageVersion="1.0"
    )["packageVersion"]
    assert version["publishedTime"].timestamp() >= before - 1


@pytest.mark.documented("Requesting Python packages from upstreams and external connections")
def test_public_file_is_served_and_kept(
    connected: Shelf, registry: PublicRegistry, client: "CodeArtifactClient"
) -> None:
    """The first request fetches, later ones do not; reading the page alone keeps nothing."""
    registry.add(WHEEL)
    assert connected.files() == [WHEEL.filename]
    assert held(client, "public") == []
    for _ in range(3):
        assert connected.download(WHEEL).body == WHEEL.content
    assert registry.count(f"/files/{WHEEL.filename}") == 1
    assert held(client, "public") == [WHEEL.filename]
    assert controls(client, "public") == {"publish": "BLOCK", "upstream": "ALLOW"}


@pytest.mark.assumed("a file may be asked for without its page, as from a lock file")
def test_public_file_is_served_without_its_page(connected: Shelf, registry: PublicRegistry) -> None:
    """The listing is read when it is needed."""
    registry.add(WHEEL)
    assert connected.download(WHEEL).body == WHEEL.content
    assert connected.get(f"simple/demo/2.0/{NEXT.filename}").status == 404


@pytest.mark.documented("Requesting Python packages from upstreams and external connections")
def test_missing_public_package_is_not_found(connected: Shelf, registry: PublicRegistry) -> None:
    """What the public registry does not have is asked for again, and found once it is there."""
    assert connected.get("simple/demo/").status == 404
    registry.add(WHEEL)
    assert connected.files() == [WHEEL.filename]


@pytest.mark.documented("Python package name normalization")
def test_public_registry_is_asked_by_the_normalised_name(
    connected: Shelf, registry: PublicRegistry
) -> None:
    """However a client spells a name, the public registry sees one spelling."""
    wheel = make_wheel("My.Demo")
    registry.add(wheel)
    assert connected.get("simple/MY__demo/").status == 200
    assert set(registry.requests) == {"/simple/my-demo/"}


@pytest.mark.assumed("what no client could install is not offered")
def test_foreign_kinds_of_files_are_left_out(connected: Shelf, registry: PublicRegistry) -> None:
    """Eggs, installers and unreadable versions of the public page are not shown."""
    registry.add(WHEEL)
    for filename in ("demo-1.0.win32.exe", "demo-1.0-py3.8.egg", "demo-latest.tar.gz"):
        registry.add(Distribution(filename, b"x"))
    assert connected.files() == [WHEEL.filename]


# --- How long a listing holds ------------------------------------------------------------------


@pytest.mark.documented("Requesting packages from external connections")
def test_new_version_shows_within_half_an_hour(connected: Shelf, registry: PublicRegistry) -> None:
    """Until then a listing is repeated; the first request after it has the new version."""
    registry.add(WHEEL)
    assert connected.files() == [WHEEL.filename]
    registry.add(NEXT)
    connected.emulation.travel(HALF_AN_HOUR - 60)
    assert connected.files() == [WHEEL.filename]
    assert registry.count("/simple/demo/") == 1
    connected.emulation.travel(61)
    assert asked_once(connected) == [WHEEL.filename, NEXT.filename]
    assert registry.count("/simple/demo/") == 2


@pytest.mark.assumed("a client must not wait for a slow registry longer than for its own answer")
def test_old_listing_serves_while_the_registry_thinks(
    connected: Shelf, registry: PublicRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has waited long enough gets the old listing; the new one is there as soon as it came."""
    monkeypatch.setattr(connections, "PATIENCE_SECONDS", 0.01)
    registry.add(WHEEL)
    assert connected.files() == [WHEEL.filename]
    registry.add(NEXT)
    connected.emulation.travel(HALF_AN_HOUR)
    registry.gate.clear()
    assert connected.files() == [WHEEL.filename]
    registry.gate.set()
    connected.emulation.settle()
    assert connected.files() == [WHEEL.filename, NEXT.filename]
    assert registry.count("/simple/demo/") == 2


@pytest.mark.documented("Requesting packages from external connections")
def test_old_listing_serves_while_the_registry_is_down(
    connected: Shelf, registry: PublicRegistry
) -> None:
    """A listing that cannot be read again keeps serving, and is tried again."""
    registry.add(WHEEL)
    assert connected.files() == [WHEEL.filename]
    connected.emulation.travel(HALF_AN_HOUR)
    registry.status = 403
    assert asked_once(connected) == asked_once(connected) == [WHEEL.filename]
    registry.status = None
    registry.add(NEXT)
    assert asked_once(connected) == [WHEEL.filename, NEXT.filename]


@pytest.mark.documented("Requesting Python packages from upstreams and external connections")
def test_yank_reaches_a_kept_version(connected: Shelf, registry: PublicRegistry) -> None:
    """A version yanked in public is shown as yanked after the next reading, kept or not."""
    registry.add(WHEEL)
    assert connected.download(WHEEL).status == 200
    registry.yank(WHEEL.filename, "broken")
    connected.emulation.travel(HALF_AN_HOUR)
    assert asked_once(connected) == [WHEEL.filename]
    [package] = connected.page().packages
    assert (package.is_yanked, package.yanked_reason) == (True, "broken")
    assert connected.download(WHEEL).status == 200


@pytest.mark.assumed("another public registry is another source; its listings are its own")
def test_repointed_connection_is_read_anew(connected: Shelf, registry: PublicRegistry) -> None:
    """What one address said is not repeated for another."""
    registry.add(WHEEL)
    assert connected.files() == [WHEEL.filename]
    with PublicRegistry() as other:
        other.add(NEXT)
        connected.emulation.control("POST", "upstreams", {"public:pypi": other.url})
        assert connected.files() == [NEXT.filename]


# --- When the public registry fails ------------------------------------------------------------


@pytest.mark.documented("Requesting packages from external connections")
def test_kept_versions_are_served_while_the_registry_is_down(
    connected: Shelf, registry: PublicRegistry
) -> None:
    """Nobody answers any more: what was kept is listed and served, the rest is not."""
    registry.add(WHEEL)
    registry.add(NEXT)
    assert connected.download(WHEEL).status == 200
    registry.stop()
    assert connected.download(WHEEL).body == WHEEL.content
    assert WHEEL.filename in connected.files()
    lost = connected.download(NEXT)
    assert lost.status == 504
    assert "public registry" in lost.message or NEXT.filename in lost.message


@pytest.mark.assumed("the service's status for an unreachable public registry is not known")
def test_package_that_nobody_has_says_why(connected: Shelf, registry: PublicRegistry) -> None:
    """Without anything kept the refusal says that the public registry failed, and how."""
    registry.status = 403
    answer = connected.get("simple/demo/")
    assert answer.status == 504
    assert "403" in answer.message
    assert "public registry" in answer.message


@pytest.mark.assumed("an address with credentials must not show them")
def test_refusal_shows_no_credentials(connected: Shelf, registry: PublicRegistry) -> None:
    """The user's password for a public registry stays out of what clients see."""
    registry.status = 403
    url = registry.url.replace("//", "//me:hunter2@") + "?token=hunter2"
    connected.emulation.control("POST", "upstreams", {"public:pypi": url})
    answer = connected.get("simple/demo/")
    assert answer.status == 504
    assert b"hunter2" not in answer.body


@pytest.mark.assumed("own versions do not depend on the public registry")
def test_own_versions_are_listed_while_the_registry_is_down(
    make_shelf: MakeShelf, connected: Shelf, registry: PublicRegistry
) -> None:
    """A repository that has the package itself answers with what it has."""
    app = make_shelf("app", connected.repository)
    assert app.upload(WHEEL).status == 200
    set_controls(app, "demo", Control.ALLOW, Control.ALLOW)
    registry.status = 403
    assert app.files() == [WHEEL.filename]


@pytest.mark.assumed("a short failure of the public registry is not passed on")
def test_short_failure_is_tried_again(connected: Shelf, registry: PublicRegistry) -> None:
    """One 500 from the public registry is not seen by the client."""
    registry.add(WHEEL)
    registry.failures = 1
    assert connected.files() == [WHEEL.filename]
    registry.failures = 1
    assert connected.download(WHEEL).body == WHEEL.content


@pytest.mark.assumed("wrong bytes must never be installed, nor kept")
def test_wrong_bytes_are_refused(
    connected: Shelf, registry: PublicRegistry, client: "CodeArtifactClient"
) -> None:
    """Bytes with another hash than promised are a bad gateway; nothing of them stays."""
    registry.add(WHEEL, served=WHEEL.content + b"!")
    for _ in range(2):
        answer = connected.download(WHEEL)
        assert answer.status == 502
        assert WHEEL.filename in answer.message
    assert connected.emulation.stored == []
    assert held(client, "public") == []
    assert registry.count(f"/files/{WHEEL.filename}") == 2


@pytest.mark.assumed("some registries name no hash; their files are served all the same")
def test_file_without_promised_hash_is_kept(connected: Shelf, registry: PublicRegistry) -> None:
    """Once kept, the file has a hash, and the page shows it."""
    registry.names_hashes = False
    registry.add(WHEEL)
    assert connected.page().packages[0].digests == {}
    assert connected.download(WHEEL).body == WHEEL.content
    assert connected.page().packages[0].digests["sha256"] == WHEEL.sha256


@pytest.mark.assumed("public files may be broken in any way; clients get them as they are")
def test_unreadable_public_file_is_served(connected: Shelf, registry: PublicRegistry) -> None:
    """A wheel that is no archive is passed on with the bytes its hash promises."""
    broken = Distribution(WHEEL.filename, b"no archive")
    registry.add(broken)
    assert connected.download(broken).body == b"no archive"


# --- Many at once ------------------------------------------------------------------------------


@pytest.mark.assumed("the service's own failures under load are nothing to imitate")
def test_concurrent_first_requests_fetch_once(connected: Shelf, registry: PublicRegistry) -> None:
    """Sixteen clients ask for a page and its file at once; each is fetched once."""
    registry.add(WHEEL)
    registry.gate.clear()
    with ThreadPoolExecutor(16) as pool:
        pages = [pool.submit(connected.get, "simple/demo/") for _ in range(8)]
        files = [pool.submit(connected.download, WHEEL) for _ in range(8)]
        assert registry.arrived.wait(30)
        registry.gate.set()
        assert [page.result().status for page in pages] == [200] * 8
        assert [file.result().body for file in files] == [WHEEL.content] * 8
    assert registry.count("/simple/demo/") == 1
    assert registry.count(f"/files/{WHEEL.filename}") == 1
    assert connected.emulation.stored == [WHEEL.sha256]


@pytest.mark.assumed("a waiting fetch must not stop everybody else")
def test_slow_fetch_blocks_nobody_else(
    make_shelf: MakeShelf, connected: Shelf, registry: PublicRegistry
) -> None:
    """While the public registry thinks, other packages are read and published."""
    store = make_shelf("store")
    registry.add(WHEEL)
    registry.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(connected.download, WHEEL)
        assert registry.arrived.wait(30)
        assert store.upload(make_wheel("other")).status == 200
        assert store.files("other") == [make_wheel("other").filename]
        assert not waiting.done()
        registry.gate.set()
        assert waiting.result().body == WHEEL.content


@pytest.mark.documented("Packages overview")
def test_concurrent_uploads_of_one_file_agree(shelf: Shelf) -> None:
    """Of eight different files with one name exactly one is published."""
    wheels = [make_wheel(extra=f"# {number}".encode()) for number in range(8)]
    together = threading.Barrier(8)

    def upload(wheel: Distribution) -> int:
        together.wait(30)
        return shelf.upload(wheel).status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(upload, wheels))
    assert sorted(statuses) == [200] + [409] * 7
    winner = wheels[statuses.index(200)]
    assert shelf.download(winner).body == winner.content
    assert shelf.emulation.stored == [winner.sha256]
