"""What may stand on the command line: each word is read here, or refused with what it should be."""

import argparse
import re
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

from pytest_codeartifact.emulator.configuration import DEFAULT_REGION
from pytest_codeartifact.emulator.quotas import Quotas

QUOTAS = [field.name for field in fields(Quotas)]


def source(text: str) -> Path:
    """A folder that is there."""
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no folder")
    return Path(text)


def policy(text: str) -> str:
    """The text of a file that holds a policy."""
    from pytest_codeartifact.errors import CodeArtifactError  # noqa: PLC0415 - only for builds
    from pytest_codeartifact.targets.roles import document_of  # noqa: PLC0415 - loads botocore

    try:
        read = Path(text).read_text(encoding="utf-8")
        document_of(read)
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"cannot read {text!r}: {error}") from error
    except CodeArtifactError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error.what}") from error
    return read


def variable(text: str) -> tuple[str, str]:
    """A variable of the environment: its name and its value."""
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise argparse.ArgumentTypeError(f"say NAME=VALUE, unlike {text!r}")
    return name, value


def minutes(text: str) -> int:
    """How long a build may take."""
    if not text.isdecimal() or not 5 <= int(text) <= 2160:  # noqa: PLR2004 - as CodeBuild allows
        raise argparse.ArgumentTypeError(f"minutes are a number from 5 to 2160, not {text!r}")
    return int(text)


def port(text: str) -> int:
    """A port; 0 stands for any free one."""
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the highest port there is
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def region(text: str) -> str:
    """A region."""
    if not re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no region such as {DEFAULT_REGION}")
    return text


def account(text: str) -> str:
    """The number of an account."""
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"an account has 12 digits, unlike {text!r}")
    return text


def upstream(text: str) -> tuple[str, str]:
    """An external connection and where it points."""
    from pytest_codeartifact.emulator.registry.connections import KNOWN  # noqa: PLC0415 - rarely

    connection, _, url = text.partition("=")
    if connection not in KNOWN:
        raise argparse.ArgumentTypeError(f"{connection!r} is none of {', '.join(KNOWN)}")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise argparse.ArgumentTypeError("say CONNECTION=URL, such as public:pypi=http://…/simple/")
    return connection, url


def quota(text: str) -> tuple[str, int]:
    """A limit and its number."""
    name, _, number = text.partition("=")
    if name not in QUOTAS or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"say NAME=NUMBER with one of {', '.join(QUOTAS)}")
    return name, int(number)


def prefix(text: str) -> str:
    """What the names of runs begin with."""
    from pytest_codeartifact.targets.ownership import PREFIX_PATTERN  # noqa: PLC0415 - for sweeps

    if not re.fullmatch(PREFIX_PATTERN, text):
        raise argparse.ArgumentTypeError(
            f"a prefix has 2 to 12 lower-case letters and digits, a letter first, unlike {text!r}"
        )
    return text


def run(text: str) -> str:
    """The id of a run."""
    from pytest_codeartifact.targets.sweeping import RUN_PATTERN  # noqa: PLC0415 - loads botocore

    if not re.fullmatch(RUN_PATTERN, text):
        raise argparse.ArgumentTypeError(
            f"the id of a run has 8 hexadecimal digits, as in its names, unlike {text!r}"
        )
    return text


def positive(text: str) -> int:
    """How many of something, at least one."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"say a number from 1, not {text!r}")
    return int(text)


def add_sweep_options(parser: argparse.ArgumentParser) -> None:
    """What a sweep can be told; whatever it is not told, it may read from variables."""
    parser.add_argument(
        "--account",
        type=account,
        action="append",
        default=[],
        metavar="ID",
        help="the account to work in, and no other; may be repeated"
        " (default: PYTEST_CODEARTIFACT_ACCOUNT)",
    )
    parser.add_argument(
        "--region",
        type=region,
        help="the Region to work in (default: PYTEST_CODEARTIFACT_REGION)",
    )
    parser.add_argument(
        "--prefix",
        type=prefix,
        metavar="NAME",
        help="what the names of runs begin with (default: PYTEST_CODEARTIFACT_PREFIX, or pca)",
    )
    parser.add_argument(
        "--run",
        dest="run_id",
        type=run,
        metavar="ID",
        help="what this run has made, expired or not (default: what has expired)",
    )
    parser.add_argument("--delete", action="store_true", help="delete it (default: only tell)")
    parser.add_argument("--json", action="store_true", help="tell it as JSON")
