import glob
import os
import stat
import string
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.codebuild.files import (
    NoBaseDirectory,
    NothingSelected,
    OutsideError,
    Selected,
    pack,
    select,
)


def _tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def _names(selected: list[Selected]) -> list[str]:
    return [each.name for each in selected]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("my-file.jar", ["my-file.jar"]),
        ("my-parent/my-sub/my-file.jar", ["my-parent/my-sub/my-file.jar"]),
        ("my-sub/*", ["my-sub/a.txt"]),
        ("my-sub/**/*", ["my-sub/a.txt", "my-sub/deep/b.txt"]),
        ("my-sub/**", ["my-sub/a.txt", "my-sub/deep/b.txt"]),
        ("./my-sub/../my-sub//a.txt", ["my-sub/a.txt"]),
        ("*.jar", ["my-file.jar"]),
        ("**/*.jar", ["my-file.jar", "my-parent/my-sub/my-file.jar"]),
        ("**/my-sub/*", ["my-parent/my-sub/my-file.jar", "my-sub/a.txt"]),
        ("my-sub/[ab].tx?", ["my-sub/a.txt"]),
        ("**/.*", [".hidden"]),
        (
            "**/*",
            [
                ".hidden",
                "my-file.jar",
                "my-parent/my-sub/my-file.jar",
                "my-sub/a.txt",
                "my-sub/deep/b.txt",
            ],
        ),
    ],
)
def test_documented_patterns_name_their_files(
    tmp_path: Path, pattern: str, expected: list[str]
) -> None:
    """The forms of the reference, and what follows from them, name files by their paths."""
    _tree(
        tmp_path,
        "my-file.jar",
        "my-parent/my-sub/my-file.jar",
        "my-sub/a.txt",
        "my-sub/deep/b.txt",
        ".hidden",
    )
    assert _names(select(tmp_path, [pattern])) == expected


def _builds(root: Path) -> Path:
    return _tree(
        root, "my-build-1/file-1.txt", "my-build-2/file-2.txt", "my-build-2/sub/file-3.txt", "x.txt"
    )


@pytest.mark.parametrize(
    ("pattern", "base", "discards", "expected"),
    [
        ("*/file-3.txt", "my-build-2", False, ["sub/file-3.txt"]),
        ("**/*", "my-build*", True, ["file-1.txt", "file-2.txt", "file-3.txt"]),
        ("**/*", "my-build*", False, ["file-1.txt", "file-2.txt", "sub/file-3.txt"]),
        ("**/*", "./my-build-1/", False, ["file-1.txt"]),
        ("*", "**/sub", False, ["file-3.txt"]),
        ("*", ".", False, ["x.txt"]),
    ],
)
def test_base_directories_are_no_part_of_names(
    tmp_path: Path, pattern: str, base: str, *, discards: bool, expected: list[str]
) -> None:
    """Patterns are relative to each base directory; discarded paths leave the last name."""
    selected = select(_builds(tmp_path), [pattern], base_directory=base, discard_paths=discards)
    assert _names(selected) == expected


@pytest.mark.parametrize(
    ("exclude", "expected"),
    [
        ("**/b/**/*", [".env", "a/.git/config", "c.txt"]),
        ("**/.*/**/*", ["a/b", "c.txt", "d/b/e"]),
        ("**/c.*", [".env", "a/.git/config", "a/b", "d/b/e"]),
        ("**/.*", ["a/.git/config", "a/b", "c.txt", "d/b/e"]),
        ("d", [".env", "a/.git/config", "a/b", "c.txt", "d/b/e"]),
    ],
)
def test_excluded_paths_are_left_out(tmp_path: Path, exclude: str, expected: list[str]) -> None:
    """The reference's own patterns exclude a file everywhere, dot folders, and dot files."""
    _tree(tmp_path, "a/b", "a/.git/config", "c.txt", ".env", "d/b/e")
    assert _names(select(tmp_path, ["**/*"], exclude=[exclude])) == expected


def test_a_file_of_several_patterns_is_there_once(tmp_path: Path) -> None:
    """Patterns add up."""
    _tree(tmp_path, "a/b", "c")
    assert _names(select(tmp_path, ["c", "**/*", "a/*"])) == ["a/b", "c"]


def test_folders_and_missing_files_select_nothing(tmp_path: Path) -> None:
    """Only files are selected; AWS's words say that there are none."""
    _tree(tmp_path, "dist/a")
    with pytest.raises(NothingSelected, match=r"^no matching artifact paths found$"):
        select(tmp_path, ["dist", "dist/", "missing.zip"])


@pytest.mark.parametrize("base", ["cdk.out", "x.txt", "other*"])
def test_missing_base_directory_is_named(tmp_path: Path, base: str) -> None:
    """What is no folder is no base directory, as AWS says it."""
    with pytest.raises(NoBaseDirectory) as caught:
        select(_builds(tmp_path), ["**/*"], base_directory=base)
    assert str(caught.value) == f"no matching base directory path found for {base}"


@pytest.mark.parametrize("pattern", ["../a", "a/../../b", "**/../a", "/etc/passwd", "/../etc/*"])
def test_pattern_that_leads_out_is_refused(tmp_path: Path, pattern: str) -> None:
    """Neither files, nor base directories, nor exclusions lead out of the source."""
    _tree(tmp_path, "a")
    with pytest.raises(OutsideError):
        select(tmp_path, [pattern])
    with pytest.raises(OutsideError):
        select(tmp_path, ["*"], base_directory=pattern)
    with pytest.raises(OutsideError):
        select(tmp_path, ["*"], exclude=[pattern])


def test_absolute_paths_below_the_source_are_taken(tmp_path: Path) -> None:
    """`$CODEBUILD_SRC_DIR/...` names what the rest of it names."""
    _tree(tmp_path, "dist/a")
    assert _names(select(tmp_path, [f"{tmp_path}/dist/*"])) == ["dist/a"]
    assert _names(select(tmp_path, ["*"], base_directory=f"{tmp_path}/dist")) == ["a"]
    with pytest.raises(OutsideError):
        select(tmp_path, [f"{tmp_path}-2/*"])


def _links(root: Path) -> Path:
    source = _tree(root / "source", "a.txt", "folder/b.txt")
    _tree(root, "outside.txt")
    (source / "to-file").symlink_to("a.txt")
    (source / "to-folder").symlink_to("folder")
    (source / "out").symlink_to("../outside.txt")
    (source / "gone").symlink_to("nowhere")
    (source / "loop").symlink_to("loop")
    return source


def test_links_become_files_and_are_not_gone_into(tmp_path: Path) -> None:
    """A link to a file is that file; folders behind links and what lies outside stay out."""
    source = _links(tmp_path)
    selected = select(source, ["**/*"])
    assert _names(selected) == ["a.txt", "folder/b.txt", "to-file"]
    pack(selected, tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.read("to-file") == b"a.txt"
        assert stat.S_ISREG(archive.getinfo("to-file").external_attr >> 16)


def test_links_are_kept_when_wanted(tmp_path: Path) -> None:
    """Kept links are links in the ZIP; those that lead out are in neither."""
    selected = select(_links(tmp_path), ["**/*"], keep_links=True)
    assert [each.name for each in selected if each.is_link] == ["to-file", "to-folder"]
    pack(selected, tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.read("to-folder") == b"folder"
        assert stat.S_ISLNK(archive.getinfo("to-folder").external_attr >> 16)


def test_base_directory_behind_a_link_out_is_refused(tmp_path: Path) -> None:
    """A link as base directory is followed below the source only."""
    source = _links(tmp_path)
    assert _names(select(source, ["*"], base_directory="to-folder")) == ["b.txt"]
    (source / "up").symlink_to("..")
    with pytest.raises(OutsideError):
        select(source, ["*"], base_directory="up")


def test_pipes_are_left_out(tmp_path: Path) -> None:
    """What cannot be read to its end is no artifact."""
    os.mkfifo(tmp_path / "pipe")
    _tree(tmp_path, "a")
    assert _names(select(tmp_path, ["*"])) == ["a"]


def test_packed_files_keep_modes_and_times(tmp_path: Path) -> None:
    """A program can be run after unpacking; times are UTC, and within what a ZIP can tell."""
    _tree(tmp_path, "bin/run", "old", "new")
    (tmp_path / "bin/run").chmod(0o750)
    os.utime(tmp_path / "bin/run", (1_700_000_000, 1_700_000_000))
    os.utime(tmp_path / "old", (0, 0))
    os.utime(tmp_path / "new", (5_000_000_000, 5_000_000_000))
    pack(select(tmp_path, ["**/*"]), tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        run, old, new = map(archive.getinfo, ("bin/run", "old", "new"))
    assert stat.S_IMODE(run.external_attr >> 16) == 0o750
    assert run.date_time == (2023, 11, 14, 22, 13, 20)
    assert old.date_time == (1980, 1, 1, 0, 0, 0)
    assert new.date_time == (2107, 12, 31, 23, 59, 58)


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    """The order in which files are given does not matter."""
    _tree(tmp_path, "b", "a/c", "a/b")
    selected = select(tmp_path, ["**/*"])
    pack(selected, tmp_path / "1.zip")
    pack(reversed(selected), tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_names_of_any_bytes_can_be_packed(tmp_path: Path) -> None:
    """A name that is no UTF-8 gets replacement characters."""
    (tmp_path / os.fsdecode(b"caf\xe9")).write_text("x")
    selected = select(tmp_path, ["*"])
    pack(selected, tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.namelist() == ["caf�"]


def test_nothing_is_packed_of_nothing_or_of_a_file_that_is_gone(tmp_path: Path) -> None:
    """A ZIP is there as a whole or not at all."""
    with pytest.raises(NothingSelected):
        pack([], tmp_path / "x.zip")
    gone = [Selected("a", _tree(tmp_path, "a") / "a"), Selected("b", tmp_path / "b")]
    with pytest.raises(FileNotFoundError):
        pack(gone, tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()


_PART = st.text("ab.", min_size=1, max_size=2).filter(lambda part: part.strip("."))
_PATTERN_PART = st.one_of(
    st.sampled_from(["*", "**", "?", "[ab]", "[!a]", "a*", "*b", ".*"]), _PART
)


@settings(deadline=None)
@given(
    files=st.sets(st.lists(_PART, min_size=1, max_size=4).map("/".join), max_size=8),
    pattern=st.lists(_PATTERN_PART, min_size=1, max_size=4).map("/".join),
)
def test_patterns_mean_what_glob_takes_them_for(files: set[str], pattern: str) -> None:
    """Where the reference is silent, patterns are those of Python's own `glob`."""
    with tempfile.TemporaryDirectory() as folder:
        for name in files:
            path = Path(folder, name)
            # One name may be a folder of another.
            if not any(parent.is_file() for parent in path.parents) and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("")
        expected = {
            name
            for name in glob.glob(pattern, root_dir=folder, recursive=True, include_hidden=True)  # noqa: PTH207 -- the other opinion
            # Of a file `a`, it finds `a/` for `a/**`.
            if Path(folder, name).is_file() and not name.endswith("/")
        }
        try:
            selected = _names(select(Path(folder), [pattern]))
        except NothingSelected:
            selected = []
        assert selected == sorted(expected)


@settings(deadline=None)
@given(pattern=st.text(string.printable + "*/.[", max_size=12))
def test_no_pattern_names_what_lies_outside(pattern: str) -> None:
    """Whatever is written, a file beside the source is never selected."""
    with tempfile.TemporaryDirectory() as folder:
        source = _tree(Path(folder, "source"), "a", "b/c")
        _tree(Path(folder), "beside")
        try:
            selected = select(source, [pattern])
        except (NothingSelected, OutsideError):
            return
        assert {each.path.relative_to(source.resolve()).parts[0] for each in selected} <= {"a", "b"}
