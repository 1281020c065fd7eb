"""The command line: a CodeArtifact for any shell, any language.

Exit codes: 0 success, also when `serve` is stopped; 1 it could not be done, or not in whole, or the
build did not succeed; 2 wrong usage.
"""

import argparse
import json
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from pytest_codeartifact import __version__, arguments, shells
from pytest_codeartifact.emulator.configuration import (
    BUILDS_AT_ONCE,
    DEFAULT_ACCOUNT,
    DEFAULT_REGION,
)
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.parity import command
from pytest_codeartifact.serving import PROGRAM, default_ready_file, is_served, listens

if TYPE_CHECKING:
    from pytest_codeartifact.emulator.server import Running

    _Commands: TypeAlias = argparse._SubParsersAction["_Parser"]  # noqa: SLF001 - it has no public name


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
    _add_serve(commands)
    env = commands.add_parser(
        "env", help="print the variables that point AWS clients to it", description=_env.__doc__
    )
    env.set_defaults(run=_env)
    env.add_argument("--shell", choices=sorted(shells.SHELLS), help="(default: by $SHELL)")
    env.add_argument("--ready-file", type=Path, help="of which server (default: the last started)")
    _add_build(commands)
    _add_sweep(commands)
    command.add_to(commands)
    coverage = commands.add_parser(
        "coverage",
        help="say which of the service's operations it has",
        description=_coverage.__doc__,
    )
    coverage.set_defaults(run=_coverage)
    return parser


def _add_serve(commands: "_Commands") -> None:
    serve = commands.add_parser(
        "serve", help="run a CodeArtifact until it is stopped", description=_serve.__doc__
    )
    serve.set_defaults(run=_serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument(
        "--port", type=arguments.port, default=0, help="port; 0 takes any free one (default)"
    )
    serve.add_argument("--state", type=Path, help="keep the state in this folder")
    serve.add_argument(
        "--region", type=arguments.region, default=DEFAULT_REGION, help="(%(default)s)"
    )
    serve.add_argument(
        "--account", type=arguments.account, default=DEFAULT_ACCOUNT, help="(%(default)s)"
    )
    serve.add_argument(
        "--upstream",
        type=arguments.upstream,
        action="append",
        default=[],
        metavar="CONNECTION=URL",
        help="where an external connection points, such as public:pypi=URL"
        " (default: the index pip is configured for)",
    )
    serve.add_argument(
        "--quota",
        type=arguments.quota,
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help=f"another limit than the service's default: {', '.join(arguments.QUOTAS)}",
    )
    serve.add_argument(
        "--builds",
        type=arguments.positive,
        default=BUILDS_AT_ONCE,
        metavar="NUMBER",
        help="how many builds of CodeBuild run side by side (%(default)s)",
    )
    serve.add_argument("--ready-file", type=Path, help="written when the server answers (JSON)")
    serve.add_argument("--lease-folder", type=Path, help="end when no lease in it is held")


def _add_build(commands: "_Commands") -> None:
    build = commands.add_parser(
        "build", help="run a buildspec as CodeBuild does", description=_build.__doc__
    )
    build.set_defaults(run=_build)
    build.add_argument("folder", type=arguments.source, metavar="DIR", help="the build's source")
    build.add_argument(
        "--buildspec", help="path within DIR, or the YAML itself (default: buildspec.yml)"
    )
    build.add_argument(
        "--role-policy",
        type=arguments.policy,
        metavar="FILE",
        help="JSON of what the build may do (default: read packages from CodeArtifact)",
    )
    build.add_argument(
        "--env",
        type=arguments.variable,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an environment variable of the build",
    )
    build.add_argument(
        "--timeout", type=arguments.minutes, default=60, metavar="MINUTES", help="(%(default)s)"
    )
    build.add_argument(
        "--ready-file", type=Path, help="on which server (default: the last started)"
    )


def _add_sweep(commands: "_Commands") -> None:
    sweep = commands.add_parser(
        "sweep",
        help="find, and delete, what runs have left in an AWS account",
        description=_sweep.__doc__,
    )
    sweep.set_defaults(run=partial(_sweep, sweep.error))
    arguments.add_sweep_options(sweep)


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
    from pytest_codeartifact.codebuild.machine import LocalMachine  # noqa: PLC0415 - with it
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
        builds_at_once=options.builds,
    )
    binding = Binding(
        host=options.host,
        port=options.port,
        ready_file=options.ready_file or default_ready_file(),
        lease_folder=options.lease_folder,
    )
    try:
        announce = partial(_announce, _env_command(options))
        serve(configuration, binding, announce, LocalMachine.here())
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
    path = options.ready_file or default_ready_file()
    try:
        ready = json.loads(path.read_text())
        variables = {variable: str(ready[name]) for variable, name in _VARIABLES.items()}
    except FileNotFoundError:
        raise _Failure(f"no server is running; start one with '{PROGRAM} serve'") from None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise _Failure(f"{path} is no ready file of a server") from error
    if not listens(variables["AWS_ENDPOINT_URL"]):
        raise _Failure(f"the server of {path} is gone; start one with '{PROGRAM} serve'")
    shell = options.shell or shells.guess(os.environ.get("SHELL") or _UNSAID_SHELL)
    sys.stdout.write(shells.commands(shell, variables, unset=_IN_THE_WAY) + "\n")
    return 0


def _build(options: argparse.Namespace) -> int:
    """Run the buildspec of a folder as CodeBuild does, under a role with exactly one policy.

    On the server that runs, or on one of its own. The exit code is 0 when the build succeeded.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loads long

    from pytest_codeartifact import building  # noqa: PLC0415 - loads boto3
    from pytest_codeartifact.errors import CodeArtifactError  # noqa: PLC0415 - with it
    from pytest_codeartifact.targets import accounts  # noqa: PLC0415 - likewise

    screen = building.Screen(sys.stdout)
    wanted = building.Wanted(
        folder=options.folder,
        role_policy=options.role_policy or building.READING_POLICY,
        buildspec=options.buildspec,
        variables=dict(options.env),
        timeout_minutes=options.timeout,
    )
    try:
        with ExitStack() as stack:
            path = options.ready_file or default_ready_file()
            if options.ready_file or is_served(path):
                account = stack.enter_context(accounts.running_account(path))
            else:
                screen.say(
                    "No server is running, so this build meets an empty CodeArtifact of its own;"
                    f" '{PROGRAM} serve' starts one that it can share with you."
                )
                outside = _upstreams(argparse.Namespace(upstream=[]))
                account = stack.enter_context(accounts.private_account(outside.get("public:pypi")))
            if options.role_policy is None:
                screen.say(
                    "The build's role may read packages from CodeArtifact;"
                    " --role-policy FILE gives it other permissions."
                )
            return 0 if building.run(account, wanted, screen).succeeded else 1
    except (CodeArtifactError, ClientError, BotoCoreError) as error:
        raise _Failure(error) from error


def _sweep(refuse: Callable[[str], NoReturn], options: argparse.Namespace) -> int:
    """Find what runs have left in an AWS account: their names, their tags, and past expiry.

    With --delete it is deleted, and nothing else ever is. The exit code is 1 where something could
    not be listed or deleted.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loads long

    from pytest_codeartifact import settings, sweeper  # noqa: PLC0415 - loads botocore
    from pytest_codeartifact.errors import CodeArtifactError  # noqa: PLC0415 - with it
    from pytest_codeartifact.pip_configuration import PipConfigurationError  # noqa: PLC0415
    from pytest_codeartifact.targets import aws  # noqa: PLC0415 - loads boto3
    from pytest_codeartifact.targets.ownership import DEFAULT_PREFIX  # noqa: PLC0415 - with it
    from pytest_codeartifact.targets.sweeping import Sweep  # noqa: PLC0415 - likewise
    from pytest_codeartifact.tools.process import MissingTool  # noqa: PLC0415 - likewise

    try:
        accounts = options.account or settings.accounts_of_environment()
        region = options.region or settings.region_of_environment()
        prefix = options.prefix or settings.prefix_of_environment() or DEFAULT_PREFIX
    except CodeArtifactError as error:
        refuse(str(error))
    if not accounts or region is None:
        refuse("name the account by --account and the Region by --region")
    act = sweeper.clear if options.delete else sweeper.look
    show = sweeper.write_json if options.json else sweeper.write_lines
    try:
        with aws.open_account(region, accounts) as account:
            sweep = Sweep(account, prefix=prefix, now=datetime.now(UTC), run=options.run_id)
            outcome = act(sweep, account.account, region)
    except (
        *(CodeArtifactError, ClientError, BotoCoreError),
        *(MissingTool, PipConfigurationError),
    ) as error:
        raise _Failure(error) from error
    show(outcome, sys.stdout)
    return outcome.exit_code


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


_VARIABLES = {
    "AWS_ENDPOINT_URL": "endpoint_url",
    "AWS_ACCESS_KEY_ID": "access_key_id",
    "AWS_SECRET_ACCESS_KEY": "secret_access_key",
    "AWS_DEFAULT_REGION": "region",
    # The SDKs for JavaScript and others read this one alone.
    "AWS_REGION": "region",
}
# Containers and service managers start shells without $SHELL; only Windows has none at all.
_UNSAID_SHELL = "/bin/sh" if os.name == "posix" else None
# Temporary credentials, a profile or an endpoint of one service would win over the variables above.
_IN_THE_WAY = (
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL_CODEARTIFACT",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
