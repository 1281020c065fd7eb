"""What a run with --codeartifact says first: target, settings with their sources, programs."""

import pytest

from pytest_codeartifact import targets
from pytest_codeartifact.tools.versions import programs


def lines(config: pytest.Config) -> list[str]:
    """The header's lines; nothing is started for them."""
    settings = targets.settings_of(config)
    region, account, state = settings.region, settings.account, settings.state
    parts = [
        f"{settings.target.value} ({settings.target.origin})",
        f"region {region.value} ({region.origin})",
        f"account {account.value} ({account.origin})",
        f"endpoint {settings.endpoint_of_articles} ({settings.endpoint.origin})",
        f"public:pypi {settings.public_pypi.origin}",
    ]
    if state.value is not None:
        parts.append(f"state {state.value} ({state.origin})")
    if settings.report.value is not None:
        parts.append(f"report {settings.report.value} ({settings.report.origin})")
    return [f"codeartifact: {', '.join(parts)}", f"codeartifact programs: {', '.join(programs())}"]
