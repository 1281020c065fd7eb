"""What can happen in a lesson without anybody typing a command: outages, strangers, time.

A happening is a function of this module; its name is what the learner types after `%happen`. It
returns the sentence that says what is different now.
"""

import inspect
from collections.abc import Callable, Mapping

from pytest_codeartifact.lessons.outside import CONNECTION, Outside
from pytest_codeartifact.lessons.problems import Refused
from pytest_codeartifact.lessons.room import Room

Happening = Callable[..., str]


def outage(room: Room) -> str:
    """The public registry is down."""
    room.play()
    room.target.control.break_registry("down", CONNECTION)
    return "The public registry is down: nothing behind public:pypi answers any more."


def recovery(room: Room) -> str:
    """The public registry works again."""
    room.play()
    room.target.control.mend_registry(CONNECTION)
    return "The public registry is up again, as it was in the beginning."


def yank(room: Room, package: str) -> str:
    """Its author takes a release back."""
    _known(room, package)
    room.target.control.break_registry("yanked", CONNECTION, package=package, reason="broken")
    return f"The author of {package} has yanked its release from the public registry."


def replace(room: Room, package: str) -> str:
    """The public registry serves other bytes under the same name."""
    file, content = _known(room, package).replacement(package)
    room.target.control.break_registry(
        "replaced", CONNECTION, package=package, file=file, content=content
    )
    return f"The public registry serves another file as {file} now."


def stranger(room: Room, package: str, version: str) -> str:
    """A stranger publishes a package under a name of ours."""
    room.play().publish(package, version)
    return f"A stranger has published {package} {version} in the public registry."


def hours(room: Room, number: str) -> str:
    """Time passes."""
    if not number.isdecimal() or not 1 <= int(number) <= _MOST_HOURS:
        raise Refused(f"say how many hours pass, from 1 to {_MOST_HOURS}, not {number!r}")
    room.travel(int(number))
    return f"{number} hours have passed for the service."


_MOST_HOURS = 1000
_HAPPENINGS: Mapping[str, Happening] = {
    each.__name__: each for each in (outage, recovery, yank, replace, stranger, hours)
}


def names() -> Mapping[str, Happening]:
    """All happenings, by what is typed."""
    return _HAPPENINGS


def bring_about(room: Room, words: list[str]) -> str:
    """Let happen what `words` say; raises Refused for words of nothing."""
    name, *arguments = words or [""]
    found = _HAPPENINGS.get(name)
    if found is None:
        raise Refused(f"{name!r} cannot happen\nTry one of: {', '.join(sorted(_HAPPENINGS))}")
    if len(arguments) != len(_words(name)):
        raise Refused(f"this is how it is said: %happen {usage(name)}")
    return found(room, *arguments)


def usage(name: str) -> str:
    """How a happening is typed."""
    return " ".join([name, *_words(name)])


def _words(name: str) -> list[str]:
    return [each.upper() for each in inspect.signature(_HAPPENINGS[name]).parameters][1:]


def _known(room: Room, package: str) -> Outside:
    outside = room.play()
    if package not in outside.packages():
        raise Refused(f"the public registry has {', '.join(outside.packages())}, not {package!r}")
    return outside
