import base64
import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_codeartifact.article.provenance import ServedAsset, served_assets, trace
from pytest_codeartifact.tools.programs import site_packages

HOST = "awscicd-111122223333.d.codeartifact.ap-southeast-1.amazonaws.com"
FILES = {
    "demo_pkg/__init__.py": b"greeting = 'hello'\n",
    "demo_pkg-1.0.data/purelib/demo_extra.py": b"",
    "demo_pkg-1.0.data/data/share/demo.txt": b"shared\n",
    "demo_pkg-1.0.data/scripts/demo": b"#!python\n",
    "demo_pkg-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: Demo.Pkg\nVersion: 1.0\n",
    "demo_pkg-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n",
}
WHEEL_NAME = "demo_pkg-1.0-py3-none-any.whl"


def make_wheel(files: dict[str, bytes]) -> bytes:
    rows = []
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
            rows.append(f"{name},sha256={digest.rstrip('=')},{len(content)}")
        rows.append("demo_pkg-1.0.dist-info/RECORD,,")
        archive.writestr("demo_pkg-1.0.dist-info/RECORD", "\n".join(rows))
    return buffer.getvalue()


WHEEL = make_wheel(FILES)


def request(**other: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    """The download of the wheel as the server logs it, or what differs from it."""
    return {
        "number": 7,
        "method": "GET",
        "path": f"/{HOST}/pypi/demo-repo/simple/demo-pkg/1.0/{WHEEL_NAME}",
        "status": 200,
        "sha256": hashlib.sha256(WHEEL).hexdigest(),
    } | other


def fetch(asset: ServedAsset) -> bytes:
    """A repository that holds the wheel, and nothing else."""
    assert (asset.repository, asset.package, asset.name) == ("demo-repo", "demo-pkg", WHEEL_NAME)
    return WHEEL


def unproven(
    venv_path: Path, requests: list[dict[str, Any]], fetch: Callable[[ServedAsset], bytes | None]
) -> tuple[str, ...]:
    """What in an environment is not proven to be the repository's."""
    return trace(venv_path, requests, fetch).findings


@pytest.fixture
def venv_path(tmp_path: Path) -> Path:
    """A virtual environment with the wheel's files where an installer puts them."""
    path = tmp_path / "clean"
    modules = site_packages(path)
    for name, content in FILES.items():
        place = modules / name
        if "/scripts/" in name:
            place, content = path / "bin" / "demo", b"#!/rewritten/python\n"  # noqa: PLW2901 -- as pip does
        elif ".data/purelib/" in name:
            place = modules / "demo_extra.py"
        elif ".data/data/" in name:
            place = path / "share" / "demo.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (modules / "demo_pkg-1.0.dist-info" / "INSTALLER").write_text("pip\n")
    seed = modules / "pip-26.0.dist-info"
    seed.mkdir()
    (seed / "METADATA").write_text("Metadata-Version: 2.1\nName: pip\nVersion: 26.0\n")
    return path


def test_installed_wheel_of_the_repository_is_proven(venv_path: Path) -> None:
    """Downloaded by the log, held by the repository, unchanged on disk: nothing to report."""
    assert unproven(venv_path, [request()], fetch) == ()


def test_address_may_be_escaped(venv_path: Path) -> None:
    """The log may have the path as the client wrote it."""
    path = request()["path"].replace("-py3", "%2Dpy3")
    assert unproven(venv_path, [request(path=path)], fetch) == ()


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [request(status=404)],
        [request(method="HEAD")],
        [request(sha256=None)],
        [request(path=f"/{HOST}/pypi/demo-repo/simple/demo-pkg/")],
        [request(path=f"/{HOST}/pypi/demo-repo/simple/demo-pkg/1.0/demo_pkg-1.0.tar.gz")],
        [request(path=f"/{HOST}/pypi/demo-repo/simple/demo-pkg/1.1/demo_pkg-1.1-py3-none-any.whl")],
        [request(path=f"/{HOST}/pypi/demo-repo/simple/demo/1.0/demo-1.0-py3-none-any.whl")],
        [request(path=f"/elsewhere/simple/demo-pkg/1.0/{WHEEL_NAME}")],
    ],
    ids=[
        "none",
        "refused",
        "head",
        "no-hash",
        "page",
        "source",
        "version",
        "package",
        "other-server",
    ],
)
def test_distribution_that_was_not_downloaded_is_named(
    venv_path: Path, requests: list[dict[str, Any]]
) -> None:
    """Without a successful download of its very wheel, a distribution is reported by name."""
    assert unproven(venv_path, requests, fetch) == (
        "demo-pkg 1.0: its wheel was never downloaded from the repository",
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (
            lambda p: (site_packages(p) / "demo_pkg/__init__.py").write_text("x"),
            "demo_pkg/__init__.py",
        ),
        (lambda p: (site_packages(p) / "demo_pkg/__init__.py").unlink(), "demo_pkg/__init__.py"),
        (
            lambda p: (site_packages(p) / "demo_extra.py").write_text("x"),
            "demo_pkg-1.0.data/purelib/demo_extra.py",
        ),
        (
            lambda p: (p / "share/demo.txt").write_text("x"),
            "demo_pkg-1.0.data/data/share/demo.txt",
        ),
    ],
    ids=["changed", "missing", "purelib", "data"],
)
def test_file_that_is_not_the_wheels_is_named(
    venv_path: Path, change: Callable[[Path], object], path: str
) -> None:
    """Every installed file is compared with the wheel's."""
    change(venv_path)
    assert unproven(venv_path, [request()], fetch) == (
        f"demo-pkg 1.0: {path} is not as in {WHEEL_NAME}",
    )


def test_wheel_that_the_repository_does_not_hold_is_reported(venv_path: Path) -> None:
    """What was served must still be what the repository holds."""
    findings = unproven(venv_path, [request()], lambda _: WHEEL + b"x")
    assert findings == (f"demo-pkg 1.0: the repository holds another {WHEEL_NAME} than it served",)
    findings = unproven(venv_path, [request()], lambda _: None)
    assert findings == (f"demo-pkg 1.0: the repository does not hold {WHEEL_NAME} any more",)


def test_distribution_from_an_address_is_reported(venv_path: Path) -> None:
    """What was installed from a file or an address did not come from an index."""
    info = site_packages(venv_path) / "demo_pkg-1.0.dist-info"
    (info / "direct_url.json").write_text("{}")
    assert unproven(venv_path, [request()], fetch) == (
        "demo-pkg 1.0: installed from a file or an address, not from an index",
    )


def test_empty_environment_proves_nothing(tmp_path: Path) -> None:
    """An environment without packages is a failure, not a success."""
    assert unproven(tmp_path / "clean", [request()], fetch) == ("clean: nothing is installed",)


def test_served_asset_tells_where_it_lies() -> None:
    """The address of a download gives domain, repository, package and version."""
    host = "my-team-444455556666.d.codeartifact.eu-west-1.amazonaws.com"
    path = f"/{host}/pypi/r.1/simple/a/2/{WHEEL_NAME}"
    (asset,) = served_assets([request(path=path)])
    assert (asset.domain, asset.owner) == ("my-team", "444455556666")
    assert (asset.repository, asset.package, asset.version) == ("r.1", "a", "2")
