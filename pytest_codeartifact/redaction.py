"""What must never be read in a log, a report or a transcript, and how it is masked.

Nothing but the standard library is imported here: the pytest hooks mask output on every run.
"""

import re
from collections.abc import Iterable

# AWS (AWS CodeArtifact authentication and tokens): the service's tokens are opaque. Their five
# parts always begin with the base64url of `{"ver":1,"isu":`, in the emulator as in the real one.
TOKEN_PATTERN: str = r"eyJ2ZXIiOjEsImlzdSI6[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+){0,4}"  # noqa: S105 - a pattern, no secret
"""Regular expression source that matches a real or emulated token, also one that was cut off."""

TOKEN_MARK: str = "ImtpZCI6ImVtdWxhdGVkLWNvZGVhcnRpZmFjdCIs"  # noqa: S105 - a mark, no secret
"""The base64url of `"kid":"emulated-codeartifact",`: only, and all, emulated tokens contain it."""

MASK: str = "******"
"""What stands where a secret was; the AWS CLI masks tokens the same way."""

_SECRETS = re.compile(
    "|".join(
        (
            TOKEN_PATTERN,
            # A password in an address: aws:<password>@host. The look-behind spares ARNs.
            r"(?:(?<=[^\w:]aws:)|(?<=^aws:))[^\s@/'\"]+(?=@)",
            # The same pair in a Basic header: the base64 of whatever begins with "aws:".
            r"\bYXdzO[g-v][A-Za-z0-9+/_-]+={0,2}",
        )
    )
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` with tokens, passwords of user `aws` in addresses, and `secrets` masked."""
    # The longest first, or a secret that begins with another would leave its tail behind.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _SECRETS.sub(MASK, text)
