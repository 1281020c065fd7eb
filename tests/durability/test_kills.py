"""What a state folder holds after its server was killed without warning."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import urllib3

from tests.durability.serving import (
    Server,
    Shelf,
    make_repository,
    package_names,
    until,
)
from tests.support.distributions import Distribution, make_wheel
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MEGABYTE = 1024 * 1024
SMALL = make_wheel("kept")
LARGE = make_wheel("large", extra=b"# " + os.urandom(2 * MEGABYTE).hex().encode())


class _StallingRegistry(PublicRegistry):
    """A public registry that sends the first half of a file and then waits for `second_half`."""

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        chunks = PublicRegistry.__call__(self, environ, start_response)
        if not environ["PATH_INFO"].startswith("/files/"):
            return chunks
        whole = b"".join(chunks)

        def halves() -> Iterable[bytes]:
            yield whole[: len(whole) // 2]
            SECOND_HALF.wait(30)
            yield whole[len(whole) // 2 :]

        return halves()


SECOND_HALF = threading.Event()


def test_upload_broken_by_a_kill_leaves_nothing(start_server: Callable[..., Server]) -> None:
    """After a kill in the middle of an upload only what was acknowledged before is there."""
    server = start_server()
    shelf = make_repository(server)
    assert shelf.upload(SMALL) == 200
    with_half = shelf.begin_upload(LARGE)
    until(lambda: any(path.stat().st_size > MEGABYTE // 2 for path in server.incoming))
    server.kill()
    with_half.close()
    assert server.incoming

    restarted = start_server(state=server.state)

    assert restarted.incoming == []
    assert restarted.blobs == {SMALL.sha256}
    assert package_names(restarted) == {"kept"}
    after = Shelf(restarted, shelf.token)
    assert after.download(SMALL).data == SMALL.content
    assert after.download(LARGE).status == 404
    assert after.upload(LARGE) == 200
    assert after.download(LARGE).data == LARGE.content


def test_pull_through_broken_by_a_kill_leaves_nothing(
    start_server: Callable[..., Server],
) -> None:
    """After a kill in the middle of a fetch nothing of the file shows, and it can be fetched."""
    SECOND_HALF.clear()
    with _StallingRegistry() as registry, ThreadPoolExecutor(1) as threads:
        registry.add(LARGE)
        server = start_server(upstream=registry.url)
        shelf = make_repository(server, connected=True)
        answer = threads.submit(shelf.download, LARGE)
        until(lambda: any(path.stat().st_size > MEGABYTE // 2 for path in server.incoming))
        server.kill()
        SECOND_HALF.set()
        with pytest.raises(urllib3.exceptions.HTTPError):
            answer.result()

        restarted = start_server(state=server.state, upstream=registry.url)

        assert restarted.incoming == []
        assert restarted.blobs == set()
        assert package_names(restarted) == set()
        assert Shelf(restarted, shelf.token).download(LARGE).data == LARGE.content
        assert restarted.blobs == {LARGE.sha256}
        assert package_names(restarted) == {"large"}


def test_acknowledged_uploads_survive_a_kill_amid_many(
    start_server: Callable[..., Server],
) -> None:
    """Of many uploads at once, those acknowledged before a kill are whole, the others absent."""
    wheels = [make_wheel(f"package-{n}", extra=os.urandom(4096).hex().encode()) for n in range(80)]
    server = start_server()
    shelf = make_repository(server)
    acknowledged: list[Distribution] = []
    enough = threading.Event()

    def upload(wheel: Distribution) -> None:
        try:
            status = shelf.upload(wheel)
        except urllib3.exceptions.HTTPError:
            return
        assert status == 200
        acknowledged.append(wheel)
        if len(acknowledged) >= 10:
            enough.set()

    with ThreadPoolExecutor(6) as threads:
        results = [threads.submit(upload, wheel) for wheel in wheels]
        assert enough.wait(30)
        server.kill()
    for result in results:
        result.result()

    restarted = start_server(state=server.state)

    shown = package_names(restarted)
    assert {wheel.name for wheel in acknowledged} <= shown
    assert len(acknowledged) < len(wheels)
    after = Shelf(restarted, shelf.token)
    for wheel in wheels:
        answer = after.download(wheel)
        assert answer.status == (200 if wheel.name in shown else 404)
        assert answer.status == 404 or answer.data == wheel.content
    assert restarted.blobs == {wheel.sha256 for wheel in wheels if wheel.name in shown}
    assert restarted.incoming == []


def test_orphaned_blobs_are_removed_at_the_start(start_server: Callable[..., Server]) -> None:
    """Bytes that no package version refers to are gone after a restart; the others stay."""
    server = start_server()
    assert make_repository(server).upload(SMALL) == 200
    server.kill()
    orphan = b"nobody knows me"
    name = hashlib.sha256(orphan).hexdigest()
    folder = server.state / "blobs" / name[:2]
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(orphan)
    (server.state / "incoming" / "left").write_bytes(orphan)

    restarted = start_server(state=server.state)

    assert restarted.blobs == {SMALL.sha256}
    assert restarted.incoming == []


def test_keys_and_tokens_hold_after_a_restart(start_server: Callable[..., Server]) -> None:
    """A restarted server on the same state has the same access key and honours its tokens."""
    server = start_server()
    shelf = make_repository(server)
    assert shelf.upload(SMALL) == 200
    server.kill()

    restarted = start_server(state=server.state)

    assert restarted.access.access_key_id == server.access.access_key_id
    assert restarted.access.secret_access_key == server.access.secret_access_key
    assert Shelf(restarted, shelf.token).download(SMALL).data == SMALL.content
