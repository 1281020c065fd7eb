"""The command line: a CodeArtifact for any shell, any language.

Exit codes: 0 success, also when `serve` is stopped; 1 it could not be done; 2 wrong usage.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from platformdirs import user_runtime_path

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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="A CodeArtifact on this machine.")
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
    return parser


def _serve(options: argparse.Namespace) -> int:
    """Serve in the foreground; Ctrl-C stops it."""
    # The server's libraries take a while to import; other commands do without.
    from pytest_codeartifact.emulator.configuration import Configuration  # noqa: PLC0415
    from pytest_codeartifact.emulator.server import Binding, ServerError, serve  # noqa: PLC0415
    from pytest_codeartifact.emulator.store.sqlite import StateError  # noqa: PLC0415
    from pytest_codeartifact.pip_configuration import index_url  # noqa: PLC0415

    upstreams = dict(options.upstream)
    if "public:pypi" not in upstreams and (index := index_url()):
        upstreams["public:pypi"] = index
    with ExitStack() as stack:
        state = options.state or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="pytest-codeartifact-state-"))
        )
        configuration = Configuration(
            state_path=state,
            region=options.region,
            account=options.account,
            upstreams=upstreams,
            quotas=Quotas(**dict(options.quota)),
        )
        binding = Binding(
            host=options.host,
            port=options.port,
            ready_file=options.ready_file or _default_ready_file(),
            lease_folder=options.lease_folder,
        )
        try:
            serve(configuration, binding, _announce)
        except (ServerError, StateError, OSError) as error:
            raise _Failure(error) from error
    return 0


def _announce(running: "Running") -> None:
    sys.stdout.write(
        f"CodeArtifact of account {running.account} in {running.region}: {running.endpoint_url}\n"
        f'For your shell:  eval "$({PROGRAM} env)"\n'
        "Stop with Ctrl-C.\n"
    )
    sys.stdout.flush()


def _env(options: argparse.Namespace) -> int:
    """Print commands for a shell that point every AWS client to the running server."""
    path = options.ready_file or _default_ready_file()
    try:
        ready = json.loads(path.read_text())
    except FileNotFoundError:
        raise _Failure(f"no server is running; start one with '{PROGRAM} serve'") from None
    except (OSError, ValueError) as error:
        raise _Failure(f"{path} is no ready file: {error}") from error
    variables = {
        "AWS_ENDPOINT_URL": ready["endpoint_url"],
        "AWS_ACCESS_KEY_ID": ready["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": ready["secret_access_key"],
        "AWS_DEFAULT_REGION": ready["region"],
    }
    sys.stdout.write(
        shells.exports(options.shell or shells.guess(os.environ.get("SHELL")), variables) + "\n"
    )
    return 0


def _default_ready_file() -> Path:
    return user_runtime_path(PROGRAM, appauthor=False) / "server.json"


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
    connection, _, url = text.partition("=")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise argparse.ArgumentTypeError("say CONNECTION=URL, such as public:pypi=http://…/simple/")
    return connection, url


def _quota(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if name not in _QUOTAS or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"say NAME=NUMBER with one of {', '.join(_QUOTAS)}")
    return name, int(number)
