"""Builds of a server whose state is in a folder that somebody named."""

from contextlib import closing
from pathlib import Path

import pytest

from pytest_codeartifact.settings import Settings
from pytest_codeartifact.targets.emulator import open_private_target


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a buildspec that looks for itself, and says where."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "buildspec.yml").write_text(
        "version: 0.2\nphases: {build: {commands: [test -f buildspec.yml, pwd]}}"
    )
    return folder


def test_state_behind_a_link_is_as_good_as_any(
    codeartifact_settings: Settings, source: Path, tmp_path: Path
) -> None:
    """The source is where the build looks for it, and nothing of the build stays."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")
    with closing(open_private_target(codeartifact_settings, link)) as target:
        with closing(target.builds()) as builds:
            build = builds.build(role_policy=[], source=source)
        left = list((tmp_path / "real" / "builds").iterdir())

    assert build.succeeded, build.log
    assert str(tmp_path / "real") in build.log
    assert left == []


def test_state_may_be_named_as_it_is_from_here(
    codeartifact_settings: Settings, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative folder is one all the same, also for what runs elsewhere."""
    monkeypatch.chdir(tmp_path)
    with (
        closing(open_private_target(codeartifact_settings, Path("state"))) as target,
        closing(target.builds()) as builds,
    ):
        build = builds.build(role_policy=[], source=source)

    assert build.succeeded, build.log
    assert (tmp_path / "state" / "state.sqlite3").is_file()
