"""Wheels made again from what is installed here, for a public registry without a network."""

import tempfile
from importlib.metadata import version
from pathlib import Path

from pytest_codeartifact.lessons.outside import repacked
from tests.support.distributions import Distribution


def installed_wheel(name: str) -> Distribution:
    """The installed pure Python distribution `name` as the wheel it came from."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = repacked(name, Path(folder))
        assert wheel is not None
        return Distribution(wheel.name, wheel.read_bytes(), name, version(name))
