"""The other AWS services of the same port: moto's, loaded when one of them is first called."""

import io
import json
import threading
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.iam.accounts import ADMINISTRATOR, Account, Accounts
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.neighbours.assuming import Assuming
from pytest_codeartifact.emulator.neighbours.forgetting import Turnstile, forget
from pytest_codeartifact.emulator.neighbours.identities import PARTITION, MotoIdentities
from pytest_codeartifact.emulator.neighbours.policies import check_policy

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication
    from moto.iam.models import AWSManagedPolicy

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
        self._turnstile = Turnstile()

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
        with self._turnstile.among_others():
            return self._answer(caller, service, environ, start_response)

    def reset(self, account: str | None = None) -> None:
        """Forget all that other services know, or all they know of one account."""
        with self._turnstile.alone():
            if self._application is not None:
                forget(account)
            self._known -= self._known if account is None else {account}
            self._identities.changed()

    def _answer(
        self,
        caller: Caller,
        service: str,
        environ: dict[str, Any],
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        application = self._loaded()
        for account in self._accounts.all():
            if account.number not in self._known:
                _register(account)
                self._known.add(account.number)
        try:
            parameters = _parameters(environ) if service in {"iam", "sts"} else {}
            if service == "iam":
                check_policy(parameters)
            elif parameters.get("Action") == "AssumeRole":
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


def _parameters(environ: Mapping[str, Any]) -> dict[str, str]:
    """What a request of the query protocol says, in its address or its body."""
    body = environ["wsgi.input"].read(_QUERY_BYTES)
    environ["wsgi.input"].seek(0)
    return dict(parse_qsl(f"{environ['QUERY_STRING']}&{body.decode('utf-8', 'replace')}"))


def _register(account: Account) -> None:
    """Let moto know an account: its administrator under our key, and AWS's managed policies."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 - heavy, so only once in use

    backend = iam_backends[account.number][PARTITION]
    for policy in _aws_policies():
        backend.managed_policies.setdefault(policy.arn, policy)
    # Moto's state is the process's: another emulator may have registered the same account.
    known = [user for user in backend.users.values() if user.name == ADMINISTRATOR]
    user = known[0] if known else backend.create_user("us-east-1", ADMINISTRATOR)
    user.id = account.credential.caller.principal_id
    key = user.create_access_key(prefix="AKIA")
    key.access_key_id = account.access_key_id
    key.secret_access_key = account.secret_access_key
    backend.access_keys[account.access_key_id] = key


@lru_cache(maxsize=1)
def _aws_policies() -> "tuple[AWSManagedPolicy, ...]":
    """The policies that AWS manages, the same for every account; moto knows them, but hides them.

    Made once: there are 1500 of them.
    """
    from moto.iam.aws_managed_policies import (  # noqa: PLC0415 - heavy, so only once in use
        aws_managed_policies_data,
    )
    from moto.iam.models import AWSManagedPolicy  # noqa: PLC0415 - likewise

    described = json.loads(aws_managed_policies_data)
    return tuple(
        AWSManagedPolicy.from_data(name, "aws", "us-east-1", each)
        for name, each in described.items()
    )
