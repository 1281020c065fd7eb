"""What plays AWS in tests: an account in a process of its own, reached by AWS's real host names.

Whoever uses it needs a proxy and a certificate, as on many a company's network, and nothing else:
no endpoint of its own, and no word in the code that is tested.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import urllib3
from botocore.config import Config

from pytest_codeartifact.targets.gateway import Gateway
from pytest_codeartifact.tools.reach import ca_variables

ACCOUNT, REGION = "210987654321", "eu-west-1"
PROJECT_PATH = Path(__file__).parents[3]
BOUNDARY = "pca-boundary"
RUNNER = "gate-runner"
_SECONDS = 30.0


@dataclass(frozen=True)
class StandIn:
    """An account that is not ours, as its administrator sees it."""

    url: str
    gateway: Gateway
    key: Mapping[str, str]
    account: str = ACCOUNT
    region: str = REGION

    @classmethod
    @contextlib.contextmanager
    def start(cls, folder: Path, public_pypi: str) -> "Iterator[StandIn]":
        """Start it, with an address behind public:pypi; it ends with the block."""
        command = [sys.executable, "-m", "tests.support.stand_in", str(folder / "state")]
        command += [ACCOUNT, REGION, public_pypi]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=PROJECT_PATH,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(PROJECT_PATH)},
            )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (folder / "log").read_text()
            told = json.loads(line)
            with contextlib.closing(Gateway.open(told["url"], folder)) as gateway:
                yield cls(told["url"], gateway, told["key"])
        finally:
            # It ends when nobody holds its input any more; and for sure.
            try:
                process.communicate(timeout=_SECONDS)
            finally:
                process.kill()

    def environment(self) -> dict[str, str]:
        """How programs reach it: as AWS, through a proxy."""
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), self.gateway.url)
        return proxies | ca_variables(self.gateway.ca_file)

    def admin(self, service: str, attempts: int = 10) -> Any:  # noqa: ANN401 -- a boto3 client
        """A client of its administrator, which tries so often."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # any of them
            region_name=self.region,
            verify=str(self.gateway.ca_file),
            config=Config(
                proxies={"https": self.gateway.url}, retries={"total_max_attempts": attempts}
            ),
            **self.key,
        )

    def runner(self, policies: Sequence[str], boundary: str) -> dict[str, str]:
        """Variables of a session of a role that has exactly these policies.

        `boundary` is the policy that bounds the roles which it makes.
        """
        iam = self.admin("iam")
        arn = f"arn:aws:iam::{self.account}:policy/{BOUNDARY}"
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_policy(PolicyName=BOUNDARY, PolicyDocument=boundary)
        assert iam.get_policy(PolicyArn=arn)
        trust = {"Effect": "Allow", "Principal": {"AWS": self.account}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        with contextlib.suppress(iam.exceptions.NoSuchEntityException):
            for name in iam.list_role_policies(RoleName=RUNNER)["PolicyNames"]:
                iam.delete_role_policy(RoleName=RUNNER, PolicyName=name)
            iam.delete_role(RoleName=RUNNER)
        role = iam.create_role(RoleName=RUNNER, AssumeRolePolicyDocument=document)["Role"]
        for number, each in enumerate(policies):
            iam.put_role_policy(RoleName=RUNNER, PolicyName=f"own-{number}", PolicyDocument=each)
        given = self.admin("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="nightly")
        names = {
            "AWS_ACCESS_KEY_ID": "AccessKeyId",
            "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
            "AWS_SESSION_TOKEN": "SessionToken",
        }
        return {name: given["Credentials"][key] for name, key in names.items()}

    def play(self, what: str, **values: float | str) -> None:
        """Change how it is: `throttle` every, `lag` and `late-roles` seconds, `change` name."""
        self._ask("POST", what, values)

    def quiet(self) -> None:
        """Answer everything at once and as it is."""
        self._ask("POST", "quiet", {})

    def throttled(self) -> int:
        """How many calls were throttled so far."""
        return int(self._ask("GET", "throttle")["count"])

    def reset_journal(self) -> None:
        self._ask("POST", "journal", {})

    def actions_of(self, name: str) -> set[str]:
        """The actions that sessions of a role, or a user, were allowed since the journal began."""
        told = self._ask("GET", "journal")
        return {
            action
            for principal, actions in told.items()
            if f"/{name}" in principal
            for action in actions
        }

    def questions(self) -> list[dict[str, Any]]:
        """All that policies were asked since the journal began.

        Each has `principal`, `action`, `resource`, and whether it was `allowed`.
        """
        told: list[dict[str, Any]] = self._ask("GET", "questions")
        return told

    def remaining(self) -> list[str]:
        """What there is in the account that somebody has to remove."""
        artifacts, logs = self.admin("codeartifact"), self.admin("logs")
        found = [f"domain {each['name']}" for each in artifacts.list_domains()["domains"]]
        listed = artifacts.list_repositories()["repositories"]
        found += [f"repository {each['domainName']}/{each['name']}" for each in listed]
        found += [f"project {name}" for name in self.admin("codebuild").list_projects()["projects"]]
        roles = self.admin("iam").list_roles(PathPrefix="/pytest-codeartifact/")["Roles"]
        found += [f"role {each['RoleName']}" for each in roles]
        groups = logs.describe_log_groups()["logGroups"]
        return [*found, *(f"log group {each['logGroupName']}" for each in groups)]

    def _ask(self, method: str, what: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 -- JSON
        answer = urllib3.request(method, f"{self.url}/_stand_in/{what}", json=body)
        assert answer.status == 200, answer.data
        return answer.json()
