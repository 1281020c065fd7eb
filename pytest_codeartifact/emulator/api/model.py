"""The service's own description, as botocore ships it: the specification of the API door."""

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

Json: TypeAlias = Any
"""A value as JSON holds it; the shape that goes with it says which."""


@functools.lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """CodeArtifact's service model, loaded once; no client is created for it."""
    # Without botocore's default search paths: a model of the user's own must not change the API.
    loader = Loader(
        extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False
    )
    return ServiceModel(loader.load_service_model("codeartifact", "service-2"), "codeartifact")


@functools.lru_cache(maxsize=1)
def operations() -> Mapping[str, OperationModel]:
    """Every operation of the API by its name, such as `DescribeDomain`."""
    model = service_model()
    return MappingProxyType({name: model.operation_model(name) for name in model.operation_names})


@functools.lru_cache(maxsize=1)
def _routes() -> Mapping[tuple[str, str], str]:
    return {
        (model.http["method"], model.http["requestUri"]): name
        for name, model in operations().items()
    }


def route(method: str, path: str) -> str | None:
    """The operation behind a method and a path, or None; no path of this API has a parameter."""
    return _routes().get((method, path))


def snake_case(operation_name: str) -> str:
    """The operation's name as boto3 spells it: `describe_domain`."""
    return xform_name(operation_name)


def enumeration(shape: Shape) -> tuple[str, ...]:
    """The words a string shape allows; empty when it allows any.

    Differs: the model says `Available` where the service answers `AVAILABLE`.
    """
    words = tuple(shape.metadata.get("enum", ()))
    if shape.name == "ExternalConnectionStatus":
        # AWS (Add an external connection): the page's sample answers have the upper case.
        return (*words, *(word.upper() for word in words))
    return words
