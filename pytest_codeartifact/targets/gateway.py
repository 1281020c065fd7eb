"""A proxy on this machine through which programs reach the hosts of AWS, and nothing else.

A program asks it for a tunnel to a host. For a host of AWS it takes the host's place, by a
certificate of a throw-away authority, and passes on what the program says: to the emulator, or to
AWS itself. Any other host is refused. Tokens and signatures are the business of who answers.
"""

import contextlib
import errno
import ipaddress
import itertools
import re
import select
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from ssl import SSLSocket
from typing import Protocol, TypeAlias
from urllib.parse import urlsplit

from pytest_codeartifact.targets.gateway_relay import Closing, Waiting, linger, relay, shake_hands
from pytest_codeartifact.targets.gateway_tls import Authority
from pytest_codeartifact.tools.reach import PROXIES, ca_variables, proxy_variables

HTTPS_PORT = 443
_HTTP_PORT = 80
_KEPT = 20_000
"""How many connections are remembered."""
_HEAD_BYTES = 64 * 1024
_PATIENCE_SECONDS = 30.0
"""How long a client may take to say what it wants, and to agree on a key."""
_RETRY_SECONDS = 0.1
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# No certificate is made for what looks like an encoded name, unless that is all it covers.
_OF_AWS = rf"{_LABEL}\.(?:(?!..--){_LABEL}\.)*(?:amazonaws\.com(?:\.cn)?|api\.aws|on\.aws)"
_AWS_HOST = re.compile(_OF_AWS)
# Where a single slash stands before it, it is a part of a path: that of a plain address.
_AWS_HOST_IN_TEXT = re.compile(
    rf"(?<![\w.-])(?:(?<=//)|(?<!/)){_OF_AWS}(?![\w-]|\.\w)", re.ASCII | re.IGNORECASE
)
_HOST = re.compile(r"[a-z0-9_.:-]{1,253}")


def hosts_in(text: str) -> frozenset[str]:
    """The host names of AWS that stand in a text, in lower case."""
    return frozenset(found.lower() for found in _AWS_HOST_IN_TEXT.findall(text))


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that a program asked for, in the order of `number`; refused or not."""

    number: int
    host: str
    port: int
    is_refused: bool


Conversation: TypeAlias = Callable[[SSLSocket], None]
"""Answers what a client says in its tunnel, to its end; the socket does not block."""


class Beyond(Protocol):
    """What answers in the place of AWS's hosts."""

    def reached(self, host: str, waiting: Waiting) -> AbstractContextManager[Conversation]:
        """The conversation with whoever answers for a host; raises Silence where nobody does."""
        ...

    def close(self) -> None:
        """End all conversations: the gateway closes."""
        ...


class Silence(Exception):
    """Nobody answers; the text says who should have."""


class Gateway:
    """The proxy; `url` is its address, `ca_file` holds the certificate that programs must trust."""

    def __init__(self, listener: socket.socket, beyond: Beyond, authority: Authority) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.ca_file = authority.ca_file
        self._listener = listener
        self._beyond = beyond
        self._authority = authority
        self._connections: deque[Connection] = deque(maxlen=_KEPT)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._clients: set[threading.Thread] = set()
        # The end of one closes the other, which all threads see.
        self._closing, self._open = socket.socketpair()
        self._waiting = Waiting(self._closing)
        self._accepting = _thread(self._accept)

    @classmethod
    def open(cls, emulator_url: str, folder: Path) -> "Gateway":
        """Start a gateway to the emulator at `emulator_url`; the caller closes it.

        The authority's certificate is written into `folder`. Raises ValueError for an address that
        is not plain HTTP on this machine, and MissingTool without the library for certificates.
        """
        parts = urlsplit(emulator_url)
        host = parts.hostname or ""
        if parts.scheme != "http" or not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"{emulator_url} is no emulator of this machine")
        return cls.before(_Emulator(host, parts.port or _HTTP_PORT), folder)

    @classmethod
    def before(cls, beyond: Beyond, folder: Path) -> "Gateway":
        """Start a gateway to whoever answers; see `open`."""
        authority = Authority.create(folder)
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        listener.settimeout(0)
        gateway = cls(listener, beyond, authority)
        gateway._accepting.start()
        return gateway

    def environment(self) -> dict[str, str]:
        """The variables that lead programs through here and have them trust what they meet."""
        return proxy_variables(dict.fromkeys(PROXIES, self.url)) | ca_variables(self.ca_file)

    def connections(self, after: int = 0) -> Sequence[Connection]:
        """What was asked for: connections with a number above `after`, oldest first."""
        with self._lock:
            return [each for each in self._connections if each.number > after]

    def close(self) -> None:
        """End all connections and threads, also amid a transfer; may be called again."""
        self._open.close()
        self._beyond.close()
        self._accepting.join()
        with self._lock:
            clients = tuple(self._clients)
        for each in clients:
            each.join()
        self._listener.close()
        self._closing.close()

    # --- In threads ----------------------------------------------------------------------

    def _accept(self) -> None:
        with contextlib.suppress(Closing):
            while True:
                self._waiting.any_of([(self._listener, select.POLLIN)])
                try:
                    client, _ = self._listener.accept()
                except BlockingIOError:
                    continue  # it has left already
                except OSError:
                    # No more files; others will be closed.
                    with contextlib.suppress(TimeoutError):
                        self._waiting.any_of([], _RETRY_SECONDS)
                    continue
                thread = _thread(self._attend, client)
                with self._lock:
                    thread.start()
                    self._clients.add(thread)

    def _attend(self, client: socket.socket) -> None:
        """Serve one client to its end; however it ends, nothing of it stays."""
        try:
            with client, contextlib.suppress(OSError, Closing):
                client.settimeout(0)
                self._answer(client)
        finally:
            with self._lock:
                self._clients.discard(threading.current_thread())

    def _answer(self, client: socket.socket) -> None:
        try:
            asked = _Asked.read(self._head(client))
        except ValueError as error:
            self._refuse(client, HTTPStatus.BAD_REQUEST, str(error), "this is a proxy")
            return
        is_refused = not asked.is_served
        with self._lock:
            self._connections.append(
                Connection(next(self._numbers), asked.host, asked.port, is_refused)
            )
        if is_refused:
            reason = f"{asked} is refused: nothing but AWS by HTTPS is reached through here"
            self._refuse(client, HTTPStatus.FORBIDDEN, reason, "only AWS is reached through here")
            return
        try:
            with self._beyond.reached(asked.host, self._waiting) as conversation:
                client.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._converse(client, conversation, asked.host)
        except Silence as silence:
            self._refuse(client, HTTPStatus.BAD_GATEWAY, str(silence), str(silence))

    def _converse(self, client: socket.socket, conversation: Conversation, host: str) -> None:
        # Each piece is passed on at once, or two of them would wait for each other.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = self._authority.context(host)
        with context.wrap_socket(client, server_side=True, do_handshake_on_connect=False) as tls:
            shake_hands(tls, self._waiting, _PATIENCE_SECONDS)
            conversation(tls)

    def _head(self, client: socket.socket) -> bytes:
        """The first request up to its empty line, and no byte more: TLS may follow at once.

        Raises ValueError when it does not end, OSError when the client does not say it.
        """
        head = b""
        while len(head) < _HEAD_BYTES:
            self._waiting.any_of([(client, select.POLLIN)], _PATIENCE_SECONDS)
            seen = client.recv(_HEAD_BYTES, socket.MSG_PEEK)
            if not seen:
                raise ConnectionAbortedError
            end = (head + seen).find(b"\r\n\r\n")
            head += client.recv(len(seen) if end < 0 else end + 4 - len(head))
            if end >= 0:
                return head
        raise ValueError("the request is too long")

    def _refuse(self, client: socket.socket, status: HTTPStatus, reason: str, hint: str) -> None:
        """Answer with `reason` in the body; of a tunnel refused, programs show the hint at most."""
        body = f"{reason}\n".encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}: {hint}\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        client.send(head.encode() + body)
        linger(client, self._waiting)


@dataclass(frozen=True, slots=True)
class _Emulator:
    """The emulator at a plain address of this machine: everything is passed on as it is."""

    host: str
    port: int

    @contextmanager
    def reached(self, _: str, waiting: Waiting) -> Iterator[Conversation]:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as server:
            server.settimeout(0)
            problem = server.connect_ex((self.host, self.port))
            if problem == errno.EINPROGRESS:
                waiting.any_of([(server, select.POLLOUT)], _PATIENCE_SECONDS)
                problem = server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if problem:
                raise Silence("the emulator does not answer")
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield lambda tls: relay(tls, server, waiting)

    def close(self) -> None:
        """Nothing is kept; all threads see that the gateway closes."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the first line of a request asks a proxy for."""

    host: str
    port: int
    is_tunnel: bool

    @classmethod
    def read(cls, head: bytes) -> "_Asked":
        """Read it; raises ValueError for what is not said to a proxy."""
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        target = rest.rpartition(" ")[0]
        is_tunnel = method == "CONNECT"
        parts = urlsplit(f"//{target}" if is_tunnel else target)
        host = (parts.hostname or "").removesuffix(".")
        if _HOST.fullmatch(host) is None:
            raise ValueError("this is a proxy, and the request names no host")
        usual = HTTPS_PORT if is_tunnel or parts.scheme == "https" else _HTTP_PORT
        return cls(host, parts.port or usual, is_tunnel)

    @property
    def is_served(self) -> bool:
        """Whether the gateway takes the place of what is asked for."""
        is_of_aws = _AWS_HOST.fullmatch(self.host) is not None
        return self.is_tunnel and self.port == HTTPS_PORT and is_of_aws

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _thread(target: Callable[..., None], *arguments: object) -> threading.Thread:
    # Daemons: a run that is ended without closing must not wait for them.
    return threading.Thread(target=target, args=arguments, name="codeartifact-gateway", daemon=True)
