"""Service roles of CodeBuild, and what CodeBuild does with them around a build."""

from dataclasses import dataclass
from typing import Any

from botocore.awsrequest import AWSPreparedRequest

from pytest_codeartifact.emulator.builds.builds import BuildId
from pytest_codeartifact.emulator.builds.powers import Power, Powers
from pytest_codeartifact.emulator.iam.authorize import PolicyAuthorizer
from pytest_codeartifact.emulator.neighbours.buckets import Buckets
from pytest_codeartifact.emulator.neighbours.log_streams import LogStreams
from pytest_codeartifact.emulator.neighbours.parameters import Parameters
from pytest_codeartifact.emulator.neighbours.service_sessions import ServiceSessions
from tests.support.emulation import REGION, Emulation
from tests.support.people import Document, People, policy

UUID = "8745a7a9-c340-456a-9166-edf953571bee"
SESSION = f"AWSCodeBuild-{UUID}"


def trusting_service(service: str = "codebuild.amazonaws.com", **more: Any) -> str:  # noqa: ANN401 - JSON
    """A trust policy for a service; keywords are further elements of its statement."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        **more,
    }
    return policy(statement)


@dataclass(frozen=True, slots=True)
class Logged:
    """A build, as far as its log is concerned."""

    id: BuildId
    group: str = "/aws/codebuild/demo"
    stream: str = UUID


@dataclass(frozen=True, slots=True)
class Workshop:
    """An account in which CodeBuild builds the project `demo`."""

    people: People

    @property
    def emulation(self) -> Emulation:
        """The emulator that the account is of."""
        return self.people.emulation

    @property
    def account(self) -> str:
        """The account's number."""
        return self.people.account.number

    @property
    def build(self) -> BuildId:
        """A build of the project."""
        return BuildId(self.account, REGION, "demo", UUID)

    @property
    def sessions(self) -> ServiceSessions:
        """Where service roles are assumed."""
        emulator = self.emulation.emulator
        return ServiceSessions(emulator._neighbours, emulator.identities, emulator.clock)

    @property
    def logs(self) -> LogStreams:
        """The account's logs, without permissions."""
        return LogStreams(self.emulation.emulator._neighbours)

    @property
    def buckets(self) -> Buckets:
        """The account's buckets, without permissions."""
        return Buckets(self.emulation.emulator._neighbours)

    @property
    def parameters(self) -> Parameters:
        """The account's parameters and secrets, without permissions."""
        return Parameters(self.emulation.emulator._neighbours)

    @property
    def s3(self) -> Any:  # noqa: ANN401 - boto3's client
        """S3, asked by the account's administrator."""
        client = self.people.ask("s3")
        client.meta.events.register_first("before-send.s3.*", _with_bytes)
        return client

    def role(self, *statements: Document, name: str = "builder", trust: str = "") -> str:
        """A new role that trusts CodeBuild, with these statements as its only policy."""
        return self.people.role(name, *statements, trust=trust or trusting_service())

    def power(self, *statements: Document) -> Power:
        """What a new role with these statements may do for a build."""
        emulator = self.emulation.emulator
        authorizer = PolicyAuthorizer(emulator._store, emulator.identities, emulator.clock)
        powers = Powers(authorizer, self.logs, self.buckets, self.parameters)
        issued = self.sessions.assume(
            self.role(*statements), SESSION, source_arn=self.build.project_id.arn
        )
        return powers.of(issued.caller, REGION)

    def bucket(self, name: str = "materials", *, versioned: bool = False) -> str:
        """A new bucket, whose name is unique among accounts; returns its name."""
        name = f"{name}-{self.account}"
        s3 = self.s3
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if versioned:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def put(self, bucket: str, key: str, content: bytes) -> str:
        """Put an object, as its owner does; returns its version."""
        answer = self.s3.put_object(Bucket=bucket, Key=key, Body=content)
        return str(answer.get("VersionId", ""))

    def denied(self, action: str, resource: str) -> str:
        """The sentence with which the role's session is denied what no policy allows."""
        return (
            f"User: arn:aws:sts::{self.account}:assumed-role/builder/{SESSION} is not authorized to"
            f" perform: {action} on resource: {resource} because no identity-based policy allows"
            f" the {action} action"
        )


def _with_bytes(request: AWSPreparedRequest, **_: object) -> None:
    """Give an object's bytes away as such, where boto3 has made a file of them."""
    body: Any = request.body
    if hasattr(body, "read"):
        request.body = body.read()
