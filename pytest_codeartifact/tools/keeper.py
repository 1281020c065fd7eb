"""Keeps a program for as long as whoever started it lives: `keeper FOLDER PROGRAM …`.

What comes on standard input is passed on to the program. When standard input ends, its owner is
gone, however it went: the program and all that it started are ended, and the folder is removed.
"""

import contextlib
import os
import shutil
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from pytest_codeartifact.tools import process
from pytest_codeartifact.tools.trees import go_on_as_child

_CHUNK_BYTES = 65536


def command(folder: Path, program: Sequence[str]) -> list[str]:
    """The words that start `program` with a keeper; `folder` is removed when its owner is gone."""
    # -P: a file in the working folder must not be imported in place of a module.
    words = [sys.executable, "-P", "-m", "pytest_codeartifact.tools.keeper"]
    return [*words, str(folder), *program]


def main() -> None:
    """Keep the program that the command line names."""
    folder, *program = sys.argv[1:]
    # Whoever stays behind ends what is left, even if the program ends this process.
    go_on_as_child(process.processes)
    hear, tell = os.pipe()
    child = process.spawn(program, env=os.environ, cwd=Path.cwd(), streams=(hear, 1, 2))
    os.close(hear)

    is_left_alone = threading.Event()

    def pass_on() -> None:
        while chunk := os.read(0, _CHUNK_BYTES):
            with contextlib.suppress(BrokenPipeError):
                os.write(tell, chunk)
        is_left_alone.set()
        process.end_tree(child)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    passing = threading.Thread(target=pass_on, daemon=True)
    passing.start()
    exit_code = child.wait()
    if is_left_alone.is_set():
        passing.join()
    # As shells say it of a child that a signal ended. Nobody waits for what it left in the
    # background: that goes with this process.
    os._exit(exit_code if exit_code >= 0 else 128 - exit_code)


if __name__ == "__main__":
    main()
