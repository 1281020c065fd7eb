import unicodedata
from typing import Any

import pytest
import regex  # type: ignore[import-untyped]  # its makers ship no types
from botocore.model import StructureShape
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.emulator.api.model import Json, operations
from pytest_codeartifact.emulator.api.validation import matcher, validate, violations
from pytest_codeartifact.emulator.errors import Validation

OWNER = "111122223333"


def refusal(operation: str, **members: Json) -> str:
    """The message for an input, or nothing when it is allowed."""
    shape = operations()[operation].input_shape
    assert isinstance(shape, StructureShape)
    try:
        validate(shape, members)
    except Validation as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    ("operation", "members", "expected"),
    [
        pytest.param(
            "DescribeDomain",
            {"domain": "Bad_Name"},
            "Value 'Bad_Name' at 'domain' failed to satisfy constraint: Member must satisfy "
            r"regular expression pattern: [a-z][a-z0-9\-]{0,48}[a-z0-9]",
            id="pattern",
        ),
        pytest.param(
            "DescribeDomain",
            {},
            "Value null at 'domain' failed to satisfy constraint: Member must not be null",
            id="required",
        ),
        pytest.param(
            "ListPackages",
            {"domain": "team-one", "repository": "repo", "format": "conda"},
            "Value 'conda' at 'format' failed to satisfy constraint: Member must satisfy enum "
            "value set: [npm, pypi, maven, nuget, generic, ruby, swift, cargo]",
            id="enumeration",
        ),
        pytest.param(
            "ListDomains",
            {"maxResults": 0},
            "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value "
            "greater than or equal to 1",
            id="least-number",
        ),
        pytest.param(
            "ListDomains",
            {"maxResults": 1001},
            "Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value "
            "less than or equal to 1000",
            id="greatest-number",
        ),
        pytest.param(
            "CreateDomain",
            {"domain": "team-one", "tags": [{"key": "a", "value": "b"}, {"value": ""}]},
            "Value null at 'tags.2.member.key' failed to satisfy constraint: Member must not be "
            "null",
            id="inside-a-list",
        ),
        pytest.param(
            "UntagResource",
            {"resourceArn": "arn", "tagKeys": ["ok", ""]},
            "Value '[ok, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy "
            "constraint: [Member must have length less than or equal to 128, Member must have "
            "length greater than or equal to 1, Member must satisfy regular expression pattern: "
            r"\P{C}+]",
            id="list-of-strings",
        ),
        pytest.param(
            "UpdatePackageGroupOriginConfiguration",
            {"domain": "team-one", "packageGroup": "/*", "restrictions": {"PUBLISH": "MAYBE"}},
            "Value '{PUBLISH=MAYBE}' at 'restrictions' failed to satisfy constraint: Map value "
            "must satisfy constraint: [Member must satisfy enum value set: "
            "[ALLOW, ALLOW_SPECIFIC_REPOSITORIES, BLOCK, INHERIT]]",
            id="map-value",
        ),
        pytest.param(
            "UpdatePackageGroupOriginConfiguration",
            {"domain": "team-one", "packageGroup": "/*", "restrictions": {"READ": "ALLOW"}},
            "Value '{READ=ALLOW}' at 'restrictions' failed to satisfy constraint: Map keys "
            "must satisfy constraint: [Member must satisfy enum value set: "
            "[EXTERNAL_UPSTREAM, INTERNAL_UPSTREAM, PUBLISH]]",
            id="map-key",
        ),
    ],
)
def test_broken_constraint_is_named(operation: str, members: dict[str, Any], expected: str) -> None:
    """One broken constraint gives one sentence with value, place and constraint."""
    assert refusal(operation, **members) == f"1 validation error detected: {expected}"


def test_all_broken_constraints_are_named_together() -> None:
    """A caller learns of everything that is wrong at once."""
    message = refusal("CreateRepository", domain="a", domainOwner="12", repository="x" * 101)
    assert message.startswith("6 validation errors detected: Value 'a' at 'domain' failed")
    assert message.count("; Value '") == 5
    assert "Member must have length greater than or equal to 2" in message
    assert "Member must have length less than or equal to 100" in message


@pytest.mark.parametrize(
    ("share", "is_valid"), [(0, True), (99.5, True), (100.5, False), (-1, False)]
)
def test_fraction_has_its_bounds(share: float, *, is_valid: bool) -> None:
    """A number is compared as it is, not by its whole part."""
    shape = operations("codebuild")["DescribeCodeCoverages"].input_shape
    assert shape is not None
    broken = violations(shape.members["minLineCoveragePercentage"], share)
    assert (not broken) == is_valid


def test_reason_is_that_of_a_field() -> None:
    """Whoever reads the error's members learns that a field is wrong, not the syntax."""
    shape = operations()["DescribeDomain"].input_shape
    assert shape is not None
    with pytest.raises(Validation) as raised:
        validate(shape, {})
    assert raised.value.members == {"reason": "FIELD_VALIDATION_FAILED"}


def test_too_long_list_is_refused() -> None:
    """The number of elements is limited like the length of a string."""
    members = {"domain": "team-one", "repository": "rr", "format": "pypi", "package": "p"}
    assert refusal("DeletePackageVersions", **members, versions=["1"] * 100) == ""
    assert "'versions' failed to satisfy constraint: Member must have length less than or" in (
        refusal("DeletePackageVersions", **members, versions=["1"] * 101)
    )


@pytest.mark.parametrize("domain", ["team-one\n", "team-one ", "\nteam-one", "täm"])
def test_pattern_covers_the_whole_string(domain: str) -> None:
    """No line feed slips in behind an otherwise valid name."""
    assert "regular expression pattern" in refusal("DescribeDomain", domain=domain)


def test_white_space_in_patterns_is_that_of_ascii() -> None:
    r"""`\s` is what it is in Java: a no-break space is not white space."""
    assert matcher(r"[^#/\s]+")("a\u00a0b")
    assert not matcher(r"[^#/\s]+")("a\vb")


TAG = r"^([\p{L}\p{Z}\p{N}_.:/=@+\-]*)$"
# Which characters are unassigned depends on the Unicode version, so those are left out.
ASSIGNED = st.characters().filter(lambda character: unicodedata.category(character) != "Cn")


@pytest.mark.parametrize(
    ("pattern", "peer"),
    [
        (r"\P{C}*", r"\P{C}*"),
        (r"\P{C}+", r"\P{C}+"),
        (TAG, TAG),
        (r"[\P{C}\s]+", r"[\P{C}\t\n\x0b\f\r ]+"),
        (r"[^\p{C}\p{IsWhitespace}]+", r"[^\p{C}\p{White_Space}]+"),
    ],
)
@settings(deadline=None)
@given(text=st.text(ASSIGNED, max_size=4))
def test_unicode_pattern_means_what_a_unicode_engine_says(
    pattern: str, peer: str, text: str
) -> None:
    """The translated patterns accept what an engine with Unicode properties accepts."""
    assert matcher(pattern)(text) == bool(regex.fullmatch(peer, text))


@pytest.mark.parametrize("pattern", [r"\P{C}+", r"[^\p{C}\p{IsWhitespace}]+", TAG])
def test_every_character_is_judged_as_by_a_unicode_engine(pattern: str) -> None:
    """White space, controls, formats, surrogates and private characters: each one by one."""
    peer = regex.compile(pattern.replace("IsWhitespace", "White_Space"))
    samples = [chr(point) for point in (*range(0x3100), *range(0xD7F0, 0xE010), 0xFEFF, 0xE0001)]
    judged = matcher(pattern)
    differing = [
        character
        for character in samples
        if unicodedata.category(character) != "Cn"
        and judged(character) != bool(peer.fullmatch(character))
    ]
    # A character that Python's older tables have in another category would be listed here.
    assert differing == []
