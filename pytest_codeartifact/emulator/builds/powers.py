"""What CodeBuild does around a build with the permissions of the project's service role.

Each act asks the role's policies first and has its effect then. Sources: "Create a CodeBuild
service role", "Test report permissions" (AWS CodeBuild User Guide).

Differs: AWS's program ends what it tells of a refusal with the numbers of the refused request;
here there was none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Protocol

from pytest_codeartifact.emulator.builds.builds import BuildId
from pytest_codeartifact.emulator.builds.machine import BuildProblem
from pytest_codeartifact.emulator.errors import AccessDenied
from pytest_codeartifact.emulator.iam.authorize import Authorizer, Circumstances
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.iam.grants import Facts, Grant
from pytest_codeartifact.emulator.neighbours.buckets import (
    BucketError,
    Buckets,
    Encryption,
    Listed,
    NoSuchKey,
)
from pytest_codeartifact.emulator.neighbours.log_streams import LogStreams, NoSuchStream, Stream
from pytest_codeartifact.emulator.neighbours.parameters import (
    NoSuchParameter,
    Parameters,
    SecretError,
)
from pytest_codeartifact.emulator.secret_references import SecretReference

# As seen in contexts of failed phases.
_PARAMETERS = "Decrypted Variables Error"
_SECRETS = "Secrets Manager Error"
# The machine that runs a build also runs what AWS does around it.
_SOURCE_IP = "127.0.0.1"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FILLING_A_REPORT = ("CreateReport", "UpdateReport", "BatchPutTestCases")


class Logged(Protocol):
    """What has a log: a build."""

    @property
    def id(self) -> BuildId: ...

    @property
    def group(self) -> str: ...

    @property
    def stream(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Powers:
    """What service roles may reach, and who asks their policies."""

    authorizer: Authorizer
    logs: LogStreams
    buckets: Buckets
    parameters: Parameters

    def of(self, caller: Caller, region: str) -> "Power":
        """The power of a role's session in a region."""
        return Power(self, caller, Circumstances(region, _SOURCE_IP, is_secure=True))


class Power:
    """The power of one session of a service role, for one build."""

    def __init__(self, powers: Powers, caller: Caller, circumstances: Circumstances) -> None:
        self._powers = powers
        self._caller = caller
        self._circumstances = circumstances
        self._log_refusal: str | None = None

    def require(self, action: str, resource: str, facts: Facts = ()) -> None:
        """Return when the role may; raise AccessDenied with AWS's sentence otherwise."""
        grant = Grant(action, resource, facts=facts)
        self._powers.authorizer.require(self._caller, grant, self._circumstances)

    # --- Its log -------------------------------------------------------------------------------

    @property
    def log_refusal(self) -> str | None:
        """Why lines are not written any more; None while they are."""
        return self._log_refusal

    def open_log(self, build: Logged) -> None:
        """Make the build's log stream, and its group where that is missing.

        Raises BuildProblem.
        """
        stream, logs = _stream(build), self._powers.logs
        try:
            # In this order: what AWS tells of is always the missing permission for the stream.
            self.require("logs:CreateLogStream", stream.arn)
            if not logs.has_group(stream):
                self.require("logs:CreateLogGroup", stream.group_arn)
                logs.create_group(stream)
            logs.create_stream(stream)
        except (AccessDenied, NoSuchStream) as refusal:
            role = self._caller.session.role_arn if self._caller.session else self._caller.arn
            msg = (
                f"Service role {role} does not allow AWS CodeBuild to create Amazon CloudWatch"
                f" Logs log streams for build {build.id.arn}. Error message: {refusal}"
            )
            raise BuildProblem("ACCESS_DENIED", msg) from refusal

    def append_log(self, build: Logged, text: str, now: float) -> None:
        """Write lines to the build's log, each as an event of its own; the last may have no end.

        Where that is refused, the build goes on without a log; `log_refusal` says why.
        """
        if self._log_refusal is not None:
            return
        stream, moment = _stream(build), int(now * 1000)
        try:
            self.require("logs:PutLogEvents", stream.arn)
            lines = _LINE.findall(text)
            self._powers.logs.append(stream, [(moment, line) for line in lines])
        except AccessDenied as denied:
            self._log_refusal = _told(denied)
        except NoSuchStream as missing:
            # Somebody deleted it meanwhile.
            self._log_refusal = f"ResourceNotFoundException: {missing}"

    # --- Variables -----------------------------------------------------------------------------

    def parameter(self, name: str) -> str:
        """The value of a parameter of the Parameter Store, by name or ARN; raises BuildProblem."""
        region, account = self._circumstances.region, self._caller.account
        stem = f"arn:aws:ssm:{region}:{account}:parameter/"
        # A version or a label is no part of the resource, neither is the first slash of a path.
        path = name.removeprefix(stem).partition(":")[0].removeprefix("/")
        try:
            self.require("ssm:GetParameters", f"{stem}{path}")
            return self._powers.parameters.parameter(account, region, name)
        except AccessDenied as denied:
            raise BuildProblem(_PARAMETERS, _told(denied)) from denied
        except NoSuchParameter as missing:
            raise BuildProblem(_PARAMETERS, f"parameter does not exist: {name}") from missing

    def secret(self, reference: str) -> str:
        """The value of a secret, by `secret-id:json-key:version-stage:version-id`.

        Raises BuildProblem.
        """
        region, account = self._circumstances.region, self._caller.account
        try:
            asked = SecretReference.read(reference)
        except ValueError as error:
            # Differs: how CodeBuild words this is not known.
            msg = f"InvalidParameterException: {reference} {error}"
            raise BuildProblem(_SECRETS, msg) from error
        parameters = self._powers.parameters
        arn = parameters.secret_arn(account, region, asked.secret_id)
        try:
            self.require("secretsmanager:GetSecretValue", arn)
            return parameters.secret(account, region, asked)
        except AccessDenied as denied:
            # The Secrets Manager names the secret as it was asked for.
            told = _told(denied).replace(f"resource: {arn}", f"resource: {asked.secret_id}")
            raise BuildProblem(_SECRETS, told) from denied
        except SecretError as error:
            raise BuildProblem(_SECRETS, str(error)) from error

    # --- Objects -------------------------------------------------------------------------------

    def read_object(
        self, bucket: str, key: str, target: IO[bytes], version: str | None = None
    ) -> int:
        """Copy an object of S3 to `target` and return its size; raises BucketError."""
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        self._require_of_bucket(bucket, action, key)
        try:
            return self._powers.buckets.read(self._caller.account, bucket, key, target, version)
        except NoSuchKey:
            # MODEL (GetObject): who may not list a bucket does not learn what is missing in it.
            self._require_of_bucket(bucket, "s3:ListBucket")
            raise

    def list_objects(self, bucket: str, prefix: str) -> list[Listed]:
        """The objects whose keys begin with the prefix, by key; raises BucketError."""
        self._require_of_bucket(bucket, "s3:ListBucket", facts=(("s3:prefix", prefix),))
        return self._powers.buckets.list(self._caller.account, bucket, prefix)

    def put_object(
        self,
        bucket: str,
        key: str,
        content: IO[bytes],
        metadata: Mapping[str, str],
        encryption: Encryption | None,
    ) -> None:
        """Store an object in S3; raises BucketError."""
        facts: Facts = ()
        if encryption:
            facts = (
                ("s3:x-amz-server-side-encryption", "aws:kms"),
                ("s3:x-amz-server-side-encryption-aws-kms-key-id", encryption.kms_key),
            )
        self._require_of_bucket(bucket, "s3:PutObject", key, facts=facts)
        account = self._caller.account
        self._powers.buckets.put(account, bucket, key, content, metadata, encryption)

    def _require_of_bucket(
        self, bucket: str, action: str, key: str | None = None, *, facts: Facts = ()
    ) -> None:
        # Whether a bucket exists is no secret.
        self._powers.buckets.check(self._caller.account, bucket)
        arn = f"arn:aws:s3:::{bucket}" if key is None else f"arn:aws:s3:::{bucket}/{key}"
        try:
            self.require(action, arn, facts)
        except AccessDenied as denied:
            # S3 alone puts the resource into quotation marks.
            told = denied.message.replace(f"resource: {arn}", f'resource: "{arn}"')
            raise BucketError("AccessDenied", told) from denied

    # --- Reports -------------------------------------------------------------------------------

    def create_report_group(self, name: str, arn: str) -> None:
        """Return when the role may make the group that a buildspec calls so.

        Raises BuildProblem.
        """
        self._require_of_report(name, "CreateReportGroup", arn, "error creating report group")

    def report(self, name: str, arn: str) -> None:
        """Return when the role may make a report in the group of this ARN, and fill it.

        `name` is what the buildspec calls it. Raises BuildProblem.
        """
        for action in _FILLING_A_REPORT:
            # Differs: how CodeBuild words this is not known; that of groups is.
            self._require_of_report(name, action, arn, "error creating report")

    def _require_of_report(self, name: str, action: str, arn: str, failure: str) -> None:
        try:
            self.require(f"codebuild:{action}", arn)
        except AccessDenied as denied:
            msg = f"Error in UPLOAD_ARTIFACTS phase: [{name}: [{failure}: {_told(denied)}]]"
            raise BuildProblem("CLIENT_ERROR", msg) from denied


def _stream(build: Logged) -> Stream:
    return Stream(build.id.account, build.id.region, build.group, build.stream)


def _told(denied: AccessDenied) -> str:
    """A denial as AWS's programs print it."""
    return f"{denied.code}: {denied.message}"
