"""The update mode: a document whose outputs are rewritten to what was really printed."""

import os
import secrets
from pathlib import Path

from pytest_codeartifact.article.judging import judged
from pytest_codeartifact.article.plan import Plan
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.transcripts.blocks import Command, Step
from pytest_codeartifact.transcripts.matching import Bindings
from pytest_codeartifact.transcripts.steps import StepFailed
from pytest_codeartifact.transcripts.updating import updated


class Rewriting:
    """Judges as ever, but an output that differs is kept for the document instead of failing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._printed: list[tuple[Command, str]] = []
        self._first_bindings: Bindings | None = None

    def judge(
        self, plan: Plan, step: Step, command: Command, completed: Completed, bindings: Bindings
    ) -> Bindings:
        """Like `judging.judged`; raises StepFailed for all but other output."""
        if self._first_bindings is None:
            self._first_bindings = bindings
        try:
            bindings = judged(plan, step, command, completed, bindings)
        except StepFailed as failed:
            if failed.kind != "output":
                raise
        self._printed.append((command, completed.stdout))
        return bindings

    def write(self) -> bool:
        """Rewrite the document if an output differs; whether it did. Nobody sees half of it."""
        text = self._path.read_bytes().decode("utf-8")
        new = updated(text, self._printed, self._first_bindings)
        if new == text:
            return False
        aside = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        try:
            aside.write_bytes(new.encode())
            aside.chmod(self._path.stat().st_mode)
            os.replace(aside, self._path)  # noqa: PTH105 -- a name that exists must be replaced
        finally:
            aside.unlink(missing_ok=True)
        return True
