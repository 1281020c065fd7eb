"""Accounts outside of a pytest run: of the server that somebody runs, or of one's own."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pytest_codeartifact.errors import CodeArtifactError
from pytest_codeartifact.settings import Settings
from pytest_codeartifact.targets.control import Control
from pytest_codeartifact.targets.emulator import Account, EmulatorTarget, open_private_target
from pytest_codeartifact.targets.leases import Access


def write_ready_file(account: Account, ready_file: Path) -> None:
    """Say there how an account is reached, as its server does; it holds the account's key."""
    variables = account.environment()
    told = {
        "endpoint_url": account.endpoint_url,
        "account": account.account,
        "region": account.region,
        "access_key_id": variables["AWS_ACCESS_KEY_ID"],
        "secret_access_key": variables["AWS_SECRET_ACCESS_KEY"],
    }
    ready_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    ready_file.touch(mode=0o600)
    ready_file.write_text(json.dumps(told), encoding="utf-8")


@contextmanager
def running_account(ready_file: Path) -> Iterator[EmulatorTarget]:
    """The account of a server that runs; raises CodeArtifactError where the file is of none."""
    try:
        ready = json.loads(ready_file.read_text())
        access = Access(
            endpoint_url=str(ready["endpoint_url"]),
            account=str(ready["account"]),
            region=str(ready["region"]),
            access_key_id=str(ready["access_key_id"]),
            secret_access_key=str(ready["secret_access_key"]),
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise CodeArtifactError(f"{ready_file} is no ready file of a server") from error
    control = Control(access)
    with closing(EmulatorTarget(access, control, control.close)) as target:
        yield target


@contextmanager
def private_account(public_pypi: str | None) -> Iterator[EmulatorTarget]:
    """The account of a server of one's own, which has nothing in it yet."""
    with closing(open_private_target(Settings.plain(public_pypi))) as target:
        yield target
