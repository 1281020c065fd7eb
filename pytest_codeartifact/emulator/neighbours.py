"""The other AWS services of the same port: moto's, loaded when one of them is first called."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pytest_codeartifact.emulator.iam.accounts import ADMINISTRATOR, Account, Accounts
from pytest_codeartifact.emulator.iam.callers import Caller, Credential

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

PARTITION = "aws"


class Neighbours:
    """Moto's dispatcher behind ours; its users and sessions are callers of ours too."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._application: WSGIApplication | None = None
        self._loading = threading.Lock()
        self._known: set[str] = set()

    def answer(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Pass a request on, its signature already verified."""
        application = self._loaded()
        for account in self._accounts.all():
            if account.number not in self._known:
                _register(account)
                self._known.add(account.number)
        return application(environ, start_response)

    def find(self, access_key_id: str) -> Credential | None:
        """The credential of a user or session made through IAM or STS; None before any was."""
        if self._application is None:
            return None
        from moto.iam.models import iam_backends  # noqa: PLC0415 - heavy, so only once in use
        from moto.sts.models import sts_backends  # noqa: PLC0415 - likewise

        for account, backends in list(sts_backends.items()):
            session = backends[PARTITION].get_assumed_role_from_access_key(access_key_id)
            if session is not None:
                caller = Caller(
                    account=account,
                    arn=session.arn,
                    principal_id=session.user_id,
                    access_key_id=access_key_id,
                    expires=session.expiration.timestamp(),
                )
                return Credential(
                    access_key_id, session.secret_access_key, caller, session.session_token
                )
        for account, users in list(iam_backends.items()):
            user = users[PARTITION].get_user_from_access_key_id(access_key_id)
            if user is None:
                continue
            key = user.get_access_key_by_id(access_key_id)
            if key.status == "Active":
                caller = Caller(account, user.arn, user.id, access_key_id)
                return Credential(access_key_id, key.secret_access_key, caller)
        return None

    def _loaded(self) -> "WSGIApplication":
        with self._loading:
            if self._application is None:
                # Takes about half a second; most runs never call another service.
                from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
                    DomainDispatcherApplication,
                    create_backend_app,
                )

                self._application = DomainDispatcherApplication(create_backend_app)
        return self._application


def _register(account: Account) -> None:
    """Let moto know an account's administrator under the key we made."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 - heavy, so only once in use

    backend = iam_backends[account.number][PARTITION]
    user = backend.create_user("us-east-1", ADMINISTRATOR)
    user.id = account.credential.caller.principal_id
    key = user.create_access_key(prefix="AKIA")
    key.access_key_id = account.access_key_id
    key.secret_access_key = account.secret_access_key
    backend.access_keys[account.access_key_id] = key
