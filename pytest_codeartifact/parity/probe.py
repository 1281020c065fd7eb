"""A probe: calls that show how the service behaves, and what that settles."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TypeAlias

from pytest_codeartifact.parity.placeholders import JSON
from pytest_codeartifact.parity.recording import Recorder
from pytest_codeartifact.parity.scene import Scene, Stage
from pytest_codeartifact.targets import Capability

Act: TypeAlias = Callable[[Scene, Recorder], None]
Steps: TypeAlias = Mapping[str, Mapping[str, JSON]]
"""What was seen, by the names of the steps, in their order."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Calls in a scene, and what they settle; `needs` are capabilities of the target."""

    id: str
    theme: str
    settles: str
    needs: frozenset[Capability]
    act: Act

    def run(self, stage: Stage) -> Steps:
        """What a client sees, without anything that differs from run to run.

        Nothing of it is left behind. Raises Disturbed when the service could not answer, what
        boto3 raises where a call fails that should not, and CleanupError.
        """
        with closing(Scene(stage)) as scene:
            recorder = Recorder(scene.placeholders)
            self.act(scene, recorder)
            return recorder.steps


def probe(*, settles: str, needs: Iterable[Capability] = ()) -> Callable[[Act], Probe]:
    """Make a probe of a function; its name, with hyphens, is the probe's id."""

    def made(act: Act) -> Probe:
        theme = act.__module__.rpartition(".")[2].replace("_", " ")
        return Probe(act.__name__.replace("_", "-"), theme, settles, frozenset(needs), act)

    return made


def discover() -> Mapping[str, Probe]:
    """Every probe of the package `probes` by its id, theme after theme."""
    from pytest_codeartifact.parity import probes  # noqa: PLC0415 -- its modules import this one

    found: dict[str, Probe] = {}
    for module in sorted(each.name for each in pkgutil.iter_modules(probes.__path__)):
        members = vars(importlib.import_module(f"{probes.__name__}.{module}")).values()
        for each in members:
            if isinstance(each, Probe):
                if each.id in found:
                    raise ValueError(f"two probes are called {each.id}")
                found[each.id] = each
    return found
