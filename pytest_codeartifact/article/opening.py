"""Begins a walk: on an emulator that the article has for itself, or in a real account."""

import tempfile
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_codeartifact.article.judging import judged
from pytest_codeartifact.article.naming import Names
from pytest_codeartifact.article.plan import Plan, commands_of
from pytest_codeartifact.article.walk import Judge, Walk
from pytest_codeartifact.settings import Settings
from pytest_codeartifact.targets.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_codeartifact.targets.aws import AwsTarget
    from pytest_codeartifact.targets.emulator import EmulatorTarget

_MIRROR_DOMAIN = "outside"
_PREFIX = "codeartifact-gateway-"


@contextmanager
def open_walk(
    plan: Plan, target: "EmulatorTarget", settings: Settings, judge: Judge = judged
) -> "Iterator[Walk]":
    """A walk by the addresses that the settings want, with a way to public packages; closed after.

    By real host names nothing but the service is reached: what programs need from the public
    registry before any login, such as a build backend, comes through a repository of the emulator.
    """
    with ExitStack() as stack:
        gateway, outside_index = None, settings.public_pypi.value
        if settings.endpoint_of_articles == "hosts":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=_PREFIX)))
            gateway = Gateway.open(target.endpoint_url, folder)
            stack.callback(gateway.close)
            outside_index = _mirror(target)
        walk = Walk(plan, target, outside_index=outside_index, gateway=gateway, judge=judge)
        stack.callback(walk.close)
        yield walk


@contextmanager
def open_account_walk(plan: Plan, account: "AwsTarget", judge: Judge = judged) -> "Iterator[Walk]":
    """A walk in a real account, closed after; what its steps made and left is removed, too.

    Nothing but AWS is reached here as well. Raises CodeArtifactError for a document of which it
    cannot be told what it makes.
    """
    commands = [command.text for step in plan.steps for command in commands_of(step)]
    names = Names.of(commands, account.naming.name(), account.naming.tags)
    with ExitStack() as stack:
        workspace = stack.enter_context(closing(account.workspace()))
        for name in names.own.values():
            workspace.expect(name)
        walk = Walk(
            plan,
            account,
            outside_index=account.outside_index(),
            gateway=account.gateway,
            judge=judge,
            names=names,
        )
        stack.callback(walk.close)
        yield walk


def _mirror(target: "EmulatorTarget") -> str:
    """The index of a repository that stands for the public registry, in another account."""
    workspace = target.new_account().workspace()
    domain = workspace.domain(_MIRROR_DOMAIN)
    return workspace.repository(domain, "mirror", external="public:pypi").index_url
