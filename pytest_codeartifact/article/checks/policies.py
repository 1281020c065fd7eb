"""Policies that are known to be good, so that a check depends on the article's part alone."""

from collections.abc import Mapping
from typing import Any

# Source: "Using CodeArtifact with CodeBuild" and "AWS CodeArtifact authentication and tokens" (AWS
# CodeArtifact User Guide).
PACKAGE_STATEMENT: Mapping[str, Any] = {
    "Effect": "Allow",
    "Action": [
        "codeartifact:GetAuthorizationToken",
        "codeartifact:GetRepositoryEndpoint",
        "codeartifact:ReadFromRepository",
    ],
    "Resource": "*",
}
BEARER_ACTION = "sts:GetServiceBearerToken"
BEARER_CONDITION: Mapping[str, Any] = {
    "StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}
}
BEARER_STATEMENT: Mapping[str, Any] = {
    "Effect": "Allow",
    "Action": BEARER_ACTION,
    "Resource": "*",
    "Condition": BEARER_CONDITION,
}
OTHER_SERVICE = "codecommit.amazonaws.com"
