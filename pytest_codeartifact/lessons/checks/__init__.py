"""The checks of the lessons: each looks whether a step was done, and says what it saw.

A check is a function in a module of this package: its name with dashes is what the learner types
after `%check`, its parameters are the words that follow. It returns the sentence of what it saw, or
raises NotYet with what is missing and the command to try. It changes nothing.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from pytest_codeartifact.lessons.problems import Refused

if TYPE_CHECKING:
    from pytest_codeartifact.lessons.room import Room

Check: TypeAlias = Callable[..., str]
_FOUND: dict[str, Check] = {}


def check(function: Check) -> Check:
    """Offer a function as a check, by its name."""
    _FOUND[function.__name__.replace("_", "-")] = function
    return function


@cache
def names() -> Mapping[str, Check]:
    """All checks, by what is typed."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(_FOUND.items()))


def carry_out(room: "Room", words: Sequence[str]) -> str:
    """What the check that `words` name saw; raises NotYet, and Refused for words of no check."""
    name, *arguments = words or [""]
    found = names().get(name)
    if found is None:
        raise Refused(f"there is no check {name!r}\nTry one of: {', '.join(names())}")
    try:
        inspect.signature(found).bind(room, *arguments)
    except TypeError:
        raise Refused(f"this is how it is asked: %check {usage(name)}") from None
    return found(room, *arguments)


def usage(name: str) -> str:
    """How a check is typed; what stands in brackets may be left out."""
    parameters = list(inspect.signature(names()[name]).parameters.values())[1:]
    words = [
        each.name.upper() if each.default is each.empty else f"[{each.name.upper()}]"
        for each in parameters
    ]
    return " ".join([name, *words])
