"""Lessons in notebooks: what `%load_ext pytest_codeartifact.lessons` brings, and how they are run.

Nothing heavy is imported here: IPython, jupytext and nbclient come with the extra `lessons`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

EXTRA = "pip install 'pytest-codeartifact[lessons]'"


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """Start a CodeArtifact for this notebook and add its commands; called by IPython."""
    from pytest_codeartifact.lessons import magics  # noqa: PLC0415 -- needs IPython

    magics.load(shell)


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """End all that was started; called by IPython."""
    from pytest_codeartifact.lessons import magics  # noqa: PLC0415 -- needs IPython

    magics.unload(shell)
