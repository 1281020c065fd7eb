"""Which files artifacts and reports name, and how they become one ZIP.

Source: "Build specification reference for CodeBuild" (AWS CodeBuild User Guide): patterns are
relative to the base directory, `*` and `?` stay within a name, `**` stands for any number of
folders. Names that begin with a dot are names like others.
"""

import fnmatch
import os
import re
import shutil
import stat
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

_FOLDERS = "**"
_MAGIC = re.compile(r"[*?\[]")
# What a ZIP can tell of time, in seconds since the epoch: the years from 1980 to 2107.
_FIRST_MOMENT, _LAST_MOMENT = 315_532_800, 4_354_819_198
_BLOCK_BYTES = 1 << 20

_NameMatch: TypeAlias = Callable[[str], object]
# The parts of a pattern, None stands for `**`; there is never a `**` at the end.
_Pattern: TypeAlias = tuple[_NameMatch | None, ...]
_Kind: TypeAlias = Literal["file", "link to a file", "link to a folder", "nothing to take"]
# What is taken, and what is when links are kept.
_TAKEN: Mapping[bool, frozenset[_Kind]] = {
    False: frozenset({"file", "link to a file"}),
    True: frozenset({"file", "link to a file", "link to a folder"}),
}


class NothingSelected(LookupError):
    """No file is what the patterns name; the text is what AWS says."""

    def __init__(self, text: str = "no matching artifact paths found") -> None:
        super().__init__(text)


class NoBaseDirectory(NothingSelected):
    """No folder is what the base directory names."""

    def __init__(self, base_directory: str) -> None:
        super().__init__(f"no matching base directory path found for {base_directory}")


class OutsideError(ValueError):
    """A pattern names something outside of the folder that it may name files of."""

    def __init__(self, pattern: str, folder: Path) -> None:
        super().__init__(f"{pattern} leads out of {folder}")


@dataclass(frozen=True, slots=True)
class Selected:
    """A file and its name in the artifact; a link that is kept is a file of its own kind."""

    name: str
    path: Path
    is_link: bool = False


def select(
    root: Path,
    patterns: Sequence[str],
    *,
    base_directory: str = "",
    exclude: Sequence[str] = (),
    discard_paths: bool = False,
    keep_links: bool = False,
) -> list[Selected]:
    """Return the files below `root` that patterns name, sorted by their names in the artifact.

    `base_directory` may be a pattern itself. `discard_paths` leaves of a name only its last part.
    `keep_links` keeps links that lead to something below `root`. Raises NothingSelected,
    OutsideError, and OSError for a folder that cannot be read.

    Differs: AWS does not say what becomes of links without `enable-symlinks`. Here one to a file
    below `root` becomes that file, and others are left out, as are those that lead elsewhere.
    Neither does it say which of two files of one name is taken; here the one that sorts last.
    Absolute patterns are possible on AWS wherever they lead, here they must lead below `root`.
    """
    root = root.resolve()
    bases = _bases(root, base_directory)
    if not bases:
        raise NoBaseDirectory(base_directory)
    found: dict[str, Selected] = {}
    for base in bases:
        wanted = [_compiled(_parts(pattern, base)) for pattern in patterns]
        unwanted = [_compiled(parts) for parts in _excluded(base, exclude)]
        for name, path in sorted(_walk(base, wanted, unwanted)):
            kind = _kind(root, path)
            if kind in _TAKEN[keep_links]:
                shown = _shown(name.rpartition("/")[2] if discard_paths else name)
                found[shown] = Selected(shown, path, is_link=keep_links and kind != "file")
    if not found:
        raise NothingSelected
    return [found[name] for name in sorted(found)]


def pack(selected: Iterable[Selected], target: Path) -> None:
    """Write files to a ZIP at `target`, with their modes and times, one block after the other.

    The same files give the same bytes. Raises NothingSelected when there are none, and OSError for
    one that is gone or cannot be read; then there is no ZIP.
    """
    ordered = sorted(selected, key=lambda each: each.name)
    if not ordered:
        raise NothingSelected
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for each in ordered:
                if each.is_link:
                    _add_link(archive, each)
                else:
                    _add_file(archive, each)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


# --- Patterns ------------------------------------------------------------------------------------


def _parts(pattern: str, folder: Path) -> tuple[str, ...]:
    """A pattern below `folder` as names; raises OutsideError."""
    relative = pattern.strip()
    if relative.startswith("/"):
        for known in {str(folder), str(folder.resolve())}:
            if f"{relative}/".startswith(f"{known}/"):
                relative = relative.removeprefix(known)
                break
        else:
            raise OutsideError(pattern, folder)
    parts: list[str] = []
    for part in relative.split("/"):
        if part == "..":
            # What is one up from any number of folders cannot be told.
            if not parts or parts[-1] == _FOLDERS:
                raise OutsideError(pattern, folder)
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return tuple(parts)


def _excluded(base: Path, exclude: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for pattern in exclude:
        parts = _parts(pattern, base)
        yield parts
        # The documented way to exclude a file wherever it is: `**/file-name/**/*`.
        if parts[-2:] == (_FOLDERS, "*") and len(parts) > len(parts[-2:]):
            yield parts[:-2]


def _compiled(parts: Sequence[str]) -> _Pattern:
    """What matches each name on the way down."""
    if parts and parts[-1] == _FOLDERS:
        parts = [*parts, "*"]
    return tuple(None if part == _FOLDERS else _name_match(part) for part in parts)


def _name_match(part: str) -> _NameMatch:
    if not _MAGIC.search(part):
        return part.__eq__
    return re.compile(fnmatch.translate(part)).match


class _Matching:
    """How far a path has come in each of some patterns, from its first name on."""

    def __init__(self, patterns: Sequence[_Pattern], places: Iterable[tuple[int, int]]) -> None:
        self._patterns = patterns
        self._places = frozenset(places)

    @classmethod
    def start(cls, patterns: Sequence[_Pattern]) -> "_Matching":
        return cls(patterns, ((number, 0) for number in range(len(patterns))))

    @property
    def is_complete(self) -> bool:
        return any(place == len(self._patterns[number]) for number, place in self._places)

    @property
    def may_go_on(self) -> bool:
        return any(place < len(self._patterns[number]) for number, place in self._places)

    def then(self, name: str) -> "_Matching":
        """After one more name."""
        places: set[tuple[int, int]] = set()
        for number, start in self._places:
            pattern, place = self._patterns[number], start
            # `**` may stand for this folder and more, or for none.
            while place < len(pattern) and pattern[place] is None:
                places.add((number, place))
                place += 1
            if place < len(pattern):
                match = pattern[place]
                if match is not None and match(name):
                    places.add((number, place + 1))
        return _Matching(self._patterns, places)


# --- Files ---------------------------------------------------------------------------------------


def _bases(root: Path, base_directory: str) -> list[Path]:
    """The folders that a base directory names, sorted."""
    folders = [root]
    for part in _parts(base_directory, root):
        match = _name_match(part)
        if part == _FOLDERS:
            folders = [Path(each[0]) for folder in folders for each in os.walk(folder)]
        elif _MAGIC.search(part):
            folders = [
                path for folder in folders for path in sorted(folder.iterdir()) if match(path.name)
            ]
        else:
            folders = [folder / part for folder in folders]
        folders = [folder for folder in folders if folder.is_dir()]
    for folder in folders:
        if not folder.resolve().is_relative_to(root):
            raise OutsideError(base_directory, root)
    return folders


def _walk(
    base: Path, wanted: Sequence[_Pattern], unwanted: Sequence[_Pattern]
) -> Iterator[tuple[str, Path]]:
    """Names below `base`, and paths, of what is no folder and wanted."""
    left = [(str(base), "", _Matching.start(wanted), _Matching.start(unwanted))]
    while left:
        folder, prefix, wants, excludes = left.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                now, never = wants.then(entry.name), excludes.then(entry.name)
                name = f"{prefix}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    if now.may_go_on:
                        left.append((entry.path, f"{name}/", now, never))
                elif now.is_complete and not never.is_complete:
                    yield name, Path(entry.path)


def _kind(root: Path, path: Path) -> _Kind:
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        target = Path(os.path.realpath(path))
        if target.is_relative_to(root):
            if target.is_file():
                return "link to a file"
            if target.is_dir():
                return "link to a folder"
    # Nobody would ever be done with reading a pipe.
    return "nothing to take"


def _shown(name: str) -> str:
    """A name that can be written, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "replace")


def _add_file(archive: zipfile.ZipFile, each: Selected) -> None:
    # Not to wait for a pipe that took the file's place.
    opened = os.open(each.path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(opened, "rb") as source:
        about = os.fstat(opened)
        info = zipfile.ZipInfo(each.name, _moment(about.st_mtime))
        info.create_system = 3
        info.external_attr = (about.st_mode & 0xFFFF) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        info.file_size = about.st_size
        with archive.open(info, "w") as packed:
            shutil.copyfileobj(source, packed, _BLOCK_BYTES)


def _add_link(archive: zipfile.ZipFile, each: Selected) -> None:
    info = zipfile.ZipInfo(each.name, _moment(each.path.lstat().st_mtime))
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, os.fsencode(each.path.readlink()))


def _moment(seconds: float) -> tuple[int, int, int, int, int, int]:
    now = time.gmtime(min(max(seconds, _FIRST_MOMENT), _LAST_MOMENT))
    return now.tm_year, now.tm_mon, now.tm_mday, now.tm_hour, now.tm_min, now.tm_sec
