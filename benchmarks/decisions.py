#!/usr/bin/env python3
"""Measure how long it takes to decide whether a caller may: once by policies, then as remembered.

python benchmarks/decisions.py [--seconds 1]

Prints microseconds; nothing is asserted.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import DomainId, RepositoryId
from pytest_codeartifact.emulator.iam.authorize import Circumstances, PolicyAuthorizer
from pytest_codeartifact.emulator.iam.callers import Caller, Session
from pytest_codeartifact.emulator.iam.documents import read_identity_policy, read_resource_policy
from pytest_codeartifact.emulator.iam.grants import Grant
from pytest_codeartifact.emulator.iam.identities import Identity
from pytest_codeartifact.emulator.iam.policy import Applicable, Principal, Question, decide
from pytest_codeartifact.emulator.store.sqlite import SqliteStore

ACCOUNT, REGION, ACTION = "111122223333", "eu-west-1", "codeartifact:ReadFromRepository"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/build"
REPOSITORY = RepositoryId(DomainId(REGION, ACCOUNT, "team"), "store")
IDENTITY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["codeartifact:Get*", ACTION, "codeartifact:List*"],
            "Resource": [
                f"arn:aws:codeartifact:*:{ACCOUNT}:domain/team",
                f"arn:aws:codeartifact:*:{ACCOUNT}:repository/team/*",
            ],
            "Condition": {
                "StringEquals": {"aws:RequestedRegion": [REGION, "us-east-1"]},
                "Null": {"aws:PrincipalArn": "false"},
            },
        },
        {
            "Effect": "Allow",
            "Action": "sts:GetServiceBearerToken",
            "Resource": "*",
            "Condition": {"StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}},
        },
        {
            "Effect": "Deny",
            "Action": "codeartifact:*",
            "Resource": "*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.0/8"]}},
        },
    ],
}
ATTACHED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ACTION,
            "Resource": "*",
        },
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ACTION,
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}},
        },
    ],
}
OWN = (read_identity_policy(json.dumps(IDENTITY)),)
TAGS = {"aws:PrincipalTag/team": "a", "aws:ResourceTag/team": "a"}


class Everybody:
    """One role for whoever asks."""

    def __init__(self) -> None:
        self.generation = 0

    def identity(self, _: Caller) -> Identity:
        """The role's policies."""
        return Identity(OWN)


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="for each (%(default)s)")
    seconds = parser.parse_args().seconds
    question = Question(
        Principal(ACCOUNT, SESSION, ROLE),
        ACTION,
        REPOSITORY.arn,
        frozenset({ACCOUNT}),
        {
            "aws:PrincipalArn": ROLE,
            "aws:PrincipalAccount": ACCOUNT,
            "aws:PrincipalType": "AssumedRole",
            "aws:SourceIp": "127.0.0.1",
            "aws:SecureTransport": "true",
            "aws:RequestedRegion": REGION,
            **TAGS,
        },
    )
    applicable = Applicable(OWN, resource=(read_resource_policy(json.dumps(ATTACHED)),))
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        store = SqliteStore(Path(folder))
        identities = Everybody()
        authorizer = PolicyAuthorizer(store, identities, Clock())
        requests = [_request() for _ in range(2)]

        def changed() -> None:
            identities.generation += 1
            authorizer.require(*requests[0])

        measures: dict[str, Callable[[], object]] = {
            "decide": lambda: decide(question, applicable),
            "require, after a change of an identity": changed,
            # As with requests: equal to what was asked before, and not the same.
            "require, as remembered": lambda: authorizer.require(*requests[1]),
        }
        for name, act in measures.items():
            sys.stdout.write(f"{_microseconds(act, seconds):9.2f} µs  {name}\n")
        store.close()


def _request() -> tuple[Caller, Grant, Circumstances]:
    caller = Caller(ACCOUNT, SESSION, "AROA:build", "ASIA", session=Session(ROLE, 1.0))
    grant = Grant.on_repository(ACTION, REPOSITORY)
    return caller, grant, Circumstances(REGION, "127.0.0.1", is_secure=True)


def _microseconds(act: Callable[[], object], seconds: float) -> float:
    """The best of several rounds: what the machine does beside it only makes it slower."""
    act()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        for _ in range(500):
            act()
        best = min(best, (time.perf_counter() - started) / 500)
    return best * 1e6


if __name__ == "__main__":
    main()
