from collections.abc import Iterator

import jupytext
import pytest

from tests.support.notebooks import LOAD, OpenKernel, open_kernel

# Runs inside this process let go of what they imported first; what jupytext stands on cannot be
# imported twice. Not in the folder above, whose file is read where nothing but the article's
# programs are installed.
_KEPT = (jupytext,)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenKernel]:
    """A kernel with the lessons' commands, shared by the tests of one file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTEST_CODEARTIFACT_PUBLIC_PYPI", raising=False)
        with open_kernel(tmp_path_factory.mktemp("kernel"), LOAD) as opened:
            yield opened


@pytest.fixture
def empty(kernel: OpenKernel) -> OpenKernel:
    """The kernel at the beginning of lesson 2: an empty account and a new home."""
    assert kernel.run("%lesson 2").error is None
    return kernel


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run whole lessons first: they take longest, and make the pages that the site is built of."""
    items.sort(key=lambda item: item.path.name != "test_notebooks.py")
