from typing import Any

import pytest

from pytest_codeartifact.article.verdicts import Failure, Surroundings, verdict_on
from pytest_codeartifact.findings import Verdict

OUTPUT = Failure("output", "aws")
HOST = "demo-111122223333.d.codeartifact.eu-west-1.amazonaws.com"


def request(status: int, **other: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    """A request as the server logs it."""
    return {"number": 1, "method": "GET", "path": "/pypi/x/", "status": status} | other


CASES = {
    "nothing-else": (OUTPUT, Surroundings(), Verdict.ARTICLE_WRONG, "not what is said"),
    "missing-program": (
        Failure("missing-program", "twine"),
        Surroundings(crashes=["GET /"]),
        Verdict.ENVIRONMENT,
        "twine is not installed",
    ),
    "timeout": (
        Failure("timeout", "pip"),
        Surroundings(),
        Verdict.ENVIRONMENT,
        "pip did not end in time",
    ),
    "crash": (
        OUTPUT,
        Surroundings(crashes=["GET /x: KeyError"], requests=[request(500)]),
        Verdict.EMULATOR_GAP,
        "crashed on GET /x: KeyError",
    ),
    "not-emulated": (
        OUTPUT,
        Surroundings(requests=[request(200), request(501, operation="NewOperation")]),
        Verdict.EMULATOR_GAP,
        "does not know NewOperation",
    ),
    "failed-answer": (
        OUTPUT,
        Surroundings(requests=[request(503)]),
        Verdict.EMULATOR_GAP,
        "answered GET /pypi/x/ with 503",
    ),
    "registry": (
        OUTPUT,
        Surroundings(requests=[request(504)], fetched=[200, 403]),
        Verdict.ENVIRONMENT,
        "public registry could not be read, which answered 403",
    ),
    "no-proxy": (
        Failure("exit-code", "curl"),
        Surroundings(passed_by=[HOST]),
        Verdict.ENVIRONMENT,
        f"curl did not go through the proxy: no connection was made to {HOST}",
    ),
    "refused": (
        Failure("exit-code", "curl"),
        Surroundings(refused=["example.com"]),
        Verdict.ENVIRONMENT,
        "curl asked for example.com",
    ),
    "cli": (
        Failure("exit-code", "aws", "aws: error: argument operation: Invalid choice, valid ..."),
        Surroundings(),
        Verdict.AWS_CHANGED,
        "the AWS CLI that is installed here does not know this command",
    ),
}


@pytest.mark.parametrize(("failure", "around", "verdict", "words"), CASES.values(), ids=CASES)
def test_failure_gets_the_verdict_of_its_first_reason(
    failure: Failure, around: Surroundings, verdict: Verdict, words: str
) -> None:
    """Each thing that can go wrong around a command is told by its verdict and in words."""
    found, reason = verdict_on(failure, around)
    assert found is verdict
    assert words in reason


def test_refusals_of_the_service_are_no_gap() -> None:
    """An answer that AWS gives as well, such as 403 or 404, is nobody's fault but the article's."""
    around = Surroundings(requests=[request(403), request(404), request(409)])
    assert verdict_on(OUTPUT, around)[0] is Verdict.ARTICLE_WRONG
