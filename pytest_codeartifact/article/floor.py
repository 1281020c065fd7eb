"""How long the programs of an article need for nothing: the floor under the time of a run."""

from collections import Counter
from collections.abc import Iterable, Mapping

from pytest_codeartifact.tools.home import Home
from pytest_codeartifact.tools.process import CommandFailed, MissingTool, run
from pytest_codeartifact.transcripts.blocks import Command

# What starts each program and does nothing more.
_STARTS: Mapping[str, tuple[str, ...]] = {
    "aws": ("aws", "--version"),
    "pip": ("pip", "--version"),
    "pip-compile": ("pip-compile", "--version"),
    "python": ("python3", "-c", ""),
    "python3": ("python3", "-c", ""),
    "python3 -m build": ("python3", "-m", "build", "--version"),
    "twine": ("twine", "--version"),
    "uv": ("uv", "--version"),
    "virtualenv": ("virtualenv", "--version"),
}
_TIMEOUT_SECONDS = 60.0


def floor_seconds(home: Home, commands: Iterable[Command]) -> float:
    """The seconds that starting the programs of `commands` takes, each as often as it is used.

    Every program is started once and measured; one that does not start counts nothing.
    """
    counts = Counter(filter(None, (_program(command.text) for command in commands)))
    return round(sum(_start(home, name) * count for name, count in counts.items()), 3)


def _program(text: str) -> str | None:
    words = text.split()
    for length in (3, 1):
        name = " ".join(words[:length])
        if name in _STARTS:
            return name
    return None


def _start(home: Home, name: str) -> float:
    try:
        return run(
            _STARTS[name],
            env=home.environment(),
            cwd=home.path,
            timeout=_TIMEOUT_SECONDS,
            secrets=home.secrets,
        ).seconds
    except (CommandFailed, MissingTool):
        return 0.0
