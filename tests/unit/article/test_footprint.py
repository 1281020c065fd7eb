from pathlib import Path

import pytest

from pytest_codeartifact.article.footprint import difference, snapshot
from pytest_codeartifact.findings import Footprint, Trace

TOKEN = "eyJ2ZXIiOjEsImlzdSI6MTc5NTg0MDE5NCwiZW5j.bbbb.cccc.dddd.eeee"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A private home with what is in every one of them."""
    for folder in ("bin", "tools", "tmp", "work", ".config/pip", "python"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "bin" / "aws").write_text("#!/bin/sh\n")
    (tmp_path / ".config" / "pip" / "pip.conf").write_text("[global]\ncert = /ca.pem\n")
    return tmp_path


def changed(home: Path, path: str, text: str) -> Footprint:
    """The footprint of writing a file."""
    before = snapshot(home)
    (home / path).parent.mkdir(parents=True, exist_ok=True)
    (home / path).write_text(text)
    return difference(before, snapshot(home))


def test_untouched_home_has_no_footprint(home: Path) -> None:
    """Nothing done is nothing left."""
    assert difference(snapshot(home), snapshot(home)) == Footprint()


def test_file_of_the_reader_is_told(home: Path) -> None:
    """A new file, a changed one and a removed one are what they are."""
    path = "work/pyproject.toml"
    assert changed(home, path, "a").added == (Trace("file", f"~/{path}"),)
    assert changed(home, path, "b").changed == (Trace("file", f"~/{path}"),)
    before = snapshot(home)
    (home / path).unlink()
    assert difference(before, snapshot(home)).removed == (Trace("file", f"~/{path}"),)


def test_setting_and_credential_of_a_login_are_told(home: Path) -> None:
    """A login for pip adds a setting and a credential; its value is masked."""
    text = f"[global]\ncert = /ca.pem\nindex-url = https://aws:{TOKEN}@host.example/simple/\n"
    added = changed(home, ".config/pip/pip.conf", text).added
    assert [(each.kind, each.name) for each in added] == [
        ("credential", "~/.config/pip/pip.conf"),
        ("setting", "~/.config/pip/pip.conf: global.index-url"),
    ]
    assert TOKEN not in repr(added)
    assert "******" in added[1].detail


def test_settings_written_with_other_blanks_are_the_same(home: Path) -> None:
    """A program that writes a file of settings anew leaves no footprint."""
    assert changed(home, ".config/pip/pip.conf", "[global]\ncert=/ca.pem\n\n") == Footprint()


def test_setting_taken_back_leaves_nothing(home: Path) -> None:
    """What was set and unset again is in no ledger."""
    before = snapshot(home)
    changed(home, ".npmrc", f"//host.example/:_authToken={TOKEN}\nregistry=https://host.example\n")
    (home / ".npmrc").write_text("")
    assert difference(before, snapshot(home)) == Footprint()


def test_name_of_a_setting_shows_no_token(home: Path) -> None:
    """A token in a key is masked like one in a value."""
    added = changed(home, ".npmrc", f"//host.example/{TOKEN}:key=1\n").added
    assert TOKEN not in repr(added)


def test_environment_is_one_trace(home: Path) -> None:
    """A virtual environment counts as itself, not by its files."""
    before = snapshot(home)
    (home / "work" / "clean" / "lib").mkdir(parents=True)
    (home / "work" / "clean" / "pyvenv.cfg").write_text("home = /usr\n")
    (home / "work" / "clean" / "lib" / "a.py").write_text("")
    added = difference(before, snapshot(home)).added
    assert added == (Trace("environment", "~/work/clean"),)


def test_cache_is_one_trace(home: Path) -> None:
    """A cache counts as itself, and an empty one not at all."""
    before = snapshot(home)
    (home / ".cache" / "pip").mkdir(parents=True)
    assert difference(before, snapshot(home)) == Footprint()
    (home / ".cache" / "pip" / "a").write_text("")
    assert difference(before, snapshot(home)).added == (Trace("cache", "~/.cache"),)


def test_what_the_home_is_made_of_is_nobodys(home: Path) -> None:
    """Programs and temporary files of the private home are no footprint."""
    before = snapshot(home)
    (home / "bin" / "twine").write_text("")
    (home / "tmp" / "command.out").write_text("")
    assert difference(before, snapshot(home)) == Footprint()
