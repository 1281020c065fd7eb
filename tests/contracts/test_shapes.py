import runpy
from pathlib import Path

from pytest_codeartifact.emulator import shapes
from pytest_codeartifact.emulator.api.model import operations

GENERATOR_PATH = Path(__file__).parents[2] / "scripts" / "generate_shapes.py"


def test_shapes_are_those_of_the_model() -> None:
    """Generating the shapes again gives the file as it stands, whatever order sets have."""
    generator = runpy.run_path(str(GENERATOR_PATH))
    assert generator["render"]() == Path(shapes.__file__).read_text(encoding="utf-8")


def test_every_operation_has_its_shapes() -> None:
    """A handler finds a request and a result type for each of the 48 operations."""
    expected = {f"{name}{suffix}" for name in operations() for suffix in ("Request", "Result")}
    assert len(operations()) == 48
    assert expected <= set(vars(shapes))
