"""The refusals of CodeBuild's API, one class for each exception of the model that is raised here.

As with every service of AWS JSON 1.1 their status is 400.
"""

from typing import ClassVar

from pytest_codeartifact.emulator.errors import ServiceError


class _Refused(ServiceError):
    status: ClassVar[int] = 400


class AccountLimitExceeded(_Refused):
    """One more would pass a limit of the account or the project."""

    code = "AccountLimitExceededException"


class InvalidInput(_Refused):
    """The request fits the model, and the service cannot do what it asks for."""

    code = "InvalidInputException"


class ResourceAlreadyExists(_Refused):
    """There is one of this name."""

    code = "ResourceAlreadyExistsException"


class ResourceNotFound(_Refused):
    """There is none of this name for this caller."""

    code = "ResourceNotFoundException"
