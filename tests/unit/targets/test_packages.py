import base64
import csv
import hashlib
import io
import runpy
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.metadata import Metadata
from packaging.requirements import InvalidRequirement
from packaging.utils import (
    InvalidName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion

from pytest_codeartifact.targets.packages import make_package
from tests.support.distributions import unpack

NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True)


@given(
    name=NAMES, version=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}(rc[0-9])?", fullmatch=True)
)
def test_file_names_are_what_installers_read(
    tmp_path_factory: pytest.TempPathFactory, name: str, version: str
) -> None:
    """Name and version can be read back from both file names, whatever the name looks like."""
    package = make_package(tmp_path_factory.getbasetemp() / "names", name, version)
    wheel_name, wheel_version, *_ = parse_wheel_filename(package.wheel.name)
    sdist_name, sdist_version = parse_sdist_filename(package.sdist.name)
    assert wheel_name == sdist_name == canonicalize_name(name)
    assert str(wheel_version) == str(sdist_version) == package.version


def test_metadata_is_valid_and_names_the_requirements(tmp_path: Path) -> None:
    """The metadata passes strict validation and lists what was required."""
    package = make_package(tmp_path, "Demo.Package", "1.0", requires=["idna>=3", "six"])
    with zipfile.ZipFile(package.wheel) as wheel:
        metadata = Metadata.from_email(wheel.read("demo_package-1.0.dist-info/METADATA"))
    assert metadata.name == "Demo.Package"
    assert [str(each) for each in metadata.requires_dist or []] == ["idna>=3", "six"]


def test_record_lists_every_file_with_its_hash(tmp_path: Path) -> None:
    """RECORD agrees with the bytes in the wheel."""
    package = make_package(tmp_path, "demo")
    with zipfile.ZipFile(package.wheel) as wheel:
        rows = list(csv.reader(io.StringIO(wheel.read("demo-1.0.0.dist-info/RECORD").decode())))
        assert {path for path, _, _ in rows} == set(wheel.namelist())
        for path, told, size in rows:
            if not path.endswith("RECORD"):
                digest = hashlib.sha256(wheel.read(path)).digest()
                assert told == "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
                assert int(size) == len(wheel.read(path))


def test_sdist_builds_the_same_files_as_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build backend inside the sdist makes a wheel with the same name and files."""
    package = make_package(tmp_path, "demo-package", "2.0")
    unpack(package.sdist, tmp_path)
    monkeypatch.chdir(tmp_path / "demo_package-2.0")
    built = tmp_path / "built"
    built.mkdir()
    name = runpy.run_path("backend.py")["build_wheel"](str(built))
    assert name == package.wheel.name
    with zipfile.ZipFile(built / name) as ours, zipfile.ZipFile(package.wheel) as wheel:
        assert {path: ours.read(path) for path in ours.namelist()} == {
            path: wheel.read(path) for path in wheel.namelist()
        }


def test_same_package_has_the_same_bytes(tmp_path: Path) -> None:
    """Made twice, wheel and sdist do not differ in a single byte."""
    one = make_package(tmp_path / "one", "demo")
    two = make_package(tmp_path / "two", "demo")
    assert [path.read_bytes() for path in one.paths] == [path.read_bytes() for path in two.paths]


@pytest.mark.parametrize(
    ("name", "version", "requires", "error"),
    [
        ("demo", "one", [], InvalidVersion),
        ("demo", "1.0", ["not a requirement"], InvalidRequirement),
        ("../demo", "1.0", [], InvalidName),
    ],
    ids=["version", "requirement", "name"],
)
def test_what_no_installer_accepts_is_refused(
    tmp_path: Path, name: str, version: str, requires: list[str], error: type[Exception]
) -> None:
    """A bad name, version or requirement is refused before a file is written."""
    with pytest.raises(error):
        make_package(tmp_path, name, version, requires)
    assert list(tmp_path.iterdir()) == []
