"""CodeBuild's operations, a family to a file; whatever stands in this folder is found."""

from collections.abc import Mapping

from pytest_codeartifact.emulator.api.model import operations
from pytest_codeartifact.emulator.api.operation import Operation, gather_folder
from pytest_codeartifact.emulator.builds.calls import Call

SERVICE = "codebuild"


def discover() -> Mapping[str, Operation[Call]]:
    """Every operation of this folder by its API name; raises ValueError as `gather` does."""
    return gather_folder(__name__, operations(SERVICE))
