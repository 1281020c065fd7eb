import ast
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT_PATH = Path(__file__).parents[2]
PACKAGE_PATH = PROJECT_PATH / "pytest_codeartifact"


def run(*arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=PROJECT_PATH,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel, made from the sdist beside it, as publishing would."""
    folder = tmp_path_factory.mktemp("dist")
    run("build", "--no-isolation", "--outdir", folder)
    return folder


@pytest.mark.xdist_group("package")
def test_wheel_has_the_package_and_nothing_else(built: Path) -> None:
    """Every file of the package is in the wheel: code, types, SQL and the article."""
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        [points] = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        told = archive.read(points).decode()
    files = [path for path in PACKAGE_PATH.rglob("*") if path.is_file()]
    expected = {
        path.relative_to(PROJECT_PATH).as_posix()
        for path in files
        if "__pycache__" not in path.parts
    }
    assert names == expected
    assert {
        f"pytest_codeartifact/{name}" for name in ("py.typed", "article/walkthrough.md")
    } <= names
    assert "[pytest11]\ncodeartifact = pytest_codeartifact.plugin" in told
    assert "pytest-codeartifact = pytest_codeartifact.cli:main" in told


@pytest.mark.xdist_group("package")
def test_sdist_has_what_it_takes_to_test_and_document(built: Path) -> None:
    """Tests, documentation and the files that packagers ask for are in the sdist."""
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        *("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "PKG-INFO"),
        *("docs/conf.py", "tests/conftest.py", "pytest_codeartifact/py.typed"),
    } <= names


def test_conftest_needs_nothing_but_the_extra_of_the_article() -> None:
    """Pytest reads it in a clone also for README's first line, which installs no more than that."""
    project = tomllib.loads((PROJECT_PATH / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    lines = [*project["dependencies"], *project["optional-dependencies"]["article"]]
    installed = {canonicalize_name(Requirement(line).name) for line in lines}
    text = (PROJECT_PATH / "tests" / "conftest.py").read_text(encoding="utf-8")
    modules = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    foreign = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    of_modules = packages_distributions()
    others = [
        name
        for name in foreign - {"pytest_codeartifact"}
        if installed.isdisjoint(map(canonicalize_name, of_modules[name]))
    ]
    assert "pytest" in foreign
    assert others == []


@pytest.mark.xdist_group("package")
def test_metadata_is_fit_for_an_index(built: Path) -> None:
    """The description renders and nothing that an index asks for is missing."""
    run("twine", "check", "--strict", *built.iterdir())
