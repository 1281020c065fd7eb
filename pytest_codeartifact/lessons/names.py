"""What things are called in the lessons; the names are those of the article."""

DOMAIN = "awscicd"
REPOSITORY = "demo-repo"
PACKAGE = "cicddemo-hello"
VERSION = "0.1.0"
MODULE = "cicddemo_hello"
GREETING = "hello from CodeArtifact package"
PYPROJECT = f"""\
[project]
name = "{PACKAGE}"
version = "{VERSION}"
description = "A greeting to publish"
requires-python = ">=3.9"

[build-system]
requires = ["flit_core>=3.11,<5"]
build-backend = "flit_core.buildapi"
"""
SOURCE = f'''\
"""A greeting to publish."""


def hello() -> str:
    """Say where this came from."""
    return "{GREETING}"
'''
