"""The command line: a CodeArtifact for any shell, any language.

Exit codes: 0 success, also when `serve` is stopped; 1 it could not be done; 2 wrong usage.
"""

import argparse
import json
import os
import re
import shlex
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from platformdirs import user_state_path

from pytest_codeartifact import __version__, shells
from pytest_codeartifact.emulator.configuration import DEFAULT_ACCOUNT, DEFAULT_REGION
from pytest_codeartifact.emulator.quotas import Quotas

if TYPE_CHECKING:
    from pytest_codeartifact.emulator.server import Running

PROGRAM = "pytest-codeartifact"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; what goes wrong is one line on stderr."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except _Failure as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return 1


class _Failure(Exception):
    """Something that the user can read and act on."""

    def __str__(self) -> str:
        cause = self.args[0]
        if isinstance(cause, OSError) and cause.filename:
            return f"{cause.filename}: {cause.strerror}"
        return str(cause)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, too."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, description="A CodeArtifact on this machine.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve", help="run a CodeArtifact until it is stopped", description=_serve.__doc__
    )
    serve.set_defaults(run=_serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument("--port", type=_port, default=0, help="port; 0 takes any free one (default)")
    serve.add_argument("--state", type=Path, help="keep the state in this folder")
    serve.add_argument("--region", type=_region, default=DEFAULT_REGION, help="(%(default)s)")
    serve.add_argument("--account", type=_account, default=DEFAULT_ACCOUNT, help="(%(default)s)")
    serve.add_argument(
        "--upstream",
        type=_upstream,
        action="append",
        default=[],
        metavar="CONNECTION=URL",
        help="where an external connection points, such as public:pypi=URL"
        " (default: the index pip is configured for)",
    )
    serve.add_argument(
        "--quota",
        type=_quota,
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help=f"another limit than the service's default: {', '.join(_QUOTAS)}",
    )
    serve.add_argument("--ready-file", type=Path, help="written when the server answers (JSON)")
    serve.add_argument("--lease-folder", type=Path, help="end when no lease in it is held")
    env = commands.add_parser(
        "env", help="print the variables that point AWS clients to it", description=_env.__doc__
    )
    env.set_defaults(run=_env)
    env.add_argument("--shell", choices=sorted(shells.SHELLS), help="(default: by $SHELL)")
    env.add_argument("--ready-file", type=Path, help="of which server (default: the last started)")
    coverage = commands.add_parser(
        "coverage",
        help="say which of the service's operations it has",
        description=_coverage.__doc__,
    )
    coverage.set_defaults(run=_coverage)
    return parser


def _serve(options: argparse.Namespace) -> int:
    """Serve in the foreground; Ctrl-C stops it."""
    with ExitStack() as stack:
        _stop_cleanly(stack)
        _serve_until_stopped(options, stack)
    return 0


def _stop_cleanly(stack: ExitStack) -> None:
    """Let every signal that stops a server also stop one that is still starting, as a success."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            stack.callback(signal.signal, number, signal.signal(number, _stop))


def _stop(*_: object) -> NoReturn:
    raise SystemExit(0)


def _serve_until_stopped(options: argparse.Namespace, stack: ExitStack) -> None:
    # The server's libraries take a while to import; other commands do without.
    from pytest_codeartifact.emulator.configuration import Configuration  # noqa: PLC0415
    from pytest_codeartifact.emulator.server import Binding, ServerError, serve  # noqa: PLC0415
    from pytest_codeartifact.emulator.store.sqlite import StateError  # noqa: PLC0415

    state = options.state or Path(
        stack.enter_context(tempfile.TemporaryDirectory(prefix="pytest-codeartifact-state-"))
    )
    configuration = Configuration(
        state_path=state,
        region=options.region,
        account=options.account,
        upstreams=_upstreams(options),
        quotas=Quotas(**dict(options.quota)),
    )
    binding = Binding(
        host=options.host,
        port=options.port,
        ready_file=options.ready_file or _default_ready_file(),
        lease_folder=options.lease_folder,
    )
    try:
        serve(configuration, binding, partial(_announce, _env_command(options)))
    except (ServerError, StateError, OSError) as error:
        raise _Failure(error) from error


def _upstreams(options: argparse.Namespace) -> dict[str, str]:
    """What the options say, and the index pip is configured for where they say nothing."""
    from pytest_codeartifact.pip_configuration import (  # noqa: PLC0415 - only servers pull
        PipConfigurationError,
        index_url,
    )

    upstreams = dict(options.upstream)
    if "public:pypi" not in upstreams:
        try:
            index = index_url()
        except PipConfigurationError as error:
            raise _Failure(f"{error}; mend it, or say --upstream public:pypi=URL") from error
        if index:
            upstreams["public:pypi"] = index
    return upstreams


def _env_command(options: argparse.Namespace) -> str:
    words = [PROGRAM, "env"]
    if options.ready_file:
        words += ["--ready-file", shlex.quote(str(options.ready_file))]
    return " ".join(words)


def _announce(env_command: str, running: "Running") -> None:
    sys.stdout.write(
        f"CodeArtifact of account {running.account} in {running.region}: {running.endpoint_url}\n"
        f'For your shell:  eval "$({env_command})"\n'
        "Stop with Ctrl-C.\n"
    )
    sys.stdout.flush()


def _env(options: argparse.Namespace) -> int:
    """Print commands for a shell that point every AWS client to the running server."""
    path = options.ready_file or _default_ready_file()
    try:
        ready = json.loads(path.read_text())
        variables = {variable: str(ready[name]) for variable, name in _VARIABLES.items()}
    except FileNotFoundError:
        raise _Failure(f"no server is running; start one with '{PROGRAM} serve'") from None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise _Failure(f"{path} is no ready file of a server") from error
    if not _listens(variables["AWS_ENDPOINT_URL"]):
        raise _Failure(f"the server of {path} is gone; start one with '{PROGRAM} serve'")
    shell = options.shell or shells.guess(os.environ.get("SHELL") or _UNSAID_SHELL)
    sys.stdout.write(shells.commands(shell, variables, unset=_IN_THE_WAY) + "\n")
    return 0


def _coverage(options: argparse.Namespace) -> int:
    """Print each operation of the installed botocore's model and whether it is served."""
    del options  # there are none
    from pytest_codeartifact.emulator.api import model  # noqa: PLC0415 - loads botocore
    from pytest_codeartifact.emulator.operations import discover  # noqa: PLC0415 - likewise

    known, served = sorted(model.operations()), discover()
    width = max(map(len, known))
    lines = [f"{name:<{width}}  {'served' if name in served else 'missing'}" for name in known]
    count = sum(name in served for name in known)
    sys.stdout.write("\n".join([*lines, f"{count} of {len(known)} operations"]) + "\n")
    return 0 if count == len(known) else 1


def _listens(url: str) -> bool:
    """Whether somebody is there; a server that was killed leaves its ready file behind."""
    try:
        parts = urlsplit(url)
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except (OSError, ValueError):
        return False
    return True


def _default_ready_file() -> Path:
    # Below the user's home, as it says where credentials are sent and nobody else may replace it.
    return user_state_path(PROGRAM, appauthor=False) / "server.json"


_VARIABLES = {
    "AWS_ENDPOINT_URL": "endpoint_url",
    "AWS_ACCESS_KEY_ID": "access_key_id",
    "AWS_SECRET_ACCESS_KEY": "secret_access_key",
    "AWS_DEFAULT_REGION": "region",
}
# Containers and service managers start shells without $SHELL; only Windows has none at all.
_UNSAID_SHELL = "/bin/sh" if os.name == "posix" else None
# Temporary credentials, a profile or an endpoint of one service would win over the variables above.
_IN_THE_WAY = (
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_ENDPOINT_URL_CODEARTIFACT",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
_QUOTAS = [field.name for field in fields(Quotas)]


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the highest port there is
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def _region(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no region such as {DEFAULT_REGION}")
    return text


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"an account has 12 digits, unlike {text!r}")
    return text


def _upstream(text: str) -> tuple[str, str]:
    from pytest_codeartifact.emulator.registry.connections import KNOWN  # noqa: PLC0415 - rarely

    connection, _, url = text.partition("=")
    if connection not in KNOWN:
        raise argparse.ArgumentTypeError(f"{connection!r} is none of {', '.join(KNOWN)}")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise argparse.ArgumentTypeError("say CONNECTION=URL, such as public:pypi=http://…/simple/")
    return connection, url


def _quota(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if name not in _QUOTAS or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"say NAME=NUMBER with one of {', '.join(_QUOTAS)}")
    return name, int(number)
