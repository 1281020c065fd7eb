from collections.abc import Callable

from pytest_codeartifact.emulator.iam.accounts import Accounts


class Kept:
    """Values of a state, in memory."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def __call__(self, key: str, make: Callable[[], str]) -> str:
        if key not in self.values:
            self.values[key] = make()
        return self.values[key]


def test_account_keeps_its_key() -> None:
    """Opened again from the same state, an account has the same administrator's key."""
    kept = Kept()
    first = Accounts(kept).open("111122223333")
    again = Accounts(kept).open("111122223333")
    assert first == again
    assert len(first.access_key_id) == 20
    assert first.access_key_id.startswith("AKIA")


def test_accounts_of_the_state_are_known_again() -> None:
    """A key that was made before a restart leads to its account after it."""
    kept = Kept()
    made = Accounts(kept).open_fresh()
    again = Accounts(kept, known=kept.values)
    assert again.find(made.access_key_id) == made.credential


def test_key_leads_to_its_administrator() -> None:
    """The credential of a key is its account's administrator; other keys lead nowhere."""
    accounts = Accounts(Kept())
    account = accounts.open("111122223333")
    credential = accounts.find(account.access_key_id)
    assert credential is not None
    assert credential.secret_access_key == account.secret_access_key
    assert credential.caller.arn == "arn:aws:iam::111122223333:user/administrator"
    assert credential.caller.is_administrator
    assert accounts.find("AKIAIOSFODNN7EXAMPLE") is None


def test_fresh_account_is_nobody_elses() -> None:
    """Every fresh account has a number and a key of its own."""
    accounts = Accounts(Kept())
    made = [accounts.open_fresh() for _ in range(20)]
    assert len({account.number for account in made}) == 20
    assert len({account.access_key_id for account in made}) == 20
    assert all(len(account.number) == 12 for account in made)
    assert accounts.all() == made


def test_secret_is_not_shown() -> None:
    """Printing an account or its credential does not tell the secret."""
    account = Accounts(Kept()).open("111122223333")
    assert account.secret_access_key not in f"{account!r} {account.credential!r}"
