"""Domains and repositories for tests: made through boto3 alone, and removed again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from botocore.exceptions import BotoCoreError, ClientError

from pytest_codeartifact.errors import CleanupError, CodeArtifactError, UploadError
from pytest_codeartifact.redaction import redact
from pytest_codeartifact.targets.ownership import ANONYMOUS, Naming
from pytest_codeartifact.targets.patience import Patience, at_once

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient
    from types_boto3_codeartifact.literals import PackageFormatType
    from urllib3 import PoolManager

    from pytest_codeartifact.tools.base import Connection


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain that exists."""

    name: str
    owner: str
    arn: str
    _workspace: "BotoWorkspace" = field(repr=False, compare=False)

    def token(self, duration_seconds: int | None = None) -> str:
        """A fresh authorization token for this domain; valid 12 hours unless said otherwise.

        AWS page: "AWS CodeArtifact authentication and tokens".
        """
        return self._workspace.token(self, duration_seconds)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that exists."""

    name: str
    domain: Domain
    arn: str
    _workspace: "BotoWorkspace" = field(repr=False, compare=False)

    def endpoint(self, package_format: "PackageFormatType" = "pypi") -> str:
        """The address of this repository for the clients of a package format."""
        return self._workspace.endpoint(self, package_format)

    @property
    def index_url(self) -> str:
        """What `pip install --index-url` takes: the simple index, with a fresh token in it."""
        parts = urlsplit(self.endpoint("pypi"))
        location = f"aws:{quote(self.domain.token(), safe='')}@{parts.netloc}"
        return urlunsplit((parts.scheme, location, f"{parts.path.rstrip('/')}/simple/", "", ""))

    @property
    def connection(self) -> "Connection":
        """What `codeartifact_tools.connect` takes, with a fresh token in it."""
        # Tools and targets do not know each other otherwise.
        from pytest_codeartifact.tools.base import Connection  # noqa: PLC0415

        return Connection(
            domain=self.domain.name,
            repository=self.name,
            endpoint_url=self.endpoint("pypi"),
            token=self.domain.token(),
        )

    def upload(self, *paths: Path) -> None:
        """Publish wheels and sdists; raises UploadError with the refusal of the repository."""
        token, url = self.domain.token(), self.endpoint("pypi")
        for path in paths:
            self._workspace.upload(url, token, path)


def _upload(pool: "PoolManager", url: str, token: str, path: Path) -> None:
    import hashlib  # noqa: PLC0415 -- most tests upload nothing

    import urllib3  # noqa: PLC0415 -- most tests upload nothing
    from packaging.utils import parse_sdist_filename, parse_wheel_filename  # noqa: PLC0415 -- ditto

    content = path.read_bytes()
    if path.suffix == ".whl":
        name, version, *_ = parse_wheel_filename(path.name)
        kind, python = "bdist_wheel", "py3"
    else:
        name, version = parse_sdist_filename(path.name)
        kind, python = "sdist", "source"
    fields: dict[str, Any] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": name,
        "version": str(version),
        "filetype": kind,
        "pyversion": python,
        "sha256_digest": hashlib.sha256(content).hexdigest(),
        "content": (path.name, content, "application/octet-stream"),
    }
    headers = urllib3.make_headers(basic_auth=f"aws:{token}")
    answer = pool.request("POST", url, fields=fields, headers=headers)
    if answer.status != HTTPStatus.OK:
        text = answer.data.decode("utf-8", "replace").strip()
        msg = f"{path.name} was refused: HTTP {answer.status} {redact(text[:200])}"
        raise UploadError(msg)


class BotoWorkspace:
    """Makes domains and repositories with boto3, and removes them in reverse order.

    `on_token` is told every token that was handed out, so that it can be masked in reports.
    `naming` gives names and tags, `pool` the connections of uploads, `patience` how long to wait
    for what a service needs a moment for.
    """

    def __init__(
        self,
        client: "CodeArtifactClient",
        on_token: Callable[[str], object] = lambda _: None,
        *,
        naming: Naming = ANONYMOUS,
        patience: Patience | None = None,
        pool: "Callable[[], PoolManager] | None" = None,
    ) -> None:
        self.client = client
        self._on_token = on_token
        self._naming = naming
        self._patience = patience or at_once()
        self._pool = pool
        self._made: list[Domain | Repository] = []
        self._expected: list[str] = []

    @property
    def domains(self) -> frozenset[str]:
        """The names of the domains made so far and not removed."""
        return frozenset(each.name for each in self._made if isinstance(each, Domain))

    def domain(self, name: str | None = None) -> Domain:
        """Make a domain, under a unique name unless one is given.

        Raises CodeArtifactError for a name that a shared account must not see.
        """
        wanted = name or self._naming.name()
        if not wanted.startswith(self._naming.owned):
            raise CodeArtifactError(
                f"the domain {wanted!r} would not be known as this run's",
                hint="leave its name out where tests run on a real account",
            )
        told = self.client.create_domain(domain=wanted, **self._tags())["domain"]
        domain = Domain(told["name"], told["owner"], told["arn"], self)
        self._made.append(domain)
        return domain

    def repository(
        self,
        domain: Domain,
        name: str | None = None,
        *,
        upstreams: Sequence[Repository] = (),
        external: str | None = None,
    ) -> Repository:
        """Make a repository in `domain`, with upstreams and an external connection if given."""
        told = self.client.create_repository(
            domain=domain.name,
            domainOwner=domain.owner,
            repository=name or self._naming.name(),
            upstreams=[{"repositoryName": each.name} for each in upstreams],
            **self._tags(),
        )["repository"]
        repository = Repository(told["name"], domain, told["arn"], self)
        self._made.append(repository)
        if external is not None:
            self._associate(repository, external)
        return repository

    def _associate(self, repository: Repository, external: str) -> None:
        domain = repository.domain
        self._patience.until(
            f"{repository.name} to be there for its connection",
            lambda: self.client.associate_external_connection(
                domain=domain.name,
                domainOwner=domain.owner,
                repository=repository.name,
                externalConnection=external,
            ),
            lambda error: code_of(error) == "ResourceNotFoundException",
        )

    def expect(self, name: str) -> None:
        """Remove a domain of this name in the end, should somebody make it."""
        self._expected.append(name)

    def _tags(self) -> Any:  # noqa: ANN401 -- as its operations take them, or none of them
        if not self._naming.tags:
            return {}
        return {"tags": [{"key": key, "value": text} for key, text in self._naming.tags.items()]}

    def existing_domain(self, name: str) -> Domain:
        """A domain that somebody else made, and removes."""
        told = self.client.describe_domain(domain=name)["domain"]
        return Domain(told["name"], told["owner"], told["arn"], self)

    def existing_repository(self, domain: Domain, name: str) -> Repository:
        """A repository that somebody else made, and removes."""
        told = self.client.describe_repository(
            domain=domain.name, domainOwner=domain.owner, repository=name
        )["repository"]
        return Repository(told["name"], domain, told["arn"], self)

    def endpoint(self, repository: Repository, package_format: "PackageFormatType") -> str:
        """The address of a repository for the clients of a package format."""
        return self.client.get_repository_endpoint(
            domain=repository.domain.name,
            domainOwner=repository.domain.owner,
            repository=repository.name,
            format=package_format,
        )["repositoryEndpoint"]

    def token(self, domain: Domain, duration_seconds: int | None = None) -> str:
        """A fresh authorization token for a domain."""
        duration = {} if duration_seconds is None else {"durationSeconds": duration_seconds}
        token = self.client.get_authorization_token(
            domain=domain.name, domainOwner=domain.owner, **duration
        )["authorizationToken"]
        self._on_token(token)
        return token

    def upload(self, url: str, token: str, path: Path) -> None:
        """Publish a wheel or sdist; raises UploadError with the refusal of the repository."""
        import urllib3  # noqa: PLC0415 -- most tests upload nothing

        with (self._pool or urllib3.PoolManager)() as pool:
            _upload(pool, url, token, path)

    def close(self) -> None:
        """Remove all that was made, newest first; raises CleanupError for what would not go."""
        failures: list[tuple[Domain | Repository, BotoCoreError | ClientError]] = []
        for name in self._expected:
            expected = Domain(name, "", name, self)
            try:
                expected = self.existing_domain(name)
            except self.client.exceptions.ResourceNotFoundException:
                continue
            except (BotoCoreError, ClientError) as error:
                failures.append((expected, error))
                continue
            self._made.append(expected)
        self._expected.clear()
        while self._made:
            made = self._made.pop()
            try:
                if isinstance(made, Domain):
                    self._remove_domain(made)
                else:
                    self._remove_repository(made.domain, made.name)
            except (BotoCoreError, ClientError) as error:
                failures.append((made, error))
        if failures:
            raise _cleanup_error(failures)

    def _remove_domain(self, domain: Domain) -> None:
        """Remove a domain with all repositories in it, also those a test made by itself."""
        if not self._is_there(domain):
            return
        # What was deleted a moment ago may still count.
        self._patience.until(
            f"the repositories of {domain.name} to be gone",
            lambda: self._remove_with_repositories(domain),
            lambda error: code_of(error) == "ConflictException",
        )

    def _remove_with_repositories(self, domain: Domain) -> None:
        pages = self.client.get_paginator("list_repositories_in_domain").paginate(
            domain=domain.name, domainOwner=domain.owner
        )
        for name in [each["name"] for page in pages for each in page["repositories"]]:
            self._remove_repository(domain, name)
        self.client.delete_domain(domain=domain.name, domainOwner=domain.owner)

    def _is_there(self, domain: Domain) -> bool:
        try:
            self.client.describe_domain(domain=domain.name, domainOwner=domain.owner)
        except self.client.exceptions.ResourceNotFoundException:
            return False
        return True

    def _remove_repository(self, domain: Domain, name: str) -> None:
        try:
            self.client.delete_repository(
                domain=domain.name, domainOwner=domain.owner, repository=name
            )
        except self.client.exceptions.ResourceNotFoundException:
            # The test removed it itself, or its whole domain.
            return


def code_of(error: BaseException) -> str:
    """The code of a service's error, empty for any other."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def _cleanup_error(
    failures: Sequence[tuple[Domain | Repository, BotoCoreError | ClientError]],
) -> CleanupError:
    commands = []
    for made, _ in failures:
        if isinstance(made, Domain):
            commands.append(f"aws codeartifact delete-domain --domain {made.name}")
        else:
            commands.append(
                "aws codeartifact delete-repository "
                f"--domain {made.domain.name} --repository {made.name}"
            )
    names = ", ".join(made.arn for made, _ in failures)
    return CleanupError(
        f"not removed: {names}: {failures[0][1]}",
        hint="finish by hand: " + "; ".join(commands),
    )
