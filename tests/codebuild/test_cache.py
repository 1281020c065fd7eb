import os
import threading
from pathlib import Path

import pytest

from pytest_codeartifact.codebuild import cache


class _Build:
    """A build's folders, and what it says of the cache."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.source, self.home, self.store = folder / "source", folder / "home", store
        self.source.mkdir(parents=True)
        self.home.mkdir()
        self.said: list[str] = []

    def write(self, name: str, text: str = "x") -> Path:
        path = self.source.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def save(self, *paths: str) -> int:
        return cache.save(paths, self.store, self.source, self.home, self.said.append)

    def restore(self, *paths: str) -> int:
        return cache.restore(paths, self.store, self.source, self.home, self.said.append)


@pytest.fixture
def first(tmp_path: Path) -> _Build:
    """A build whose cache is empty."""
    return _Build(tmp_path / "1", tmp_path / "store")


@pytest.fixture
def second(tmp_path: Path) -> _Build:
    """The build after that."""
    return _Build(tmp_path / "2", tmp_path / "store")


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("node_modules/**/*", "source/node_modules/a/b.js"),
        ("node_modules/*", "source/node_modules/a/b.js"),
        ("./node_modules", "source/node_modules/a/b.js"),
        ("$CODEBUILD_SRC_DIR/node_modules/**/*", "source/node_modules/a/b.js"),
        ("/root/.cache/pip/**/*", "home/.cache/pip/x"),
        ("~/.cache/pip/**/*", "home/.cache/pip/x"),
        ("$HOME/.cache/pip/**/*", "home/.cache/pip/x"),
        ("${HOME}/.cache/pip/**/*", "home/.cache/pip/x"),
    ],
)
def test_saved_folders_come_back(first: _Build, second: _Build, path: str, file: str) -> None:
    """Folders of the source and of the home are found again where they were."""
    first.write(file, "kept")
    assert first.restore(path) == 0
    assert first.save(path) == 1
    assert second.restore(path) == 1
    assert (second.source.parent / file).read_text() == "kept"
    assert second.said == [f"Expanded cache path {path}"]


def test_absolute_paths_of_the_build_are_its_folders(first: _Build, second: _Build) -> None:
    """A path is as good as written out."""
    first.write("home/tool/a")
    assert first.save(f"{first.home}/tool/**/*") == 1
    assert second.restore(f"{first.home}/tool/**/*") == 0
    assert "not within allowed cache paths" in second.said[-1]


def test_cached_folder_takes_the_place_of_what_is_there(first: _Build, second: _Build) -> None:
    """As AWS warns, what the source has under the name of a cached folder is gone."""
    first.write("source/lib/cached")
    first.save("lib/**/*")
    second.write("source/lib/own")
    second.restore("lib/**/*")
    assert [path.name for path in (second.source / "lib").iterdir()] == ["cached"]


def test_the_last_save_is_what_is_found(first: _Build, second: _Build) -> None:
    """Nothing of an older save is left, and nothing of other paths is lost."""
    first.write("source/a/old")
    first.write("source/b/other")
    first.save("a/**/*", "b/**/*")
    second.write("source/a/new")
    second.save("a/**/*")
    assert first.restore("a/**/*", "b/**/*") == 2
    assert [path.name for path in (first.source / "a").iterdir()] == ["new"]
    assert [path.name for path in (first.source / "b").iterdir()] == ["other"]
    assert not list(first.store.glob("new-*"))


def test_only_paths_that_are_asked_for_come_back(first: _Build, second: _Build) -> None:
    """A path that the buildspec names no more is not restored."""
    first.write("source/a/x")
    first.save("a/**/*")
    assert second.restore("b/**/*") == 0
    assert not (second.source / "a").exists()


@pytest.mark.parametrize(
    "path",
    [
        "/etc/**/*",
        "../other/**/*",
        "/root/../../x/**/*",
        "/root/**/*",
        "**/*",
        "/rootless/**/*",
        "packages/*/node_modules/**/*",
        "missing/**/*",
        "file.txt",
        "link/**/*",
        "way/etc/**/*",
    ],
)
def test_what_cannot_be_kept_is_said_and_skipped(first: _Build, path: str) -> None:
    """Neither foreign folders, nor files, nor links, nor patterns of folders are cached."""
    first.write("source/file.txt")
    first.write("source/packages/a/node_modules/b")
    (first.source / "link").symlink_to(first.write("elsewhere/secret").parent)
    (first.source / "way").symlink_to("/")
    assert first.save(path) == 0
    assert first.said[-1].startswith("Skipping cache entry: ")
    assert [each.name for each in first.store.iterdir()] == ["lock"]


def test_links_stay_links_and_programs_programs(first: _Build, second: _Build) -> None:
    """Links are not followed, modes are kept, pipes are left out, and protected folders come."""
    first.write("source/bin/run").chmod(0o755)
    first.write("source/bin/sub/protected")
    (first.source / "bin/link").symlink_to("/etc")
    os.mkfifo(first.source / "bin/pipe")
    (first.source / "bin/sub").chmod(0o555)
    assert first.save("bin/**/*") == first.save("bin/**/*") == 2
    assert second.restore("bin/**/*") == second.restore("bin/**/*") == 2
    restored = second.source / "bin"
    assert (restored / "link").readlink() == Path("/etc")
    assert os.access(restored / "run", os.X_OK)
    assert not (restored / "pipe").exists()
    (restored / "sub").chmod(0o755)
    (first.source / "bin/sub").chmod(0o755)
    assert first.said == ["Expanded cache path bin/**/*"] * 2


def test_link_in_place_of_a_cached_folder_is_replaced(first: _Build, second: _Build) -> None:
    """A source cannot have the cache written elsewhere."""
    first.write("source/lib/a")
    first.save("lib/**/*")
    outside = second.write("outside/b").parent
    (second.source / "lib").symlink_to(outside)
    assert second.restore("lib/**/*") == 1
    assert [path.name for path in outside.iterdir()] == ["b"]
    assert not (second.source / "lib").is_symlink()


def test_a_file_in_the_way_fails_no_build(first: _Build, second: _Build) -> None:
    """What cannot be restored is said, and the build goes on."""
    first.write("source/a/b/c")
    first.save("a/b/**/*")
    second.write("source/a")
    assert second.restore("a/b/**/*") == 0
    assert second.said[-1].startswith("Skipping cache entry: a/b")


def test_builds_at_once_keep_the_cache_whole(tmp_path: Path) -> None:
    """Whoever restores finds what one build saved, not a mixture."""
    store = tmp_path / "store"
    builds = [_Build(tmp_path / str(number), store) for number in range(4)]
    for number, build in enumerate(builds):
        for name in range(20):
            build.write(f"source/lib/{name}", str(number))
    threads = [threading.Thread(target=build.save, args=("lib/**/*",)) for build in builds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = _Build(tmp_path / "last", store)
    assert last.restore("lib/**/*") == 20
    assert len({path.read_text() for path in (last.source / "lib").iterdir()}) == 1
