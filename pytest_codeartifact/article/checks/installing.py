"""Checks of where installed packages come from."""

import re

from pytest_codeartifact.article.checks import Observation, World, check, check_with
from pytest_codeartifact.article.checks.reader import (
    PRIVATE_PACKAGE,
    PUBLIC_PYPI,
    Machine,
    ended,
    fact,
    last_number,
    make_repository,
    traced,
)
from pytest_codeartifact.redaction import TOKEN_PATTERN
from pytest_codeartifact.targets import Capability

_INDEXES = re.compile(r"^Looking in indexes: (.+)$", re.MULTILINE)


@check_with(Capability.OFFLINE_UPSTREAM, Capability.SERVER_LOG)
def comes_from_codeartifact(world: World) -> Observation:
    """Install a private package whose name the public registry has in a higher version."""
    private = world.package(PRIVATE_PACKAGE, "0.1.0")
    higher = world.package(PRIVATE_PACKAGE, "99.0.0")
    world.public_registry.upload(higher.wheel)
    repository = make_repository(world, external=PUBLIC_PYPI)
    repository.upload(private.wheel)
    machine = Machine(world, repository)
    last = last_number(world.control.requests())
    done = machine.install(private.name)
    outside = world.public_registry.domain.owner
    asked = [each for each in world.control.requests(after=last) if each.get("account") == outside]
    found, result = machine.installed(), machine.trace()
    return Observation(
        {
            "installed": found == {private.name: private.version},
            "traced": not result.findings,
            "public_registry_asked": len(asked),
        },
        [
            ended(done),
            *traced(result),
            fact(f"the public registry, which has {higher.version}, was asked {len(asked)} times"),
        ],
    )


@check_with(Capability.OFFLINE_UPSTREAM)
def private_and_public_together(world: World) -> Observation:
    """Install a private and a public package by one command."""
    private, public = world.package(PRIVATE_PACKAGE, "0.1.0"), world.package("public-package")
    world.public_registry.upload(public.wheel)
    repository = make_repository(world, external=PUBLIC_PYPI)
    repository.upload(private.wheel)
    machine = Machine(world, repository)
    done = machine.install(private.name, public.name)
    result = machine.trace()
    origins = {each.distribution: each.origin for each in result.installed}
    indexes = {index for line in _INDEXES.findall(done.stdout) for index in line.split(", ")}
    return Observation(
        {
            "private": origins.get(private.name) == "published",
            "public": origins.get(public.name) == PUBLIC_PYPI,
            "indexes": len(indexes),
        },
        [ended(done), fact(f"pip looked in {', '.join(sorted(indexes))}"), *traced(result)],
    )


@check
def pinned_requirements_install(world: World) -> Observation:
    """Pin the private package with hashes, and install exactly what is pinned."""
    private = world.package(PRIVATE_PACKAGE, "0.1.0")
    repository = make_repository(world, external=PUBLIC_PYPI)
    repository.upload(private.wheel, private.sdist)
    machine = Machine(world, repository)
    work_path = machine.tools.home.work_path
    (work_path / "requirements.in").write_text(f"{private.name}\n", encoding="utf-8")
    pinned = machine.tools.pip_compile.run(
        "--quiet", "--generate-hashes", "requirements.in", expect=None
    )
    file = work_path / "requirements.txt"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    done = machine.install("--require-hashes", "-r", file.name)
    result = machine.trace()
    return Observation(
        {
            "hashes": text.count("--hash=sha256:"),
            "tokens": len(re.findall(TOKEN_PATTERN, text)),
            "installed": machine.installed() == {private.name: private.version},
            "traced": not result.findings,
        },
        [ended(pinned), ended(done), *traced(result)],
    )
