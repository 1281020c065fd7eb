"""How a document is followed and judged: its steps, and the claims that each line of it proves.

There are three kinds: the walkthrough that comes with the plugin, whose claims stand in a table; a
copy of the article itself, recognised by its sentences; and anybody's own article, whose claims
are its marks or, without any, what its commands print.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_codeartifact.article.checks import discover
from pytest_codeartifact.article.claims import Claim, check_table, exit_line, table
from pytest_codeartifact.article.errata import Corrections
from pytest_codeartifact.article.materials import Material, Materials
from pytest_codeartifact.article.original import (
    Copy,
    Supply,
    copy_in_file,
    copy_in_table,
    original,
)
from pytest_codeartifact.article.reading import Sentence, sentences
from pytest_codeartifact.transcripts.blocks import (
    Command,
    Document,
    Step,
    read_document,
    read_events,
)
from pytest_codeartifact.transcripts.events import Block
from pytest_codeartifact.transcripts.plain import paragraphs

WALKTHROUGH_PATH = Path(__file__).with_name("walkthrough.md")


@dataclass(frozen=True)
class Plan:
    """A document that is to be followed.

    `claims_at` has the claims of each line that asserts something, by the document's numbers.
    `text` are the document's own lines. `article` is where the lines of claims and errata are;
    None for a document that is not about the article. `supplies` are files by the line of the
    command before which a reader makes them, `traced` the steps whose installations into the
    home's own Python must be traced. `unclaimed` is what no claim speaks of.
    """

    document: str
    title: str
    steps: tuple[Step, ...]
    claims: tuple[Claim, ...]
    claims_at: Mapping[int, tuple[str, ...]]
    text: Copy
    materials: Materials
    article_materials: Materials
    unclaimed: tuple[Sentence, ...] = ()
    article: Copy | None = None
    article_commands: tuple[Command, ...] = ()
    supplies: Mapping[int, tuple[Supply, ...]] | None = None
    traced: frozenset[str] = frozenset()

    @property
    def is_the_article(self) -> bool:
        """Whether the document is a copy of the article itself."""
        return self.article is self.text

    @property
    def own_corrections(self) -> Corrections | None:
        """What is known to be wrong in the document's own lines."""
        return self.corrections if self.is_the_article else None

    @cached_property
    def corrections(self) -> Corrections | None:
        """What is known to be wrong in the article; None for another document."""
        return Corrections(original(), self.article) if self.article is not None else None

    def claims_of(self, step: Step) -> Iterator[Claim]:
        """The claims that a step has a part in."""
        return (
            claim
            for claim in self.claims
            if step.id in claim.steps or any(self.lines_for(claim, step))
        )

    def lines_for(self, claim: Claim, step: Step) -> Iterator[int]:
        """The lines of a step that a claim rests on: expected lines, or a command's exit code."""
        for command in commands_of(step):
            for line in asserting_lines(command):
                if claim.id in self.claims_at.get(line, ()):
                    yield line

    def with_check(self) -> Iterator[Claim]:
        """The claims that a check proves."""
        return (claim for claim in self.claims if claim.check is not None)

    def table_line(self, line: int) -> int:
        """The line of the article's table that stands at `line` of this copy of it."""
        if self.article is None or self.article.edition is None:
            return line
        return next((a for a, b in self.article.edition.lines.items() if b == line), line)

    @property
    def last_of_article(self) -> str:
        """The step after which the article is over; what comes then is the document's own."""
        if self.is_the_article or self.article is None:
            return self.steps[-1].id
        wanted = {command.words for command in self.article_commands}
        done = [
            step.id
            for step in self.steps
            if any(command.words in wanted for command in commands_of(step))
        ]
        return done[-1] if done else self.steps[-1].id


def commands_of(step: Step) -> Iterator[Command]:
    """The commands of a step, in order."""
    return (action for action in step.actions if isinstance(action, Command))


def asserting_lines(command: Command) -> Iterator[int]:
    """The lines that say how a command goes: its own, an exit code's, and the expected ones."""
    yield command.line
    if command.exit_line:
        yield command.exit_line
    first = command.expected_line
    yield from range(first, first + len(command.expected or ()))


def plan_for(path: Path, name: str) -> Plan:
    """The plan for a file that messages call `name`.

    Raises DocumentError for what cannot be read, and ClaimError for a table that does not fit.
    """
    text = path.read_text(encoding="utf-8")
    document = read_document(text)
    if path == WALKTHROUGH_PATH:
        return _of_walkthrough(name, text, document)
    copy = copy_in_file(path.name, text)
    if copy is not None and copy.edition is not None:
        return _of_copy(name, text, document, copy)
    return _of_anybodys(name, text, document)


def _of_walkthrough(name: str, text: str, document: Document) -> Plan:
    claims = table()
    check_table(claims, document.steps, discover())
    known = original()
    return Plan(
        document=name,
        title=_title(text),
        steps=document.steps,
        claims=claims,
        claims_at=_by_shown_lines(claims, document.steps),
        text=_lines_of(name, text),
        materials=_materials(document),
        article=copy_in_table(),
        article_commands=tuple(command for block in known.blocks for command in block.commands()),
        article_materials=known.materials,
    )


def _by_shown_lines(claims: Iterable[Claim], steps: Iterable[Step]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    of_line = {
        (step, line): claim.id
        for claim in claims
        for step, lines in claim.shown.items()
        for line in lines
    }
    for step in steps:
        for command in commands_of(step):
            lines = list(enumerate(command.expected or (), command.expected_line))
            if command.exit_code:
                lines.append((command.exit_line, exit_line(command)))
            for number, line in lines:
                if (step.id, line) in of_line:
                    found[number] = (of_line[step.id, line],)
    return found


def _of_copy(name: str, text: str, document: Document, copy: Copy) -> Plan:
    known, edition = original(), copy.edition
    lines = edition.lines if edition is not None else {}
    # What a correction put there is known, though the article did not have it.
    corrected = {
        line.strip(): rule for rule in known.rules for edit in rule.edits for line in edit.inserted
    }
    claims_at = {
        copy.place(line): ids for line, ids in known.claims_by_line().items() if line in lines
    }
    appeared = edition.appeared if edition is not None else ()
    unclaimed = []
    for sentence in appeared:
        rule = corrected.get(sentence.text.strip())
        if rule is None:
            unclaimed.append(sentence)
        else:
            claims_at.setdefault(sentence.line, rule.claims)
    steps = tuple(_named(step, copy) for step in document.steps)
    shown = _in_paragraphs(text, copy)
    return Plan(
        document=name,
        title=_title(text),
        steps=steps,
        claims=tuple(_by_copy(claim, copy) for claim in table()),
        claims_at=claims_at,
        text=copy,
        materials=shown,
        article_materials=shown,
        unclaimed=tuple(unclaimed),
        article=copy,
        article_commands=tuple(command for step in steps for command in commands_of(step)),
        supplies=_supplies(copy),
        traced=frozenset(block.step for block in known.blocks if block.provenance),
    )


def _by_copy(claim: Claim, copy: Copy) -> Claim:
    """A claim of the table, for a copy of the article: its own lines are what proves it."""
    return replace(claim, line=copy.place(claim.line), shown={}, steps=())


def _named(step: Step, copy: Copy) -> Step:
    """A step with the name that the table has for it."""
    lines = {command.line for command in commands_of(step)}
    for block in original().blocks:
        if {copy.place(command.line) for command in block.commands()} & lines:
            return replace(step, id=block.step)
    return step


def _supplies(copy: Copy) -> dict[int, tuple[Supply, ...]]:
    found: dict[int, tuple[Supply, ...]] = {}
    for supply in original().supplies:
        line = copy.place(supply.line)
        found[line] = (*found.get(line, ()), supply)
    return found


def _in_paragraphs(text: str, copy: Copy) -> Materials:
    """The policy and the buildspec of a copy: the paragraphs that still have lines of them."""
    blocks = {}
    for name, known in original().materials.blocks.items():
        count = known.text.count("\n")
        places = {copy.place(line) for line in range(known.line, known.line + count)}
        for paragraph in paragraphs(text):
            end = paragraph.line + len(paragraph.lines)
            if places & set(range(paragraph.line, end)):
                shown = "".join(f"{line}\n" for line in paragraph.lines)
                blocks[name] = Material(shown, paragraph.line)
                break
    return Materials(blocks)


def _of_anybodys(name: str, text: str, document: Document) -> Plan:
    claims: list[Claim] = []
    claims_at: dict[int, tuple[str, ...]] = {}
    marks = {mark.id: mark for mark in document.claims}
    for step in document.steps:
        for command in commands_of(step):
            if marks:
                ids = command.claims
            elif command.expected is not None or command.exit_code:
                ids = (f"L{command.line}",)
                claims.append(_of_output(ids[0], step, command))
            else:
                continue
            claims_at |= dict.fromkeys(asserting_lines(command), ids)
    claims += [
        Claim(id=mark.id, line=mark.line, kind="transcript", group=name, says=mark.says)
        for mark in marks.values()
    ]
    return Plan(
        document=name,
        title=_title(text),
        steps=document.steps,
        claims=tuple(claims),
        claims_at=claims_at,
        text=_lines_of(name, text),
        materials=_materials(document),
        article_materials=Materials({}),
        unclaimed=tuple(_prose(text)),
    )


def _of_output(claim_id: str, step: Step, command: Command) -> Claim:
    return Claim(
        id=claim_id,
        line=command.line,
        kind="transcript",
        group=step.title or step.id,
        says=f"`{' '.join(command.words)}` goes as shown",
    )


def _prose(text: str) -> Iterator[Sentence]:
    """The sentences of a document that are neither shown nor marks nor headings."""
    other: set[int] = set()
    for line, event in read_events(text):
        other.add(line)
        if isinstance(event, Block):
            # A fence stands above and below what is shown.
            other |= set(range(event.line - 1, event.line + len(event.lines) + 1))
    tables = {
        number for number, line in enumerate(text.splitlines(), 1) if line.startswith(("|", "<!--"))
    }
    return (each for each in sentences(text) if each.line not in other | tables)


def _lines_of(name: str, text: str) -> Copy:
    return Copy(name, dict(enumerate(text.splitlines(), 1)))


def _materials(document: Document) -> Materials:
    return Materials(
        {name: Material(block.text, block.line) for name, block in document.materials.items()}
    )


def _title(text: str) -> str:
    """What a document calls itself: its first heading, else its first line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    headings = [line.lstrip("#").strip() for line in lines if line.startswith("# ")]
    return next(iter(headings or lines), "")


def unclaimed_json(plan: Plan) -> Sequence[Mapping[str, Any]]:
    """The sentences that no claim speaks of, as reports show them."""
    return [{"line": each.line, "text": each.text} for each in plan.unclaimed]
