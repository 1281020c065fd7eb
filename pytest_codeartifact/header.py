"""What a run with --codeartifact says first: target, settings with their sources, programs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_codeartifact import targets
from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.settings import Setting
from pytest_codeartifact.tools.versions import programs


def lines(config: pytest.Config) -> list[str]:
    """The header's lines; nothing is started for them."""
    settings = targets.settings_of(config)
    known = (*_parity(settings.parity), f"codeartifact programs: {', '.join(programs())}")
    if settings.is_on_account:
        gate = config.pluginmanager.get_plugin(targets.GATE)
        return [*gate.header_lines(), *known] if gate is not None else []
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
    return [f"codeartifact: {', '.join(parts)}", *known]


def _parity(folder: Setting[Path | None]) -> Iterator[str]:
    """How old what is known of AWS is, where somebody named a folder of records."""
    if folder.value is None:
        return
    from pytest_codeartifact.parity import records  # noqa: PLC0415 -- with the setting only

    try:
        day = records.oldest(records.load(folder.value))
    except CodeArtifactError as error:
        yield f"codeartifact parity: {error}"
        return
    oldest = f"oldest record {day.isoformat()}" if day else "no record yet"
    yield f"codeartifact parity: {oldest} in {folder.value} ({folder.origin})"
