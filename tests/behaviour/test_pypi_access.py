"""Who may ask the endpoint for Python clients, and what a stranger learns."""

from typing import TYPE_CHECKING

import pytest

from tests.support.distributions import make_wheel
from tests.support.emulation import ACCOUNT, BASE_URL, REGION, Answer, Emulation, Shelf, basic

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

WHEEL = make_wheel(headers=["Requires-Python: >=3.8, <4"])
HOST = f"team-{ACCOUNT}.d.codeartifact.{REGION}.amazonaws.com"
PATHS = (
    "pypi/store/simple/demo/",
    f"pypi/store/simple/demo/1.0/{WHEEL.filename}",
    "pypi/store/simple/absent/",
    "pypi/store/",
    "pypi/absent/simple/demo/",
    "npm/store/demo",
    "conda/store/",
    "pypi",
    "",
)


# --- Who may in --------------------------------------------------------------------------------


def told(answer: Answer) -> tuple[object, ...]:
    """All that an answer tells apart from its realm and its request's id."""
    headers = {k: v for k, v in answer.headers.items() if k != "x-amzn-requestid"}
    headers.pop("www-authenticate")
    return answer.status, headers, answer.body


@pytest.mark.observed("uv issue 1860; actions/setup-python issue 733")
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_stranger_learns_nothing(shelf: Shelf, emulation: Emulation, method: str) -> None:
    """Without a good token every path gets the same 401, whether anything is there or not."""
    assert shelf.upload(WHEEL).status == 200
    token = shelf.token
    for authorization in (
        None,
        "",
        "Bearer garbage",
        "Bearer",
        f"Bearer {token[:-2]}",
        "Basic !!!",
        "Basic é",
        "Bearer é",
        basic("aws", ""),
        basic("aws", '{"authorizationToken": "x"}'),
        basic("somebody", token),
        f"Digest {token}",
    ):
        headers = {} if authorization is None else {"Authorization": authorization}
        answers = [emulation.request(method, f"/{HOST}/{path}", headers) for path in PATHS]
        assert {answer.status for answer in answers} == {401}, authorization
        assert len({str(told(answer)) for answer in answers}) == 1


@pytest.mark.observed("confluentinc/mcp-confluent issue 150; pex issue 1803")
def test_challenge_names_both_schemes_and_the_repository(shelf: Shelf) -> None:
    """Bearer first, then Basic, each with the realm of domain and repository."""
    answer = shelf.emulation.request("GET", f"{shelf.path}simple/demo/")
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="team/store", Basic realm="team/store"'
    )


@pytest.mark.assumed("a header must stay well formed whatever the path holds")
@pytest.mark.parametrize("name", ['a"b', "a%0Ab", "a%22,%20Negotiate", "%C3%A9"])
def test_challenge_stays_one_header(shelf: Shelf, name: str) -> None:
    """Nothing of a strange path gets out of the realm's quotes."""
    answer = shelf.emulation.request("GET", f"/{HOST}/pypi/{name}/simple/")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].count('"') == 4
    assert answer.headers["www-authenticate"].isascii()
    assert answer.headers["www-authenticate"].isprintable()


@pytest.mark.documented("AWS CodeArtifact authentication and tokens")
def test_token_of_a_foreign_domain_is_refused(
    client: "CodeArtifactClient", emulation: Emulation, shelf: Shelf
) -> None:
    """Neither another domain's token opens this one, nor a namesake's of another account."""
    client.create_domain(domain="other")
    theirs = emulation.client(emulation.other_account())
    theirs.create_domain(domain="team")
    for answer in (
        client.get_authorization_token(domain="other"),
        theirs.get_authorization_token(domain="team"),
    ):
        stranger = Shelf(emulation, "team", shelf.repository, answer["authorizationToken"])
        assert stranger.get("simple/demo/").status == 401


@pytest.mark.documented("AWS CodeArtifact authentication and tokens")
def test_token_is_taken_in_every_documented_form(shelf: Shelf) -> None:
    """As a password of `aws`, as a bearer token, and bare as Cargo sends it."""
    for authorization in (
        basic("aws", shelf.token),
        f"Bearer {shelf.token}",
        f"bearer  {shelf.token}",
        shelf.token,
    ):
        assert shelf.get("simple/demo/", Authorization=authorization).status == 404


@pytest.mark.documented("GetRepositoryEndpoint")
@pytest.mark.parametrize(
    "url",
    [f"https://{HOST}", f"https://{HOST}:443", f"{BASE_URL}/{HOST}", f"https://{HOST.upper()}"],
)
def test_endpoint_answers_under_its_real_host_name(shelf: Shelf, url: str) -> None:
    """Addressed by its own host name or below this server's, the endpoint is the same."""
    assert shelf.upload(WHEEL).status == 200
    headers = {"Authorization": basic("aws", shelf.token)}
    page = shelf.emulation.request("GET", f"{url}/pypi/store/simple/demo/", headers)
    assert WHEEL.filename.encode() in page.body
