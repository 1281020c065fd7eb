"""Values that a service of AWS looks up: the Parameter Store's, and secrets.

Sources: "GetParameters" (AWS Systems Manager API Reference), "GetSecretValue" (AWS Secrets Manager
API Reference), "Build specification reference", `env/secrets-manager` (AWS CodeBuild User Guide).
"""

import json
from typing import TYPE_CHECKING, Any

from pytest_codeartifact.emulator.neighbours import Neighbours
from pytest_codeartifact.emulator.secret_references import SECRET_ARN, SecretReference

if TYPE_CHECKING:
    from moto.secretsmanager.models import SecretsManagerBackend

_NOT_FOUND = "Secrets Manager can't find the specified secret"


class NoSuchParameter(LookupError):
    """The Parameter Store has no parameter of this name, or not that version or label of it."""


class SecretError(Exception):
    """The Secrets Manager says no; `str()` is its code and its sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Parameters:
    """Moto's parameters and secrets.

    Differs: the policies of keys and of secrets have no say, as if everything were encrypted with
    the keys that AWS manages.
    """

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours

    def parameter(self, account: str, region: str, name: str) -> str:
        """The value of a parameter, decrypted; a StringList's with commas.

        `name` may end with `:` and a version or label. Raises NoSuchParameter.
        """
        from moto.ssm.exceptions import ParameterNotFound  # noqa: PLC0415 - heavy, so only in use
        from moto.ssm.models import ssm_backends  # noqa: PLC0415 - likewise

        with self._neighbours.visit():
            try:
                found = ssm_backends[account][region].get_parameters([name]).get(name)
            except ParameterNotFound:
                found = None
            value = None if found is None else found.decrypt(found.value)
        if value is None:
            raise NoSuchParameter(name)
        return value

    def secret_arn(self, account: str, region: str, secret_id: str) -> str:
        """The ARN of a secret, with what it would begin with where there is no such secret."""
        with self._neighbours.visit():
            backend = _secrets(account, region, secret_id)
            found = backend.secrets.get(secret_id)
        if found is not None:
            return str(found.arn)
        if secret_id.startswith("arn:"):
            return secret_id
        return f"arn:aws:secretsmanager:{region}:{account}:secret:{secret_id}"

    def secret(self, account: str, region: str, reference: SecretReference) -> str:
        """The text of a secret, or of one key of its JSON; raises SecretError."""
        with self._neighbours.visit():
            text = _secret_text(_secrets(account, region, reference.secret_id), reference)
        return _member(text, reference) if reference.json_key else text


def _secrets(account: str, region: str, secret_id: str) -> "SecretsManagerBackend":
    from moto.secretsmanager.models import (  # noqa: PLC0415 - heavy, so only once in use
        secretsmanager_backends,
    )

    # A secret of another account, or region, is named by its ARN.
    arn = SECRET_ARN.fullmatch(secret_id)
    if arn:
        account, region = arn["account"], arn["region"]
    return secretsmanager_backends[account][region]


def _secret_text(backend: "SecretsManagerBackend", reference: SecretReference) -> str:
    secret = backend.secrets.get(reference.secret_id)
    if secret is None:
        raise SecretError("ResourceNotFoundException", f"{_NOT_FOUND}.")
    if secret.is_deleted():
        raise SecretError(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    version = _version(secret.versions, reference)
    text = version.get("secret_string")
    if not isinstance(text, str):
        # Differs: how CodeBuild words that a secret has bytes and no text is not known.
        raise SecretError("InvalidRequestException", "The secret has no SecretString.")
    return text


def _version(versions: dict[str, Any], reference: SecretReference) -> dict[str, Any]:
    """The version that a reference asks for; without any, the current one."""
    number, stage = reference.version_id, reference.version_stage or "AWSCURRENT"
    fitting = [
        version
        for known, version in versions.items()
        if (known == number if number else stage in version["version_stages"])
    ]
    if fitting:
        found: dict[str, Any] = fitting[0]
        return found
    asked = f"VersionId: {number}" if number else f"staging label: {stage}"
    raise SecretError("ResourceNotFoundException", f"{_NOT_FOUND} value for {asked}")


def _member(text: str, reference: SecretReference) -> str:
    # Differs: how CodeBuild words these failures is not known. The secret itself is never told.
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SecretError(
            "InvalidRequestException", f"The secret {reference.secret_id} is no JSON object."
        )
    if reference.json_key not in document:
        raise SecretError(
            "ResourceNotFoundException",
            f"The secret {reference.secret_id} has no key {reference.json_key}.",
        )
    value = document[reference.json_key]
    return value if isinstance(value, str) else json.dumps(value)
