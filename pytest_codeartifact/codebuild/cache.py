"""What builds of a project keep for the next one: its local custom cache.

Source: "Build caching in AWS CodeBuild" (AWS CodeBuild User Guide): only folders are cached, and
they take the place of what the source has under the same name.

Differs: AWS links the build's folders to the cache, here they are copied, so that builds at the
same time do not disturb each other; the last one to end is what the next one finds.
"""

import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_codeartifact.emulator.builds.folders import remove

if TYPE_CHECKING:
    from filelock import BaseFileLock

# Who runs a build on AWS is at home here.
_HOME = re.compile(r"(?:/root|~|\$HOME|\$\{HOME\})(?=/|$)")
_SOURCE = re.compile(r"(?:\$CODEBUILD_SRC_DIR|\$\{CODEBUILD_SRC_DIR\})(?=/|$)")
_EVERYTHING_WITHIN = re.compile(r"(?:/\*\*)?(?:/\*)?$")
_MAGIC = re.compile(r"[*?\[]")
# One error may be about each of many files.
_MOST_REASON = 200


def restore(
    paths: Sequence[str], store: Path, source: Path, home: Path, say: Callable[[str], object]
) -> int:
    """Put the folders that `paths` name where they were, and return how many files that are.

    `store` is the project's folder, `source` the build's source, to which paths are relative, and
    `home` its home, which `/root`, `~` and `$HOME` mean. What cannot be restored is told to `say`,
    as no build fails for want of its cache.
    """
    if not store.is_dir():
        return 0
    count = 0
    with _locked(store):
        for path, folder in _folders(paths, source, home, say):
            kept = store / _kept_name(path)
            if kept.is_dir():
                try:
                    remove(folder)
                    count += _copy(kept, folder)
                except OSError as error:
                    say(f"Skipping cache entry: {path}: {str(error)[:_MOST_REASON]}")
    return count


def save(
    paths: Sequence[str], store: Path, source: Path, home: Path, say: Callable[[str], object]
) -> int:
    """Keep the folders that `paths` name, and return how many files that are; as `restore`."""
    store.mkdir(parents=True, exist_ok=True)
    count = 0
    with _locked(store):
        for path, folder in _folders(paths, source, home, say):
            if folder.is_symlink() or not folder.is_dir():
                say(f"Skipping cache entry: {path} is no folder")
                continue
            try:
                count += _replace(folder, store / _kept_name(path))
            except OSError as error:
                say(f"Skipping cache entry: {path}: {str(error)[:_MOST_REASON]}")
    return count


def _locked(store: Path) -> "BaseFileLock":
    """Holds off other builds of the project."""
    from filelock import FileLock  # noqa: PLC0415 -- few builds have a cache

    return FileLock(store / "lock")


# --- Which folders -------------------------------------------------------------------------------


def _folders(
    paths: Sequence[str], source: Path, home: Path, say: Callable[[str], object]
) -> Iterator[tuple[str, Path]]:
    """What paths name: the folder as it is written, and where it is."""
    for path in paths:
        say(f"Expanded cache path {path}")
        written = _EVERYTHING_WITHIN.sub("", f"/{path}")[1:] or "."
        folder = _place(written, source, home)
        if _MAGIC.search(written):
            say(f'Skipping cache entry: path "{path}" names no single folder')
        elif not _is_allowed(folder, source, home):
            say(f'Skipping cache entry: path "{path}" is not within allowed cache paths')
        else:
            yield written, folder


def _place(written: str, source: Path, home: Path) -> Path:
    for pattern, folder in ((_HOME, home), (_SOURCE, source)):
        if begin := pattern.match(written):
            return Path(os.path.normpath(folder / written[begin.end() :].lstrip("/")))
    return Path(os.path.normpath(source / written))


def _is_allowed(folder: Path, source: Path, home: Path) -> bool:
    """Whether a folder is the build's to fill: below its source or its home, and not these.

    Differs: on AWS a build may keep all it can write. A home here holds the programs of the build.
    """
    # A link in its place is replaced, one on the way there is followed.
    parent = folder.parent.resolve()
    roots = {source.resolve(), home.resolve()}
    return folder.name not in {"", ".."} and (
        parent / folder.name not in roots and any(parent.is_relative_to(root) for root in roots)
    )


def _kept_name(path: str) -> str:
    return hashlib.sha256(os.path.normpath(path).encode()).hexdigest()


# --- Copying -------------------------------------------------------------------------------------


def _replace(folder: Path, kept: Path) -> int:
    """Make `kept` a copy of `folder`; it is the old or the new one at every moment but one."""
    fresh = kept.with_name(f"new-{secrets.token_hex(8)}")
    try:
        count = _copy(folder, fresh)
        remove(kept)
        fresh.rename(kept)
    finally:
        remove(fresh)
    return count


def _copy(folder: Path, target: Path) -> int:
    """Copy a folder to where none is, links as links; how many files that are."""
    count = 0

    def copied(path: str, to: str) -> str:
        nonlocal count
        # Nobody would ever be done with reading a pipe.
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return to
        count += 1
        return str(shutil.copy2(path, to, follow_symlinks=False))

    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, target, symlinks=True, copy_function=copied)
    return count
