import gzip
import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from pytest_codeartifact.emulator.formats.distributions import (
    BrokenDistribution,
    FileName,
    identity,
    manifest_of,
    read_metadata,
)
from tests.support.distributions import make_sdist, make_wheel, metadata, tarred, zipped

NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._]*[A-Za-z0-9])?", fullmatch=True).filter(
    str.isascii
)
VERSIONS = st.from_regex(
    r"([1-9]!)?[0-9]{1,3}(\.[0-9]{1,3}){0,2}((a|b|rc)[0-9])?(\.post[0-9])?(\.dev[0-9])?",
    fullmatch=True,
).filter(str.isascii)


@given(name=NAMES, version=VERSIONS, tag=st.sampled_from(["py3-none-any", "cp311-abi3-win32"]))
def test_wheel_name_is_read(name: str, version: str, tag: str) -> None:
    """Name and version come back in their normal form."""
    # The wheel specification: runs of separators become one underscore.
    stem = canonicalize_name(name).replace("-", "_")
    found = FileName.parse(f"{stem}-{version}-{tag}.whl")
    assert found == FileName(canonicalize_name(name), str(Version(version)), "bdist_wheel")


@given(name=NAMES, version=VERSIONS, suffix=st.sampled_from([".tar.gz", ".zip"]))
def test_sdist_name_is_read(name: str, version: str, suffix: str) -> None:
    """Both suffixes of sdists are read, old names with hyphens too."""
    found = FileName.parse(f"{name.replace('_', '-')}-{version}{suffix}")
    assert found == FileName(canonicalize_name(name), str(Version(version)), "sdist")


@given(
    st.one_of(
        st.text(max_size=40),
        st.builds(
            "{}-{}{}".format,
            st.text(max_size=12),
            st.text(max_size=12),
            st.sampled_from([".whl", ".tar.gz", ".zip", "-py3-none-any.whl", ".egg"]),
        ),
    )
)
def test_any_file_name_is_read_or_refused(text: str) -> None:
    """What is read is what the packaging library reads, and never holds a path."""
    try:
        found = FileName.parse(text)
    except BrokenDistribution:
        return
    assert "/" not in text
    assert "\\" not in text
    if found.filetype == "bdist_wheel":
        name, version = parse_wheel_filename(text)[:2]
    else:
        name, version = parse_sdist_filename(text)
    assert (found.name, found.version) == (name, str(version))


@given(st.from_regex(r"[a-z0-9_.]{1,6}(-[a-z0-9_.]{1,6}){1,5}\.(whl|tar\.gz|zip)", fullmatch=True))
def test_file_name_of_the_library_is_ours(text: str) -> None:
    """What the packaging library reads is not refused here."""
    try:
        parsed = (
            parse_wheel_filename(text)[:2] if text.endswith("whl") else parse_sdist_filename(text)
        )
    except (InvalidWheelFilename, InvalidSdistFilename):
        with pytest.raises(BrokenDistribution):
            FileName.parse(text)
    else:
        assert FileName.parse(text).name == parsed[0]


WHEEL = make_wheel(headers=["Requires-Dist: x"], readme="word " * 40).content
PLAIN_TAR = gzip.decompress(make_sdist().content)


def read(filename: str, content: bytes) -> str:
    try:
        raw = read_metadata(filename, io.BytesIO(content))
        name, _ = identity(filename, raw)
        manifest_of(raw, "fallback")
    except BrokenDistribution:
        return ""
    return name


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_damaged_wheel_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever bytes of a wheel are replaced, nothing but a refusal comes of it."""
    read("demo-1.0-py3-none-any.whl", damaged(data, WHEEL))


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_damaged_sdist_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever bytes inside an sdist are replaced, nothing but a refusal comes of it."""
    content = damaged(data, PLAIN_TAR[:3072])
    # Sums of headers are mended, so that the damage reaches the fields behind them.
    header = bytearray(content.ljust(512, b"\0"))
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    read("demo-1.0.tar.gz", gzip.compress(bytes(header), compresslevel=1))


@settings(deadline=None)
@given(data=st.data())
def test_damaged_compression_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever bytes of the compressed sdist are replaced, it is the same."""
    read("demo-1.0.tar.gz", damaged(data, make_sdist().content))


@settings(deadline=None)
@given(text=st.binary(max_size=200))
def test_any_metadata_is_read_or_refused(text: bytes) -> None:
    """Metadata may hold any bytes."""
    for extended in (text, metadata() + text, b"Name: demo\nVersion: " + text):
        read("demo-1.0-py3-none-any.whl", zipped([("demo-1.0.dist-info/METADATA", extended)]))
        read("demo-1.0.tar.gz", tarred([("demo-1.0/PKG-INFO", extended)]))


def damaged(data: st.DataObject, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=8))
        changed[start : start + len(piece)] = piece
    return bytes(changed)


@pytest.mark.parametrize(
    "tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
)
def test_sdist_of_every_tar_format_is_read(tar_format: int) -> None:
    """Long names and extended headers of real archives are no obstacle."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tar_format) as archive:
        members = [
            ("demo-1.0/" + "/".join(["d" * 20] * 6) + "/f", b"x"),
            ("demo-1.0/PKG-INFO", metadata()),
        ]
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), 1793404800
            archive.addfile(entry, io.BytesIO(content))
    assert read("demo-1.0.tar.gz", gzip.compress(plain.getvalue())) == "demo"


def test_manifest_says_what_the_metadata_says() -> None:
    """Addresses may stand in either of two places, and a licence text is no licence name."""
    raw = read_metadata(
        "demo-1.0-py3-none-any.whl",
        io.BytesIO(
            make_wheel(
                headers=[
                    "Project-URL: Homepage, https://home.example",
                    "Project-URL: Repository, https://git.example",
                    "License: " + "long " * 50,
                ]
            ).content
        ),
    )
    manifest = manifest_of(raw, "fallback")
    assert manifest.home_page == "https://home.example"
    assert manifest.source_code_repository == "https://git.example"
    assert (manifest.licenses, manifest.readme, manifest.display_name) == ((), None, "demo")
