"""Checks of what a login writes on the reader's machine."""

import configparser
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_codeartifact.article.checks import Observation, World, check, check_with
from pytest_codeartifact.article.checks.reader import (
    PRIVATE_PACKAGE,
    Machine,
    ended,
    fact,
    files_of,
    is_read,
    make_repository,
    place_of,
    side_by_side,
)
from pytest_codeartifact.findings import Evidence
from pytest_codeartifact.redaction import TOKEN_PATTERN
from pytest_codeartifact.targets import Capability

if TYPE_CHECKING:
    from pytest_codeartifact.targets.workspace import Repository

_HOUR_SECONDS = 3600
_LONGEST_HOURS = 48
_TOKEN = re.compile(TOKEN_PATTERN)
_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
_PASSWORD = re.compile(
    r"^[ \t]*\S*(?:password|_auth|_authtoken|secret\w*)[ \t]*[=:][ \t]*(?P<setting>\S+)"
    r"|://[^/\s:@]+:(?P<address>[^/\s@]+)@",
    re.MULTILINE | re.IGNORECASE,
)


@check
def login_configures_tools(world: World) -> Observation:
    """Log in for each tool, and read what its configuration then says."""
    repository = make_repository(world)
    machine = Machine(world)
    results = dict(
        zip(
            ("pip", "npm", "twine"),
            side_by_side(
                [
                    lambda: _pip(machine, repository),
                    lambda: _npm(machine, repository),
                    lambda: _twine(machine, repository),
                ]
            ),
            strict=True,
        )
    )
    return Observation(
        {tool: is_configured for tool, (is_configured, _) in results.items()},
        [evidence for _, evidence in results.values()],
    )


def _pip(machine: Machine, repository: "Repository") -> tuple[bool, Evidence]:
    machine.log_in("pip")
    said = machine.tools.pip.run("config", "get", "global.index-url", expect=None)
    place = f"{place_of(repository.endpoint('pypi'))}simple/"
    return said.stdout.strip().endswith(place), ended(said)


def _twine(machine: Machine, repository: "Repository") -> tuple[bool, Evidence]:
    machine.log_in("twine")
    parser = configparser.RawConfigParser()
    parser.read(machine.tools.home.path / ".pypirc", encoding="utf-8")
    address = parser.get("codeartifact", "repository", fallback="nothing")
    servers = parser.get("distutils", "index-servers", fallback="").split()
    is_configured = (
        "codeartifact" in servers
        and address.endswith(place_of(repository.endpoint("pypi")))
        and parser.get("codeartifact", "username", fallback="") == "aws"
        and _TOKEN.fullmatch(parser.get("codeartifact", "password", fallback="")) is not None
    )
    return is_configured, Evidence("file", f"the repository codeartifact is {address}", "~/.pypirc")


def _npm(machine: Machine, repository: "Repository") -> tuple[bool, Evidence]:
    home, place = machine.tools.home, place_of(repository.endpoint("npm"))
    environment = home.environment()
    if shutil.which("npm", path=environment["PATH"]) is None:
        said = machine.log_in("npm", "--dry-run")
        told = Evidence(
            "output", "npm is not installed here; login --dry-run says what it would do"
        )
        return re.search(rf"set registry \S*{re.escape(place)}", said.stdout) is not None, told
    machine.log_in("npm")
    said = machine.tools.log.run(
        ["npm", "config", "get", "registry"],
        env=environment,
        cwd=home.work_path,
        timeout=60.0,
        expect=None,
    )
    return said.stdout.strip().endswith(place), ended(said)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets that stand in a text: tokens, keys of AWS, and passwords that are no tokens."""

    tokens: frozenset[str]
    keys: frozenset[str]
    passwords: frozenset[str]


def secrets_in(text: str, known_keys: Mapping[str, str]) -> Secrets:
    """The secrets in a text; `known_keys` are the variables that hold the caller's own."""
    without_tokens = _TOKEN.sub("", text)
    keys = set(_KEY.findall(without_tokens))
    keys |= {key for key in known_keys.values() if key in without_tokens}
    passwords = {
        match["setting"] or match["address"] for match in _PASSWORD.finditer(without_tokens)
    }
    return Secrets(
        tokens=frozenset(_TOKEN.findall(text)), keys=frozenset(keys), passwords=frozenset(passwords)
    )


@check_with(Capability.TRAVEL)
def nothing_permanent_is_left(world: World) -> Observation:
    """Log in for pip and twine, look for secrets in every file that changed, and outlive them."""
    repository, package = make_repository(world), world.package(PRIVATE_PACKAGE)
    repository.upload(package.wheel)
    machine = Machine(world)
    home_path = machine.tools.home.path
    before = {path: _mark(path) for path in files_of(home_path)}
    logins = side_by_side([lambda: machine.log_in("pip"), lambda: machine.log_in("twine")])
    changed = [path for path in files_of(home_path) if before.get(path) != _mark(path)]
    environment = world.account.environment()
    own = {name: text for name, text in environment.items() if "KEY" in name or "TOKEN" in name}
    found = secrets_in("\n".join(path.read_text("latin-1") for path in changed), own)
    hours = 0
    while hours < _LONGEST_HOURS and any(
        is_read(world, repository, f"{package.name}/", token) for token in found.tokens
    ):
        world.control.advance(_HOUR_SECONDS)
        hours += 1
    with_token = [path for path in changed if _TOKEN.search(path.read_text("latin-1"))]
    return Observation(
        {
            "tokens": len(found.tokens),
            "keys": len(found.keys),
            "passwords": len(found.passwords),
            "ends_in_hours": hours,
        },
        [
            *(ended(each) for each in logins),
            fact(f"{len(changed)} files of the home changed"),
            *(
                Evidence("file", "holds a token", f"~/{path.relative_to(home_path).as_posix()}")
                for path in with_token
            ),
            fact(f"no token read from the repository any more after {hours} hours"),
        ],
    )


def _mark(path: Path) -> tuple[int, int]:
    """What tells a changed file."""
    seen = path.stat()
    return seen.st_mtime_ns, seen.st_size
