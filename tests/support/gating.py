"""Runs the gate as a job does, on what plays AWS."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.stand_in import StandIn

PROJECT_PATH = Path(__file__).parents[2]
ONLY_WHERE_BUILDS_GO_ON = frozenset({"codebuild:DeleteReportGroup", "codebuild:StopBuild"})
"""Needed to remove a project whose build still runs, or has reported."""
AFTER_A_CRASH = ONLY_WHERE_BUILDS_GO_ON | {
    "codebuild:BatchGetProjects",
    "iam:ListRoleTags",
    "logs:ListTagsForResource",
}
"""Needed by a run only to find out what a process of it left that was killed."""
IAM_PATH = PROJECT_PATH / "examples" / "nightly" / "iam"
SECONDS = 420.0
TESTS = """
    import pathlib, time, pytest


    def test_upload(codeartifact_repository, codeartifact_package, codeartifact_client):
        codeartifact_repository.upload(codeartifact_package.wheel)
        found = codeartifact_client.list_packages(
            domain=codeartifact_repository.domain.name, repository=codeartifact_repository.name
        )["packages"]
        assert [each["package"] for each in found] == [codeartifact_package.name]


    def test_role(codeartifact_role, codeartifact_repository):
        role = codeartifact_role(["codeartifact:ReadFromRepository"])
        with pytest.raises(Exception, match="codeartifact:DescribeDomain"):
            role.client().describe_domain(domain=codeartifact_repository.domain.name)
"""


@dataclass
class Gate:
    """Runs the gate in a folder, on a stand-in, with what a job would have."""

    stand_in: StandIn
    folder: Path
    credentials: Mapping[str, str]

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return kept | {"HOME": str(home)} | self.stand_in.environment() | dict(self.credentials)

    def start(self, *arguments: str, account: str | None = None) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "pytest", "--codeartifact=aws", "-p", "no:cacheprovider"]
        # In their order: some of these tests wait for the first one.
        command += ["-p", "no:randomly"]
        command += [f"--codeartifact-account={account or self.stand_in.account}"]
        command += [f"--codeartifact-region={self.stand_in.region}", "--codeartifact-settle=0.2"]
        return subprocess.Popen(
            [*command, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, account: str | None = None) -> tuple[int, str]:
        """Exit code and output of a run to its end."""
        process = self.start(*arguments, account=account)
        try:
            output, _ = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
        return process.returncode, output

    def sweep(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Exit code and findings of the sweeper."""
        command = [sys.executable, "-m", "pytest_codeartifact", "sweep", "--json"]
        command += ["--account", self.stand_in.account, "--region", self.stand_in.region]
        done = subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return done.returncode, found


def policy(name: str, stand_in: StandIn, without: str = "") -> str:
    """A policy as it is shipped, filled in for an account; less one action where it is named."""
    text = (IAM_PATH / f"{name}.json").read_text(encoding="utf-8")
    filled = {"AccountId": stand_in.account, "Region": stand_in.region, "Prefix": "pca"}
    for placeholder, value in filled.items():
        text = text.replace(f"${{{placeholder}}}", value)
    document = json.loads(text)
    for statement in document["Statement"]:
        statement["Action"] = [each for each in statement["Action"] if each != without]
    document["Statement"] = [each for each in document["Statement"] if each["Action"]]
    return json.dumps(document)


def actions_in(document: str) -> set[str]:
    """All actions that a policy allows."""
    read = json.loads(document)
    return {action for statement in read["Statement"] for action in statement["Action"]}


def dedented(text: str) -> str:
    """The text of a file that stands indented in a test."""
    return "\n".join(line.removeprefix("    ") for line in text.splitlines())


def wait_for(*paths: Path) -> None:
    """Wait until files are there."""
    deadline = time.monotonic() + SECONDS
    while not all(path.exists() for path in paths):
        assert time.monotonic() < deadline, paths
        time.sleep(0.05)
