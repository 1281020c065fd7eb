"""The local target: an emulator of the service in a process of its own, and how to steer it."""

import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
import botocore.config
import botocore.session
import urllib3

from pytest_codeartifact.errors import ControlError
from pytest_codeartifact.settings import Setting, Settings, Source, server_environment
from pytest_codeartifact.targets import Capability, leases
from pytest_codeartifact.targets.builds import BotoBuilds
from pytest_codeartifact.targets.control import Control, Crash
from pytest_codeartifact.targets.ownership import ANONYMOUS
from pytest_codeartifact.targets.patience import at_once
from pytest_codeartifact.targets.roles import BotoRoles
from pytest_codeartifact.targets.workspace import BotoWorkspace
from pytest_codeartifact.tools import process
from pytest_codeartifact.tools.reach import Gateway, Reach

if TYPE_CHECKING:
    from types_boto3_codeartifact import CodeArtifactClient

_PUBLIC_PYPI = "public:pypi"
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.01


def open_target(settings: Settings, run: str) -> "EmulatorTarget":
    """Join or start the emulator of `run`; the caller closes what is returned.

    Raises ServerStartError when the server does not come up.
    """
    with contextlib.ExitStack() as stack:
        access = stack.enter_context(leases.shared_server(run, _Server(settings)))
        control = Control(access)
        stack.callback(control.close)
        return EmulatorTarget(access, control, stack.pop_all().close)


def open_private_target(settings: Settings, state: Path | None = None) -> "EmulatorTarget":
    """Start an emulator that nobody else uses; the caller closes what is returned.

    `state` is the folder of its state, None for a temporary one. Raises ServerStartError when the
    server does not come up.
    """
    # Named from here: the server runs in another folder.
    state = state and state.absolute()
    # A kept state belongs to the shared server: two servers cannot have it at once.
    fresh = replace(settings, state=Setting(state, Source.DEFAULT))
    return open_target(fresh, f"private-{secrets.token_hex(8)}")


@dataclass(frozen=True, slots=True)
class _Server:
    """The server program, as `settings` want it."""

    settings: Settings

    def launch(self, folder: leases.Folder) -> process.Process:
        leases.remove_abandoned()
        environment = server_environment(folder.path)
        return process.start(self._command(folder), environment, folder.log)

    def prepare(self, access: leases.Access) -> None:
        address = self.settings.public_pypi.value
        if address is None:
            return
        # Not on the server's command line, where everyone on the machine could read it: the
        # address of a private index may hold a password.
        with contextlib.closing(Control(access)) as control:
            control.configure_upstream(_PUBLIC_PYPI, address)

    def answers(self, access: leases.Access) -> bool:
        with contextlib.closing(Control(access)) as control:
            try:
                control.clock()
            except (ControlError, urllib3.exceptions.HTTPError):
                return False
            return True

    def end(self, access: leases.Access, pid: int) -> None:
        # Who answers to this run's secret is the server, so the id is not yet a stranger's.
        if self.answers(access):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while self.answers(access) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)

    def _command(self, folder: leases.Folder) -> list[str]:
        # -P: a file of the tested project must not be imported in place of a module.
        command = [sys.executable, "-P", "-m", "pytest_codeartifact", "serve"]
        command += ["--host", "127.0.0.1", "--port", "0"]
        command += ["--region", self.settings.region.value]
        command += ["--account", self.settings.account.value]
        command += ["--state", str(self.settings.state.value or folder.path / "state")]
        # Tests of many processes share the account, each with domains of its own.
        command += ["--quota", "domains=1000"]
        command += ["--lease-folder", str(folder.leases)]
        return [*command, "--ready-file", str(folder.ready_file)]


class Account:
    """One account on the emulator, with a key of it."""

    caller = ""
    gateway = None
    naming = ANONYMOUS

    def __init__(self, access: leases.Access, control: Control, known_secrets: set[str]) -> None:
        self._access = access
        self._control = control
        self._known_secrets = known_secrets
        self._clients: dict[str, Any] = {}
        self.patience = at_once()
        known_secrets.update(filter(None, (access.secret_access_key, access.session_token)))

    @property
    def account(self) -> str:
        """The account's id of 12 digits."""
        return self._access.account

    @property
    def region(self) -> str:
        return self._access.region

    @property
    def endpoint_url(self) -> str:
        """The address all AWS calls go to."""
        return self._access.endpoint_url

    def client(self) -> "CodeArtifactClient":
        """A boto3 client that knows nothing of the machine's own AWS configuration."""
        return cast("CodeArtifactClient", self.boto3_client("codeartifact"))

    def boto3_client(self, service: str) -> Any:  # noqa: ANN401 -- any service's
        """A boto3 client of any AWS service that the server has, such as `iam` or `sts`."""
        # Making one takes longer than anything it is then asked.
        if service not in self._clients:
            self._clients[service] = boto3_client(service, self._access)
        return self._clients[service]

    def pool(self) -> urllib3.PoolManager:
        """Connections for plain HTTP requests to the package endpoints."""
        return urllib3.PoolManager(retries=False)

    def environment(self) -> dict[str, str]:
        """The variables that lead the AWS CLI and every SDK to this account."""
        session = self._access.session_token
        return {
            "AWS_ACCESS_KEY_ID": self._access.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self._access.secret_access_key,
            **({"AWS_SESSION_TOKEN": session} if session else {}),
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
        }

    def requests(self) -> Sequence[Mapping[str, Any]]:
        """What was asked of this account's domains, oldest first."""
        return [each for each in self._control.requests() if each.get("account") == self.account]

    def fetches(self) -> Sequence[Mapping[str, Any]]:
        """What the emulator read from public registries, for whomever, oldest first."""
        return self._control.fetches()

    def crashes(self, after: int = 0) -> Sequence[Crash]:
        """Defects of the emulator that requests ran into, of whatever account."""
        return self._control.crashes(after=after)

    def workspace(self) -> BotoWorkspace:
        """A workspace in this account; the caller closes it."""
        return BotoWorkspace(self.client(), on_token=self._known_secrets.add)

    def roles(self) -> BotoRoles:
        """What makes roles of this account; the caller closes it."""
        return BotoRoles(self, on_token=self._known_secrets.add)

    def builds(self, gateway: Gateway | None = None) -> BotoBuilds:
        """What runs builds in this account; the caller closes it.

        With a gateway they use AWS's real host names, and reach nothing else.
        """
        variables: Mapping[str, str] = {}
        if gateway is not None:
            # With the names of AWS there is no other address to be told.
            variables = {"AWS_ENDPOINT_URL": "", **Reach.through(gateway).variables}
        return BotoBuilds(self, self._known_secrets.add, variables)

    def with_key(
        self, access_key_id: str, secret_access_key: str, session_token: str | None
    ) -> "Account":
        """The same account, called with another key."""
        access = replace(
            self._access,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            session_token=session_token,
        )
        return Account(access, self._control, self._known_secrets)


class EmulatorTarget(Account):
    """The emulator: its first account, and the control of the whole."""

    control: Control

    name = "local"
    capabilities = frozenset(Capability)
    records = False

    def __init__(self, access: leases.Access, control: Control, close: Callable[[], None]) -> None:
        self.secrets: set[str] = set()
        super().__init__(access, control, self.secrets)
        self.control = control
        self.close = close
        # What crashed before this process came is no fault of its tests.
        self.crashes_before = self.last_crash()

    def run_domain(self) -> None:
        """None: each test has a domain of its own."""

    def outside_index(self) -> None:
        """None: programs have the machine's own before any login."""

    def last_crash(self) -> int:
        """The number of the newest crash, 0 when there was none."""
        return max((each.number for each in self.control.crashes()), default=0)

    def new_account(self, number: str | None = None) -> Account:
        """A fresh account, or that of a number, with its administrator's key."""
        return Account(self.control.new_account(number), self.control, self.secrets)


def boto3_client(service: str, access: leases.Access) -> Any:  # noqa: ANN401 -- any service's
    """A boto3 client from nothing but `access`.

    The user's profiles, credentials, endpoints and proxies are neither used nor read.
    """
    nothing = (None, None, None, None)
    core = botocore.session.Session(
        session_vars={
            "profile": nothing,
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    session = boto3.session.Session(
        aws_access_key_id=access.access_key_id,
        aws_secret_access_key=access.secret_access_key,
        aws_session_token=access.session_token,
        region_name=access.region,
        botocore_session=core,
    )
    config = botocore.config.Config(
        proxies={},
        # A second try for a connection that the server closed in between, no more: a defect of
        # the emulator shall be seen at once.
        retries={"mode": "standard", "total_max_attempts": 2},
        use_fips_endpoint=False,
        use_dualstack_endpoint=False,
    )
    make: Callable[..., Any] = session.client  # its types name every service, one by one
    return make(service, endpoint_url=access.endpoint_url, config=config)
