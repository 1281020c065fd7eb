"""Conditions of statements, each for itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.policy_validation import VALID_CONDITIONS

from pytest_codeartifact.emulator.iam.conditions import read_condition
from pytest_codeartifact.emulator.iam.matching import Context, Value

KEY = "aws:Key"
USER = "arn:aws:iam::111122223333:user/ann"


def holds(name: str, values: str | list[str], found: Value | None, **more: Value) -> bool:
    """Whether a condition on one key holds where the key has this value; None for no value."""
    context: Context = {key.replace("_", ":"): value for key, value in more.items()}
    if found is not None:
        context = {**context, "aws:key": found}
    values = [values] if isinstance(values, str) else values
    condition = read_condition(name, KEY, values, has_variables=True)
    assert condition is not None
    return condition.holds(context)


CASES: list[tuple[str, str | list[str], str, bool]] = [
    ("StringEquals", "team", "team", True),
    ("StringEquals", "team", "Team", False),
    ("StringEquals", ["a", "team"], "team", True),
    ("StringEquals", "t*", "team", False),
    ("StringEquals", "", "", True),
    ("StringNotEquals", "team", "Team", True),
    ("StringNotEquals", ["a", "team"], "team", False),
    ("StringEqualsIgnoreCase", "TEAM", "team", True),
    ("StringEqualsIgnoreCase", "TEAMS", "team", False),
    ("StringNotEqualsIgnoreCase", "TEAM", "team", False),
    ("StringNotEqualsIgnoreCase", "TEAMS", "team", True),
    ("StringLike", "t?a*", "team/x", True),
    ("StringLike", "T*", "team", False),
    ("StringLike", "?*", "", False),
    ("StringNotLike", ["x*", "t*"], "team", False),
    ("StringNotLike", "x*", "team", True),
    ("NumericEquals", "900", "900.0", True),
    ("NumericEquals", "900", "901", False),
    ("NumericEquals", "many", "many", False),
    ("NumericNotEquals", ["1", "2"], "3", True),
    ("NumericNotEquals", ["1", "2"], "2", False),
    ("NumericLessThan", "3600", "3599.9", True),
    ("NumericLessThan", "3600", "3600", False),
    ("NumericLessThanEquals", "3600", "3600", True),
    ("NumericLessThanEquals", "3600", "43200", False),
    ("NumericLessThanEquals", "3600", "0", True),
    ("NumericGreaterThan", "-1", "0", True),
    ("NumericGreaterThan", "0", "0", False),
    ("NumericGreaterThanEquals", "1e3", "1000", True),
    ("NumericGreaterThanEquals", "1000", "999", False),
    ("DateEquals", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", True),
    ("DateEquals", "2026-03-01T12:00:00Z", "1772366400", True),
    ("DateEquals", "2026-03", "2026-03-01T00:00:00Z", True),
    ("DateEquals", "2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z", False),
    ("DateEquals", "2026-13-01", "2026-13-01", False),
    ("DateNotEquals", "2026-03-01", "2026-03-02", True),
    ("DateNotEquals", "2026-03-01", "2026-03-01T00:00Z", False),
    ("DateLessThan", "2026-03-01", "2026-02-28T23:59:59.9Z", True),
    ("DateLessThan", "2026-03-01", "2026-03-01T00:00:00Z", False),
    ("DateLessThanEquals", "2026-03-01", "2026-03-01T00:00:00Z", True),
    ("DateLessThanEquals", "2026-03-01", "2026-03-01T00:00:01Z", False),
    ("DateGreaterThan", "1772366400", "2026-03-01T12:00:01Z", True),
    ("DateGreaterThan", "1772366400", "2026-03-01T12:00:00Z", False),
    ("DateGreaterThanEquals", "2026-03-01T12:00:00Z", "1772366400", True),
    ("DateGreaterThanEquals", "2026-03-01T12:00:01Z", "1772366400", False),
    ("Bool", "true", "true", True),
    ("Bool", "True", "true", True),
    ("Bool", "true", "false", False),
    ("Bool", "yes", "yes", False),
    ("BinaryEquals", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
    ("BinaryEquals", "?", "?", False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
    ("IpAddress", "203.0.113.0/24", "203.0.114.7", False),
    ("IpAddress", "203.0.113.7", "203.0.113.7", True),
    ("IpAddress", "203.0.113.7/24", "203.0.113.9", True),
    ("IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", True),
    ("IpAddress", ["10.0.0.0/8", "2001:db8::/32"], "203.0.113.7", False),
    ("IpAddress", "everywhere", "203.0.113.7", False),
    ("IpAddress", "203.0.113.7", "nowhere", False),
    ("NotIpAddress", ["10.0.0.0/8", "127.0.0.0/8"], "203.0.113.7", True),
    ("NotIpAddress", ["10.0.0.0/8", "127.0.0.0/8"], "127.0.0.1", False),
    ("NotIpAddress", "10.0.0.0/8", "2001:db8::1", True),
    ("ArnEquals", "arn:aws:iam::*:user/*", USER, True),
    ("ArnEquals", "arn:aws:iam::*:user/b*", USER, False),
    ("ArnLike", "arn:aws:iam::*:user/*", USER, True),
    ("ArnLike", "arn:aws:iam:*/ann", USER, False),
    ("ArnLike", USER.replace("ann", "Ann"), USER, False),
    ("ArnNotEquals", "arn:aws:iam::*:user/bob", USER, True),
    ("ArnNotEquals", "arn:aws:iam::*:user/ann", USER, False),
    ("ArnNotLike", ["arn:aws:iam::*:role/*", "arn:*:iam::*:user/a??"], USER, False),
    ("ArnNotLike", "arn:aws:iam::*:role/*", USER, True),
]


@pytest.mark.parametrize(("name", "values", "found", "does"), CASES)
def test_operator_compares(name: str, values: str | list[str], found: str, does: bool) -> None:  # noqa: FBT001 - expected value
    """Several values are alternatives; a negated operator holds where none of them fits."""
    assert holds(name, values, found) is does


def test_every_operator_is_compared() -> None:
    """The table above has a case that holds and one that does not, for each operator of AWS."""
    for does in (True, False):
        assert {name for name, *_, held in CASES if held is does} == {*VALID_CONDITIONS} - {"Null"}


@pytest.mark.parametrize(
    ("name", "does"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("NumericLessThan", False),
        ("DateNotEquals", True),
        ("Bool", False),
        ("BoolIfExists", True),
        ("NotIpAddress", True),
        ("ArnLike", False),
        ("ArnNotLike", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
    ],
)
@pytest.mark.parametrize("found", [None, ()], ids=["absent", "empty"])
def test_missing_key_is_decided_by_the_operator(
    name: str,
    does: bool,  # noqa: FBT001 - expected value
    found: Value | None,
) -> None:
    """Without a value a positive operator fails, a negated one holds, and IfExists holds."""
    assert holds(name, "x", found) is does


@pytest.mark.parametrize(
    ("values", "found", "does"),
    [
        ("true", None, True),
        ("true", (), True),
        ("true", "x", False),
        ("true", ("x",), False),
        ("false", None, False),
        ("false", "x", True),
        ("false", "", True),
        (["true", "false"], "x", True),
        ("perhaps", None, False),
    ],
)
def test_null_asks_for_presence(values: str | list[str], found: Value | None, does: bool) -> None:  # noqa: FBT001 - expected value
    """`true` wants the key to be missing, `false` wants it to have a value."""
    assert holds("Null", values, found) is does
    assert holds("ForAnyValue:Null", values, found) is does


# --- Several values in the request -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "found", "does"),
    [
        # "Creating a condition with multiple keys or values": the example of DynamoDB.
        ("ForAllValues:StringEquals", ["ID", "Message", "Tags"], ("Message", "Tags"), True),
        ("ForAllValues:StringEquals", ["ID", "Message"], ("Message", "UserName"), False),
        ("ForAnyValue:StringEquals", ["ID", "PostDateTime"], ("PostDateTime", "Message"), True),
        ("ForAnyValue:StringEquals", ["ID", "PostDateTime"], ("UserName",), False),
        # "Multivalued context key examples".
        ("ForAllValues:StringNotLike", ["key1*"], ("key1:legal",), False),
        ("ForAllValues:StringNotLike", ["key1*"], ("key1:hr", "key1:personnel"), False),
        ("ForAllValues:StringNotLike", ["key1*"], ("key2:audit",), True),
        ("ForAnyValue:StringNotLike", ["key1*"], ("key1:hr", "key2:audit"), True),
        ("ForAnyValue:StringNotLike", ["key1*"], ("key1:hr",), False),
        ("ForAnyValue:StringEquals", ["a"], "a", True),
        ("ForAllValues:StringEquals", ["a"], "", True),
        ("ForAnyValue:StringEquals", [""], "", False),
    ],
)
def test_set_operator_looks_at_each_value(
    name: str,
    values: list[str],
    found: Value,
    does: bool,  # noqa: FBT001 - expected value
) -> None:
    """ForAllValues wants every value of the request to fit, ForAnyValue wants one."""
    assert holds(name, values, found) is does


@pytest.mark.parametrize("name", ["StringEquals", "StringNotEquals", "StringLikeIfExists"])
def test_plain_operator_never_holds_for_several_values(name: str) -> None:
    """Without a set operator a key with several values is not compared at all."""
    assert not holds(name, "a", ("a",))
    assert not holds(name, "b", ("a", "c"))


@given(st.lists(st.sampled_from("abc"), min_size=1), st.lists(st.sampled_from("abc")))
def test_set_operators_are_those_of_sets(found: list[str], values: list[str]) -> None:
    """ForAllValues is the subset, ForAnyValue the intersection, negated they are the contrary."""
    assert holds("ForAllValues:StringEquals", values, tuple(found)) == ({*found} <= {*values})
    assert holds("ForAnyValue:StringEquals", values, tuple(found)) == bool({*found} & {*values})
    assert holds("ForAllValues:StringNotEquals", values, tuple(found)) == (not {*found} & {*values})
    assert holds("ForAnyValue:StringNotEquals", values, tuple(found)) == bool({*found} - {*values})


# --- Variables -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "does"),
    [
        ("StringEquals", "${aws:username}", True),
        ("StringEquals", "${AWS:UserName}", True),
        ("StringEquals", "${aws:userid}", False),
        ("StringNotEquals", "${aws:userid}", True),
        ("StringEquals", "${aws:userid, 'ann'}", True),
        ("StringEquals", ["${aws:userid}", "ann"], True),
        ("StringEqualsIgnoreCase", "AN${aws:none, 'N'}", True),
        ("StringLike", "${aws:username}*", True),
        ("StringLike", "a${*}", False),
        ("StringEquals", "${aws:tagkeys}", False),
        ("NumericEquals", "${aws:username}", False),
    ],
)
def test_variable_is_replaced_before_comparing(
    name: str,
    values: str | list[str],
    does: bool,  # noqa: FBT001 - expected value
) -> None:
    """Operators of texts and ARNs have variables; one without a value is like nothing."""
    assert holds(name, values, "ann", aws_username="ann", aws_tagkeys=("ann",)) is does


def test_variable_in_an_arn_is_text() -> None:
    """What a variable brings into an ARN has no wildcards."""
    pattern = "arn:aws:iam::*:user/${aws:username}"
    assert holds("ArnLike", pattern, USER, aws_username="ann")
    assert not holds("ArnLike", pattern, USER, aws_username="*")


def test_condition_tells_its_keys() -> None:
    """Key and variables are known in lower case; operators without variables have none."""
    values = ["${AWS:UserName}", "x"]
    condition = read_condition("StringLike", KEY, values, has_variables=True)
    assert condition is not None
    assert condition.keys == {"aws:key", "aws:username"}
    for name, has_variables in (("StringLike", False), ("Bool", True)):
        plain = read_condition(name, KEY, values, has_variables=has_variables)
        assert plain is not None
        assert plain.keys == {"aws:key"}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "IfExists",
        "Equals",
        "stringequals",
        "StringMatch",
        "NullIfExists",
        "BinaryNotEquals",
        "ForAll:StringEquals",
        "ForAnyValue:ForAllValues:StringEquals",
        "StringEqualsIfExistsIfExists",
    ],
)
def test_unknown_operator_is_none(name: str) -> None:
    """A name that is no operator's is told apart."""
    assert read_condition(name, KEY, ["x"], has_variables=True) is None


@given(st.sampled_from(sorted(VALID_CONDITIONS)), st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_compared(name: str, value: str, found: str) -> None:
    """Neither a policy's nor a request's value can make a comparison fail."""
    if name != "Null":
        assert holds(name, value, found) in {True, False}
        negated = holds(f"ForAllValues:{name}", value, (found,))
        assert negated == holds(name, value, found) or found == ""
