"""Why the registry refuses a package client, as values; the format says it to its client."""

from typing import ClassVar, Self

from pytest_codeartifact.emulator.entities import RepositoryId


class Refusal(Exception):
    """The message names what was refused and what to do; `status` is the HTTP status of it."""

    status: ClassVar[int]


class RepositoryMissing(Refusal):
    """The repository does not exist."""

    status = 404

    @classmethod
    def named(cls, repository: RepositoryId) -> Self:
        """The refusal for this repository."""
        return cls(
            f"Repository '{repository.name}' does not exist in domain '{repository.domain.name}'"
            f" owned by account '{repository.domain.owner}'"
        )


class Malformed(Refusal):
    """The upload contradicts itself or its file, or is of a kind the format does not know."""

    status = 400


class PublishBlocked(Refusal):
    """The package's origin controls forbid publishing."""

    status = 403


class AlreadyExists(Refusal):
    """The name is taken by other content, or the version comes from upstream."""

    status = 409


class TooLarge(Refusal):
    """A quota of the service would be passed."""

    status = 402


class UpstreamBroken(Refusal):
    """A repository in the upstream graph was deleted."""

    # Differs: the status of the real service is not known; the sentence is the one observed there.
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "A repository referenced in your upstream graph no longer exists. To fix this issue,"
            " use the UpdateRepository API with your new desired upstream configuration. Note"
            " that if an upstream repository was deleted and recreated using the same name,"
            " UpdateRepository must still be called to reference the new repository. This issue"
            " may be present in any repository in the upstream graph."
        )


class PublicRegistryUnavailable(Refusal):
    """The public registry behind a connection does not answer, and nothing kept can serve."""

    status = 504


class ContentMismatch(Refusal):
    """The public registry served other bytes than its index promises."""

    status = 502
