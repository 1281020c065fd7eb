"""A notebook's cells, executed one by one in a real kernel of this Python."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.lessons import EXTRA
from pytest_codeartifact.lessons.lesson import Lesson, PlacedCell
from pytest_codeartifact.redaction import redact
from pytest_codeartifact.settings import kernel_environment
from pytest_codeartifact.transcripts.session import COMMAND_SECONDS

if TYPE_CHECKING:
    from nbclient import NotebookClient
    from nbformat import NotebookNode

_CELL_SECONDS = 2 * COMMAND_SECONDS
"""Longer than any command of a console may take, so that the command is what is told."""
RAISES = "raises-exception"
"""The tag of a cell that ends with an error and shall."""
_KERNEL = "python3"
_SOCKET_BYTES = 90
"""A socket's path has 104 bytes at most (macOS), a number at its end included."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class KernelProblem(CodeArtifactError):
    """A notebook's kernel does not start, died, or did not end a cell in time."""


class CellError(CodeArtifactError):
    """A cell ended with an error."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a cell: its outputs in the format of nbformat, secrets masked."""

    outputs: tuple[Mapping[str, Any], ...]

    @property
    def error(self) -> Mapping[str, Any] | None:
        """The error it ended with, or None."""
        return next((each for each in self.outputs if each["output_type"] == "error"), None)

    def told(self, what: str) -> Any:  # noqa: ANN401 -- JSON
        """What a lesson's command told programs that read the notebook, or None."""
        for each in reversed(self.outputs):
            found = each.get("metadata", {}).get("codeartifact", {})
            if what in found:
                return found[what]
        return None

    def text(self) -> str:
        """What one sees of it, as plain text."""
        parts = []
        for each in self.outputs:
            match each["output_type"]:
                case "stream":
                    parts.append(each["text"])
                case "error":
                    parts.append("\n".join(each["traceback"]))
                case _:
                    parts.append(each["data"].get("text/plain", ""))
        return _COLOURS.sub("", "\n".join(part.rstrip("\n") for part in parts))


class Kernel:
    """The kernel of one notebook; cells find what the cells before them left."""

    def __init__(self, client: "NotebookClient", notebook: "NotebookNode") -> None:
        self._client = client
        self._notebook = notebook

    def run(self, cell: PlacedCell) -> Outcome:
        """Execute a cell where it stands; its outputs become the notebook's.

        Raises KernelProblem when the kernel dies, or the cell takes too long.
        """
        from nbclient.exceptions import (  # noqa: PLC0415 -- comes with an extra
            CellTimeoutError,
            DeadKernelError,
        )

        node = self._notebook.cells[cell.index]
        try:
            # In its place: what is shown is updated there while the cell runs.
            self._client.execute_cell(node, cell.index)
        except CellTimeoutError:
            raise KernelProblem(
                f"the cell was not done within {_CELL_SECONDS:g} s, so its kernel is given up",
                hint="see whether it waits for an answer; what takes long is no lesson",
            ) from None
        except DeadKernelError:
            raise KernelProblem(
                "the kernel died while the cell ran",
                hint="run the notebook by hand up to this cell",
            ) from None
        node["outputs"] = [_clean(each) for each in node["outputs"]]
        return Outcome(tuple(node["outputs"]))

    def try_out(self, cell: PlacedCell) -> Outcome:
        """Execute a cell out of turn; the notebook stays as it is. Raises as `run` does."""
        node = self._notebook.cells[cell.index]
        before = deepcopy(node)
        try:
            return self.run(cell)
        finally:
            node.update(before)


@contextmanager
def kernel_of(lesson: Lesson) -> Iterator[Kernel]:
    """A kernel for a lesson, in the lesson's folder; ended with all that it started.

    Raises KernelProblem when it does not start.
    """
    try:
        from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415 -- with an extra
        from jupyter_client.manager import AsyncKernelManager  # noqa: PLC0415 -- likewise
        from nbclient import NotebookClient  # noqa: PLC0415 -- likewise
    except ImportError as error:
        raise KernelProblem(
            f"{error.name} is not installed here", hint=f"get it with: {EXTRA}"
        ) from None
    wanted = lesson.notebook["metadata"].get("kernelspec", {}).get("name", _KERNEL)
    if wanted != _KERNEL:
        raise KernelProblem(
            f"{lesson.path.name} wants the kernel {wanted!r}", hint=f"lessons use {_KERNEL}"
        )
    with tempfile.TemporaryDirectory(prefix="codeartifact-kernel-") as folder:
        # This Python, whatever kernels the user has, and nothing in the user's home.
        manager = AsyncKernelManager(
            kernel_name=_KERNEL,
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            connection_file=f"{folder}/kernel.json",
            **_way_to(f"{folder}/k"),
        )
        client = NotebookClient(
            lesson.notebook, km=manager, timeout=int(_CELL_SECONDS), allow_errors=True
        )
        client.reset_execution_trackers()
        environment = kernel_environment(Path(folder))
        with ExitStack() as stack:
            try:
                stack.enter_context(
                    client.setup_kernel(
                        cwd=str(lesson.path.parent), env=environment, cleanup_kc=True
                    )
                )
            except (RuntimeError, OSError, LookupError) as error:
                raise KernelProblem(
                    f"the kernel did not start: {error}", hint=f"install it again with: {EXTRA}"
                ) from None
            yield Kernel(client, lesson.notebook)


def _way_to(socket: str) -> Mapping[str, str]:
    """How a kernel is reached: by a socket file, or by ports where such a file cannot be."""
    is_possible = os.name == "posix" and len(os.fsencode(socket)) < _SOCKET_BYTES
    return {"transport": "ipc", "ip": socket} if is_possible else {}


def _clean(value: Any) -> Any:  # noqa: ANN401 -- JSON
    """Outputs without anything that looks like a token."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        for key, each in value.items():
            value[key] = _clean(each)
        return value
    return [_clean(each) for each in value] if isinstance(value, list) else value


def execute(lesson: Lesson) -> None:
    """Execute every cell of a lesson in order, so that its notebook holds what one sees.

    Raises CellError for the first cell that ends with an error and does not say that it does, and
    KernelProblem.
    """
    with kernel_of(lesson) as kernel:
        for each in lesson.cells:
            outcome = kernel.run(each)
            if outcome.error is not None and RAISES not in each.cell.tags:
                raise CellError(
                    f"{lesson.text_path.name}:{each.line}: {outcome.text()}",
                    hint=f"pytest --codeartifact {lesson.text_path.name} says more",
                )


def write(lesson: Lesson, path: Path) -> None:
    """Write a notebook with the outputs that its cells have now."""
    import nbformat  # noqa: PLC0415 -- comes with an extra

    path.parent.mkdir(parents=True, exist_ok=True)
    text: str = nbformat.writes(lesson.notebook)  # type: ignore[no-untyped-call]
    path.write_text(text, encoding="utf-8")
