"""Build, which makes wheels and source distributions."""

from typing import ClassVar

from pytest_codeartifact.tools.pip import Pip


class Build(Pip):
    """`python3 -m build`; it fetches build backends with pip, hence by pip's configuration."""

    program: ClassVar[str] = "python3"
    distribution: ClassVar[str] = "build"

    @property
    def command(self) -> tuple[str, ...]:
        return ("python3", "-m", "build")
