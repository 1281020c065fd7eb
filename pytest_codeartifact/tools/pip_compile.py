"""Pip-compile, which pins requirements by the index that pip uses."""

from collections.abc import Mapping
from typing import ClassVar

from pytest_codeartifact.tools.pip import Pip
from pytest_codeartifact.tools.process import Completed


class PipCompile(Pip):
    """`pip-compile`; it reads pip's configuration."""

    program: ClassVar[str] = "pip-compile"
    distribution: ClassVar[str] = "pip-tools"

    def run(
        self,
        *args: str,
        expect: int | None = 0,
        timeout: float = 120.0,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run it as `Tool.run` does, but keep the index and its token out of what it writes.

        That is its option `--no-emit-index-url`, given here unless `args` say `--emit-index-url`.
        """
        __tracebackhide__ = True
        if "--emit-index-url" not in args and "--no-emit-index-url" not in args:
            args = ("--no-emit-index-url", *args)
        return super().run(*args, expect=expect, timeout=timeout, env=env)
