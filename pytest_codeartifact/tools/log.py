"""The log of all commands of a run, as they were typed and what came of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_codeartifact.redaction import redact
from pytest_codeartifact.tools.process import CommandFailed, Completed, run


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One command as it was typed, its exit code, both streams and seconds."""

    command: str
    exit_code: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(slots=True)
class CommandLog:
    """Every command that was run, in order; `secrets` are masked in all of them."""

    secrets: list[str] = field(default_factory=list, repr=False)
    entries: list[LogEntry] = field(default_factory=list)

    def add(self, completed: Completed, command: str | None = None) -> None:
        """Remember what was run; `command` is what was typed when that was no plain program."""
        self.entries.append(
            LogEntry(
                command=redact(command or completed.command, self.secrets),
                exit_code=completed.exit_code,
                stdout=completed.stdout,
                stderr=completed.stderr,
                seconds=completed.seconds,
            )
        )

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        timeout: float,
        expect: int | None = 0,
    ) -> Completed:
        """Run a program as `process.run` does, and remember it however it ends."""
        __tracebackhide__ = True
        try:
            completed = run(
                argv, env=env, cwd=cwd, timeout=timeout, expect=expect, secrets=self.secrets
            )
        except CommandFailed as failed:
            self.add(failed.completed)
            raise
        self.add(completed)
        return completed

    def text(self, start: int = 0) -> str:
        """The log from entry `start` on, as one reads a terminal: what was typed and printed."""
        lines: list[str] = []
        for entry in self.entries[start:]:
            lines.append(f"$ {entry.command}")
            lines += [text.rstrip("\n") for text in (entry.stdout, entry.stderr) if text.strip()]
            lines.append(f"[exit code {entry.exit_code}, {entry.seconds:.1f} s]")
        return "\n".join(lines)
