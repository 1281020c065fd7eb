"""CloudWatch Logs, as a service of AWS writes to it: groups, streams and lines.

Source: "PutLogEvents" (Amazon CloudWatch Logs API Reference).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_codeartifact.emulator.neighbours import Neighbours

if TYPE_CHECKING:
    from moto.logs.models import LogsBackend

MOST_EVENTS = 10_000
"""In one request."""

MOST_BYTES = 1_048_576
"""In one request, with what each event counts besides its text."""

EVENT_BYTES = 26
"""What an event counts besides its text."""

LONGEST_EVENT_BYTES = 256 * 1024 - EVENT_BYTES
Event = tuple[int, str]
"""Milliseconds since the epoch, and a text."""


class NoSuchStream(LookupError):
    """The log group or stream is not there, or not any more; the text is AWS's sentence."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Where lines go: a log stream of a group."""

    account: str
    region: str
    group: str
    name: str

    @property
    def group_arn(self) -> str:
        return f"arn:aws:logs:{self.region}:{self.account}:log-group:{self.group}"

    @property
    def arn(self) -> str:
        return f"{self.group_arn}:log-stream:{self.name}"


class LogStreams:
    """Moto's groups and streams of logs."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours

    def has_group(self, stream: Stream) -> bool:
        """Whether the stream's group exists."""
        with self._neighbours.visit():
            return stream.group in _backend(stream).groups

    def create_group(self, stream: Stream) -> None:
        """Make the stream's group; where it exists, nothing happens."""
        with self._neighbours.visit():
            _backend(stream).ensure_log_group(stream.group)

    def create_stream(self, stream: Stream) -> None:
        """Make the stream in its group; where it exists, nothing happens. Raises NoSuchStream."""
        with self._neighbours.visit():
            backend = _backend(stream)
            if stream.group not in backend.groups:
                raise NoSuchStream("The specified log group does not exist.")
            backend.ensure_log_stream(stream.group, stream.name)

    def append(self, stream: Stream, events: Iterable[Event]) -> None:
        """Add events in the order of their times; raises NoSuchStream.

        A text that is too long is cut, an empty one left out, as CloudWatch Logs takes neither.
        """
        with self._neighbours.visit():
            group = _backend(stream).groups.get(stream.group)
            if group is None:
                raise NoSuchStream("The specified log group does not exist.")
            for batch in batches(events):
                if stream.name not in group.streams:
                    raise NoSuchStream("The specified log stream does not exist.")
                # Not through the backend, which refuses what is two hours ahead of the machine's
                # time: the emulator's clock may be.
                group.put_log_events(
                    stream.name,
                    [{"timestamp": moment, "message": text} for moment, text in batch],
                )


def batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    """The events as requests can carry them: sorted by time, none empty, none too large."""
    batch, size = list[Event](), 0
    for moment, text in sorted(events, key=lambda event: event[0]):
        encoded = text.encode(errors="replace")[:LONGEST_EVENT_BYTES]
        if not encoded:
            continue
        weight = len(encoded) + EVENT_BYTES
        if batch and (len(batch) == MOST_EVENTS or size + weight > MOST_BYTES):
            yield batch
            batch, size = [], 0
        # What was cut within a character loses it.
        batch.append((moment, encoded.decode(errors="ignore")))
        size += weight
    if batch:
        yield batch


def _backend(stream: Stream) -> "LogsBackend":
    from moto.logs.models import logs_backends  # noqa: PLC0415 - heavy, so only once in use

    return logs_backends[stream.account][stream.region]
