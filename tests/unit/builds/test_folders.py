"""What builds have left, removed as far as that is possible."""

from pathlib import Path

import pytest

from pytest_codeartifact.emulator.builds.folders import remove


def test_file_is_removed(tmp_path: Path) -> None:
    """A file goes, and its neighbour stays."""
    path, neighbour = tmp_path / "file", tmp_path / "neighbour"
    path.touch()
    neighbour.touch()
    remove(path)
    assert list(tmp_path.iterdir()) == [neighbour]


@pytest.mark.parametrize("name", ["target/file", "target", "nothing"])
def test_link_is_removed_and_its_target_stays(name: str, tmp_path: Path) -> None:
    """A link goes, to whatever it leads."""
    target = tmp_path / "target"
    target.mkdir()
    (target / "file").touch()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / name)
    remove(link)
    assert list(tmp_path.iterdir()) == [target]
    assert list(target.iterdir()) == [target / "file"]


def test_link_within_a_folder_is_not_followed(tmp_path: Path) -> None:
    """What a build has linked to is none of its own, and keeps its mode, too."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    outside.chmod(0o500)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    remove(folder)
    assert not folder.exists()
    assert (outside / "file").exists()
    assert outside.stat().st_mode & 0o777 == 0o500
    outside.chmod(0o700)


def test_write_protected_folder_is_removed(tmp_path: Path) -> None:
    """A folder goes with all that is in it, though nothing may be changed there."""
    folder = tmp_path / "folder"
    inner = folder / "protected" / "inner"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    for path in (inner / "file", inner, inner.parent):
        path.chmod(0o400 if path.is_file() else 0o500)
    remove(folder)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_removed_where_nothing_is(tmp_path: Path) -> None:
    """What is gone already is no problem."""
    remove(tmp_path / "missing" / "folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("refused", ["chmod", "unlink", "rmdir"])
def test_what_cannot_be_removed_is_left(
    refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of somebody else's, whom this process cannot overrule, raise nothing."""

    def refuse(*_: object, **_how: object) -> None:
        raise PermissionError

    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "file"
    file.touch()
    with monkeypatch.context() as patch:
        patch.setattr(f"os.{refused}", refuse)
        remove(file)
        remove(folder)
    assert folder.exists() == (refused != "chmod")
