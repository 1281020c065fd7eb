import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_codeartifact.findings import Edit
from pytest_codeartifact.report import ReportError
from pytest_codeartifact.report.patch import unified

NAME = "my article.md"


def diff(*edits: Edit, path: str = "a.md") -> str:
    return unified(path, [asdict(each) for each in edits])


def applied(lines: Sequence[str], edits: Sequence[Edit]) -> list[str]:
    """The lines after the edits, done one by one from the bottom."""
    result = list(lines)
    for each in sorted(edits, key=lambda edit: edit.first, reverse=True):
        at = each.first - 1
        assert result[at : at + len(each.removed)] == list(each.removed)
        result[at : at + len(each.removed)] = each.inserted
    return result


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[str], list[Edit]]:
    """A text, and edits of it that do not contradict each other, each with some context."""
    line = st.text(st.sampled_from("ab \t-+@\\é|"), max_size=6)
    lines = draw(st.lists(line, min_size=1, max_size=25))
    edits: list[Edit] = []
    at = 1
    while at <= len(lines) and len(edits) < 6:
        first = draw(st.integers(at, len(lines)))
        removed = draw(st.integers(0, min(3, len(lines) - first + 1)))
        inserted = draw(st.lists(line, min_size=0 if removed else 1, max_size=3))
        end = first + removed
        # Git finds the place of a hunk by what comes after it, unless that is the end of the file.
        after = draw(st.integers(min(1, len(lines) - end + 1), 3))
        edits.append(
            Edit(
                first=first,
                removed=tuple(lines[first - 1 : end - 1]),
                inserted=tuple(inserted),
                before=tuple(lines[max(0, first - 1 - draw(st.integers(0, 3))) : first - 1]),
                after=tuple(lines[end - 1 : end - 1 + after]),
            )
        )
        at = end + draw(st.integers(0 if removed else 1, 8))
    return lines, edits


@given(edited().flatmap(lambda case: st.tuples(st.just(case), st.permutations(case[1]))))
def test_patch_does_what_the_edits_say(
    case: tuple[tuple[list[str], list[Edit]], list[Edit]],
) -> None:
    """Read back by its own rules, a patch makes of the text what the edits make of it."""
    (lines, edits), shuffled = case
    assert patched(lines, diff(*shuffled)) == applied(lines, edits)


def patched(lines: Sequence[str], patch: str) -> list[str]:
    """Apply a patch strictly: every number and every line of context has to be right."""
    result: list[str] = []
    read = 0
    for hunk in patch.split("\n@@ -")[1:]:
        head, _, body = hunk.removesuffix("\n").partition("\n")
        old, new = head.removesuffix(" @@").split(" +")
        (first, length), (there, after) = spans(old), spans(new)
        start = first - 1 if length else first
        assert start >= read
        result += lines[read:start]
        assert len(result) == (there - 1 if after else there)
        read = start
        before, begun = read, len(result)
        for line in body.split("\n"):
            sign, text = line[0], line[1:]
            if sign in " -":
                assert lines[read] == text
                read += 1
            if sign in " +":
                result.append(text)
        assert (read - before, len(result) - begun) == (length, after)
    return result + list(lines[read:])


def spans(text: str) -> tuple[int, int]:
    first, _, length = text.partition(",")
    return int(first), int(length or 1)


@pytest.mark.parametrize("command", ["git apply --check", "git apply", "patch -p1 -i"])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=edited())
def test_programs_accept_the_patch(
    tmp_path: Path, command: str, case: tuple[list[str], list[Edit]]
) -> None:
    """What git and patch make of the text is what the edits make of it."""
    lines, edits = case
    program = command.split()
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    path, patch = tmp_path / NAME, tmp_path / "errata.patch"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
    text = diff(*edits, path=NAME)
    if not text:
        return
    patch.write_text(text, encoding="utf-8", newline="")
    done = subprocess.run(
        [*program, str(patch)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    got = path.read_text(encoding="utf-8").split("\n")[:-1]
    assert got == (lines if "--check" in program else applied(lines, edits))


def test_edit_is_a_hunk_with_its_context() -> None:
    """The smallest patch: headers, one hunk, lines as they are."""
    edit = Edit(3, ("old \t",), ("new\t",), before=("b",), after=("d",))
    assert diff(edit) == "--- a/a.md\n+++ b/a.md\n@@ -2,3 +2,3 @@\n b\n-old \t\n+new\t\n d\n"


def test_later_hunk_is_counted_from_the_new_lines() -> None:
    """What an earlier hunk inserted moves the later ones."""
    first = Edit(1, (), ("x", "y"), after=("a",))
    second = Edit(9, ("i",), (), before=("h",), after=("j",))
    assert "@@ -1 +1,3 @@" in diff(first, second)
    assert "@@ -8,3 +10,2 @@" in diff(first, second)


@pytest.mark.parametrize("before", [(), ("d",), ("c", "d")], ids=["none", "meets", "overlaps"])
def test_edits_whose_context_meets_become_one_hunk(before: tuple[str, ...]) -> None:
    """Hunks neither overlap nor touch, or git would refuse the second one."""
    first = Edit(1, ("a",), ("A",), after=("b", "c", "d")[: 3 - len(before) % 2])
    second = Edit(5, ("e",), ("E",), before=before, after=("f",))
    body = "-a\n+A\n b\n c\n d\n-e\n+E\n f\n"
    assert diff(first, second).endswith(f"@@ -1,6 +1,6 @@\n{body}")


def test_edits_whose_context_does_not_meet_stay_apart() -> None:
    """A line that nobody knows cannot be in a hunk."""
    first = Edit(1, ("a",), ("A",), after=("b",))
    second = Edit(5, ("e",), ("E",), before=("d",), after=("f",))
    assert diff(first, second).count("\n@@ -") == 2


def test_insertions_at_one_place_keep_their_order() -> None:
    """The first one given stands first; what replaces the line stands after both."""
    one, two = (Edit(2, (), (text,), before=("a",), after=("b",)) for text in ("one", "two"))
    replaced = Edit(2, ("b",), ("B",), before=("a",), after=("c",))
    body = " a\n+one\n+two\n-b\n+B\n c\n"
    assert diff(replaced, one, two).endswith(body)


def test_same_edit_twice_counts_once() -> None:
    """Two errata may ask for the same change."""
    edit = Edit(1, ("a",), ("b",), after=("c",))
    assert diff(edit, edit) == diff(edit)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Edit(1, ("a",), ("c",)), id="two ends of one line"),
        pytest.param(Edit(2, (), ("x",), before=("A",)), id="two memories of one line"),
    ],
)
def test_contradiction_is_refused_with_its_line(other: Edit) -> None:
    """Edits that cannot both be right are named."""
    with pytest.raises(ReportError, match=r"two edits contradict each other \(a\.md:1\)"):
        diff(Edit(1, ("a",), ("b",)), other)


def test_nothing_to_edit_is_no_patch() -> None:
    """Without edits, or with one that changes nothing, there is no text."""
    assert diff() == diff(Edit(1, before=("a",))) == ""


def test_odd_name_is_quoted() -> None:
    """A name with quotes is written the way git reads it."""
    text = diff(Edit(1, (), ("x",)), path='a "b".md')
    assert text.startswith('--- "a/a \\042b\\042.md"\n')
