"""What a build needs that installs packages from CodeArtifact, in the form of statements.

Sources: "Using Python packages in CodeBuild", "AWS CodeArtifact authentication and tokens" (AWS
CodeArtifact User Guide).
"""

from collections.abc import Mapping
from typing import Any

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
