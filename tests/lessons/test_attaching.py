"""A notebook at a CodeArtifact that somebody else runs, and that others use as well."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_codeartifact.settings import Settings
from pytest_codeartifact.targets.accounts import write_ready_file
from pytest_codeartifact.targets.emulator import EmulatorTarget, open_private_target
from tests.support.notebooks import LOAD, OpenKernel, codes, open_kernel


@pytest.fixture(scope="module")
def served() -> Iterator[EmulatorTarget]:
    """A CodeArtifact that runs, whose public registry nobody serves."""
    settings = Settings.plain("http://127.0.0.1:9/simple/")
    with closing(open_private_target(settings)) as target:
        yield target


@pytest.fixture(scope="module")
def attached(
    served: EmulatorTarget, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenKernel]:
    """A notebook that is attached to it."""
    folder = tmp_path_factory.mktemp("attached")
    ready_file = folder / "ready file.json"
    write_ready_file(served, ready_file)
    served.client().create_domain(domain="of-somebody-else")
    with open_kernel(folder, LOAD, f"%codeartifact attach {_quoted(ready_file)}") as opened:
        yield opened


def _quoted(path: Path) -> str:
    return f"'{path}'"


def test_commands_go_to_the_served_one(attached: OpenKernel, served: EmulatorTarget) -> None:
    """What a cell makes, others see, and the other way round."""
    made = attached.run(
        '%%console\n$ aws codeartifact create-domain --domain mine --query domain.name\n"mine"'
    )
    assert codes([made]) == [None]
    names = {each["name"] for each in served.client().list_domains()["domains"]}
    assert {"mine", "of-somebody-else"} <= names
    assert "of-somebody-else" in attached.run("%show domain").text()


def test_lesson_empties_nothing(attached: OpenKernel, served: EmulatorTarget) -> None:
    """A lesson begins with what is there, and makes only what is missing."""
    begun = attached.run("%lesson 2")
    assert "nothing was emptied" in begun.text()
    for _ in range(2):
        assert codes([attached.run("%lesson 4"), attached.run("%check login pip")]) == [None, None]
    names = {each["name"] for each in served.client().list_domains()["domains"]}
    assert "of-somebody-else" in names


@pytest.mark.parametrize("happening", ["outage", "hours 12", "stranger cicddemo-hello 9"])
def test_nothing_happens_to_somebody_elses_service(
    attached: OpenKernel, served: EmulatorTarget, happening: str
) -> None:
    """Clock and public registry are not the notebook's to play with."""
    found = attached.run(f"%happen {happening}")
    assert codes([found]) == ["Refused"]
    assert "Try: %codeartifact own" in found.text()
    assert served.control.faults() == []


def test_leaving_does_not_end_it(
    served: EmulatorTarget, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The service goes on when the notebook is done with it."""
    folder = tmp_path_factory.mktemp("leaving")
    write_ready_file(served, folder / "ready.json")
    cells = (f"%codeartifact attach {folder / 'ready.json'}", "%codeartifact stop")
    with open_kernel(folder, LOAD, *cells):
        pass
    assert "domains" in served.client().list_domains()


def test_service_that_is_gone_is_told_and_left(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """When somebody stops it, the notebook says so without a traceback, and can go elsewhere."""
    folder = tmp_path_factory.mktemp("gone")
    target = open_private_target(Settings.plain("http://127.0.0.1:9/simple/"))
    write_ready_file(target, folder / "ready.json")
    with open_kernel(folder, LOAD, f"%codeartifact attach {folder / 'ready.json'}") as opened:
        target.close()
        found = [opened.run("%check domain"), opened.run("%lesson 3"), opened.run("%show domain")]
        assert codes(found) == ["Refused"] * 3
        elsewhere = [opened.run("%codeartifact own"), opened.run("%lesson 3")]
        assert codes([*elsewhere, opened.run("%check repository")]) == [None] * 3


def test_leaving_takes_along_what_was_only_for_the_notebook(
    served: EmulatorTarget, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The account that led the notebook's programs to the public registry is emptied again."""
    folder = tmp_path_factory.mktemp("taken-along")
    write_ready_file(served, folder / "ready.json")
    before = len(served.control.requests())
    with open_kernel(folder, LOAD, f"%codeartifact attach {folder / 'ready.json'}"):
        pass
    asked = served.control.requests()[before:]
    [number] = {each["account"] for each in asked if each["account"] != served.account}
    assert served.new_account(number).client().list_domains()["domains"] == []
