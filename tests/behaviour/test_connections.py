"""External connections and endpoints of repositories, by boto3."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.emulation import ACCOUNT, API_URL, BASE_URL, REGION, Emulation, refusal
from tests.support.repositories import create, status_of, upstreams_of

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient


@pytest.mark.documented("Connect a CodeArtifact repository to a public repository")
@pytest.mark.parametrize(
    ("connection", "package_format"),
    [
        ("public:npmjs", "npm"),
        ("public:pypi", "pypi"),
        ("public:nuget-org", "nuget"),
        ("public:maven-central", "maven"),
        ("public:maven-googleandroid", "maven"),
        ("public:maven-gradleplugins", "maven"),
        ("public:maven-commonsware", "maven"),
        ("public:maven-clojars", "maven"),
        ("public:ruby-gems-org", "ruby"),
        ("public:crates-io", "cargo"),
    ],
)
def test_known_connection_is_added_and_removed(
    team: "CodeArtifactClient", connection: str, package_format: str
) -> None:
    """Each documented connection shows with its format and is gone after it is cut."""
    where: dict[str, Any] = {
        "domain": "team",
        "repository": "store",
        "externalConnection": connection,
    }
    connected = team.associate_external_connection(**where)["repository"]
    assert connected["externalConnections"] == [
        {
            "externalConnectionName": connection,
            "packageFormat": package_format,
            "status": "AVAILABLE",
        }
    ]
    described = team.describe_repository(domain="team", repository="store")["repository"]
    assert described == connected
    cut = team.disassociate_external_connection(**where)["repository"]
    assert cut["externalConnections"] == []


@pytest.mark.observed("aws-cloudformation-user-guide issue 1127")
@pytest.mark.parametrize("second", ["public:npmjs", "public:pypi"])
def test_second_connection_is_refused(team: "CodeArtifactClient", second: str) -> None:
    """A repository has one connection; another is a validation error, not a conflict."""
    where: dict[str, Any] = {"domain": "team", "repository": "store"}
    team.associate_external_connection(**where, externalConnection="public:pypi")
    with pytest.raises(team.exceptions.ValidationException) as refused:
        team.associate_external_connection(**where, externalConnection=second)
    assert status_of(refused) == 400
    assert refusal(refused)["Error"]["Message"] == (
        "ExternalConnections for repositories are currently limited to 1"
    )


@pytest.mark.assumed("the error of an unknown connection is not documented")
@pytest.mark.parametrize("connection", ["public:nosuch", "pypi", "public:PyPI"])
def test_unknown_connection_is_refused(team: "CodeArtifactClient", connection: str) -> None:
    """Only connections of the service can be added."""
    with pytest.raises(
        (team.exceptions.ValidationException, team.exceptions.ResourceNotFoundException)
    ):
        team.associate_external_connection(
            domain="team", repository="store", externalConnection=connection
        )
    described = team.describe_repository(domain="team", repository="store")["repository"]
    assert described["externalConnections"] == []


@pytest.mark.documented("AssociateExternalConnection")
def test_upstreams_and_a_connection_exclude_each_other(team: "CodeArtifactClient") -> None:
    """A repository has upstreams or a connection, whichever comes first."""
    create(team, "app", "store")
    create(team, "public")
    team.associate_external_connection(
        domain="team", repository="public", externalConnection="public:pypi"
    )
    refusals = (team.exceptions.ValidationException, team.exceptions.ConflictException)
    with pytest.raises(refusals):
        team.associate_external_connection(
            domain="team", repository="app", externalConnection="public:pypi"
        )
    with pytest.raises(refusals):
        team.update_repository(
            domain="team", repository="public", upstreams=[{"repositoryName": "store"}]
        )
    assert upstreams_of(team, "app") == ["store"]
    assert upstreams_of(team, "public") == []


@pytest.mark.documented("DisassociateExternalConnection")
def test_cutting_a_missing_connection_is_not_found(team: "CodeArtifactClient") -> None:
    """A connection that is not there cannot be removed."""
    with pytest.raises(team.exceptions.ResourceNotFoundException):
        team.disassociate_external_connection(
            domain="team", repository="store", externalConnection="public:pypi"
        )


@pytest.mark.documented("GetRepositoryEndpoint")
@pytest.mark.parametrize(
    "package_format",
    ["npm", "pypi", "maven", "nuget", "generic", "ruby", "swift", "cargo"],
)
@pytest.mark.parametrize(
    ("kind", "host"),
    [
        (None, f"team-{ACCOUNT}.d.codeartifact.{REGION}.amazonaws.com"),
        ("ipv4", f"team-{ACCOUNT}.d.codeartifact.{REGION}.amazonaws.com"),
        ("dualstack", f"team-{ACCOUNT}.codeartifact.{REGION}.on.aws"),
    ],
)
def test_endpoint_is_named_for_every_format(
    team: "CodeArtifactClient",
    emulation: Emulation,
    package_format: str,
    kind: str | None,
    host: str,
) -> None:
    """The address is the real one to whoever asked at the real one, else one on this server."""
    where: dict[str, Any] = {
        "domain": "team",
        "repository": "store",
        "format": package_format,
        **({"endpointType": kind} if kind else {}),
    }
    path = f"{host}/{package_format}/store/"
    plain = team.get_repository_endpoint(**where)["repositoryEndpoint"]
    assert plain == f"{BASE_URL}/{path}"
    real = emulation.client(url=API_URL).get_repository_endpoint(**where)["repositoryEndpoint"]
    assert real == f"https://{path}"


@pytest.mark.documented("GetRepositoryEndpoint")
@pytest.mark.parametrize("wrong", [{"format": "conda"}, {"endpointType": "ipv6"}])
def test_unknown_word_for_the_endpoint_is_refused(
    team: "CodeArtifactClient", wrong: dict[str, Any]
) -> None:
    """Formats and endpoint types are words of the model."""
    where: dict[str, Any] = {"domain": "team", "repository": "store", "format": "pypi"}
    with pytest.raises(team.exceptions.ValidationException):
        team.get_repository_endpoint(**where | wrong)
