import shlex
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codeartifact import shells

VALUES = ["plain", "", "two words", "it's", '"$HOME" `id` \\ \\\' !x', "é ü", "a\nb"]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_posix_shell_reads_the_value_back(value: str) -> None:
    """A shell's own rules take the quotes off again."""
    [command, assignment] = shlex.split(shells.commands("sh", {"NAME": value}))
    assert (command, assignment) == ("export", f"NAME={value}")


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    ("shell", "arguments", "show"),
    [
        ("sh", ["-c"], 'printf %s "$NAME"'),
        ("fish", ["--no-config", "-c"], "printf %s $NAME"),
        ("powershell", ["-NoProfile", "-Command"], "[Console]::Out.Write($Env:NAME)"),
    ],
)
def test_shell_sets_the_variable(shell: str, arguments: list[str], show: str, value: str) -> None:
    """The shell itself, where it is installed, sets exactly the value."""
    program = shutil.which(shell) or shutil.which("pwsh" if shell == "powershell" else shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    commands = f"{shells.commands(shell, {'NAME': value})}\n{show}"
    done = subprocess.run(
        [program, *arguments, commands],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.decode() == value


@pytest.mark.parametrize(
    ("path", "shell"),
    [
        ("/bin/bash", "sh"),
        ("/usr/bin/zsh", "sh"),
        ("/opt/fish/bin/fish", "fish"),
        ("fish", "fish"),
        (None, "powershell"),
        ("", "powershell"),
    ],
)
def test_shell_is_guessed_from_its_path(path: str | None, shell: str) -> None:
    """The last part of the path decides."""
    assert shells.guess(path) == shell
