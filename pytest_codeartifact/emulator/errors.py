"""The refusals that clients of the API see; everything else that goes wrong is a defect of ours.

Each class is one modelled exception of the service (checked against botocore's model by the tests).
Members beyond the message travel in the body under the model's own names.
"""

from typing import ClassVar


class ServiceError(Exception):
    """A modelled refusal: `code` is its name on the wire, `members` its extra fields."""

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, message: str, **members: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.members = members


class AccessDenied(ServiceError):
    """The caller is known and may not do this."""

    code = "AccessDeniedException"
    status = 403


class Conflict(ServiceError):
    """A prerequisite does not hold: it exists already, is not empty, or a revision differs."""

    code = "ConflictException"
    status = 409

    def __init__(self, message: str, resource_id: str, resource_type: str) -> None:
        super().__init__(message, resourceId=resource_id, resourceType=resource_type)


class InternalServer(ServiceError):
    """The emulator itself failed; never raised on purpose but for operations it does not have."""

    code = "InternalServerException"
    status = 500


class ResourceNotFound(ServiceError):
    """What the request names does not exist for this caller."""

    code = "ResourceNotFoundException"
    status = 404

    def __init__(self, message: str, resource_id: str, resource_type: str) -> None:
        super().__init__(message, resourceId=resource_id, resourceType=resource_type)


class ServiceQuotaExceeded(ServiceError):
    """One more would pass a quota of the account. HTTP 402, unlike most services."""

    code = "ServiceQuotaExceededException"
    status = 402

    def __init__(self, message: str, resource_id: str, resource_type: str) -> None:
        super().__init__(message, resourceId=resource_id, resourceType=resource_type)


class Throttling(ServiceError):
    """Too many requests; the number of seconds to wait travels in the Retry-After header."""

    code = "ThrottlingException"
    status = 429

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message, retryAfterSeconds=retry_after_seconds)


class Validation(ServiceError):
    """The request itself is malformed or asks for what no resource could satisfy."""

    code = "ValidationException"
    status = 400

    def __init__(self, message: str, reason: str = "FIELD_VALIDATION_FAILED") -> None:
        super().__init__(message, reason=reason)
