"""The AWS CLI: version 1 beside the plugin, else whatever `aws` the machine has."""

from typing import ClassVar

from pytest_codeartifact.tools.base import Tool


class Aws(Tool):
    """`aws`; its account comes from the home's environment, so there is nothing to connect."""

    program: ClassVar[str] = "aws"
    distribution: ClassVar[str] = "awscli"
