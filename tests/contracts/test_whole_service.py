"""Nothing of the service is left out: every operation has a handler, and a test with evidence."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session

from pytest_codeartifact.emulator.operations import discover

GENERATOR_PATH = Path(__file__).parents[2] / "scripts" / "generate_docs.py"
OPERATIONS = sorted(Session().get_service_model("codeartifact").operation_names)
HANDLERS = discover()
EVIDENCE: list[Any] = list(runpy.run_path(str(GENERATOR_PATH))["evidence"]())


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_served(name: str) -> None:
    """Each operation of the installed botocore's model has its handler."""
    assert name in HANDLERS


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_has_a_test_with_evidence(name: str) -> None:
    """Some test calls it by boto3 and says what it knows the behaviour from."""
    calling = [each.sentence for each in EVIDENCE if xform_name(name) in each.calls]
    assert calling


def test_nothing_is_served_that_the_service_does_not_have() -> None:
    """No handler has a name that botocore's model does not know."""
    assert set(HANDLERS) <= set(OPERATIONS)
