"""CodeArtifact for moto: once this is imported, `mock_aws` and moto's server know the service.

import boto3
import pytest_codeartifact.moto
from moto import mock_aws

with mock_aws():
    boto3.client("codeartifact", region_name="eu-west-1").create_domain(domain="team")

Import it before the mock starts. Moto has no list of services that others could extend, so this
adds to the two places where it looks: its module and the list of addresses it answers.
"""

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from moto import backend_index, mock_aws

from pytest_codeartifact.emulator.registry.connections import KNOWN
from pytest_codeartifact.moto.models import codeartifact_backends, the_backend
from pytest_codeartifact.moto.urls import ADDRESSES, SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_codeartifact import CodeArtifactClient

__all__ = ["codeartifact_backends", "mocked", "set_upstream"]


@contextmanager
def mocked(region: str) -> "Iterator[CodeArtifactClient]":
    """A boto3 client for CodeArtifact, inside `mock_aws` and without anything there yet."""
    with mock_aws():
        yield boto3.client("codeartifact", region_name=region)


def set_upstream(connection: str, url: str) -> None:
    """Let an external connection, such as `public:pypi`, read from this address until the reset.

    Without it connections answer that the public registry is unavailable: a mock must not leave
    the machine by itself. Raises ValueError for a connection that the service does not have.
    """
    if connection not in KNOWN:
        msg = f"{connection!r} is no external connection; there are {', '.join(KNOWN)}"
        raise ValueError(msg)
    with the_backend().service() as service:
        service.emulator.connections.point(connection, url)


def _register() -> None:
    sys.modules.setdefault(f"moto.{SERVICE}", sys.modules[__name__])
    known = backend_index.backend_url_patterns
    # At the beginning: S3 claims each host name that contains `s3`, and a domain may be called so.
    known[:0] = [pair for pair in ADDRESSES if pair not in known]


_register()
