"""Many clients at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import urllib3

from tests.support.distributions import Distribution, make_wheel
from tests.support.public_registry import PublicRegistry

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_codeartifact.targets.packages import SamplePackage
    from pytest_codeartifact.targets.workspace import Repository
    from pytest_codeartifact.tools.toolbox import Tools

CLIENTS = 32


def _wheels(public_registry: PublicRegistry, prefix: str) -> list[Distribution]:
    wheels = [make_wheel(f"{prefix}-{n}") for n in range(5)]
    for wheel in wheels:
        public_registry.add(wheel)
    return wheels


def test_every_asset_is_fetched_once_for_many_clients(
    connected_repository: "Repository", public_registry: PublicRegistry
) -> None:
    """Clients that ask for the same new files at the same time share one fetch of each."""
    wheels = _wheels(public_registry, "shared")
    headers = {"Authorization": f"Bearer {connected_repository.domain.token()}"}
    base_url = f"{connected_repository.endpoint('pypi')}simple/"

    def fetch(_: int) -> list[bytes]:
        with urllib3.PoolManager(headers=headers, retries=False) as pool:
            urls = [f"{base_url}{wheel.name}/1.0/{wheel.filename}" for wheel in wheels]
            return [pool.request("GET", url).data for url in urls]

    with ThreadPoolExecutor(CLIENTS) as threads:
        fetched = list(threads.map(fetch, range(CLIENTS)))

    assert fetched == [[wheel.content for wheel in wheels]] * CLIENTS
    counts = [public_registry.count(f"/files/{wheel.filename}") for wheel in wheels]
    assert counts == [1] * len(wheels)
    assert [public_registry.count(f"/simple/{wheel.name}/") for wheel in wheels] == [1] * len(
        wheels
    )


def test_pips_at_once_download_the_same(
    tools: "Tools", connected_repository: "Repository", public_registry: PublicRegistry
) -> None:
    """Several `pip download` into a cold repository all succeed, with one fetch of each file."""
    wheels = _wheels(public_registry, "piped")
    tools.connect(connected_repository.connection)
    names = [wheel.name for wheel in wheels]

    def download(number: int) -> list[str]:
        folder = tools.home.work_path / f"pip-{number}"
        tools.pip.run("download", "--no-cache-dir", "--dest", str(folder), *names)
        return sorted(path.name for path in folder.iterdir())

    with ThreadPoolExecutor(6) as threads:
        downloaded = list(threads.map(download, range(6)))

    assert downloaded == [sorted(wheel.filename for wheel in wheels)] * 6
    assert public_registry.downloads == len(wheels)


def test_one_of_many_different_uploads_wins(
    codeartifact_repository: "Repository",
    make_codeartifact_package: "Callable[..., SamplePackage]",
) -> None:
    """Of uploads with the same file name and other bytes one is kept; the others are conflicts."""
    contents = [
        make_codeartifact_package("raced", requires=[f"other>={n}"]).wheel.read_bytes()
        for n in range(8)
    ]
    name = make_codeartifact_package("raced").wheel.name
    url = codeartifact_repository.endpoint("pypi")
    headers = {"Authorization": f"Bearer {codeartifact_repository.domain.token()}"}

    def upload(content: bytes) -> int:
        fields: dict[str, Any] = {
            ":action": "file_upload",
            "protocol_version": "1",
            "name": "raced",
            "version": "1.0.0",
            "filetype": "bdist_wheel",
            "content": (name, content, "application/octet-stream"),
        }
        return urllib3.request("POST", url, fields=fields, headers=headers).status

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(upload, contents))

    assert sorted(statuses) == [200] + [409] * 7
    kept = urllib3.request("GET", f"{url}simple/raced/1.0.0/{name}", headers=headers).data
    assert kept == contents[statuses.index(200)]
