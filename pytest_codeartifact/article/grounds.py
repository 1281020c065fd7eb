"""The two kinds of accounts that checks are done in: one that is emptied, and one that is shared.

On an emulator that nobody else uses, everything is forgotten before each check, and nothing outside
this machine is asked: the public registries' addresses lead nowhere, and a check that needs the
public Python registry gets one that is played by a repository of the emulator.
"""

import time
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_codeartifact.targets.gateway import Gateway

if TYPE_CHECKING:
    from pytest_codeartifact.targets.aws import AwsTarget
    from pytest_codeartifact.targets.builds import BotoBuilds
    from pytest_codeartifact.targets.control import Control
    from pytest_codeartifact.targets.emulator import EmulatorTarget
    from pytest_codeartifact.targets.roles import BotoRoles
    from pytest_codeartifact.targets.workspace import BotoWorkspace, Repository

ARTICLES_DOMAIN = "awscicd"
"""What the article calls its domain."""

_PUBLIC_PYPI = "public:pypi"
# Nobody listens at the first port of this machine.
_NOWHERE = "http://127.0.0.1:1/"


class EmptiedGround:
    """An emulator that nobody else uses, emptied for each check."""

    def __init__(self, account: "EmulatorTarget", gateway: Gateway | None = None) -> None:
        """Whoever opened both closes them."""
        self.account = account
        self.gateway = gateway
        for connection in account.control.upstreams():
            account.control.configure_upstream(connection, _NOWHERE)

    def cleared(self) -> "EmptiedPlot":
        self.account.control.reset()
        return EmptiedPlot(self.account, self.gateway)

    def close(self) -> None:
        """Nothing is left to be done: the emulator ends."""


class EmptiedPlot:
    """An empty emulator; what is made need not be removed, as the next check finds it empty."""

    domain_name = ARTICLES_DOMAIN

    def __init__(self, account: "EmulatorTarget", gateway: Gateway | None) -> None:
        self._account = account
        self._gateway = gateway
        self.control = account.control
        self.now = account.control.clock

    @cached_property
    def builds(self) -> "BotoBuilds":
        return self._account.builds(self._gateway)

    @cached_property
    def roles(self) -> "BotoRoles":
        return self._account.roles()

    @cached_property
    def workspace(self) -> "BotoWorkspace":
        return self._account.workspace()

    @cached_property
    def public_registry(self) -> "Repository":
        # In an account of its own: what is asked of it is nobody's request to the article's.
        workspace = self._account.new_account().workspace()
        registry = workspace.repository(workspace.domain())
        self.control.set_upstream(_PUBLIC_PYPI, registry.index_url)
        return registry

    def outside_index(self) -> str:
        return self.public_registry.index_url


class SharedGround:
    """A real account, in which each check has names of its own and removes what it made."""

    def __init__(self, account: "AwsTarget") -> None:
        self.account = account
        self.gateway = account.gateway
        self._plot: SharedPlot | None = None

    def cleared(self) -> "SharedPlot":
        self.close()
        self._plot = SharedPlot(self.account)
        return self._plot

    def close(self) -> None:
        """Remove what the last check made; raises CleanupError for what would not go."""
        plot, self._plot = self._plot, None
        if plot is not None:
            plot.close()


class SharedPlot:
    """Names of a check's own in an account that others use as well."""

    def __init__(self, account: "AwsTarget") -> None:
        self.domain_name = account.naming.name()
        self.workspace = account.workspace()
        self.builds = account.builds()
        self.roles = account.roles()
        self.outside_index = account.outside_index

    @property
    def control(self) -> "Control":
        raise NotImplementedError("a check that needs the emulator must say so")

    @property
    def public_registry(self) -> "Repository":
        raise NotImplementedError("a check that needs a registry of its own must say so")

    def now(self) -> float:
        return time.time()

    def close(self) -> None:
        """Remove everything; raises CleanupError for what would not go."""
        with ExitStack() as stack:
            for each in (self.workspace, self.roles, self.builds):
                stack.callback(each.close)
