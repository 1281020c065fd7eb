"""The accounts of this emulator: each has one administrator, whose access key is made here."""

import json
import random
import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pytest_codeartifact.emulator.iam.callers import Caller, Credential

ADMINISTRATOR = "administrator"
KEPT_AS = "account "
"""What the keys of accounts begin with in the state."""
_KEY_LETTERS = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True)
class Account:
    """An account with its administrator's key."""

    number: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    @property
    def credential(self) -> Credential:
        """The administrator's key with whom it stands for."""
        caller = Caller(
            account=self.number,
            arn=f"arn:aws:iam::{self.number}:user/{ADMINISTRATOR}",
            principal_id=f"AIDA{self.access_key_id[4:]}",
            access_key_id=self.access_key_id,
            is_administrator=True,
        )
        return Credential(self.access_key_id, self.secret_access_key, caller)


class Accounts:
    """Accounts kept with the state; fulfils `Keyring` for their administrators."""

    def __init__(
        self, kept: Callable[[str, Callable[[], str]], str], known: Iterable[str] = ()
    ) -> None:
        """`kept` returns a value of the state, made when it is first asked for.

        `known` are the keys of such values that the state already has.
        """
        self._kept = kept
        self._by_key: dict[str, Account] = {}
        for key in known:
            self.open(key.removeprefix(KEPT_AS))

    def open(self, number: str) -> Account:
        """The account of this number, opened when it is new."""
        text = self._kept(f"{KEPT_AS}{number}", _new_key)
        account = Account(number, *json.loads(text))
        self._by_key[account.access_key_id] = account
        return account

    def open_fresh(self) -> Account:
        """An account nobody has used."""
        known = {account.number for account in self._by_key.values()}
        while True:
            number = f"{random.SystemRandom().randrange(10**11, 10**12)}"
            if number not in known:
                return self.open(number)

    def all(self) -> list[Account]:
        """Every account there is."""
        return list(self._by_key.values())

    def close_others(self, kept: str) -> list[str]:
        """Close every account but the one of this number; their access keys are unknown then.

        Returns under which keys the state keeps what was closed.
        """
        closed = [each.number for each in self.all() if each.number != kept]
        self._by_key = {key: each for key, each in self._by_key.items() if each.number == kept}
        return [f"{KEPT_AS}{number}" for number in closed]

    def find(self, access_key_id: str) -> Credential | None:
        """The administrator's credential with this key."""
        account = self._by_key.get(access_key_id)
        return account.credential if account else None


def _new_key() -> str:
    key = "AKIA" + "".join(secrets.choice(_KEY_LETTERS) for _ in range(16))
    return json.dumps([key, secrets.token_urlsafe(30)])
