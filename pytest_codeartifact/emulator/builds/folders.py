"""Folders that builds have filled, and how they are removed."""

import contextlib
import os
import shutil
import stat
from pathlib import Path


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it, as far as that is possible."""
    # Builds may have made files of somebody else's, and may still be removing some.
    with contextlib.suppress(OSError):
        if path.is_symlink() or path.is_file():
            path.unlink()
            return
    # Some programs write-protect what they keep, and nothing can be removed from there.
    for folder, _folders_within, _files in os.walk(path):
        with contextlib.suppress(OSError):
            Path(folder).chmod(stat.S_IRWXU)
    shutil.rmtree(path, ignore_errors=True)
