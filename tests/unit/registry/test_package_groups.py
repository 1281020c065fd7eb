"""Patterns and hierarchy of package groups, by the examples of AWS's pages and by laws."""

import functools
import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact.emulator.entities import (
    ROOT_PATTERN,
    DomainId,
    Mode,
    PackageFormat,
    PackageGroup,
    PackageGroupId,
    PackageId,
    Restriction,
)
from pytest_codeartifact.emulator.registry.group_patterns import (
    InvalidPattern,
    path_of,
    pattern_of,
    read_pattern,
)
from pytest_codeartifact.emulator.registry.package_groups import PackageGroups, Strength

TEAM = DomainId("eu-west-1", "111122223333", "team")


def group(pattern: str, **modes: Mode) -> PackageGroup:
    restrictions = {Restriction(name): mode for name, mode in modes.items()}
    return PackageGroup(PackageGroupId(TEAM, pattern), None, None, restrictions, {}, 1.0)


def groups(*patterns: str) -> PackageGroups:
    return PackageGroups(map(group, [ROOT_PATTERN, *patterns]))


def package(path: str) -> PackageId:
    """The package of a path such as `/npm/space/name`."""
    _, word, namespace, name = path.split("/")
    return PackageId(PackageFormat(word), namespace, name)


def associated(path: str, *patterns: str) -> tuple[str, Strength]:
    found, strength = groups(*patterns).association(package(path))
    return found.id.pattern, strength


# --- The pages' examples -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [
        "/*",
        "/npm/*",
        "/maven/com.anycompany~",
        "/npm/space/*",
        "/npm/space/anycompany-ui~",
        "/maven/org.apache.logging.log4j/log4j-core$",
        "/npm//AsyncStorage$",
        "/npm//*",
        "/nuget/*",
        "/nuget//alpha%beta%gamma~",
        "/npm/space/foo-*",
        "/npm/space/foo*",
        "/maven/com.*",
        "/pypi//requests$",
        "/pypi//*",
        "/generic/ns/data~",
        "/npm//größe~",
    ],
)
def test_pattern_is_read(pattern: str) -> None:
    """Each allowed combination is taken, with an empty namespace where there is none."""
    read = read_pattern(pattern)
    assert read.stem + read.suffix == pattern


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "begin with '/'"),
        ("npm/*", "begin with '/'"),
        ("/", "end with"),
        ("/npm/space", "end with"),
        ("/npm/*/name$", "last character"),
        ("/$", "none of the formats"),
        ("/np*", "none of the formats"),
        ("/NPM/*", "none of the formats"),
        ("/python//requests$", "'pypi'"),
        ("/npm~", "one of the forms"),
        ("/npm/$", "one of the forms"),
        ("/npm/~", "one of the forms"),
        ("/npm//~", "one of the forms"),
        ("/npm/space$", "one of the forms"),
        ("/npm/space/name/more$", "one of the forms"),
        ("/npm/space*", "followed by '/*'"),
        ("/npm/space/foo-~", "after '-' comes '*'"),
        ("/maven/com.~", "after '.' comes '*'"),
        ("/pypi/space/*", "no namespace"),
        ("/nuget/space~", "no namespace"),
        ("/cargo/space/name$", "no namespace"),
        ("/maven//name$", "need a namespace"),
        ("/swift//*", "need a namespace"),
        ("/pypi//Requests$", "'requests'"),
        ("/pypi//my_lib~", "'my-lib'"),
        ("/nuget//NewtonSoft.Json$", "'newtonsoft.json'"),
        ("/swift/Scope/name$", "'scope'"),
        ("/npm//a#b$", "'#'"),
        (f"/npm//{'x' * 256}$", "255"),
    ],
)
def test_wrong_pattern_is_refused_with_a_reason(pattern: str, reason: str) -> None:
    """The refusal names the pattern and what is wrong with it."""
    with pytest.raises(InvalidPattern) as refused:
        read_pattern(pattern)
    assert f"'{pattern}'" in str(refused.value)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/npm/space/foo", True),
        ("/npm/space/foo-bar", True),
        ("/npm/space/foo.bar", True),
        ("/npm/space/foo_bar", True),
        ("/npm/space/food", False),
        ("/npm/space/foot", False),
        ("/npm/space/foo1", False),
        ("/npm/space/fooBar", False),
        ("/npm/space/foo\N{COMBINING DIAERESIS}", False),
        ("/npm/space/fo", False),
        ("/npm/spaces/foo", False),
        ("/npm//foo", False),
    ],
)
def test_prefix_ends_at_a_word_boundary(path: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """After the tilde the word must be over: no letter, number or mark may follow."""
    assert read_pattern("/npm/space/foo~").matches(path) is expected


def test_prefix_of_a_namespace_matches_below_it() -> None:
    """The slash after a namespace is a word boundary too, and so is a further part of the name."""
    pattern = read_pattern("/maven/com.anycompany~")
    assert pattern.matches("/maven/com.anycompany/library")
    assert pattern.matches("/maven/com.anycompany.team/library")
    assert not pattern.matches("/maven/com.anycompanyother/library")


def test_each_package_belongs_to_the_most_specific_group() -> None:
    """The example of the page: two groups, three packages."""
    patterns = ("/npm/*", "/npm/space/*")
    assert associated("/npm//react", *patterns) == ("/npm/*", Strength.STRONG)
    for name in ("aui.components", "amplify-ui-core"):
        found = associated(f"/npm/space/{name}", *patterns)
        assert found == ("/npm/space/*", Strength.STRONG)
    assert associated("/pypi//react", *patterns) == (ROOT_PATTERN, Strength.STRONG)


def test_longest_match_is_the_most_specific() -> None:
    """Every kind of pattern that matches one package, from the widest to the narrowest."""
    ladder = [
        ROOT_PATTERN,
        "/npm/*",
        "/npm/space/*",
        "/npm/space/foo*",
        "/npm/space/foo~",
        "/npm/space/foo-*",
        "/npm/space/foo-bar*",
        "/npm/space/foo-bar~",
        "/npm/space/foo-bar$",
    ]
    for number, pattern in enumerate(ladder):
        narrower = groups(*ladder[1 : number + 1])
        found, _ = narrower.association(package("/npm/space/foo-bar"))
        assert found.id.pattern == pattern
        parent = narrower.parent(found)
        assert (parent and parent.id.pattern) == (ladder[number - 1] if number else None)


def test_groups_may_differ_in_case_only() -> None:
    """The example of the page: three packages, and first one, then three groups for them."""
    names = ("AsyncStorage", "asyncStorage", "asyncstorage")
    one = f"/npm//{names[0]}$"
    for name in names:
        strength = Strength.STRONG if name == names[0] else Strength.WEAK
        assert associated(f"/npm//{name}", one, "/npm/*") == (one, strength)
    three = [f"/npm//{name}$" for name in names]
    for name, own in zip(names, three, strict=True):
        assert associated(f"/npm//{name}", *three) == (own, Strength.STRONG)


@pytest.mark.parametrize(
    ("pattern", "path", "is_variation"),
    [
        ("/npm//foo-bar$", "/npm//foo.bar", True),
        ("/npm//foo-bar$", "/npm//foo..bar", True),
        ("/npm//foo-bar$", "/npm//foo_bar", True),
        ("/npm//foo-bar$", "/npm//FOO-BAR", True),
        ("/npm//foo-bar$", "/npm//foobar", False),
        ("/maven/com.act-on/*", "/maven/com.act.on/library", True),
        ("/npm//anycompany-spicy-client$", "/npm//AnyCompany-spicy-client", True),
        ("/npm//my-package$", "/npm//my.package", True),
        ("/npm//foo~", "/npm//FOO-bar", True),
        ("/npm//foo~", "/npm//FOOD", False),
        ("/npm//foo-*", "/npm//foo_bar", True),
        ("/npm//cache$", "/npm//c\N{CYRILLIC SMALL LETTER A}che", True),
        ("/npm//cache$", "/npm//\N{FULLWIDTH LATIN SMALL LETTER C}ache", True),
        ("/npm//space$", "/npm//spice", False),
    ],
)
def test_variation_belongs_weakly(pattern: str, path: str, is_variation: bool) -> None:  # noqa: FBT001 - a table
    """Case, separators and lookalikes do not lead to a more general group."""
    expected = (pattern, Strength.WEAK) if is_variation else ("/npm/*", Strength.STRONG)
    wide = "/maven/*" if pattern.startswith("/maven") else "/npm/*"
    assert associated(path, pattern, wide) == expected


def test_variation_of_a_narrower_pattern_counts_more() -> None:
    """A package that a wider pattern matches exactly stays with the narrower it varies."""
    found = associated("/npm/Space/foo", "/npm/Space/*", "/npm/space/foo$")
    assert found == ("/npm/space/foo$", Strength.WEAK)


def test_hierarchy_is_by_exact_patterns() -> None:
    """Patterns that differ in case are no parents of each other: neither contains the other."""
    family = groups("/npm/*", "/npm/Space/*", "/npm/space/foo~")
    child, parent = group("/npm/space/foo~"), family.parent(group("/npm/space/foo~"))
    assert parent == group("/npm/*")
    assert family.children(parent) == [group("/npm/Space/*"), child]


def test_setting_comes_from_the_first_group_that_has_one() -> None:
    """The nearest group upwards that does not inherit says what holds, each restriction alone."""
    family = PackageGroups(
        [
            group(ROOT_PATTERN, INTERNAL_UPSTREAM=Mode.BLOCK),
            group("/npm/*", PUBLISH=Mode.BLOCK),
            group("/npm/space/*", EXTERNAL_UPSTREAM=Mode.BLOCK, PUBLISH=Mode.INHERIT),
        ]
    )
    expected = {
        Restriction.PUBLISH: (Mode.BLOCK, "/npm/*"),
        Restriction.EXTERNAL_UPSTREAM: (Mode.BLOCK, "/npm/space/*"),
        Restriction.INTERNAL_UPSTREAM: (Mode.BLOCK, ROOT_PATTERN),
    }
    narrow = group("/npm/space/*", EXTERNAL_UPSTREAM=Mode.BLOCK, PUBLISH=Mode.INHERIT)
    for restriction, (mode, source) in expected.items():
        setting = family.setting(narrow, restriction)
        assert (setting.mode, setting.source.id.pattern) == (mode, source)
    assert family.setting(group("/pypi/*"), Restriction.PUBLISH).mode is Mode.ALLOW


# --- Laws --------------------------------------------------------------------------------------

PARTS = ["a", "b", "ab", "a1"]
NAMES = st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map("-".join)
NAMESPACES = st.just("") | NAMES
FORMATS = st.sampled_from(["npm", "pypi"])


@st.composite
def paths(draw: st.DrawFn) -> str:
    word = draw(FORMATS)
    return f"/{word}/{draw(NAMESPACES) if word == 'npm' else ''}/{draw(NAMES)}"


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """Any pattern that can be: a path cut somewhere, with a suffix that fits there."""
    path = draw(paths())
    text = path[: draw(st.integers(1, len(path)))] + draw(st.sampled_from("*~$"))
    try:
        read_pattern(text)
    except InvalidPattern:
        return "/npm/*"
    return text


FAMILIES = st.sets(patterns() | paths().map(lambda path: f"{path}$"), max_size=12)


PAIRS = [f"{one}-{other}" for one in PARTS for other in PARTS]
WORLD_NAMES = [*PARTS, *PAIRS, *(f"{pair}-{part}" for pair in PAIRS for part in PARTS)]
WORLD = [f"/pypi//{name}" for name in WORLD_NAMES] + [
    f"/npm/{space}/{name}" for space in ["", *WORLD_NAMES] for name in WORLD_NAMES
]
"""Every path that `paths` can draw, so that a pattern is what it matches of them."""


@functools.cache
def reach(pattern: str) -> frozenset[str]:
    """The paths that a pattern matches, by regular expressions: words here are ASCII only."""
    following = {"$": "", "~": "(?![a-z0-9]).*", "*": ".*"}[pattern[-1]]
    compiled = re.compile(re.escape(pattern[:-1]) + following)
    return frozenset(filter(compiled.fullmatch, WORLD))


def narrowest(family: Iterable[str], path: str) -> str:
    """The pattern with the smallest reach; where the world is too small to tell, the longer one."""
    matching = [pattern for pattern in family if path in reach(pattern)]
    return min(matching, key=lambda p: (len(reach(p)), -len(p), "$~*".index(p[-1])))


@given(FAMILIES, paths())
def test_package_has_exactly_one_group_in_any_order(family: set[str], path: str) -> None:
    """The smallest set that a package is in wins, however the groups are ordered."""
    everything = sorted({ROOT_PATTERN, *family})
    ahead = PackageGroups(map(group, everything)).association(package(path))
    behind = PackageGroups(map(group, reversed(everything))).association(package(path))
    assert ahead == behind
    found, strength = ahead
    assert strength is Strength.STRONG
    assert found.id.pattern == narrowest(everything, path)


@given(FAMILIES)
def test_every_chain_of_parents_ends_at_the_root(family: set[str]) -> None:
    """Each parent contains its child's packages, and only the root group has none."""
    together = groups(*family)
    for pattern in family:
        current, steps = group(pattern), 0
        while (above := together.parent(current)) is not None:
            assert reach(current.id.pattern) <= reach(above.id.pattern)
            current, steps = above, steps + 1
        assert current.id.pattern == ROOT_PATTERN
        assert steps <= len(family) + 1
    assert together.parent(group(ROOT_PATTERN)) is None


@given(FAMILIES)
def test_children_are_those_that_name_their_parent(family: set[str]) -> None:
    """Every group but the root is the child of exactly one group."""
    together = groups(*family)
    everything = {ROOT_PATTERN, *family}
    children = [child.id.pattern for each in everything for child in together.children(group(each))]
    assert sorted(children) == sorted(everything - {ROOT_PATTERN})


@given(FAMILIES, st.data())
def test_deleting_a_group_leaves_its_packages_to_its_parent(
    family: set[str], data: st.DataObject
) -> None:
    """What belonged to a group belongs to its parent afterwards, and so do its children."""
    path = data.draw(paths())
    before = groups(*family)
    gone, _ = before.association(package(path))
    if gone.id.pattern == ROOT_PATTERN:
        return
    heir, orphans = before.parent(gone), before.children(gone)
    after = groups(*(family - {gone.id.pattern}))
    assert after.association(package(path))[0] == heir
    assert [after.parent(each) for each in orphans] == [heir] * len(orphans)


@given(st.text(max_size=30) | patterns())
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    """Nothing else than the refusal comes of any text, and what is taken matches some package."""
    try:
        read = read_pattern(text)
    except InvalidPattern:
        return
    stem = text[:-1]
    tried = [stem, f"{stem}x", f"{stem}/x", f"{stem}x/x", f"{stem}npm//x"]
    assert any(read.matches(path) for path in tried if path.count("/") == 3)


@given(patterns(), paths())
def test_exact_match_is_a_match_of_variations_too(text: str, path: str) -> None:
    """A package is associated by variations at least where it is associated exactly."""
    read = pattern_of(text)
    varied = path_of(package(path.upper().replace("/NPM", "/npm").replace("/PYPI", "/pypi")))
    if read.matches(path):
        found, _ = groups(text).association(package(varied))
        assert found.id.pattern == text
