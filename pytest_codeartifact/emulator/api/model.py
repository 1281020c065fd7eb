"""The services' own descriptions, as botocore ships them: the specification of the API's doors."""

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

Json: TypeAlias = Any
"""A value as JSON holds it; the shape that goes with it says which."""

CODEARTIFACT = "codeartifact"


def service_model(service: str = CODEARTIFACT) -> ServiceModel:
    """A service's model by its signing name, loaded once; no client is created for it."""
    # Not cached by itself: the service named and the one by default would be loaded each.
    return _service_model(service)


@functools.cache
def _service_model(service: str) -> ServiceModel:
    # Without botocore's default search paths: a model of the user's own must not change the API.
    loader = Loader(
        extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False
    )
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


def operations(service: str = CODEARTIFACT) -> Mapping[str, OperationModel]:
    """Every operation of a service's API by its name, such as `DescribeDomain`."""
    return _operations(service)


@functools.cache
def _operations(service: str) -> Mapping[str, OperationModel]:
    model = service_model(service)
    return MappingProxyType({name: model.operation_model(name) for name in model.operation_names})


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
