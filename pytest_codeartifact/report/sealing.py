"""The last look at what a report says: secrets are masked, and what still holds one is refused."""

import re
from typing import Any

from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.redaction import TOKEN_MARK, TOKEN_PATTERN, redact

_TOKEN = re.compile(f"{TOKEN_PATTERN}|{re.escape(TOKEN_MARK)}")


class ReportError(CodeArtifactError):
    """A report cannot be written as it is; nothing of it was written."""


def masked(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """A JSON value with every text in it masked, names of members included.

    What programs print need not be Unicode: what stands for other bytes becomes a question mark.
    """
    if isinstance(value, str):
        return redact(value).encode(errors="replace").decode()
    if isinstance(value, dict):
        return {masked(str(name)): masked(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked(each) for each in value]
    return value


def sealed(name: str, text: str) -> str:
    """`text` as it is; raises ReportError when it holds a token, or a part that tells it is one.

    Masking knows whole tokens and their beginnings; a middle part is known by its mark alone.
    """
    found = _TOKEN.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise ReportError(
            "a token would be in the report",
            where=f"{name}, line {line}",
            hint="find the command that printed it in pieces, and mask it there",
        )
    return text
