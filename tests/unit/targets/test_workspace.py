from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from pytest_codeartifact.errors import CleanupError, CodeArtifactError
from pytest_codeartifact.targets.ownership import Naming
from pytest_codeartifact.targets.workspace import BotoWorkspace

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

ARN = "arn:aws:codeartifact:eu-west-1:111122223333"


class FakeNotFoundError(ClientError):
    """What the service says of things that are gone."""


class FakeClient:
    """As much of a CodeArtifact as a workspace needs, with removals that may be refused."""

    exceptions = SimpleNamespace(ResourceNotFoundException=FakeNotFoundError)

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.there: dict[str, list[str]] = {}
        self.removed: list[str] = []

    def create_domain(self, domain: str) -> dict[str, Any]:
        self.there[domain] = []
        return {
            "domain": {"name": domain, "owner": "111122223333", "arn": f"{ARN}:domain/{domain}"}
        }

    def create_repository(self, domain: str, repository: str, **others: object) -> dict[str, Any]:
        del others
        self.there[domain].append(repository)
        arn = f"{ARN}:repository/{domain}/{repository}"
        return {"repository": {"name": repository, "arn": arn}}

    def describe_domain(self, domain: str, **others: object) -> None:
        del others
        if domain not in self.there:
            raise FakeNotFoundError({"Error": {"Code": "ResourceNotFoundException"}}, "Describe")

    def get_paginator(self, operation: str) -> SimpleNamespace:
        assert operation == "list_repositories_in_domain"

        def paginate(domain: str, **others: object) -> list[dict[str, Any]]:
            del others
            return [{"repositories": [{"name": name}]} for name in self.there[domain]]

        return SimpleNamespace(paginate=paginate)

    def delete_repository(self, domain: str, repository: str, **others: object) -> None:
        del others
        if repository in self.refused:
            raise ClientError(
                {"Error": {"Code": "ConflictException", "Message": "it is in use"}},
                "DeleteRepository",
            )
        if repository not in self.there.get(domain, []):
            raise FakeNotFoundError({"Error": {"Code": "ResourceNotFoundException"}}, "Delete")
        self.there[domain].remove(repository)
        self.removed.append(repository)

    def delete_domain(self, domain: str, **others: object) -> None:
        del others
        del self.there[domain]
        self.removed.append(domain)

    def get_authorization_token(self, **others: object) -> dict[str, str]:
        del others
        return {"authorizationToken": "planted-token"}


def _workspace(client: FakeClient, told: list[str] | None = None) -> BotoWorkspace:
    seen = [] if told is None else told
    return BotoWorkspace(cast("CodeArtifactClient", client), on_token=seen.append)


def test_newest_is_removed_first() -> None:
    """Removal goes in the reverse order of making, so that nothing is removed while in use."""
    client = FakeClient()
    workspace = _workspace(client)
    first = workspace.domain("first")
    workspace.repository(first, "store")
    workspace.repository(first, "app")
    workspace.domain("second")
    workspace.close()
    assert client.removed == ["second", "app", "store", "first"]


def test_repositories_somebody_else_made_go_with_their_domain() -> None:
    """A domain is emptied before it is removed."""
    client = FakeClient()
    workspace = _workspace(client)
    workspace.domain("mine")
    client.create_repository("mine", "made-by-hand")
    workspace.close()
    assert client.there == {}


def test_what_is_gone_already_is_no_failure() -> None:
    """A test may remove what it was given."""
    client = FakeClient()
    workspace = _workspace(client)
    workspace.repository(workspace.domain("mine"), "app")
    client.there.clear()
    workspace.close()


def test_refused_removal_is_reported_after_everything_else_went() -> None:
    """What cannot be removed is named with the command to finish; the rest is removed."""
    client = FakeClient("stuck")
    workspace = _workspace(client)
    workspace.repository(workspace.domain("other"), "app")
    stuck = workspace.domain("mine")
    workspace.repository(stuck, "stuck")
    with pytest.raises(CleanupError) as failure:
        workspace.close()
    assert client.there == {"mine": ["stuck"]}
    text = str(failure.value)
    assert "it is in use" in text
    assert "aws codeartifact delete-repository --domain mine --repository stuck" in text
    assert "aws codeartifact delete-domain --domain mine" in text


def test_closing_twice_removes_once() -> None:
    """A second call has nothing left to do."""
    client = FakeClient()
    workspace = _workspace(client)
    workspace.domain("mine")
    workspace.close()
    workspace.close()
    assert client.removed == ["mine"]


def test_every_token_handed_out_is_told() -> None:
    """Whoever masks secrets learns of each token, and no representation shows one."""
    told: list[str] = []
    domain = _workspace(FakeClient(), told).domain("mine")
    assert domain.token() == "planted-token"
    assert told == ["planted-token"]
    assert "planted-token" not in repr(domain)


def test_tags_at_creation_are_in_the_request_that_makes() -> None:
    """Domain and repository carry whose they are from their first moment, in names and tags."""
    made: list[tuple[str, Any]] = []

    class Noting(FakeClient):
        def create_domain(self, domain: str, tags: Any = None) -> dict[str, Any]:  # noqa: ANN401 -- as sent
            made.append((domain, tags))
            return super().create_domain(domain)

        def create_repository(
            self, domain: str, repository: str, **others: object
        ) -> dict[str, Any]:
            made.append((repository, others["tags"]))
            return super().create_repository(domain, repository)

    naming = Naming("pca-20261128t0300-9f3c01ab-1f2e", {"pytest-codeartifact:run": "9f3c01ab"})
    workspace = BotoWorkspace(cast("CodeArtifactClient", Noting()), naming=naming)
    workspace.repository(workspace.domain())
    tags = [{"key": "pytest-codeartifact:run", "value": "9f3c01ab"}]
    stem = "pca-20261128t0300-9f3c01ab-1f2e"
    assert made == [(f"{stem}-1", tags), (f"{stem}-2", tags)]


def test_name_that_is_not_the_runs_makes_nothing_on_a_shared_account() -> None:
    """What no sweep would know as ours, and no policy lets us remove, is not made."""
    client, run = FakeClient(), "pca-20261128t0300-9f3c01ab"
    naming = Naming(f"{run}-1f2e", {}, run)
    workspace = BotoWorkspace(cast("CodeArtifactClient", client), naming=naming)
    with pytest.raises(CodeArtifactError, match=r"'team'.*leave its name out"):
        workspace.domain("team")
    assert client.there == {}
    assert workspace.domain(run).name == run
