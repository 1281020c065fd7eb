import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_codeartifact

PACKAGE_PATH = Path(pytest_codeartifact.__file__).parent
GENERATED = frozenset({"emulator/shapes.py"})
MOST_LINES = 400
MOST_FUNCTION_LINES = 60

Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> dict[str, str]:
    found = {
        path.relative_to(PACKAGE_PATH).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE_PATH.rglob("*.py"))
    }
    return {name: text for name, text in found.items() if name not in GENERATED}


MODULES = modules()


def public_definitions(tree: ast.Module) -> Iterator[Documented]:
    for node in tree.body:
        if isinstance(node, Documented) and not node.name.startswith("_"):
            yield node


def test_modules_are_looked_at() -> None:
    """The tests below look at something, and the exceptions exist."""
    assert len(MODULES) > 50
    assert all((PACKAGE_PATH / name).is_file() for name in GENERATED)


@pytest.mark.parametrize("name", MODULES)
def test_module_is_short_enough_to_read(name: str) -> None:
    """A module stays small, and so does each of its functions."""
    text = MODULES[name]
    assert len(text.splitlines()) <= MOST_LINES
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_FUNCTION_LINES} == {}


@pytest.mark.parametrize("name", MODULES)
def test_public_names_say_what_they_are_for(name: str) -> None:
    """A module and each public function and class in it begin with a sentence."""
    tree = ast.parse(MODULES[name])
    silent = [node.name for node in public_definitions(tree) if not ast.get_docstring(node)]
    assert silent == []
    assert ast.get_docstring(tree) or not tree.body
