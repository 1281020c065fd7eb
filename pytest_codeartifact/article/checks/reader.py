"""What checks do as a reader of the article would, and how they quote what came of it."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_codeartifact.article.checks import Caller, World
from pytest_codeartifact.article.provenance import Holdings, Traced, trace
from pytest_codeartifact.findings import Evidence
from pytest_codeartifact.tools.process import Completed
from pytest_codeartifact.tools.programs import site_packages
from pytest_codeartifact.tools.virtualenv import installed_distributions

if TYPE_CHECKING:
    from pytest_codeartifact.targets.workspace import Domain, Repository

REPOSITORY = "demo-repo"
PUBLIC_PYPI = "public:pypi"
PRIVATE_PACKAGE = "cicddemo-hello"

_T = TypeVar("_T")
_SILENCE = "no output"
_REFUSAL = re.compile(r"\b[45]\d\d (?:Client |Server )?Error\b|An error occurred \(")


def make_domain(world: World) -> "Domain":
    """The article's domain."""
    return world.workspace.domain(world.domain_name)


def place(world: World) -> tuple[str, ...]:
    """The options that name the article's repository."""
    return ("--domain", world.domain_name, "--repository", REPOSITORY)


def make_repository(world: World, *, external: str | None = None) -> "Repository":
    """The article's repository, in the article's domain."""
    return world.workspace.repository(make_domain(world), REPOSITORY, external=external)


class Machine:
    """A reader's machine on which nothing was installed yet, in a private home."""

    def __init__(
        self, world: World, repository: "Repository | None" = None, caller: Caller | None = None
    ) -> None:
        """With a repository, pip is configured for it as by a login of the administrator."""
        self._world = world
        self.tools = world.tools(caller)
        self._python_path = self.tools.home.path / "python"
        self._own = frozenset(installed_distributions(site_packages(self._python_path)))
        if repository is not None:
            self.tools.pip.connect(repository.connection)

    def log_in(self, tool: str = "pip", *more: str) -> Completed:
        """`aws codeartifact login` for the article's repository; any exit code is an answer."""
        return self.tools.aws.run(
            "codeartifact", "login", "--tool", tool, *place(self._world), *more, expect=None
        )

    def install(self, *requirements: str) -> Completed:
        """`pip install`, without a cache as in every private home; any exit code is an answer."""
        return self.tools.pip.run("install", *requirements, expect=None)

    def installed(self) -> Mapping[str, str]:
        """Versions of what was installed, by normalised name."""
        found = installed_distributions(site_packages(self._python_path))
        return {name: each.version for name, each in found.items() if name not in self._own}

    def trace(self) -> Traced:
        """What was installed, traced to the requests that delivered it."""
        account = self._world.account
        held = Holdings(account.client)
        return trace(self._python_path, account.requests(), held.fetch, held.origin, self._own)


def place_of(endpoint_url: str) -> str:
    """An endpoint's host and path, the same by real host name as by plain address."""
    return endpoint_url.partition("://")[2].partition("/")[2]


def read(world: World, repository: "Repository", path: str, token: str) -> tuple[int, bytes]:
    """Status and body of a path below the repository's simple index, read with a token."""
    import urllib3  # noqa: PLC0415 -- collecting an article needs none

    headers = urllib3.make_headers(basic_auth=f"aws:{token}")
    with world.account.pool() as pool:
        answer = pool.request("GET", f"{repository.endpoint('pypi')}simple/{path}", headers=headers)
    return answer.status, answer.data


def is_read(world: World, repository: "Repository", path: str, token: str) -> bool:
    """Whether a token reads a path below the repository's simple index."""
    return read(world, repository, path, token)[0] == HTTPStatus.OK


def eventually(world: World, what: str, look: Callable[[], _T], holds: Callable[[_T], bool]) -> _T:
    """What is seen once it holds, or in the end: some changes need a moment until all see them."""
    seen = look()
    for pause in world.account.patience.pauses(what):
        if holds(seen):
            break
        time.sleep(pause)
        seen = look()
    return seen


def files_of(home_path: Path) -> Iterator[Path]:
    """Every file of a home but compiled modules, which are as their sources are."""
    for path in home_path.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc":
            yield path


def last_number(entries: Iterable[Mapping[str, Any]]) -> int:
    """The number of the newest entry of a journal, 0 when it has none."""
    return max((int(each["number"]) for each in entries), default=0)


def side_by_side(calls: Sequence[Callable[[], _T]]) -> list[_T]:
    """What the calls return, in their order; they wait for programs, so they do it together."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda call: call(), calls))


# --- Quoting ---------------------------------------------------------------------------------


def ended(completed: Completed, command: str = "") -> Evidence:
    """How a command ended, with the line that tells why; `command` is what was typed in a shell."""
    typed = command or completed.command
    return Evidence("output", f"`{typed}` ended with {completed.exit_code}: {telling(completed)}")


def telling(completed: Completed) -> str:
    """The line of a command's output that says what became of it."""
    streams = (completed.stdout, completed.stderr)
    if completed.exit_code == 0:
        return next(filter(None, map(_last_line, streams)), _SILENCE)
    return next(filter(None, map(refusal_in, reversed(streams))), _SILENCE)


def refusal_in(output: str) -> str:
    """The line of a failed command's output that tells why, empty where there is none."""
    refusals = [line.strip() for line in output.splitlines() if _REFUSAL.search(line)]
    return refusals[0] if refusals else _last_line(output)


def _last_line(output: str) -> str:
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "")


def asked(request: Mapping[str, Any]) -> Evidence:
    """A request as the server's log has it."""
    number, digest = request["number"], request.get("sha256")
    return Evidence(
        "request",
        f"{request['method']} {request['path']} was answered {request['status']}"
        + (f", SHA-256 {digest}" if digest else ""),
        f"request {number}",
    )


def fact(text: str) -> Evidence:
    """Something that was counted, compared or measured."""
    return Evidence("fact", text)


def answer(text: str) -> Evidence:
    """What the service's API said."""
    return Evidence("answer", text)


def traced(result: Traced) -> Sequence[Evidence]:
    """What was traced, and what could not be."""
    found = [
        Evidence(
            "request",
            f"{each.files} files of {each.distribution} {each.version} are those of {each.file}, "
            f"SHA-256 {each.sha256}, delivered by {each.repository}, origin {each.origin}",
            f"request {each.request}",
        )
        for each in result.installed
    ]
    return [*found, *(fact(finding) for finding in result.findings)]
