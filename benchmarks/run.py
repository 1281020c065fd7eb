#!/usr/bin/env python3
"""Measure the hot paths beside peers that do the same in the same minute on the same machine.

python benchmarks/run.py [--seconds 3] [--connections 32] [--peers FOLDER]

Prints requests a second and, for each peer, this emulator's rate as a multiple of the peer's.
Nothing is asserted: rates of different machines, or of one machine in different hours, do not
compare. A peer that is not there is left out, with the reason.
"""

import argparse
import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import urllib3

from pytest_codeartifact.targets.packages import make_package

VERSIONS = 100
UPLOADERS = 4
START_SECONDS = 15.0
OURS = "pytest-codeartifact"
MEASURES = ("simple page", "small download", "token check", "upload")
NGINX = """\
daemon off; error_log stderr error; pid {folder}/nginx.pid; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{port}; root {folder}/www;
    location /private/ {{ auth_basic realm; auth_basic_user_file {folder}/users; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """One server: where each thing that is measured is found; what it lacks is not measured."""

    name: str
    urls: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    upload_url: str | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """How hard and how long each thing is asked for."""

    seconds: int
    connections: int

    def rate(self, url: str, headers: Mapping[str, str]) -> float:
        """Answered requests a second for one address; wrk asks where it is installed."""
        program = shutil.which("wrk")
        if program is None:
            return self._rate_of_threads(url, headers)
        command = [program, "-t1", f"-c{self.connections}", f"-d{self.seconds}s"]
        for name, value in headers.items():
            command += ["-H", f"{name}: {value}"]
        told = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in told:
            sys.exit(f"{url} answered with failures:\n{told}")
        return float(told.partition("Requests/sec:")[2].split()[0])

    def _rate_of_threads(self, url: str, headers: Mapping[str, str]) -> float:
        threads = min(self.connections, 8)
        pool = urllib3.PoolManager(maxsize=threads, headers=headers)

        def ask(_: int) -> int:
            return pool.request("GET", url).status

        return self.rate_of(ask, threads)

    def rate_of(self, act: Callable[[int], int], threads: int) -> float:
        """Successful calls of `act` a second, with a running number each."""
        numbers = itertools.count()
        end = time.monotonic() + self.seconds

        def work(_: int) -> int:
            done = 0
            while time.monotonic() < end:
                status = act(next(numbers))
                if status != 200:  # noqa: PLR2004 - what every server here answers to success
                    sys.exit(f"a request was answered {status}")
                done += 1
            return done

        with ThreadPoolExecutor(threads) as workers:
            started = time.monotonic()
            done = sum(workers.map(work, range(threads)))
            return done / (time.monotonic() - started)


def main() -> None:
    """Start everything, measure, print, stop everything."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=3, help="for each figure (%(default)s)")
    parser.add_argument("--connections", type=int, default=32, help="at once (%(default)s)")
    parser.add_argument("--peers", type=Path, help="a virtual environment that has pypiserver")
    options = parser.parse_args()
    load = Load(options.seconds, options.connections)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        wheels = [make_package(folder / "wheels", "bench", f"1.{n}").wheel for n in range(VERSIONS)]
        ours = stack.enter_context(_ours(folder, wheels))
        page = urllib3.request("GET", ours.urls["simple page"], headers=ours.headers).data
        subjects = [ours]
        for make in (_pypiserver, _nginx):
            try:
                subjects.append(stack.enter_context(make(folder, wheels, page, options.peers)))
            except _Absent as reason:
                sys.stdout.write(f"left out: {reason}\n")
        sys.stdout.write(
            f"page {len(page)} bytes, file {wheels[0].stat().st_size} bytes,"
            f" {load.connections} connections, {load.seconds} s each,"
            f" load by {'wrk' if shutil.which('wrk') else 'threads (the load is the limit)'}\n\n"
        )
        _print(subjects, {each.name: _measured(each, load, folder) for each in subjects})


class _Absent(Exception):
    """A peer is not on this machine."""


def _measured(subject: Subject, load: Load, folder: Path) -> dict[str, float]:
    rates = {name: load.rate(url, subject.headers) for name, url in subject.urls.items()}
    if subject.upload_url is not None:
        rates["upload"] = _upload_rate(
            subject, subject.upload_url, load, folder / f"made-{subject.name}"
        )
    return rates


def _upload_rate(subject: Subject, url: str, load: Load, folder: Path) -> float:
    """Small wheels published a second; every one is a new version."""
    pool = urllib3.PoolManager(maxsize=UPLOADERS, headers=subject.headers)

    def upload(number: int) -> int:
        return _publish(pool, url, make_package(folder, "uploaded", f"1.{number}").wheel)

    return load.rate_of(upload, UPLOADERS)


def _publish(pool: urllib3.PoolManager, url: str, wheel: Path) -> int:
    """Upload a wheel as twine does; returns the status."""
    name, version, *_ = wheel.name.split("-")
    fields: dict[str, str | tuple[str, bytes, str]] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": name,
        "version": version,
        "filetype": "bdist_wheel",
        "pyversion": "py3",
        "content": (wheel.name, wheel.read_bytes(), "application/octet-stream"),
    }
    return pool.request("POST", url, fields=fields).status


def _print(subjects: list[Subject], rates: Mapping[str, Mapping[str, float]]) -> None:
    peers = [each.name for each in subjects[1:]]
    head = ["requests/s", OURS, *peers, *(f"x {name}" for name in peers)]
    rows = [head]
    for measure in MEASURES:
        own = rates[OURS][measure]
        others = [rates[name].get(measure) for name in peers]
        row = [measure, f"{own:.0f}", *("-" if rate is None else f"{rate:.0f}" for rate in others)]
        rows.append([*row, *("-" if rate is None else f"{own / rate:.2f}" for rate in others)])
    widths = [max(len(row[n]) for row in rows) for n in range(len(head))]
    for row in rows:
        cells = [text.rjust(width) for text, width in zip(row, widths, strict=True)]
        sys.stdout.write("  ".join(cells) + "\n")


@contextlib.contextmanager
def _ours(folder: Path, wheels: list[Path]) -> Iterator[Subject]:
    ready_path = folder / "ready.json"
    command = [sys.executable, "-m", "pytest_codeartifact", "serve", "--port", "0"]
    command += ["--ready-file", str(ready_path), "--upstream", "public:pypi=http://127.0.0.1:9/"]
    with _running(command, ready_path.exists):
        ready = json.loads(ready_path.read_text())
        client = boto3.client(
            "codeartifact",
            endpoint_url=ready["endpoint_url"],
            region_name=ready["region"],
            aws_access_key_id=ready["access_key_id"],
            aws_secret_access_key=ready["secret_access_key"],
        )
        client.create_domain(domain="bench")
        client.create_repository(domain="bench", repository="store")
        url = client.get_repository_endpoint(domain="bench", repository="store", format="pypi")[
            "repositoryEndpoint"
        ]
        token = client.get_authorization_token(domain="bench")["authorizationToken"]
        headers = {"Authorization": f"Bearer {token}"}
        tiny = make_package(folder / "tiny", "tiny").wheel
        for wheel in (*wheels, tiny):
            _publish(urllib3.PoolManager(headers=headers), url, wheel)
        yield Subject(
            OURS,
            {
                "simple page": f"{url}simple/bench/",
                "small download": f"{url}simple/bench/1.0/{wheels[0].name}",
                # A page so small that its token is what costs.
                "token check": f"{url}simple/tiny/",
            },
            headers,
            url,
        )


@contextlib.contextmanager
def _pypiserver(
    folder: Path, wheels: list[Path], _page: bytes, peers: Path | None
) -> Iterator[Subject]:
    path = str(peers / "bin") if peers else None
    program = shutil.which("pypi-server", path=path)
    if program is None:
        raise _Absent("pypiserver: install it into an environment and name that with --peers")
    packages = folder / "pypiserver"
    packages.mkdir()
    for wheel in wheels:
        shutil.copy(wheel, packages)
    port = _free_port()
    command = [program, "run", "--port", str(port), "--interface", "127.0.0.1"]
    command += ["--passwords", ".", "--authenticate", ".", "--disable-fallback", str(packages)]
    with _running(command, lambda: _listens(port)):
        url = f"http://127.0.0.1:{port}"
        yield Subject(
            "pypiserver",
            {
                "simple page": f"{url}/simple/bench/",
                "small download": f"{url}/packages/{wheels[0].name}",
            },
            upload_url=f"{url}/",
        )


@contextlib.contextmanager
def _nginx(folder: Path, wheels: list[Path], page: bytes, _peers: Path | None) -> Iterator[Subject]:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise _Absent("nginx: it is not installed")
    home = folder / "nginx"
    for name, body in (("simple", page), ("private", page[:400])):
        (home / "www" / name).mkdir(parents=True)
        (home / "www" / name / "page.html").write_bytes(body)
    shutil.copy(wheels[0], home / "www" / "file.whl")
    (home / "users").write_text("aws:{PLAIN}password\n")
    home.chmod(0o755)
    folder.chmod(0o755)
    port = _free_port()
    (home / "nginx.conf").write_text(NGINX.format(folder=home, port=port))
    with _running([program, "-c", str(home / "nginx.conf")], lambda: _listens(port)):
        url = f"http://127.0.0.1:{port}"
        yield Subject(
            "nginx",
            {
                "simple page": f"{url}/simple/page.html",
                "small download": f"{url}/file.whl",
                "token check": f"{url}/private/page.html",
            },
            {"Authorization": urllib3.make_headers(basic_auth="aws:password")["authorization"]},
        )


@contextlib.contextmanager
def _running(command: list[str], is_up: Callable[[], bool]) -> Iterator[None]:
    """Keep a program running; ends this one when it does not come up."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + START_SECONDS
        while not is_up():
            if child.poll() is not None or time.monotonic() > end:
                sys.exit(f"{command[0]} does not come up")
            time.sleep(0.02)
        yield
    finally:
        child.terminate()
        child.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


if __name__ == "__main__":
    main()
