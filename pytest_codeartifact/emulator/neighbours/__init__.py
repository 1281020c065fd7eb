"""The other AWS services of the same port: moto's, loaded when one of them is first called."""

import io
import json
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.iam.accounts import ADMINISTRATOR, Account, Accounts
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.neighbours.assuming import Assuming
from pytest_codeartifact.emulator.neighbours.identities import PARTITION, MotoIdentities

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

_QUERY_BYTES = 1024 * 1024


class Neighbours:
    """Moto's dispatcher behind ours; its users and sessions are callers of ours too.

    Differs: other services do as any known caller says; only sts:AssumeRole asks policies.
    """

    def __init__(self, accounts: Accounts, identities: MotoIdentities, clock: Clock) -> None:
        self._accounts = accounts
        self._identities = identities
        self._assuming = Assuming(identities, clock)
        self._application: WSGIApplication | None = None
        self._loading = threading.Lock()
        self._assuming_one = threading.Lock()
        self._known: set[str] = set()

    def answer(
        self,
        caller: Caller,
        service: str,
        environ: dict[str, Any],
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        """Pass a request on, its signature already verified; raises Refusal.

        `service` is the signing name, `wsgi.input` can be read again from its beginning.
        """
        application = self._loaded()
        for account in self._accounts.all():
            if account.number not in self._known:
                _register(account)
                self._known.add(account.number)
        try:
            if service == "sts":
                body = environ["wsgi.input"].read(_QUERY_BYTES)
                environ["wsgi.input"].seek(0)
                parameters = dict(
                    parse_qsl(f"{environ['QUERY_STRING']}&{body.decode('utf-8', 'replace')}")
                )
                if parameters.get("Action") == "AssumeRole":
                    return self._assume(caller, parameters, environ, start_response)
            return application(environ, start_response)
        finally:
            self._identities.changed()

    def _assume(
        self,
        caller: Caller,
        parameters: dict[str, str],
        environ: dict[str, Any],
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        from moto.sts.models import sts_backends  # noqa: PLC0415 - heavy, so only once in use

        asked = self._assuming.checked(caller, parameters)
        form = urlencode(asked.parameters).encode()
        environ |= {
            "wsgi.input": io.BytesIO(form),
            "CONTENT_LENGTH": str(len(form)),
            "QUERY_STRING": "",
        }
        made = sts_backends[asked.account][PARTITION].assumed_roles
        # One at a time, so that the newest session of the account is the one made here.
        with self._assuming_one:
            before = len(made)
            answer = self._loaded()(environ, start_response)
            if len(made) > before:
                self._identities.remember(made[-1], asked.session)
        return answer

    def _loaded(self) -> "WSGIApplication":
        with self._loading:
            if self._application is None:
                # Takes about half a second; most runs never call another service.
                from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
                    DomainDispatcherApplication,
                    create_backend_app,
                )

                self._application = DomainDispatcherApplication(create_backend_app)
                self._identities.open()
        return self._application


def _register(account: Account) -> None:
    """Let moto know an account: its administrator under our key, and AWS's managed policies."""
    from moto.iam.aws_managed_policies import (  # noqa: PLC0415 - heavy, so only once in use
        aws_managed_policies_data,
    )
    from moto.iam.models import AWSManagedPolicy, iam_backends  # noqa: PLC0415 - likewise

    backend = iam_backends[account.number][PARTITION]
    for name, description in json.loads(aws_managed_policies_data).items():
        policy = AWSManagedPolicy.from_data(name, account.number, "us-east-1", description)
        backend.managed_policies.setdefault(policy.arn, policy)
    user = backend.create_user("us-east-1", ADMINISTRATOR)
    user.id = account.credential.caller.principal_id
    key = user.create_access_key(prefix="AKIA")
    key.access_key_id = account.access_key_id
    key.secret_access_key = account.secret_access_key
    backend.access_keys[account.access_key_id] = key
