"""ZIP files unpacked, also those that mean no good."""

import contextlib
import io
import os
import stat
import tempfile
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.builds import unpacking
from pytest_codeartifact.emulator.builds.unpacking import Unpackable, place_in, unpack


def packed(*entries: tuple[str, bytes], modes: dict[str, int] | None = None) -> io.BytesIO:
    """A ZIP file of these names and contents, with modes of Unix where given."""
    archive = io.BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as made:
        for name, content in entries:
            info = ZipInfo(name)
            info.create_system = 3
            info.external_attr = (modes or {}).get(name, 0) << 16
            info.compress_type = ZIP_DEFLATED
            made.writestr(info, content)
    return archive


def test_files_and_folders_come_out(tmp_path: Path) -> None:
    """Folders that are not listed are made, empty ones are kept."""
    archive = packed(("buildspec.yml", b"version: 0.2"), ("a/b/c.py", b""), ("empty/", b""))
    assert unpack(archive, tmp_path) == 2
    assert (tmp_path / "buildspec.yml").read_bytes() == b"version: 0.2"
    assert (tmp_path / "a/b/c.py").read_bytes() == b""
    assert (tmp_path / "empty").is_dir()


def test_executable_files_stay_executable(tmp_path: Path) -> None:
    """Modes are kept as far as the build can still change its files."""
    modes = {"run.sh": stat.S_IFREG | 0o755, "read": stat.S_IFREG | 0o444, "set": 0o4755}
    unpack(packed(*((name, b"x") for name in (*modes, "plain")), modes=modes), tmp_path)
    found = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in modes}
    assert found == {"run.sh": 0o755, "read": 0o644, "set": 0o755}
    assert not os.access(tmp_path / "plain", os.X_OK)


def test_symbolic_link_becomes_a_file(tmp_path: Path) -> None:
    """Nothing that is unpacked leads out of the folder."""
    folder = tmp_path / "source"
    folder.mkdir()
    archive = packed(("link", b"../outside"), modes={"link": stat.S_IFLNK | 0o777})
    unpack(archive, folder)
    assert (folder / "link").read_bytes() == b"../outside"
    assert not (folder / "link").is_symlink()


@pytest.mark.parametrize(
    "name", ["../outside", "a/../../outside", "/outside", "..", "//outside", "a/.."]
)
def test_file_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    """Neither a path from the root nor one upwards is followed."""
    folder = tmp_path / "source"
    folder.mkdir()
    with pytest.raises(Unpackable, match="illegal file path"):
        unpack(packed((name, b"x")), folder)
    assert list(tmp_path.rglob("*")) == [folder]


@pytest.mark.parametrize(
    "content", [b"", b"no zip file", packed(("a", b"abc" * 99)).getvalue()[:-9]]
)
def test_what_is_no_zip_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file of another kind, or half of one, is told in the words of AWS's agent."""
    with pytest.raises(Unpackable, match=r"^zip: not a valid zip file$"):
        unpack(io.BytesIO(content), tmp_path)


def test_damaged_content_is_refused(tmp_path: Path) -> None:
    """What does not have the checksum that the ZIP file says is not taken."""
    archive = packed(("a", os.urandom(1000)))
    damaged = bytearray(archive.getvalue())
    damaged[500] ^= 0xFF
    with pytest.raises(Unpackable, match=r"^zip: not a valid zip file$"):
        unpack(io.BytesIO(damaged), tmp_path)


def test_way_of_compressing_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """A ZIP file of the future is an error of the user's, no crash."""
    made = bytearray(packed(("a", b"abc")).getvalue())
    at = made.index(b"PK\x01\x02") + 10
    made[at : at + 2] = (99).to_bytes(2, "little")
    with pytest.raises(Unpackable, match="unsupported compression"):
        unpack(io.BytesIO(made), tmp_path)


def test_file_where_a_folder_is_needed_is_refused(tmp_path: Path) -> None:
    """Names that cannot stand side by side are told, not tripped over."""
    with pytest.raises(Unpackable):
        unpack(packed(("a", b"x"), ("a/b", b"x")), tmp_path)


def test_too_much_is_refused_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file that would become a huge one, or very many, is not begun."""
    monkeypatch.setattr(unpacking, "MOST_BYTES", 1000)
    monkeypatch.setattr(unpacking, "MOST_FILES", 3)
    for archive in (packed(("bomb", b"\0" * 1001)), packed(*((str(n), b"") for n in range(4)))):
        with pytest.raises(Unpackable, match="more than 3 files or 1000 bytes"):
            unpack(archive, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_file_that_is_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    """Only as many bytes are read as were announced."""
    made = bytearray(packed(("bomb", b"\0" * 100_000)).getvalue())
    for header, size in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = made.index(header) + size
        made[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(Unpackable):
        unpack(io.BytesIO(made), tmp_path)
    written = [path.stat().st_size for path in tmp_path.iterdir()]
    assert sum(written) <= 10


names = st.text(
    st.one_of(st.sampled_from("./\\~$ \0"), st.characters(codec="utf-8")), min_size=1, max_size=12
)


@given(names)
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    """Whatever a file is called, it is within the folder or nowhere."""
    folder = Path("/build/source")
    try:
        place = place_in(folder, name)
    except Unpackable:
        return
    assert folder in Path(os.path.normpath(place)).parents


changes = st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=4)), max_size=4)


@given(changes, st.integers(0, 400))
def test_no_damage_breaks_the_unpacking(changed: list[tuple[int, bytes]], lost: int) -> None:
    """Whatever the bytes are, they are unpacked or refused."""
    data = bytearray(packed(("a/žluť", b"abc" * 20), ("b", b"")).getvalue())
    for at, content in changed:
        data[at : at + len(content)] = content
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(Unpackable):
        unpack(io.BytesIO(data[: len(data) - lost] if lost < len(data) else data), Path(folder))
