"""A real AWS account as target: its calls go to AWS, through a journal on this machine.

Credentials are those that boto3 finds; they stay in the memory of this process and the environment
of the programs that it starts. Programs reach nothing but AWS. Everything made is named and tagged
as `ownership` says.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import boto3
import botocore.config
import urllib3
from botocore.exceptions import BotoCoreError, ProfileNotFound
from urllib3.util import parse_url

from pytest_codeartifact import __version__
from pytest_codeartifact.errors import GuardError
from pytest_codeartifact.settings import ACCOUNT, Settings, endpoint_variables
from pytest_codeartifact.targets import Capability, guards
from pytest_codeartifact.targets.builds import BotoBuilds
from pytest_codeartifact.targets.control import Crash
from pytest_codeartifact.targets.forwarding import Aws, Entry, Pools
from pytest_codeartifact.targets.gateway import Connection, Gateway
from pytest_codeartifact.targets.guards import Identity
from pytest_codeartifact.targets.ledger import LONGEST_BUILD_MINUTES, Ledger
from pytest_codeartifact.targets.ownership import Naming, Ownership, naming_of
from pytest_codeartifact.targets.patience import Patience, of_account
from pytest_codeartifact.targets.roles import BotoRoles
from pytest_codeartifact.targets.workspace import BotoWorkspace, Domain, code_of
from pytest_codeartifact.tools import reach

if TYPE_CHECKING:
    from boto3.session import Session
    from types_boto3_codeartifact import CodeArtifactClient

_ATTEMPTS = 10
"""How often a request is tried where the service throttles or does not answer."""
_FOLDER = "pytest-codeartifact-aws-"
_PUBLIC_PYPI = "public:pypi"
_MISSING = "ResourceNotFoundException"
_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Way:
    """How this process reaches AWS: through the journal, and with bounded retries."""

    gateway: Gateway
    aws: Aws
    patience: Patience

    @classmethod
    @contextmanager
    def opened(
        cls, ledger_folder: Path, budget_usd: float | None = None, settle_seconds: float = 0.0
    ) -> "Iterator[Way]":
        """A way that is closed at the end; raises MissingTool without the certificates' library."""
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix=_FOLDER))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            pools = stack.enter_context(_machine_pools())
            aws = Aws(pools, Ledger(ledger_folder, budget_usd))
            gateway = stack.enter_context(closing(Gateway.before(aws, folder)))
            yield cls(gateway, aws, of_account(settle_seconds))

    def client(self, session: "Session", service: str) -> Any:  # noqa: ANN401 -- any service's
        """A boto3 client of a session that goes this way."""
        make: Callable[..., Any] = session.client  # its types name every service, one by one
        config = botocore.config.Config(
            proxies={"https": self.gateway.url},
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        return make(service, verify=str(self.gateway.ca_file), config=config)

    def pool(self) -> urllib3.PoolManager:
        """Connections for plain HTTP requests to the package endpoints."""
        return urllib3.ProxyManager(
            self.gateway.url, ca_certs=str(self.gateway.ca_file), retries=False
        )


class AwsAccount:
    """A real account, with one caller's credentials."""

    def __init__(
        self,
        session: "Session",
        identity: Identity,
        way: Way,
        naming: Naming,
        boundary: str,
        known_secrets: set[str],
    ) -> None:
        """`naming` is of this process; `boundary` is the ARN of what bounds its roles."""
        self.identity = identity
        self.patience = way.patience
        self.naming = naming
        self._session = session
        self._way = way
        self._boundary = boundary
        self._known_secrets = known_secrets
        self._clients: dict[str, Any] = {}

    @property
    def account(self) -> str:
        """The account's id of 12 digits."""
        return self.identity.account

    @property
    def region(self) -> str:
        return str(self._session.region_name)

    @property
    def endpoint_url(self) -> str:
        """The address of the service's API; nothing is sent there but by its name."""
        return str(self.client().meta.endpoint_url)

    @property
    def caller(self) -> str:
        """The ARN of who calls, whose permissions may be too few."""
        return self.identity.arn

    @property
    def gateway(self) -> Gateway:
        """The way that programs have to take."""
        return self._way.gateway

    def client(self) -> "CodeArtifactClient":
        """A boto3 CodeArtifact client."""
        return cast("CodeArtifactClient", self.boto3_client("codeartifact"))

    def boto3_client(self, service: str) -> Any:  # noqa: ANN401 -- any service's
        """A boto3 client of any AWS service."""
        if service not in self._clients:
            self._clients[service] = self._way.client(self._session, service)
        return self._clients[service]

    def pool(self) -> urllib3.PoolManager:
        """Connections for plain HTTP requests to the package endpoints."""
        return self._way.pool()

    def environment(self) -> dict[str, str]:
        """The variables by which programs act as this caller; raises GuardError without any."""
        credentials = self._session.get_credentials()
        if credentials is None:
            raise GuardError("no AWS credentials any more", hint="log in again")
        # At this moment: those of a role are renewed by and by.
        frozen = credentials.get_frozen_credentials()
        known = filter(None, (frozen.secret_key, frozen.token))
        self._known_secrets.update(known)
        return {
            "AWS_ACCESS_KEY_ID": str(frozen.access_key),
            "AWS_SECRET_ACCESS_KEY": str(frozen.secret_key),
            **({"AWS_SESSION_TOKEN": str(frozen.token)} if frozen.token else {}),
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_MAX_ATTEMPTS": str(_ATTEMPTS),
        }

    def requests(self) -> Sequence[Entry]:
        """What this process and its programs asked of AWS, oldest first."""
        return self._way.aws.journal.entries()

    def connections(self, after: int = 0) -> Sequence[Connection]:
        """Which hosts programs asked for."""
        return self._way.gateway.connections(after)

    def fetches(self) -> Sequence[Mapping[str, Any]]:
        """Nothing: what the service reads from public registries is not seen from here."""
        return ()

    def crashes(self, after: int = 0) -> Sequence[Crash]:
        """None: there is no emulator."""
        del after
        return ()

    def workspace(self) -> BotoWorkspace:
        """A workspace in this account; the caller closes it."""
        return BotoWorkspace(
            self.client(),
            self._known_secrets.add,
            naming=self.naming,
            patience=self.patience,
            pool=self.pool,
        )

    def roles(self) -> BotoRoles:
        """What makes roles of this account; the caller closes it."""
        return BotoRoles(
            self,
            self._known_secrets.add,
            naming=self.naming,
            patience=self.patience,
            boundary=self._boundary,
        )

    def builds(self, gateway: object | None = None) -> BotoBuilds:
        """What runs builds in this account; the caller closes it."""
        del gateway  # builds run at AWS, and reach what is reached there
        return BotoBuilds(
            self,
            self._known_secrets.add,
            naming=self.naming,
            patience=self.patience,
            boundary=self._boundary,
            # As long as its budget counts.
            longest_minutes=LONGEST_BUILD_MINUTES,
        )

    def with_key(
        self, access_key_id: str, secret_access_key: str, session_token: str | None
    ) -> "AwsAccount":
        """The same account, called with another key."""
        session = boto3.session.Session(
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            aws_session_token=session_token,
            region_name=self.region,
        )
        self._known_secrets.update(filter(None, (secret_access_key, session_token)))
        return AwsAccount(
            session, self.identity, self._way, self.naming, self._boundary, self._known_secrets
        )


class AwsTarget(AwsAccount):
    """The account of a run, with what the whole run shares."""

    name = "aws"
    capabilities = frozenset({Capability.IDENTITIES})
    records = True
    control = None
    crashes_before = 0

    def __init__(
        self,
        session: "Session",
        identity: Identity,
        way: Way,
        ownership: Ownership,
        settings: Settings,
        close: Callable[[], None],
    ) -> None:
        self.secrets: set[str] = set()
        if not settings.on_account.shows_account.value:
            # No secret, yet nothing that reports and logs of the whole world need to hold.
            self.secrets.add(identity.account)
        boundary = _boundary_arn(session, identity, settings)
        naming = naming_of(ownership)
        super().__init__(session, identity, way, naming, boundary, self.secrets)
        self.ownership = ownership
        self.ledger = way.aws.ledger
        self.close = close
        self._mirror: str | None = None

    def last_crash(self) -> int:
        """The number of the newest crash: there is none."""
        return 0

    def run_domain(self) -> Domain:
        """The one domain that all tests of the run share; made when it is first asked for.

        Whoever ends the run removes it.
        """
        workspace, name = self.workspace(), self.ownership.stem
        try:
            return workspace.domain(name)
        except self.client().exceptions.ConflictException:
            # Another process of the run was first.
            return self.patience.until(
                f"{name} to be there",
                lambda: workspace.existing_domain(name),
                lambda error: code_of(error) == _MISSING,
            )

    def outside_index(self) -> str:
        """The index that programs have before any login: public packages, by way of the service.

        It holds a token. Whoever ends the run removes the repository behind it.
        """
        if self._mirror is None:
            # Of this process alone: another one's may not have its connection yet.
            mirror = self.workspace().repository(self.run_domain(), external=_PUBLIC_PYPI)
            self._mirror = mirror.index_url
        return self._mirror


def open_target(settings: Settings, run: str, started: datetime) -> AwsTarget:
    """Find out who calls and whether that is right, and give the account; the caller closes it.

    `run` is the id of the run, and `started` when it began. Raises GuardError where a guard
    refuses.
    """
    folder = ledger_folder(run)
    folder.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as stack:
        chosen = settings.on_account
        way = stack.enter_context(Way.opened(folder, chosen.budget.value, chosen.settle.value))
        session, identity = _admitted(way, settings.region.value, settings.accounts, ACCOUNT.option)
        close = stack.pop_all().close
    ownership = ownership_of(settings, run, identity.owner, started)
    return AwsTarget(session, identity, way, ownership, settings, close)


def ledger_folder(run: str) -> Path:
    """Where the processes of a run count what they asked for; who ends the run removes it."""
    return Path(tempfile.gettempdir(), f"{_FOLDER}{run}")


@contextmanager
def open_account(region: str | None, allowed: Sequence[str]) -> Iterator[AwsAccount]:
    """An account for who sweeps it; raises GuardError where a guard refuses."""
    if not region:
        raise GuardError("the Region is not named", hint="name it by --region")
    if not allowed:
        raise GuardError("no account is named", hint="name it by --account")
    redirected = endpoint_variables()
    if redirected:
        raise GuardError(
            f"{' and '.join(redirected)} would lead the calls away from AWS", hint="unset that"
        )
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=_FOLDER))
        way = stack.enter_context(Way.opened(Path(folder)))
        session, identity = _admitted(way, region, allowed, "--account")
        yield AwsAccount(session, identity, way, Naming("nothing"), "", set())


def ownership_of(settings: Settings, run: str, owner: str, started: datetime) -> Ownership:
    """Whose is what a run makes; `run` are at least 8 hexadecimal digits."""
    chosen = settings.on_account
    return Ownership(
        prefix=chosen.prefix.value,
        run=run[:8],
        owner=owner,
        started=started,
        expires=started + timedelta(seconds=chosen.lifetime.value),
        version=__version__,
    )


def _admitted(
    way: Way, region: str, allowed: Sequence[str], named_by: str
) -> "tuple[Session, Identity]":
    """A session with the credentials that boto3 finds, once nothing speaks against it."""
    try:
        session = boto3.session.Session(region_name=region)
        guards.refuse_redirection(session)
        sts = way.client(session, "sts")
    except ProfileNotFound as error:
        raise GuardError(f"{error}", hint="unset AWS_PROFILE, or name a profile there is") from None
    except BotoCoreError as error:
        raise GuardError(
            f"no AWS credentials: {error}", hint="mend the AWS configuration, or log in"
        ) from None
    return session, guards.identify(sts, allowed, named_by)


def _boundary_arn(session: "Session", identity: Identity, settings: Settings) -> str:
    chosen = settings.on_account
    name = chosen.boundary.value or f"{chosen.prefix.value}-boundary"
    partition = session.get_partition_for_region(str(session.region_name))
    return f"arn:{partition}:iam::{identity.account}:policy/{name}"


@contextmanager
def _machine_pools() -> Iterator[Pools]:
    """Connections as this machine makes them: by its proxies, and what it trusts."""
    ca_file = reach.aws_ca_file()
    trusted = str(ca_file) if ca_file is not None else None
    direct = urllib3.PoolManager(maxsize=_CONNECTIONS, ca_certs=trusted)
    behind, proxy = direct, reach.machine_proxies().get("https_proxy")
    if proxy is not None:
        address = parse_url(proxy if "://" in proxy else f"http://{proxy}")
        user = urllib3.make_headers(proxy_basic_auth=unquote(address.auth)) if address.auth else {}
        behind = urllib3.ProxyManager(
            f"{address.scheme}://{address.netloc}",
            proxy_headers=user,
            maxsize=_CONNECTIONS,
            ca_certs=trusted,
        )
    try:
        yield lambda host: direct if reach.goes_direct(host) else behind
    finally:
        direct.clear()
        behind.clear()
