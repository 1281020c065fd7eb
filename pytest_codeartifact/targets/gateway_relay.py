"""Bytes between two sockets, both ways at once, in one thread and with a buffer for each way.

All sockets are non-blocking. Whoever waits also waits for the end of the gateway.
"""

import contextlib
import select
import socket
import ssl
from collections.abc import Iterable
from typing import TypeAlias

BUFFER_BYTES = 256 * 1024
_LINGER_SECONDS = 1.0

Wait: TypeAlias = tuple[socket.socket, int]
"""A socket, and the events of `select.poll` that it is to have."""


class Closing(Exception):
    """The gateway closes."""


class Waiting:
    """Waits for sockets until the gateway closes, which makes `closing` readable."""

    def __init__(self, closing: socket.socket) -> None:
        self._closing = closing

    def any_of(self, waits: Iterable[Wait], timeout: float | None = None) -> None:
        """Wait until one of the sockets has an event, as one whose other side is gone always has.

        Raises TimeoutError after `timeout` seconds, and Closing.
        """
        events = {self._closing.fileno(): select.POLLIN}
        for waited, event in waits:
            events[waited.fileno()] = events.get(waited.fileno(), 0) | event
        poll = select.poll()
        for number, event in events.items():
            poll.register(number, event)
        ready = dict(poll.poll(None if timeout is None else timeout * 1000))
        if self._closing.fileno() in ready:
            raise Closing
        if not ready:
            raise TimeoutError

    def not_at_all(self) -> None:
        """Raise Closing if it is time; for those who have so much to do that they never wait."""
        with contextlib.suppress(TimeoutError):
            self.any_of([], 0.0)


class _Flow:
    """One way of a conversation."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.is_done = False
        self.waits_for: Wait | None = None
        self._source = source
        self._sink = sink
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._held = self._buffer[:0]
        self._source_ended = False

    def advance(self) -> None:
        """Pass on one buffer at most, without waiting; `waits_for` says what is needed for more.

        Raises OSError when the source fails. A sink that fails is the end of this way alone: what
        the other side has said by then still counts.
        """
        self.waits_for = None
        if not self._held:
            self._read()
        while self._held:
            try:
                sent = self._sink.send(self._held)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
                self.waits_for = self._sink, _event(error, select.POLLOUT)
                return
            except OSError:
                self.is_done = True
                return
            self._held = self._held[sent:]
        self.is_done = self._source_ended

    def _read(self) -> None:
        """Fill the buffer with what is there; TLS gives it in pieces of 16 KiB."""
        length = 0
        while length < BUFFER_BYTES:
            try:
                received = self._source.recv_into(self._buffer[length:])
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
                self.waits_for = self._source, _event(error, select.POLLIN)
                break
            if received == 0:
                self._source_ended = True
                break
            length += received
        self._held = self._buffer[:length]


def shake_hands(client: ssl.SSLSocket, waiting: Waiting, timeout: float) -> None:
    """Do the TLS handshake; raises OSError when it fails or takes longer than `timeout`."""
    while True:
        try:
            client.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            waiting.any_of([(client, _event(error, select.POLLIN))], timeout)
        else:
            return


def relay(client: ssl.SSLSocket, server: socket.socket, waiting: Waiting) -> None:
    """Pass everything on, both ways, until the server has said its last and the client has it.

    A client that ends its own way first still gets its answer. Raises OSError when a side breaks
    off, and Closing.
    """
    asking, answering = _Flow(client, server), _Flow(server, client)
    while True:
        if not asking.is_done:
            asking.advance()
            if asking.is_done:
                _end_writing(server)
        answering.advance()
        if answering.is_done:
            break
        open_flows = [flow for flow in (asking, answering) if not flow.is_done]
        # Who waits for nothing has more to pass on.
        waits = [flow.waits_for for flow in open_flows if flow.waits_for is not None]
        if len(waits) == len(open_flows):
            waiting.any_of(waits)
        else:
            waiting.not_at_all()
    _say_goodbye(client, waiting)


def linger(client: socket.socket, waiting: Waiting) -> None:
    """End what is said to the client, and hear it out.

    Were it closed with something unread, the system would take back even what was said before.
    """
    _end_writing(client)
    unread = bytearray(BUFFER_BYTES)
    received = BUFFER_BYTES
    while received > 0:
        waiting.any_of([(client, select.POLLIN)], _LINGER_SECONDS)
        received = client.recv_into(unread)


def _say_goodbye(client: ssl.SSLSocket, waiting: Waiting) -> None:
    while True:
        try:
            client.unwrap()
        except ssl.SSLWantWriteError:
            waiting.any_of([(client, select.POLLOUT)])
        except OSError:
            break  # among them that the client's own goodbye is not here yet
        else:
            break
    linger(client, waiting)


def _end_writing(to: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may be gone already
        to.shutdown(socket.SHUT_WR)


def _event(error: OSError, otherwise: int) -> int:
    """What a socket needs before it can go on; TLS may have to read in order to write."""
    if isinstance(error, ssl.SSLWantReadError):
        return select.POLLIN
    if isinstance(error, ssl.SSLWantWriteError):
        return select.POLLOUT
    return otherwise
