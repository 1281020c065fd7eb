"""Pip-compile, which pins requirements by the index that pip uses."""

from typing import ClassVar

from pytest_codeartifact.tools.pip import Pip


class PipCompile(Pip):
    """`pip-compile`; it reads pip's configuration.

    Mind: it writes the index with its token into the requirements file, unless it is told
    `--no-emit-index-url`.
    """

    program: ClassVar[str] = "pip-compile"
    distribution: ClassVar[str] = "pip-tools"
