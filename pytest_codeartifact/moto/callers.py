"""Who calls, as moto tells it: by the access key, never by the signature."""

from moto.core.responses import BaseResponse
from werkzeug.datastructures import Headers

from pytest_codeartifact.emulator.http import Request
from pytest_codeartifact.emulator.iam.authorize import Circumstances
from pytest_codeartifact.emulator.iam.callers import Caller, Scope
from pytest_codeartifact.emulator.iam.grants import Grant
from pytest_codeartifact.emulator.neighbours.identities import MotoIdentities

_NOBODY = "AKIAIOSFODNN7EXAMPLE"


class MotoGate:
    """Fulfils `Gate`: whoever comes is let in, as the one whom moto takes them for.

    A key that moto does not know stands for an administrator of the account.
    """

    def __init__(self, identities: MotoIdentities) -> None:
        self._identities = identities

    def admit(self, request: Request, payload_sha256: str) -> tuple[Caller, Scope]:  # noqa: ARG002 - any payload will do
        """Who moto says is calling, and in which region; refuses nobody."""
        seen = _Seen(request)
        account, access_key_id = seen.get_current_account(), seen.get_access_key()
        scope = Scope("", seen.get_region_from_url(seen, request.url), "codeartifact")
        credential = self._identities.find(access_key_id)
        # A header or a variable may have chosen another account than the key's.
        if credential is not None and credential.caller.account == account:
            return credential.caller, scope
        caller = Caller(
            account=account,
            # What moto's GetCallerIdentity answers to such a key.
            arn=f"arn:aws:sts::{account}:user/moto",
            principal_id=_NOBODY,
            access_key_id=access_key_id,
            is_administrator=True,
        )
        return caller, scope


class Indulgent:
    """Fulfils `Authorizer`: everybody may do everything, as moto has it."""

    def require(self, caller: Caller, grant: Grant, circumstances: Circumstances) -> None:
        """Return."""


class _Seen(BaseResponse):
    """A request as far as moto's own rules for account, key and region look at it."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.headers = Headers(list(request.headers.items()))
        self.querystring = {}
