import contextlib
import hashlib
import os
import re
import socket
import ssl
import struct
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_codeartifact.targets.gateway import Connection, Gateway, _Asked, hosts_in
from pytest_codeartifact.targets.gateway_tls import Authority
from pytest_codeartifact.tools.process import MissingTool

HOST = "awscicd-111122223333.d.codeartifact.ap-southeast-1.amazonaws.com"
SECONDS = 20.0
MIB = 1024 * 1024
Talk: TypeAlias = Callable[[socket.socket], None]
Serve: TypeAlias = Callable[[Talk], Gateway]


class Backend:
    """A server on this machine in place of the emulator; each connection has its talk."""

    def __init__(self, talk: Talk) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.talk = talk
        self.threads: list[threading.Thread] = []
        self.accepting = threading.Thread(target=self.accept)
        self.accepting.start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                thread = threading.Thread(target=self.attend, args=self.listener.accept()[:1])
                self.threads.append(thread)
                thread.start()

    def attend(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(SECONDS)
            self.talk(connection)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # not every system calls a listener connected
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.accepting.join()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Call it with what the emulator does with a connection for a gateway to that."""
    with contextlib.ExitStack() as stack:

        def make(talk: Talk) -> Gateway:
            backend = stack.enter_context(contextlib.closing(Backend(talk)))
            return stack.enter_context(contextlib.closing(Gateway.open(backend.url, tmp_path)))

        yield make


def echo(connection: socket.socket) -> None:
    while data := connection.recv(MIB):
        connection.sendall(data)


def never(connection: socket.socket) -> None:
    raise AssertionError(connection)


def connected(gateway: Gateway) -> socket.socket:
    port = int(gateway.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), SECONDS)


def answer_to(gateway: Gateway, request: bytes) -> bytes:
    with connected(gateway) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(4096), b""))


def opened(gateway: Gateway, host: str = HOST) -> socket.socket:
    """A tunnel to a host, before TLS."""
    client = connected(gateway)
    client.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    said = b""
    while not said.endswith(b"\r\n\r\n"):
        said += client.recv(1)
    assert said.startswith(b"HTTP/1.1 200 ")
    return client


@contextlib.contextmanager
def tunnel(gateway: Gateway, host: str = HOST) -> Iterator[ssl.SSLSocket]:
    """A tunnel to a host whose certificate is checked."""
    context = ssl.create_default_context(cafile=str(gateway.ca_file))
    with (
        opened(gateway, host) as client,
        context.wrap_socket(client, server_hostname=host) as tls,
    ):
        yield tls


def read_whole(connection: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length and (data := connection.recv(length - len(found))):
        found += data
    return found


def wait_for_end_of_clients(gateway: Gateway) -> None:
    with gateway._lock:
        threads = tuple(gateway._clients)
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()


# --- Host names ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (f"Looking in indexes: https://aws:secret@{HOST}/pypi/r/simple/", {HOST}),
        ("HTTPSConnectionPool(host='sts.amazonaws.com', port=443)", {"sts.amazonaws.com"}),
        ('URL: "https://iam.cn-north-1.amazonaws.com.cn"', {"iam.cn-north-1.amazonaws.com.cn"}),
        ("Could not resolve STS.US-EAST-1.API.AWS.", {"sts.us-east-1.api.aws"}),
        ("x.eu-west-1.on.aws:443 iam.amazonaws.com", {"x.eu-west-1.on.aws", "iam.amazonaws.com"}),
        (f"http://127.0.0.1:8080/{HOST}/pypi/r/", set()),
        ("https://sts.amazonaws.com.example.invalid/", set()),
        ("https://notamazonaws.com/ amazonaws.com my_sts.amazonaws.com", set()),
        ("", set()),
    ],
)
def test_hosts_of_aws_in_a_text_are_found(text: str, hosts: set[str]) -> None:
    """Whatever stands around it, a host of AWS is seen, and nothing that only looks like one."""
    assert hosts_in(text) == hosts


def label(letters: str = "abcdefghijklmnopqrstuvwxyz0123456789-") -> st.SearchStrategy[str]:
    return st.text(letters, min_size=1, max_size=20).filter(
        lambda text: not text.startswith("-") and not text.endswith("-")
    )


aws_hosts = st.builds(
    lambda first, middle, suffix: ".".join([first, *middle, suffix]),
    label(),
    st.lists(label().filter(lambda text: text[2:4] != "--"), max_size=3),
    st.sampled_from(["amazonaws.com", "amazonaws.com.cn", "api.aws", "on.aws"]),
)


@given(
    host=aws_hosts,
    before=st.sampled_from(["", " ", "https://", "https://aws:x@", "host='", '"', "(", "="]),
    after=st.sampled_from(["", " ", "/", ":443", "'", '"', ")", ".", ",", "\n"]),
)
def test_any_host_of_aws_is_found_and_served(host: str, before: str, after: str) -> None:
    """What is found in a text is what a tunnel to it would be given for."""
    assert hosts_in(f"{before}{host.upper()}{after}") == {host}
    assert _Asked.read(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode()).is_served


@given(text=st.text())
def test_no_text_confuses_the_search_for_hosts(text: str) -> None:
    """Whatever a program prints, all that is found are hosts of AWS."""
    assert all(re.search(r"\.(com|cn|aws)$", host) for host in hosts_in(text))


@given(head=st.binary() | st.binary().map(lambda each: b"CONNECT " + each + b" HTTP/1.1\r\n\r\n"))
def test_any_first_request_is_read_or_refused(head: bytes) -> None:
    """Bytes that are no request to a proxy are a ValueError and nothing else."""
    try:
        asked = _Asked.read(head)
    except ValueError:
        return
    assert re.fullmatch(r"[a-z0-9_.:-]+", asked.host)
    assert 0 < asked.port < 65536


@settings(max_examples=20)
@given(host=aws_hosts)
def test_every_host_of_aws_has_a_certificate(
    host: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """There is one for each, made once, also where a name looks like an encoded one."""
    authority = Authority.create(tmp_path_factory.getbasetemp())
    assert authority.context(host) is authority.context(host)


# --- What is served --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        HOST,
        HOST.upper(),
        f"{HOST}.",
        "ab--c-111122223333.d.codeartifact.eu-west-1.amazonaws.com",
        "codeartifact.cn-north-1.amazonaws.com.cn",
        "codeartifact.eu-west-1.api.aws",
        "d-111122223333.codeartifact.eu-west-1.on.aws",
        "s3.amazonaws.com",
    ],
)
def test_host_of_aws_is_the_emulator(serve: Serve, host: str) -> None:
    """Behind its name and a certificate that holds, every byte goes to the emulator and back."""
    gateway = serve(echo)
    asked = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    name = host.removesuffix(".")
    context = ssl.create_default_context(cafile=str(gateway.ca_file))

    with opened(gateway, host) as client, context.wrap_socket(client, server_hostname=name) as tls:
        tls.sendall(asked)
        assert read_whole(tls, len(asked)) == asked

    assert gateway.connections() == [Connection(1, name.lower(), 443, is_refused=False)]


def test_only_http_1_is_agreed_on(serve: Serve) -> None:
    """A client that could speak HTTP/2 is told that the emulator does not."""
    gateway = serve(echo)
    context = ssl.create_default_context(cafile=str(gateway.ca_file))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with opened(gateway) as client, context.wrap_socket(client, server_hostname=HOST) as tls:
        assert tls.selected_alpn_protocol() == "http/1.1"


def test_much_goes_both_ways_at_once_in_little_memory(serve: Serve) -> None:
    """What comes back while more is sent is passed on, and never kept."""
    gateway, sent, received = serve(echo), hashlib.sha256(), hashlib.sha256()
    piece, pieces = os.urandom(MIB), 32

    with tunnel(gateway) as tls:
        # Two threads must not share one TLS connection, so all of it is done in turns.
        tls.settimeout(0)
        outgoing, waiting, incoming = pieces, memoryview(piece), pieces * MIB
        tracemalloc.start()
        while incoming:
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                if outgoing:
                    count = tls.send(waiting)
                    sent.update(waiting[:count])
                    waiting = waiting[count:]
                    if not waiting:
                        outgoing, waiting = outgoing - 1, memoryview(piece)
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                data = tls.recv(64 * 1024)
                received.update(data)
                incoming -= len(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert received.digest() == sent.digest()
    assert peak < 8 * MIB


def test_tls_may_begin_before_the_tunnel_is_confirmed(serve: Serve) -> None:
    """Bytes that follow the request at once are the beginning of TLS."""
    gateway = serve(echo)
    context = ssl.create_default_context(cafile=str(gateway.ca_file))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=HOST)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()

    with connected(gateway) as client:
        client.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode() + outgoing.read())
        said = client.recv(MIB)
        confirmed, _, rest = said.partition(b"\r\n\r\n")
        incoming.write(rest)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                incoming.write(client.recv(MIB))

    assert confirmed.startswith(b"HTTP/1.1 200 ")
    assert tls.version() == "TLSv1.3"


def test_client_that_has_said_its_last_gets_its_answer(serve: Serve) -> None:
    """A connection that is half closed still brings what the emulator says after that."""

    def answer_at_the_end(connection: socket.socket) -> None:
        asked = b"".join(iter(lambda: connection.recv(MIB), b""))
        connection.sendall(b"heard " + asked)

    gateway = serve(answer_at_the_end)
    context = ssl.create_default_context(cafile=str(gateway.ca_file))
    with opened(gateway) as client:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname=HOST)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                client.sendall(outgoing.read())
                incoming.write(client.recv(MIB))
        tls.write(b"question")
        client.sendall(outgoing.read())
        client.shutdown(socket.SHUT_WR)
        incoming.write(b"".join(iter(lambda: client.recv(MIB), b"")))
        incoming.write_eof()
        answer = tls.read(MIB)
        goodbye = tls.read(MIB)

    assert (answer, goodbye) == (b"heard question", b"")


def test_answer_that_comes_before_the_end_of_an_upload_arrives(serve: Serve) -> None:
    """A client that sends all of its body first still reads why nobody wanted it."""
    is_read = threading.Event()

    def refuse(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        is_read.wait(SECONDS)

    gateway = serve(refuse)
    with tunnel(gateway) as tls:
        tls.sendall(bytes(16 * MIB))
        answer = b"".join(iter(lambda: tls.recv(4096), b""))
    is_read.set()

    assert answer == b"HTTP/1.1 401 Unauthorized\r\n\r\n"


def test_many_clients_are_served_at_once(serve: Serve) -> None:
    """None of them waits for another to end."""
    gateway = serve(echo)
    with contextlib.ExitStack() as stack:
        tunnels = [stack.enter_context(tunnel(gateway)) for _ in range(20)]
        for number, tls in enumerate(tunnels):
            tls.sendall(b"%03d" % number)
        told = [read_whole(tls, 3) for tls in reversed(tunnels)]

    assert told == [b"%03d" % number for number in reversed(range(20))]
    assert [each.number for each in gateway.connections(after=18)] == [19, 20]


# --- What is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_line", "place"),
    [
        ("CONNECT elsewhere.invalid:443", "elsewhere.invalid:443"),
        ("CONNECT Elsewhere.INVALID", "elsewhere.invalid:443"),
        ("CONNECT 169.254.169.254:443", "169.254.169.254:443"),
        ("CONNECT [fd00:ec2::254]:443", "[fd00:ec2::254]:443"),
        ("CONNECT 127.0.0.1:443", "127.0.0.1:443"),
        ("CONNECT sts.amazonaws.com:8443", "sts.amazonaws.com:8443"),
        ("CONNECT sts.amazonaws.com.invalid:443", "sts.amazonaws.com.invalid:443"),
        ("CONNECT sts.amazonaws.com@elsewhere.invalid:443", "elsewhere.invalid:443"),
        ("CONNECT amazonaws.com:443", "amazonaws.com:443"),
        ("GET http://169.254.169.254/latest/meta-data/", "169.254.169.254:80"),
        ("GET http://sts.amazonaws.com/", "sts.amazonaws.com:80"),
        ("POST https://sts.amazonaws.com/", "sts.amazonaws.com:443"),
    ],
)
def test_anything_else_is_refused_by_name(serve: Serve, request_line: str, place: str) -> None:
    """The answer names the host and says why; it is remembered, and nothing is passed on."""
    gateway = serve(never)

    answer = answer_to(gateway, f"{request_line} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).decode()

    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 403 Forbidden: only AWS is reached through here\r\n")
    assert f"Content-Length: {len(body)}\r\n" in head
    assert body == f"{place} is refused: nothing but AWS by HTTPS is reached through here\n"
    host, _, port = place.rpartition(":")
    assert gateway.connections() == [Connection(1, host.strip("[]"), int(port), is_refused=True)]


def test_refused_upload_is_heard_out(serve: Serve) -> None:
    """A client that sends a body without waiting still reads the refusal."""
    head = b"POST http://elsewhere.invalid/ HTTP/1.1\r\n\r\n"
    assert answer_to(serve(never), head + bytes(8 * MIB)).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"CONNECT :443 HTTP/1.1\r\n\r\n",
        b"CONNECT sts.amazonaws.com:https HTTP/1.1\r\n\r\n",
        b"CONNECT [::1 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        b"CONNECT " + b"a" * 70_000,
    ],
    ids=["origin form", "no host", "no number", "no address", "no text", "no end"],
)
def test_what_is_not_said_to_a_proxy_is_a_bad_request(serve: Serve, request_head: bytes) -> None:
    """It is answered as such, and is no connection that anybody asked for."""
    gateway = serve(never)
    assert answer_to(gateway, request_head).startswith(b"HTTP/1.1 400 Bad Request: ")
    assert gateway.connections() == []


def test_emulator_that_is_gone_is_a_bad_gateway(tmp_path: Path) -> None:
    """A tunnel is not confirmed when there is nothing at its other end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with contextlib.closing(Gateway.open(url, tmp_path)) as gateway:
        answer = answer_to(gateway, f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway: ")


@pytest.mark.parametrize("url", ["http://192.0.2.1:80", "https://127.0.0.1:443", "file:///tmp/x"])
def test_gateway_leads_to_this_machine_only(url: str, tmp_path: Path) -> None:
    """Whoever would send what programs say to another machine is stopped."""
    with pytest.raises(ValueError, match=r"no emulator of this machine|IPv4 or IPv6"):
        Gateway.open(url, tmp_path)


def test_gateway_needs_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library for certificates, one line says how to get it."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(MissingTool, match=r"trustme is not installed here; get it with: pip"):
        Gateway.open("http://127.0.0.1:9", tmp_path)


# --- How it ends -----------------------------------------------------------------------------


def test_client_that_does_not_trust_the_gateway_leaves_nothing_behind(serve: Serve) -> None:
    """A failed handshake ends the connection on both sides, without a word."""
    gateway = serve(echo)
    with (
        opened(gateway) as client,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(client, server_hostname=HOST)
    wait_for_end_of_clients(gateway)


@pytest.mark.parametrize("said", [b"", b"CONNECT ", b"no TLS at all"])
def test_client_that_leaves_early_leaves_nothing_behind(serve: Serve, said: bytes) -> None:
    """Before its request, within it or in place of TLS: its thread ends."""
    gateway = serve(echo)
    with opened(gateway) if said.endswith(b"all") else connected(gateway) as client:
        client.sendall(said)
    wait_for_end_of_clients(gateway)


def test_client_that_breaks_off_ends_the_emulators_connection(serve: Serve) -> None:
    """Amid a download that nobody reads any more, the emulator is told."""
    is_over = threading.Event()

    def send_for_ever(connection: socket.socket) -> None:
        try:
            while True:
                connection.sendall(bytes(MIB))
        finally:
            is_over.set()

    gateway = serve(send_for_ever)
    with tunnel(gateway) as tls:
        read_whole(tls, MIB)
        # With a reset, as when a process is killed.
        tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert is_over.wait(SECONDS)
    wait_for_end_of_clients(gateway)


def test_emulator_that_breaks_off_ends_the_clients_connection(serve: Serve) -> None:
    """An answer that was cut short does not look like a whole one."""

    def break_off(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"half of it")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    gateway = serve(break_off)
    context = ssl.create_default_context(cafile=str(gateway.ca_file))
    with (
        opened(gateway) as client,
        context.wrap_socket(client, server_hostname=HOST, suppress_ragged_eofs=False) as tls,
    ):
        tls.sendall(b"question")
        with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
            read_whole(tls, MIB)
    wait_for_end_of_clients(gateway)


def test_close_ends_everything_amid_a_transfer(serve: Serve) -> None:
    """Clients in any state lose their connection, threads end, and the port is free."""

    def send_for_ever(connection: socket.socket) -> None:
        while True:
            connection.sendall(bytes(MIB))

    gateway = serve(send_for_ever)
    with connected(gateway) as silent, opened(gateway) as waiting, tunnel(gateway) as busy:
        read_whole(busy, MIB)
        gateway.close()
        gateway.close()
        assert gateway._clients == set()
        assert not gateway._accepting.is_alive()
        assert silent.recv(1) == waiting.recv(1) == b""
        with contextlib.suppress(ConnectionResetError):
            while busy.recv(MIB):
                pass
    with pytest.raises(ConnectionRefusedError):
        connected(gateway)


def test_environment_leads_every_kind_of_program(serve: Serve) -> None:
    """Proxies in both spellings, this machine left out, and one CA file for all."""
    gateway = serve(never)
    environment = gateway.environment()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        assert environment[name] == environment[name.upper()] == gateway.url
    assert environment["no_proxy"] == environment["NO_PROXY"] == "127.0.0.1,localhost,::1"
    trusting = {name for name, text in environment.items() if text == str(gateway.ca_file)}
    assert trusting >= {
        *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"),
        *("PIP_CERT", "NODE_EXTRA_CA_CERTS", "npm_config_cafile"),
    }
    assert "PRIVATE KEY" not in gateway.ca_file.read_text()
