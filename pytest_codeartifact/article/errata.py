"""What the article gets wrong or leaves out, found by what really happened.

An erratum is never assumed. The article's lines are compared as they stand first; only where they
disagree with a run, and the same lines with the table's correction agree, is there an erratum.
"""

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pytest_codeartifact.article.materials import Materials
from pytest_codeartifact.article.original import Copy, Original, Rule, TableEdit
from pytest_codeartifact.findings import Erratum
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.transcripts.blocks import NO_OUTPUT, Command
from pytest_codeartifact.transcripts.matching import (
    Bindings,
    Matched,
    compare,
    literal,
    output_lines,
)
from pytest_codeartifact.transcripts.steps import StepFailed

_PROOF_LINES = 4


@dataclass(frozen=True, slots=True)
class Ran:
    """A command of the article that was run, and what came of it."""

    step: str
    command: Command
    completed: Completed


@dataclass(frozen=True, slots=True)
class Agreement:
    """The output is what the article shows, once `needed` corrections are made."""

    bindings: Bindings
    needed: tuple[Rule, ...] = ()


class Corrections:
    """The corrections of one copy of the article."""

    def __init__(self, original: Original, copy: Copy) -> None:
        self._original = original
        self.copy = copy
        self._known = original.known_lines()

    def as_written(self, command: Command) -> Command:
        """A command whose example lines are read as what they are examples of."""
        if command.expected is None:
            return command
        readings = self._original.readings
        return replace(command, expected=tuple(readings.get(x, x) for x in command.expected))

    def corrected(self, command: Command, rules: Iterable[Rule]) -> Command:
        """A command with its output corrected by `rules`, and read as above."""
        if command.expected is None:
            return command
        expected = list(command.expected)
        edits = [edit for rule in rules for edit in rule.edits]
        # From the end, so that the places of the others stay what they are.
        for edit in sorted(edits, key=lambda edit: edit.first, reverse=True):
            at = self._place(command, edit)
            expected[at : at + edit.removed] = edit.inserted
        return self.as_written(replace(command, expected=tuple(expected)))

    def for_output(self, command: Command) -> tuple[Rule, ...]:
        """The corrections of what the article shows below a command, where it still shows that."""
        return tuple(
            rule
            for rule in self._original.rules
            if rule.found == "output" and all(self._fits(command, edit) for edit in rule.edits)
        )

    def excused(self, command: Command) -> set[int]:
        """The lines of an output that are known to be wrong, where they still say just that."""
        return {
            self.copy.place(edit.first) + offset
            for rule in self.for_output(command)
            for edit in rule.edits
            for offset in range(edit.removed)
        }

    def about_silence(self, command: Command) -> Iterator[Rule]:
        """The rules that say that a command prints something where nothing is shown."""
        for rule in self.rules("silent"):
            places = {self.copy.place(edit.first) for edit in rule.edits}
            if command.expected_line in places:
                yield rule

    def judge(self, command: Command, completed: Completed, bindings: Bindings) -> Agreement | None:
        """Whether a command went as the article shows, or as it should show; None if neither.

        The fewest corrections that suffice are the ones that are needed.
        """
        rules = self.for_output(command)
        for count in range(len(rules) + 1):
            for needed in itertools.combinations(rules, count):
                found = agreed(self.corrected(command, needed), completed, bindings)
                if found is not None:
                    return Agreement(found, needed)
        return None

    def erratum(self, rule: Rule, proof: str) -> Erratum:
        """What a rule found, by the lines of this copy."""
        first = min(rule.edits, key=lambda edit: edit.first)
        shown = [self._known.get(first.first + at, "") for at in range(first.removed)]
        return Erratum(
            id=rule.id,
            line=self.copy.place(rule.line),
            kind=rule.kind,
            shows="\n".join(shown),
            really=rule.says,
            proof=proof,
            edits=tuple(self.copy.edit(edit) for edit in rule.edits),
            claims=rule.claims,
        )

    def rules(self, found: str) -> Iterator[Rule]:
        """The rules of one kind, see edition.toml."""
        return (rule for rule in self._original.rules if rule.found == found)

    def _place(self, command: Command, edit: TableEdit) -> int:
        return self.copy.place(edit.first) - command.expected_line

    def _fits(self, command: Command, edit: TableEdit) -> bool:
        """Whether an edit is about this output, and what it removes is what stands there."""
        expected = command.expected or ()
        at = self._place(command, edit)
        if not expected or not 0 <= at <= len(expected) - edit.removed:
            return False
        known = [self._known.get(edit.first + offset) for offset in range(edit.removed)]
        return list(expected[at : at + edit.removed]) == known


def agreed(command: Command, completed: Completed, bindings: Bindings) -> Bindings | None:
    """The values of placeholders after a command that went as shown; None where it did not."""
    if completed.exit_code != command.exit_code:
        return None
    if command.expected is None:
        return bindings
    try:
        result = compare(command.expected, completed.stdout, bindings)
    except re.error:
        return None
    return result.bindings if isinstance(result, Matched) else None


def of_outputs(
    corrections: Corrections, commands: Iterable[Command], ran: Sequence[Ran], bindings: Bindings
) -> Iterator[Erratum]:
    """Errata in what the article shows below `commands`, by what the same commands printed."""
    by_words = {each.command.words: each for each in reversed(ran)}
    told: dict[str, list[str]] = {}
    for command in commands:
        same = by_words.get(command.words)
        if same is None:
            continue
        agreement = corrections.judge(command, same.completed, bindings)
        if agreement is None:
            yield unforeseen(command, same, corrections.copy)
            continue
        for rule in agreement.needed:
            yield corrections.erratum(rule, _printed(same))
        if command.expected is None and same.completed.stdout.strip():
            for rule in corrections.about_silence(command):
                told.setdefault(rule.id, []).append(_printed(same))
    for rule in corrections.rules("silent"):
        if rule.id in told:
            yield corrections.erratum(rule, "\n".join(told[rule.id]))


def of_files(
    corrections: Corrections, is_there: Callable[[str], bool], before: Collection[int]
) -> Iterator[Erratum]:
    """Errata of files that nobody made: those that have to be there `before` some lines."""
    for rule in corrections.rules("files"):
        missing = [name for name in rule.files if not is_there(name)]
        if rule.before in before and missing:
            yield corrections.erratum(rule, f"no command of the article makes {', '.join(missing)}")


def of_remains(corrections: Corrections, remains: Sequence[str]) -> Iterator[Erratum]:
    """Errata of settings and credentials that are still there after the article's clean-up."""
    for rule in corrections.rules("remains"):
        if remains:
            yield corrections.erratum(rule, "still there: " + "; ".join(remains))


def of_fragments(corrections: Corrections, materials: Materials) -> Iterator[Erratum]:
    """Errata of a policy and a buildspec that are no whole documents."""
    for name, key, proof in (
        ("policy", r'"Statement"\s*:', "it has no member Statement, so it is no document"),
        ("buildspec", r"^version\s*:", "it has no key version"),
    ):
        block = materials.blocks.get(name)
        if block is not None and not re.search(key, block.text, re.MULTILINE):
            yield from (corrections.erratum(rule, proof) for rule in corrections.rules(name))


def of_failure(failure: StepFailed, ran: Sequence[Ran], copy: Copy) -> Iterator[Erratum]:
    """What a document that nothing is known of gets wrong: an output that is another one."""
    for each in ran:
        is_wrong = failure.command is not None and each.command.line == failure.command.line
        if is_wrong and failure.kind == "output":
            yield unforeseen(each.command, each, copy)


def unforeseen(command: Command, ran: Ran, copy: Copy) -> Erratum:
    """An output that is neither as the article shows it nor as its corrections say."""
    expected = command.expected or ()
    got = [literal(line) for line in output_lines(ran.completed.stdout)]
    edit = copy.replacing(command.expected_line, len(expected), got or [NO_OUTPUT])
    is_other_output = ran.completed.exit_code == command.exit_code
    return Erratum(
        id=f"L{command.line}",
        line=command.line,
        kind="wrong",
        shows="\n".join(expected),
        really=(
            "the command prints something else"
            if is_other_output
            else f"the command ends with exit code {ran.completed.exit_code}"
        ),
        proof=_printed(ran),
        edits=(edit,) if is_other_output and expected else (),
    )


def _printed(ran: Ran) -> str:
    lines = output_lines(ran.completed.stdout)
    shown = [repr(line)[1:-1] for line in lines[:_PROOF_LINES]]
    if len(lines) > _PROOF_LINES:
        shown.append(f"(and {len(lines) - _PROOF_LINES} lines more)")
    return f"{ran.step} printed: " + " / ".join(shown)
