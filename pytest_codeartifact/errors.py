"""What goes wrong for the person who runs pytest: what, where, and one thing to try."""


class CodeArtifactError(Exception):
    """A problem of the run itself, said in one line; never holds a secret."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.what} ({self.where})" if self.where else self.what
        return f"{text}; {self.hint}" if self.hint else text


class ServerStartError(CodeArtifactError):
    """The emulator's server did not come up."""


class ControlError(CodeArtifactError):
    """The emulator's server runs, yet refused or did not understand a control request."""


class UploadError(CodeArtifactError):
    """The repository refused a distribution."""


class CleanupError(CodeArtifactError):
    """Something that a test made could not be removed."""


class BuildTimeout(CodeArtifactError):
    """A build did not end in time."""


class GuardError(CodeArtifactError):
    """Something that must be true before a run on a real account is not."""
