"""What `%show` shows: each function is one view, its name is what the learner types."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_codeartifact.lessons import decisions, domain_view, picture
from pytest_codeartifact.lessons.problems import Refused
from pytest_codeartifact.lessons.showing import GOOD, QUIET, WAITING, Shown, note, table
from pytest_codeartifact.lessons.tokens import span, token_times

if TYPE_CHECKING:
    from pytest_codeartifact.lessons.room import Room

_MOST_REQUESTS = 12


def show(room: "Room", words: list[str]) -> Shown:
    """The view that `words` name; raises Refused for words of no view."""
    name, *arguments = words or [""]
    found = _VIEWS.get(name)
    if found is None:
        raise Refused(f"there is no view {name!r}\nTry one of: {', '.join(sorted(_VIEWS))}")
    if len(arguments) != len(found.words):
        raise Refused(f"this is how it is asked: %show {' '.join([name, *found.words])}")
    return found.make(room, *arguments)


def _domain(room: "Room") -> Shown:
    """The domains with their repositories, where they draw from, and what they hold."""
    return picture.picture(domain_view.domains(room.target.client()))


def _requests(room: "Room") -> Shown:
    """The last requests that programs and builds have made, the newest last."""
    asked = [each for each in room.target.control.requests() if _is_programs(room, each)]
    left_out = len(asked) - _MOST_REQUESTS
    rows = [(_who(each), _what(each), str(each["status"])) for each in asked[-_MOST_REQUESTS:]]
    seen = table(("who", "asked", "status"), rows, "Nobody has asked anything yet.")
    if left_out <= 0:
        return seen
    before = note("told", f"The last {_MOST_REQUESTS} requests; {left_out} came before.")
    return Shown(before.html + seen.html, f"{before.text}\n{seen.text}")


def _is_programs(room: "Room", request: Mapping[str, Any]) -> bool:
    """Whether a program of the learner's asked, or a build: what looks for the lesson does not."""
    account, where = room.target.account, request["host"] + request["path"]
    concerns_us = request.get("account") == account or f"-{account}.d.codeartifact." in where
    by_name = request["host"].endswith(".amazonaws.com")
    return concerns_us and (by_name or ":assumed-role/" in request.get("principal", ""))


def _is_package(request: Mapping[str, Any]) -> bool:
    return ".d.codeartifact." in request["host"] + request["path"]


def _who(request: Mapping[str, Any]) -> str:
    """Who asked, as people call them: a role's session, or the account's own user."""
    principal = str(request.get("principal", ""))
    kind, _, name = principal.rpartition(":")[2].partition("/")
    if kind == "assumed-role":
        return f"role {name.partition('/')[0]}"
    return name or "somebody without a valid token"


def _what(request: Mapping[str, Any]) -> str:
    if "operation" in request:
        return str(request["operation"])
    if not _is_package(request):
        # IAM, STS and others say in the request's body what they are asked.
        return f"something of {request['host'].partition('.')[0].upper()}"
    path = re.sub(r"^/[^/]*\.d\.codeartifact\.[^/]*", "", request["path"])
    return f"{request['method']} {path}"


def _token(room: "Room", tool: str) -> Shown:
    """The life of the token that a tool has, as a bar."""
    times = token_times(room, tool)
    if times is None:
        return note("told", f"{tool} has no token.")
    now = room.target.control.clock()
    whole = times.expires - times.issued
    spent = min(max(now - times.issued, 0), whole)
    left = times.expires - now
    share = spent / whole
    if left > 0:
        sentence = f"The token of {tool} is good for {span(whole)}; {span(left)} are left."
    else:
        sentence = f"The token of {tool} was good for {span(whole)}; it has expired."
    colour = GOOD if share < 0.75 else WAITING  # noqa: PLR2004 -- then it is time to log in again
    html = (
        f'<div style="max-width:480px"><div>{sentence}</div>'
        f'<div role="img" aria-label="{sentence}" style="border:1px solid {QUIET};'
        f'border-radius:6px;height:14px;overflow:hidden;margin:0.3em 0">'
        f'<div style="height:100%;width:{100 * (1 - share):.1f}%;background:{colour}"></div></div>'
        "</div>"
    )
    filled = round(30 * (1 - share))
    return Shown(html, f"{sentence}\n[{'#' * filled}{'.' * (30 - filled)}]")


@dataclass(frozen=True, slots=True)
class View:
    """What shows something of a room, and the words it needs."""

    make: Callable[..., Shown]
    words: tuple[str, ...] = ()


_VIEWS: Mapping[str, View] = {
    "domain": View(_domain),
    "requests": View(_requests),
    "token": View(_token, ("TOOL",)),
    "decision": View(decisions.decision, ("POLICY_FILE_OR_ROLE", "ACTION")),
}


def names() -> Mapping[str, View]:
    """All views, by what is typed."""
    return _VIEWS
