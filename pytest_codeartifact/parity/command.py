"""The command `pytest-codeartifact parity`; what it needs is imported when it runs."""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from pytest_codeartifact.serving import PROGRAM


def add_to(commands: Any) -> None:  # noqa: ANN401 -- argparse has no public name for it
    """Add the command to those of the program."""
    parity = commands.add_parser(
        "parity", help="say where the emulator answers as AWS does", description=_parity.__doc__
    )
    parity.set_defaults(run=_parity)
    parity.add_argument(
        "--records",
        type=_folder,
        metavar="DIR",
        help="folder of records that runs on a real account wrote, in place of those shipped",
    )
    parity.add_argument("--json", action="store_true", help="tell it as JSON")


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return path


def _parity(options: argparse.Namespace) -> int:
    """Ask all probes on an emulator of its own, and compare with the records of AWS.

    The exit code is 1 where something differs, or could not be asked.
    """
    from pytest_codeartifact.errors import CodeArtifactError  # noqa: PLC0415 - for the others
    from pytest_codeartifact.parity import table  # noqa: PLC0415 - loads boto3
    from pytest_codeartifact.targets import accounts  # noqa: PLC0415 - likewise

    try:
        # Nothing is read from a public registry, so none is given.
        with accounts.private_account(None) as account:
            found = table.findings(account, options.records)
    except CodeArtifactError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return 1
    if options.json:
        table.write_json(found, sys.stdout)
    else:
        table.write_lines(found, sys.stdout, shutil.get_terminal_size().columns)
    return table.exit_code(found)
