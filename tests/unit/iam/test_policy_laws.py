"""What is true of every decision, whatever the policies say."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.policy_cases import (
    ABROAD,
    ANN,
    ANN_ARN,
    ARNS,
    CI,
    EXPLICIT,
    OWN,
    READ,
    REPOSITORY,
    ROLE_ARN,
    ROOT,
    SESSION_ARN,
    TOKEN,
    Case,
    Statement,
)

CONDITIONS: list[Statement] = [
    {"StringEquals": {"aws:username": "ann"}},
    {"StringNotLike": {"aws:PrincipalTag/team": "a*"}},
    {"Null": {"aws:TokenIssueTime": "true"}},
]


def statements(*, principals: bool = False) -> st.SearchStrategy[Statement]:
    elements: dict[str, st.SearchStrategy[Any]] = {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.sampled_from(["*", "codeartifact:Read*", READ, TOKEN]),
        "Resource": st.sampled_from(["*", REPOSITORY, f"{ARNS}:repository/dom/${{aws:username}}"]),
    }
    if principals:
        named = ["*", {"AWS": ROOT}, {"AWS": ANN_ARN}, {"AWS": [ROLE_ARN]}, {"AWS": SESSION_ARN}]
        elements["Principal"] = st.sampled_from(named)
    return st.fixed_dictionaries(elements, optional={"Condition": st.sampled_from(CONDITIONS)})


PLACES = ("own", "boundary", "session", "attached")
LISTS = {
    place: st.lists(statements(principals=place == "attached"), max_size=3) for place in PLACES
}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    return Case(
        principal=draw(st.sampled_from([ANN, CI])),
        accounts=draw(st.sampled_from([frozenset[str](), frozenset({OWN}), ABROAD])),
        context=draw(st.sampled_from([{"aws:username": "ann"}, {"aws:TokenIssueTime": "2026"}])),
        own=draw(LISTS["own"]),
        boundary=draw(LISTS["boundary"]),
        session=draw(LISTS["session"]),
        attached=draw(LISTS["attached"]),
    )


def with_one_more(case: Case, place: str, statement: Statement) -> Case:
    return Case(**{**vars(case), place: [*vars(case)[place], statement]})


@given(cases(), st.data())
def test_deny_more_never_allows(case: Case, data: st.DataObject) -> None:
    """A Deny that is added to any policy turns no denial into permission."""
    place = data.draw(st.sampled_from([each for each in PLACES if vars(case)[each]] or ["own"]))
    statement = {**data.draw(statements(principals=place == "attached"))}
    more = with_one_more(case, place, statement | {"Effect": "Deny"})
    assert case.verdict.is_allowed or not more.verdict.is_allowed
    assert case.verdict.decision is not EXPLICIT or more.verdict.decision is EXPLICIT


@given(cases(), st.sampled_from(["own", "attached"]), st.data())
def test_allow_more_never_denies(case: Case, place: str, data: st.DataObject) -> None:
    """An Allow that is added to what grants takes nothing away."""
    statement = {**data.draw(statements(principals=place != "own"))}
    more = with_one_more(case, place, statement | {"Effect": "Allow"})
    assert more.verdict.is_allowed or not case.verdict.is_allowed
    assert (more.verdict.decision is EXPLICIT) == (case.verdict.decision is EXPLICIT)


@given(cases(), st.sampled_from(["boundary", "session"]), st.data())
def test_limit_never_allows(case: Case, place: str, data: st.DataObject) -> None:
    """A boundary or a session policy where there was none grants nothing."""
    unlimited = Case(**{**vars(case), place: []})
    limited = Case(**{**vars(case), place: [data.draw(statements())]})
    assert unlimited.verdict.is_allowed or not limited.verdict.is_allowed


@given(cases())
def test_order_of_statements_is_irrelevant(case: Case) -> None:
    """The last statement first gives the same verdict."""
    turned = {place: [*reversed(vars(case)[place])] for place in PLACES}
    assert Case(**{**vars(case), **turned}).verdict == case.verdict
