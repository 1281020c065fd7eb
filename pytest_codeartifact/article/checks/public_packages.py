"""Checks of public packages: what a repository fetches, what it keeps, what cannot reach it."""

import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pytest_codeartifact.article.checks import Observation, World, check_with
from pytest_codeartifact.article.checks.reader import (
    PUBLIC_PYPI,
    REPOSITORY,
    Machine,
    answer,
    ended,
    fact,
    last_number,
    make_repository,
    read,
)
from pytest_codeartifact.targets import Capability
from pytest_codeartifact.tools.virtualenv import installed_distributions

if TYPE_CHECKING:
    from pytest_codeartifact.targets.packages import SamplePackage


@check_with(Capability.OFFLINE_UPSTREAM)
def public_package_on_demand(world: World) -> Observation:
    """Install a public package through the repository, and see what the repository then has."""
    package = _published(world, "on-demand")
    repository = make_repository(world, external=PUBLIC_PYPI)
    before, machine = _packages(world), Machine(world, repository)
    done = machine.install(package.name)
    after, origin = _packages(world), _origin(world, package)
    return Observation(
        {
            "packages_before": len(before),
            "installed": machine.installed() == {package.name: package.version},
            "packages_after": len(after),
            "origin": origin,
        },
        [
            answer(f"ListPackages lists {len(before)} packages before"),
            ended(done),
            answer(f"ListPackages lists {', '.join(after) or 'none'} afterwards"),
            answer(f"DescribePackageVersion: {package.name} {package.version} is from {origin}"),
        ],
    )


@check_with(Capability.OFFLINE_UPSTREAM, Capability.FAULTS)
def kept_when_the_registry_is_gone(world: World) -> Observation:
    """Install a public package, take its registry down, and install it afresh."""
    package = _published(world, "kept")
    repository = make_repository(world, external=PUBLIC_PYPI)
    machine, wanted = Machine(world, repository), {package.name: package.version}
    first = machine.install(package.name)
    fetched = world.control.fetches()
    world.control.break_registry("down")
    second = machine.install("--target", "again", package.name)
    fetched_after = world.control.fetches(after=last_number(fetched))
    again = installed_distributions(machine.tools.home.work_path / "again")
    return Observation(
        {
            "installed_before": machine.installed() == wanted,
            "installed_after": {name: each.version for name, each in again.items()} == wanted,
            "fetched_after": len(fetched_after),
        },
        [
            ended(first),
            fact(f"the repository had read {len(fetched)} times from outside by then"),
            ended(second),
            fact(f"with the registry down, it read {len(fetched_after)} times from outside"),
        ],
    )


@check_with(Capability.OFFLINE_UPSTREAM, Capability.FAULTS)
def outside_changes_do_not_reach_in(world: World) -> Observation:
    """Yank, replace and cut off a package each, outside; then get the pinned versions again."""
    yanked, replaced, down = (_published(world, name) for name in ("yanked", "replaced", "down"))
    repository = make_repository(world, external=PUBLIC_PYPI)
    pins = [f"{each.name}=={each.version}" for each in (yanked, replaced, down)]
    pip = Machine(world, repository).tools.pip
    download = ("download", "--no-deps", *pins, "--dest")
    ends = [pip.run(*download, "before", expect=None)]
    world.control.break_registry("yanked", package=yanked.name)
    world.control.break_registry(
        "replaced",
        package=replaced.name,
        file=replaced.wheel.name,
        content=world.package(replaced.name, requires=["other"]).wheel.read_bytes(),
    )
    world.control.break_registry("down", package=down.name)
    ends.append(pip.run(*download, "after", expect=None))
    seen, same = [ended(each) for each in ends], {}
    for package in (yanked, replaced, down):
        got = [_digest(pip.home.work_path / each, package) for each in ("before", "after")]
        outside = _outside(world, package)
        # Where the outside is as it was, there was nothing that could have reached in.
        same[package.name] = bool(got[0]) and got[0] == got[1] and bool(outside)
        seen.append(
            fact(
                f"{package.wheel.name}: SHA-256 {got[0] or 'of no file'} before, "
                f"{got[1] or 'of no file'} after; outside, {outside or 'nothing changed'}"
            )
        )
    return Observation(same, seen)


def _published(world: World, name: str) -> "SamplePackage":
    """A package that is in the public registry."""
    package = world.package(name)
    world.public_registry.upload(package.wheel)
    return package


def _packages(world: World) -> list[str]:
    listed = world.account.client().list_packages(domain=world.domain_name, repository=REPOSITORY)
    return [each["package"] for each in listed["packages"]]


def _origin(world: World, package: "SamplePackage") -> str:
    """The connection that a package came through; nothing where the repository has none."""
    try:
        told = world.account.client().describe_package_version(
            domain=world.domain_name,
            repository=REPOSITORY,
            format="pypi",
            package=package.name,
            packageVersion=package.version,
        )
    except ClientError:
        return ""
    origin = told["packageVersion"].get("origin", {})
    return str(origin.get("domainEntryPoint", {}).get("externalConnectionName", ""))


def _digest(folder: Path, package: "SamplePackage") -> str:
    """The SHA-256 of the wheel that was downloaded into a folder; nothing where there is none."""
    path = folder / package.wheel.name
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _outside(world: World, package: "SamplePackage") -> str:
    """What has become of a package outside, as a repository sees it that never asked before."""
    workspace = world.workspace
    domain = workspace.domain()
    newcomer, token = workspace.repository(domain, external=PUBLIC_PYPI), domain.token()
    status, page = read(world, newcomer, f"{package.name}/", token)
    if status != HTTPStatus.OK:
        return f"a newcomer is answered {status}"
    if b"data-yanked" in page:
        return "a newcomer is told that it is yanked"
    path = f"{package.name}/{package.version}/{package.wheel.name}"
    digest = hashlib.sha256(read(world, newcomer, path, token)[1]).hexdigest()
    is_changed = digest != hashlib.sha256(package.wheel.read_bytes()).hexdigest()
    return f"a newcomer gets SHA-256 {digest}" if is_changed else ""
