"""Why IAM and STS refuse, in the words of the query protocol; they speak no other."""

from pytest_codeartifact.emulator.iam.refusals import Refusal


class _QueryRefusal(Refusal):
    s3_code = ""
    s3_status = 400


class AccessDenied(_QueryRefusal):
    """The caller's policies, or the role's trust policy, do not let it."""

    code = query_code = "AccessDenied"
    status = 403


class InvalidRequest(_QueryRefusal):
    """A parameter is missing or cannot be."""

    code = query_code = "ValidationError"
    status = 400


class LimitExceeded(_QueryRefusal):
    """A policy is longer than its quota."""

    code = query_code = "LimitExceeded"
    status = 409


class MalformedPolicyDocument(_QueryRefusal):
    """A policy document is none."""

    code = query_code = "MalformedPolicyDocument"
    status = 400


class PackedPolicyTooLarge(_QueryRefusal):
    """Session policies and session tags together are too large."""

    code = query_code = "PackedPolicyTooLarge"
    status = 400


class InvalidAction(_QueryRefusal):
    """The service has no such action."""

    code = query_code = "InvalidAction"
    status = 400


class NotEmulated(_QueryRefusal):
    """The service has this, the emulator does not."""

    code = query_code = s3_code = "NotImplemented"
    status = s3_status = 501
