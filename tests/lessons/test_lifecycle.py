"""Whatever becomes of a kernel, nothing that a lesson started outlives it."""

import contextlib
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from pytest_codeartifact.tools.process import processes
from tests.support.notebooks import LOAD

PATIENCE_SECONDS = 60.0


class Kernel:
    """A kernel as notebook programs start it, and what it has brought into being."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.manager = KernelManager(
            kernel_name="python3",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            transport="ipc",
            ip=f"{folder}/k",
            connection_file=f"{folder}/kernel.json",
        )
        self.heard: list[dict[str, Any]] = []
        """What the kernel has sent to whoever shows it, as it was sent."""
        self.manager.start_kernel(cwd=str(folder), env=environment)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE_SECONDS)

    def start(self, code: str) -> None:
        self.client.execute(code)

    def run(self, code: str) -> str:
        """Run a cell to its end; the name of the error, or nothing."""
        reply = self.client.execute_interactive(
            code, output_hook=self._hear, timeout=PATIENCE_SECONDS
        )
        return str(reply["content"].get("ename", ""))

    def _hear(self, message: dict[str, Any]) -> None:
        # What was typed comes back as well.
        if message["header"]["msg_type"] != "execute_input":
            self.heard.append(message["content"])


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    """A kernel whose temporary files all lie in the test's folder."""
    # The path of a socket is limited in length, and the test's folder has a long name.
    with tempfile.TemporaryDirectory(prefix="k") as folder:
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "TMPDIR": str(tmp_path),
            "IPYTHONDIR": str(tmp_path / "ipython"),
        }
        opened = Kernel(Path(folder), environment)
        yield opened
        opened.client.stop_channels()
        opened.manager.shutdown_kernel(now=True)
        opened.manager.cleanup_resources()


def started_here(folder: Path) -> dict[int, str]:
    """Processes that have this folder for their temporary files, by id."""
    found = {}
    for pid in processes():
        with contextlib.suppress(OSError):
            variables = Path(f"/proc/{pid}/environ").read_bytes()
            if str(folder).encode() in variables:
                found[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return found


def until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")


def open_lesson(kernel: Kernel, folder: Path) -> None:
    """A lesson with a command that goes on, one left in the background, and one that got away."""
    assert kernel.run(LOAD) == ""
    assert kernel.run("%lesson 4") == ""
    assert kernel.run("%%console\n$ sleep 600 & setsid sleep 601 & true") == ""
    kernel.start("%%console\n$ sleep 602")
    assert until(lambda: any("sleep 602" in each for each in started_here(folder).values()))
    names = " ".join(started_here(folder).values())
    assert all(each in names for each in ("sleep 600", "sleep 601", "serve", "keeper"))


@linux
def test_interrupt_ends_the_command_and_nothing_else(kernel: Kernel, tmp_path: Path) -> None:
    """Ctrl-C in a notebook ends what runs; the lesson goes on with the next cell."""
    open_lesson(kernel, tmp_path)
    kernel.manager.interrupt_kernel()
    assert until(lambda: "sleep 602" not in " ".join(started_here(tmp_path).values()))
    assert kernel.run("%check login pip") == ""
    assert kernel.run("%%console\n$ echo on\non") == ""


@linux
def test_killed_kernel_leaves_no_process_and_no_secret(kernel: Kernel, tmp_path: Path) -> None:
    """After SIGKILL the server, the shell and all its children end, and the home is gone."""
    open_lesson(kernel, tmp_path)
    assert list(tmp_path.glob("codeartifact-lesson-*/home/.pypirc"))
    kernel.manager.signal_kernel(signal.SIGKILL)
    assert until(lambda: not started_here(tmp_path)), started_here(tmp_path)
    assert list(tmp_path.glob("codeartifact-*")) == []


@linux
def test_kernel_killed_after_its_shell_was_ended_leaves_nothing(
    kernel: Kernel, tmp_path: Path
) -> None:
    """The home is looked after also when a command has ended the shell before."""
    assert kernel.run(LOAD) == ""
    assert kernel.run("%lesson 4") == ""
    assert kernel.run("%%console\n$ exit 3\n[3]") == ""
    kernel.manager.signal_kernel(signal.SIGKILL)
    assert until(lambda: not started_here(tmp_path)), started_here(tmp_path)
    assert list(tmp_path.glob("codeartifact-*")) == []


def test_no_secret_leaves_the_kernel(kernel: Kernel, tmp_path: Path) -> None:
    """Whatever a cell does with a token or a key, it is masked before it is sent."""
    assert kernel.run(LOAD) == ""
    assert kernel.run("%lesson 4") == ""
    [home] = tmp_path.glob("codeartifact-lesson-*/home")
    token = (home / ".pypirc").read_text().rpartition("password = ")[2].strip()
    served = json.loads(next(home.rglob("server.json")).read_text())
    key = served["secret_access_key"]
    assert len(token) > 1000
    assert len(key) > 20
    for name, path in (("token", home / ".pypirc"), ("key", next(home.rglob("server.json")))):
        kernel.heard.clear()
        read = f"text = open({str(path)!r}).read()"
        cells = ["print(text)", "text", "raise ValueError(text)", _SHOWN, _ELSEWHERE, _ERRORS]
        for cell in (read, *cells):
            kernel.run(cell)
        kernel.run(f"%%console\n$ cat {path}\n...")
        said = json.dumps(kernel.heard)
        assert said.count("******") >= len(cells), name
        assert token not in said
        assert key not in said


_SHOWN = "from IPython.display import HTML, display; display(HTML(text))"
_ELSEWHERE = "import sys; print(text, file=sys.stderr)"
_ERRORS = "print(text[:200], text)"


@linux
def test_kernel_that_is_shut_down_leaves_nothing(kernel: Kernel, tmp_path: Path) -> None:
    """Stopping or restarting a kernel, as notebook programs do it, cleans up everything."""
    assert kernel.run(LOAD) == ""
    assert kernel.run("%%console\n$ sleep 600 & true") == ""
    kernel.manager.shutdown_kernel()
    assert until(lambda: not started_here(tmp_path)), started_here(tmp_path)
    left = [path.name for path in tmp_path.iterdir() if path.name.startswith(("codea", "pytest-"))]
    assert left == []


@linux
def test_stop_ends_everything_while_the_kernel_goes_on(kernel: Kernel, tmp_path: Path) -> None:
    """A learner can stop the service without stopping the notebook, and begin again."""
    assert kernel.run(LOAD) == ""
    before = started_here(tmp_path)
    assert kernel.run("%codeartifact stop") == ""
    assert len(started_here(tmp_path)) < len(before)
    assert not any("serve" in each for each in started_here(tmp_path).values())
    assert kernel.run("%check domain") == "Refused"
    assert kernel.run("%codeartifact own") == ""
    assert kernel.run("%check domain") == "NotYet"
