"""Authorization tokens: what package managers show instead of a signature.

A token carries who asked for it and for which domain, never what its bearer may do: permissions
are looked up for each request. Source: "AWS CodeArtifact authentication and tokens" (AWS
CodeArtifact User Guide). Its form is that of the real ones, a JSON Web Encryption in compact
serialisation (RFC 7516) with algorithms A128GCMKW and A128GCM.
"""

import functools
import json
import os
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from typing import Any

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import DomainId
from pytest_codeartifact.emulator.errors import Validation
from pytest_codeartifact.emulator.iam.callers import Caller, Session

DEFAULT_SECONDS = 43_200
SHORTEST_SECONDS = 900
LONGEST_SECONDS = 43_200

_KEY_ID = "emulated-codeartifact"
_NONCE_BYTES = 12
_TAG_BYTES = 16
# Real tokens are well over 1000 characters, which breaks tools with short password fields: so
# must ours. The rest of a token adds about 330 characters.
_SMALLEST_PAYLOAD_BYTES = 768
_LONGEST_TOKEN = 8192
_LONGEST_PAYLOAD = 256 * 1024
_REMEMBERED_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says; `issued` and `expires` are whole seconds since the epoch.

    The caller is the one who asked for the token, session policies and session tags included.
    """

    caller: Caller
    domain: DomainId
    issued: int
    expires: int


class _Unreadable(Exception):
    """The text is no token of this key."""


class Tokens:
    """Makes and reads tokens under one key (16 bytes); another key's tokens are garbage to it."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        # Garbage raises and so is not remembered: strangers cannot push good tokens out.
        self._opened = functools.lru_cache(maxsize=_REMEMBERED_TOKENS)(self._open)

    def mint(
        self, caller: Caller, domain: DomainId, duration_seconds: int | None
    ) -> tuple[str, int]:
        """Return a new token and its expiry in seconds since the epoch.

        None asks for twelve hours; 0 for as long as the caller's temporary credentials last.
        Raises Validation for any other duration outside 900 to 43200 seconds.
        Source: "AWS CodeArtifact authentication and tokens".
        """
        issued = int(self._clock.now())
        expires = _expiry(caller, issued, duration_seconds)
        payload = {
            "caller": asdict(caller),
            "domain": [domain.region, domain.owner, domain.name],
            "issued": issued,
            "expires": expires,
        }
        return self._seal(json.dumps(payload).encode(), issued, expires), expires

    def read(self, text: str) -> Claims | None:
        """What the token says, or None for one that is garbage, altered or expired by now."""
        try:
            claims = self._opened(text)
        except _Unreadable:
            return None
        return claims if self._clock.now() < claims.expires else None

    def _seal(self, payload: bytes, issued: int, expires: int) -> str:
        content_key, wrap_nonce, nonce = os.urandom(16), os.urandom(12), os.urandom(12)
        wrapped = _encrypt(self._key, wrap_nonce, content_key, b"")
        # Session policies and tags make long payloads; a token must still fit into a header.
        is_long = len(payload) > _SMALLEST_PAYLOAD_BYTES
        content = _deflate(payload) if is_long else payload
        zip_member = '"zip":"DEF",' if is_long else ""
        header = _header(issued, expires, wrap_nonce, wrapped[-_TAG_BYTES:], zip_member)
        # Blanks after the end of either form mean nothing to those who read it.
        padded = content.ljust(_SMALLEST_PAYLOAD_BYTES)
        sealed = _encrypt(content_key, nonce, padded, header.encode())
        parts = (wrapped[:-_TAG_BYTES], nonce, sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:])
        return ".".join((header, *map(_encode, parts)))

    def _open(self, text: str) -> Claims:
        if len(text) > _LONGEST_TOKEN or text.count(".") != 4:  # noqa: PLR2004 - five parts
            raise _Unreadable
        header, *rest = text.split(".")
        wrapped, nonce, sealed, tag = map(_decode, rest)
        if len(tag) != _TAG_BYTES:
            raise _Unreadable
        members = _members(header)
        wrap_nonce, wrap_tag = _wrapping(members)
        content_key = _decrypt(self._key, wrap_nonce, wrapped + wrap_tag, b"")
        content = _decrypt(content_key, nonce, sealed + tag, header.encode())
        payload = json.loads(_inflate(content) if "zip" in members else content)
        return Claims(
            caller=_caller(**payload["caller"]),
            domain=DomainId(*payload["domain"]),
            issued=payload["issued"],
            expires=payload["expires"],
        )


def _caller(session: dict[str, Any] | None, **members: Any) -> Caller:  # noqa: ANN401 - JSON
    """The caller again; JSON made lists of tuples."""
    if session is None:
        return Caller(**members)
    session["tags"] = tuple((key, value) for key, value in session["tags"])
    for name in ("policies", "transitive"):
        session[name] = tuple(session[name])
    return Caller(**members, session=Session(**session))


def _expiry(caller: Caller, issued: int, duration_seconds: int | None) -> int:
    if duration_seconds is None:
        return issued + DEFAULT_SECONDS
    if duration_seconds == 0:
        # Assumed: long-lived keys have no end to share, so 0 means the default for them.
        return issued + DEFAULT_SECONDS if caller.expires is None else int(caller.expires)
    if SHORTEST_SECONDS <= duration_seconds <= LONGEST_SECONDS:
        return issued + duration_seconds
    bound = (
        f"greater than or equal to {SHORTEST_SECONDS}"
        if duration_seconds < SHORTEST_SECONDS
        else f"less than or equal to {LONGEST_SECONDS}"
    )
    msg = (
        f"1 validation error detected: Value '{duration_seconds}' at 'durationSeconds' failed to "
        f"satisfy constraint: Member must have value {bound}"
    )
    raise Validation(msg)


def _header(issued: int, expires: int, wrap_nonce: bytes, wrap_tag: bytes, zip_member: str) -> str:
    start = f'{{"ver":1,"isu":{issued},"enc":"A128GCM",'
    # Base64 turns three bytes into four characters: blanks put the mark on such a border, so
    # that every token contains it as the same text (`redaction.TOKEN_MARK`).
    start += " " * (-len(start) % 3)
    return _encode(
        f'{start}"kid":"{_KEY_ID}",{zip_member}"tag":"{_encode(wrap_tag)}","exp":{expires},'
        f'"alg":"A128GCMKW","iv":"{_encode(wrap_nonce)}"}}'.encode()
    )


def _members(header: str) -> dict[str, Any]:
    try:
        members = json.loads(_decode(header))
    except (ValueError, RecursionError) as error:
        raise _Unreadable from error
    if not isinstance(members, dict):
        raise _Unreadable
    return members


def _wrapping(members: dict[str, Any]) -> tuple[bytes, bytes]:
    """The nonce and the tag of the wrapped key."""
    try:
        nonce, tag = _decode(members["iv"]), _decode(members["tag"])
    except (KeyError, TypeError, AttributeError) as error:
        raise _Unreadable from error
    if len(nonce) != _NONCE_BYTES or len(tag) != _TAG_BYTES:
        raise _Unreadable
    return nonce, tag


def _deflate(content: bytes) -> bytes:
    """JSON Web Encryption (RFC 7516, section 4.1.3): raw DEFLATE."""
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(content) + squeeze.flush()


def _inflate(content: bytes) -> bytes:
    # Only what this key sealed comes here, so the content is what `_deflate` made.
    return zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(content, _LONGEST_PAYLOAD)


def _encode(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise _Unreadable from error
    # The decoder skips foreign characters and spare bits; one token must have one spelling.
    if _encode(content) != text:
        raise _Unreadable
    return content


def _encrypt(key: bytes, nonce: bytes, content: bytes, bound: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415 - when first needed
        AESGCM,
    )

    return AESGCM(key).encrypt(nonce, content, bound)


def _decrypt(key: bytes, nonce: bytes, content: bytes, bound: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - when first needed
    from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415 - when first needed
        AESGCM,
    )

    # The library's own ValueErrors for bad sizes are ruled out here, so none is mistaken.
    if len(nonce) != _NONCE_BYTES:
        raise _Unreadable
    try:
        return AESGCM(key).decrypt(nonce, content, bound)
    except InvalidTag as error:
        raise _Unreadable from error
