"""Reading an upload form: fields in memory within limits, the file straight to disk."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import BinaryIO, TypeAlias

from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from pytest_codeartifact.emulator.http import Request
from pytest_codeartifact.emulator.registry.refusals import Malformed, TooLarge
from pytest_codeartifact.emulator.store import Blobs, Staged

CHUNK_BYTES = 256 * 1024
FIELD_BYTES = 16 * 1024 * 1024
FIELDS = 4096
BOUNDARY_CHARACTERS = 200


@dataclass(slots=True)
class Form:
    """An upload: its fields, the staged file of the part `content`, and that file's BLAKE2b-256."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    content: Staged | None = None
    blake2_256: str = ""

    def first(self, name: str) -> str | None:
        """The first value of a field, blanks around it removed; None when absent or empty."""
        values = self.fields.get(name)
        return (values[0].strip() or None) if values else None


def read_form(request: Request, blobs: Blobs, stack: ExitStack, limit_bytes: int) -> Form:
    """Read a multipart/form-data body; what is staged belongs to `stack`.

    Raises Malformed for a body that is no form, TooLarge beyond the limits.
    """
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get("boundary", "")
    if media_type != "multipart/form-data" or not 0 < len(boundary) <= BOUNDARY_CHARACTERS:
        msg = "an upload must be a multipart/form-data form with a boundary"
        raise Malformed(msg)
    form = Form()
    try:
        with PushMultipartParser(boundary, max_segment_count=FIELDS) as parser:
            events = _events(parser, request.body)
            left = FIELD_BYTES
            for event in events:
                if not isinstance(event, MultipartSegment):
                    continue
                if event.filename is not None and event.name == "content":
                    _stage(form, event.filename, events, blobs, stack, limit_bytes)
                elif event.filename is None:
                    left = _keep_field(form, event, events, left)
                # Other files, such as detached signatures, are read over: the service serves none.
    except MultipartError as error:
        msg = f"the upload is not a readable form: {error}"
        raise Malformed(msg) from error
    return form


_Event: TypeAlias = MultipartSegment | bytes | bytearray | None


def _events(parser: PushMultipartParser, body: BinaryIO) -> Iterator[_Event]:
    while not parser.closed:
        yield from parser.parse(body.read(CHUNK_BYTES))


def _segment(events: Iterator[_Event]) -> Iterator[bytes]:
    for event in events:
        if event is None:
            return
        assert not isinstance(event, MultipartSegment)  # noqa: S101 - the parser's own promise
        yield bytes(event)


def _keep_field(form: Form, segment: MultipartSegment, events: Iterator[_Event], left: int) -> int:
    value = bytearray()
    for chunk in _segment(events):
        left -= len(chunk)
        if left < 0:
            msg = f"the fields of an upload hold at most {FIELD_BYTES} bytes together"
            raise TooLarge(msg)
        value += chunk
    try:
        form.fields.setdefault(segment.name or "", []).append(value.decode())
    except UnicodeDecodeError:
        msg = f"the upload's field {segment.name!r} is not UTF-8"
        raise Malformed(msg) from None
    return left


def _stage(
    form: Form,
    filename: str,
    events: Iterator[_Event],
    blobs: Blobs,
    stack: ExitStack,
    limit_bytes: int,
) -> None:
    if form.content is not None:
        msg = "an upload carries one file, not several"
        raise Malformed(msg)
    blake2 = hashlib.blake2b(digest_size=32)

    def watched() -> Iterator[bytes]:
        left = limit_bytes
        for chunk in _segment(events):
            left -= len(chunk)
            if left < 0:
                msg = f"{filename} is larger than {limit_bytes} bytes, the quota for one asset"
                raise TooLarge(msg)
            blake2.update(chunk)
            yield chunk

    form.content = stack.enter_context(blobs.stage(filename, watched()))
    form.blake2_256 = blake2.hexdigest()
