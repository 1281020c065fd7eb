"""What a probe works with: an account, domains and repositories to try things in, plain HTTP.

Built over whatever target is open; what cannot be done everywhere needs a capability.
"""

import base64
import contextlib
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_codeartifact.errors import CodeArtifactError, UploadError
from pytest_codeartifact.parity.placeholders import Placeholders
from pytest_codeartifact.parity.recording import Answer, Disturbed
from pytest_codeartifact.targets import Capability, Target
from pytest_codeartifact.targets.packages import SamplePackage, make_package
from pytest_codeartifact.targets.workspace import BotoWorkspace, Domain, Repository, code_of
from pytest_codeartifact.tools.toolbox import Tools

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

    from pytest_codeartifact.targets.roles import Policy, Role

_MISSING = "ResourceNotFoundException"
_SERVICE = "codeartifact"


class Stage:
    """What the probes of a process share: a target, connections, and a domain."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._stack = ExitStack()
        self._domain: Domain | None = None
        self.pool = target.pool()
        self._stack.callback(self.pool.clear)
        self.folder = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="pytest-codeartifact-"))
        )

    @property
    def domain(self) -> Domain:
        """A domain for all probes; they leave it as it was."""
        if self._domain is None:
            self._domain = self.target.run_domain()
        if self._domain is None:
            workspace = self.target.workspace()
            self._stack.callback(workspace.close)
            self._domain = workspace.domain()
        return self._domain

    def close(self) -> None:
        """Remove what was made; raises CleanupError for what would not go."""
        self._stack.close()


class Scene:
    """One probe's place on a stage; what it makes there is removed when it is closed."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._target = stage.target
        self._stack = ExitStack()
        self._workspace: BotoWorkspace = self._target.workspace()
        self._stack.callback(self._workspace.close)
        self.placeholders = Placeholders([self.account], self.region)
        self.placeholders.addressed_by(self._target.endpoint_url)
        for each in self._target.caller.rpartition(":")[2].split("/")[1:]:
            self.placeholders.learn("caller", each)

    # --- The account ---------------------------------------------------------------------

    @property
    def account(self) -> str:
        """The account's id of 12 digits."""
        return self._target.account

    @property
    def region(self) -> str:
        return self._target.region

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What can be done here beyond the service's API."""
        return self._target.capabilities

    def client(self) -> "CodeArtifactClient":
        """A boto3 CodeArtifact client of the account."""
        return self._target.client()

    def boto3_client(self, service: str) -> Any:  # noqa: ANN401 -- any service's
        """A boto3 client of another AWS service."""
        return self._target.boto3_client(service)

    def role(self, policy: "Policy") -> "Role":
        """A role with this policy, by now in force; needs Capability.IDENTITIES."""
        roles = self._target.roles()
        self._stack.callback(roles.close)
        made = roles.role(policy)
        self.placeholders.learn("role", made.name)
        return made

    def travel(self, seconds: float) -> None:
        """Move the service's clock forward; needs Capability.TRAVEL."""
        control: Any = getattr(self._target, "control", None)
        if control is None:
            raise CodeArtifactError(f"this target has not {Capability.TRAVEL.means}")
        control.advance(seconds)

    # --- Domains and repositories --------------------------------------------------------

    @property
    def domain(self) -> Domain:
        """The domain that all probes share."""
        domain = self._stage.domain
        self.placeholders.learn("domain", domain.name)
        return domain

    def new_domain(self) -> Domain:
        """A domain of this probe's own."""
        domain = self._workspace.domain()
        self.placeholders.learn("domain", domain.name)
        return domain

    def repository(
        self,
        domain: Domain | None = None,
        *,
        name: str | None = None,
        upstreams: Sequence[Repository] = (),
        external: str | None = None,
    ) -> Repository:
        """A repository of this probe's own, in the shared domain unless another one is given."""
        made = self._workspace.repository(
            domain or self.domain, name, upstreams=upstreams, external=external
        )
        self.placeholders.learn("repository", made.name)
        self._target.patience.until(
            f"{made.name} to be there",
            lambda: self.client().describe_repository(**names_of(made)),
            lambda error: code_of(error) == _MISSING,
        )
        return made

    def make_again(self, repository: Repository) -> None:
        """Make a repository under the name of one that was deleted."""
        self._workspace.repository(repository.domain, repository.name)

    def until_gone(self, repository: Repository) -> None:
        """Wait until a repository that was deleted is not there any more."""
        self._target.patience.until(
            f"{repository.name} to be gone",
            lambda: self._gone(repository),
            lambda error: isinstance(error, _NotYet),
        )

    def settle(self) -> None:
        """Wait until policies that were set a moment ago hold everywhere."""
        self._target.patience.settle("a policy to hold everywhere", time.monotonic())

    def name(self, kind: str) -> str:
        """A name for something of this kind that nobody else has used."""
        name = self._target.naming.name()
        self.placeholders.learn(kind, name)
        return name

    def expect_domain(self, name: str) -> None:
        """Remove a domain of this name in the end, should the probe make it by itself."""
        self._workspace.expect(name)

    def unmade_repository(self, domain: Domain | None = None) -> str:
        """The name of a repository that the probe may make by itself; removed in the end."""
        name, where = self.name("repository"), domain or self.domain
        self._stack.callback(self._remove, where, name)
        return name

    def _remove(self, domain: Domain, repository: str) -> None:
        with contextlib.suppress(self.client().exceptions.ResourceNotFoundException):
            self.client().delete_repository(
                domain=domain.name, domainOwner=domain.owner, repository=repository
            )

    @property
    def tags(self) -> Sequence[Mapping[str, str]]:
        """The tags of what a probe makes by itself, so that a sweep knows it."""
        tags = self._target.naming.tags or {"pytest-codeartifact:probe": "true"}
        return [{"key": key, "value": value} for key, value in tags.items()]

    def arn(self, kind: str, *names: str) -> str:
        """The ARN of something of the account, such as `domain` and its name."""
        return f"arn:aws:{_SERVICE}:{self.region}:{self.account}:{'/'.join((kind, *names))}"

    def tools(self) -> Tools:
        """Real programs in a private home of their own, which act as the account's caller."""
        folder = Path(tempfile.mkdtemp(dir=self._stage.folder))
        made = Tools.create(
            folder,
            account=self._target.environment(),
            outside_index=self._target.outside_index(),
            gateway=self._target.gateway,
        )
        for secret in made.home.secrets:
            self.placeholders.hide(secret)
        return made

    # --- Package endpoints ---------------------------------------------------------------

    def token(self, domain: Domain | None = None, duration_seconds: int | None = None) -> str:
        """An authorization token of the account's own."""
        token = self._workspace.token(domain or self.domain, duration_seconds)
        self.placeholders.hide(token)
        return token

    def http(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send a plain HTTP request to a package endpoint, and follow no redirect.

        Raises Disturbed when nothing answers.
        """
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 -- listing probes needs none of it

        try:
            got = self._stage.pool.request(
                method, url, headers=dict(headers or {}), body=body or None, redirect=False
            )
        except HTTPError as error:
            raise Disturbed(
                f"no answer to {method}: {type(error).__name__}", hint="look at the network"
            ) from error
        return Answer(got.status, {k.lower(): v for k, v in got.headers.items()}, got.data)

    def get(self, repository: Repository, below: str, **headers: str) -> Answer:
        """Ask the endpoint for Python packages, with a token unless `authorization` is given."""
        sent = {"authorization": basic(self.token(repository.domain)), **headers}
        given = {name.replace("_", "-"): value for name, value in sent.items() if value}
        return self.http("GET", repository.endpoint("pypi") + below, given)

    def package(
        self, name: str, version: str = "1.0.0", requires: Iterable[str] = ()
    ) -> SamplePackage:
        """A sample package; the same bytes each time."""
        return make_package(self._stage.folder / f"{name}-{version}", name, version, requires)

    def upload(
        self,
        repository: Repository,
        path: Path,
        *,
        fields: Mapping[str, str | tuple[str, bytes] | None] | None = None,
        authorization: str = "",
    ) -> Answer:
        """Publish a file as twine does.

        `fields` change those of the form: a pair is a file, None leaves one out.
        """
        from urllib3 import encode_multipart_formdata  # noqa: PLC0415 -- ditto

        form: dict[str, Any] = {**_fields(path), **(fields or {})}
        kept = {name: value for name, value in form.items() if value is not None}
        body, content_type = encode_multipart_formdata(kept)
        headers = {
            "authorization": authorization or basic(self.token(repository.domain)),
            "content-type": content_type,
        }
        return self.http("POST", repository.endpoint("pypi"), headers, body)

    def publish(self, repository: Repository, path: Path) -> None:
        """Publish a file and wait until it is listed; raises UploadError where it is refused."""
        answer = self.upload(repository, path)
        if answer.status != HTTPStatus.OK:
            raise UploadError(f"{path.name} was refused: HTTP {answer.status}")
        self.until_listed(repository, path.name)

    def until_listed(self, repository: Repository, file: str) -> None:
        """Wait until a file is listed in a repository."""
        name, version, *_ = file.removesuffix(".tar.gz").split("-")
        self._target.patience.until(
            f"{file} to be listed",
            lambda: self._listed(repository, name.replace("_", "-"), version, file),
            lambda error: isinstance(error, _NotYet) or code_of(error) == _MISSING,
        )

    def _gone(self, repository: Repository) -> None:
        try:
            self.client().describe_repository(**names_of(repository))
        except self.client().exceptions.ResourceNotFoundException:
            return
        raise _NotYet(repository.name)

    def _listed(self, repository: Repository, name: str, version: str, file: str) -> None:
        assets = self.client().list_package_version_assets(
            **names_of(repository), format="pypi", package=name, packageVersion=version
        )["assets"]
        if file not in {each["name"] for each in assets}:
            raise _NotYet(file)

    def close(self) -> None:
        """Remove what the probe made, newest first; raises CleanupError for what would not go."""
        self._stack.close()


class _NotYet(Exception):
    """What was done is not seen yet."""


def names_of(repository: Repository) -> dict[str, Any]:
    """How API calls name a repository."""
    domain = repository.domain
    return {
        "domain": domain.name,
        "domainOwner": domain.owner,
        "repository": repository.name,
    }


def basic(password: str, user: str = "aws") -> str:
    """The value of an Authorization header with a user and a password."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _fields(path: Path) -> dict[str, Any]:
    import hashlib  # noqa: PLC0415 -- few probes upload

    content = path.read_bytes()
    name, version, *_ = path.name.removesuffix(".tar.gz").split("-")
    is_wheel = path.suffix == ".whl"
    return {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": name.replace("_", "-"),
        "version": version,
        "filetype": "bdist_wheel" if is_wheel else "sdist",
        "pyversion": "py3" if is_wheel else "source",
        "sha256_digest": hashlib.sha256(content).hexdigest(),
        "content": (path.name, content, "application/octet-stream"),
    }
