"""Which secret of the Secrets Manager a build means.

Source: "Build specification reference", `env/secrets-manager` (AWS CodeBuild User Guide).
"""

import re
from dataclasses import dataclass
from typing import Self

FORM = "secret-id:json-key:version-stage:version-id"
SECRET_ARN = re.compile(
    r"arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):secret:[^:]+"
)


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Which secret, by name or ARN, what of it, and which version; empty where not said."""

    secret_id: str
    json_key: str = ""
    version_stage: str = ""
    version_id: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """From `secret-id:json-key:version-stage:version-id`; raises ValueError, which says why."""
        arn = SECRET_ARN.match(text)
        secret_id, rest = (arn[0], text[arn.end() :]) if arn else ("", f":{text}")
        # Where the name is no ARN, it is the first of the parts.
        parts = rest.split(":")[1:]
        if not arn:
            secret_id, *parts = parts
        if secret_id in {"", "arn"} or len(parts) > FORM.count(":"):
            raise ValueError(f"is not of the form {FORM}")
        found = cls(secret_id, *parts)
        if found.version_stage and found.version_id:
            raise ValueError("names a version by its stage or by its id, not by both")
        return found
