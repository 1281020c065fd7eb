"""An embedded CodeArtifact, usable without pytest.

from pytest_codeartifact.emulator import Configuration, Emulator

emulator = Emulator(Configuration(state_path=folder))
emulator.app            # a WSGI callable
emulator.owner          # the administrator's key of the configured account
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_codeartifact.emulator.configuration import Configuration
    from pytest_codeartifact.emulator.wiring import Emulator

__all__ = ["Configuration", "Emulator"]


def __getattr__(name: str) -> object:
    """Import what is asked for only then: most of this package's importers need little of it."""
    if name == "Emulator":
        from pytest_codeartifact.emulator.wiring import Emulator  # noqa: PLC0415 - see above

        return Emulator
    if name == "Configuration":
        from pytest_codeartifact.emulator.configuration import (  # noqa: PLC0415 - see above
            Configuration,
        )

        return Configuration
    raise AttributeError(name)
