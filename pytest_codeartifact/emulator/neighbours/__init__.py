"""The other AWS services of the same port: moto's, loaded when one of them is first called."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.iam.accounts import ADMINISTRATOR, Account, Accounts
from pytest_codeartifact.emulator.iam.authorize import Circumstances
from pytest_codeartifact.emulator.iam.callers import ALGORITHM, Caller, Scope
from pytest_codeartifact.emulator.neighbours.assuming import Assuming
from pytest_codeartifact.emulator.neighbours.forgetting import Turnstile, forget
from pytest_codeartifact.emulator.neighbours.identities import PARTITION, MotoIdentities
from pytest_codeartifact.emulator.neighbours.policies import check_policy
from pytest_codeartifact.emulator.neighbours.queries import SERVICES, put_form, read_form
from pytest_codeartifact.emulator.neighbours.refusals import NotEmulated

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication
    from moto.iam.models import AWSManagedPolicy, IAMBackend

_MOTOS_OWN = ("/moto-api", "/latest/meta-data/", "/latest/api/")
"""Where moto lets anybody see and change what all accounts have; and a machine's metadata."""
# Differs: assumed roles are the only temporary credentials that STS gives here.
_OTHER_CREDENTIALS = frozenset(
    {
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "AssumeRoot",
        "GetDelegatedAccessToken",
        "GetFederationToken",
        "GetSessionToken",
        "GetWebIdentityToken",
    }
)


class Neighbours:
    """Moto's dispatcher behind ours; its users and sessions are callers of ours too.

    Differs: other services do as any known caller says; only sts:AssumeRole asks policies.
    """

    def __init__(self, accounts: Accounts, identities: MotoIdentities, clock: Clock) -> None:
        self._accounts = accounts
        self._identities = identities
        self._assuming = Assuming(identities, clock)
        self._application: WSGIApplication | None = None
        self._preparing = threading.Lock()
        self._known: WeakSet[IAMBackend] = WeakSet()
        self._turnstile = Turnstile()

    def answer(
        self,
        caller: Caller,
        scope: Scope,
        circumstances: Circumstances,
        environ: dict[str, Any],
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        """Pass a request on, its signature already verified; raises Refusal.

        `scope` is what it was signed for, `wsgi.input` can be read again from its beginning.
        """
        with self._turnstile.among_others():
            try:
                return self._answer(caller, scope, circumstances, environ, start_response)
            except NotImplementedError as error:
                raise NotEmulated(str(error)) from error
            finally:
                self._identities.changed()

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Moto's state for a while: loaded, knowing every account, and not reset meanwhile.

        For what AWS does without a request of anybody, such as CodeBuild around a build.
        """
        with self._turnstile.among_others():
            self._prepared()
            yield

    def reset(self, account: str | None = None) -> None:
        """Forget all that other services know, or all they know of one account."""
        with self._turnstile.alone():
            if self._application is not None:
                forget(account)
            self._identities.changed()

    def _answer(
        self,
        caller: Caller,
        scope: Scope,
        circumstances: Circumstances,
        environ: dict[str, Any],
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(_MOTOS_OWN):
            raise NotEmulated("Moto's own interface is not served here.")
        application = self._prepared()
        _tell_who_calls(environ, caller, scope)
        service = scope.service.lower()
        if service in SERVICES:
            form = read_form(service, environ)
            action = form["Action"]
            if service == "iam":
                if action == "CreateUser" and "PermissionsBoundary" in form:
                    raise NotEmulated("A user's permissions boundary is not emulated yet.")
                check_policy(form)
            elif action in _OTHER_CREDENTIALS:
                raise NotEmulated(f"The operation {action} is not emulated yet.")
            elif action == "AssumeRole":
                return self._assume(caller, form, circumstances, environ, start_response)
            put_form(environ, form)
        return application(environ, start_response)

    def _assume(
        self,
        caller: Caller,
        form: Mapping[str, str],
        circumstances: Circumstances,
        environ: dict[str, Any],
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        from moto.sts.models import sts_backends  # noqa: PLC0415 - heavy, so only once in use

        asked = self._assuming.checked(caller, form, circumstances)
        put_form(environ, asked.parameters)
        made = sts_backends[asked.account][PARTITION].assumed_roles
        # One at a time, so that the newest session of the account is the one made here.
        with self._identities.making:
            before = len(made)
            answer = self._prepared()(environ, start_response)
            if len(made) > before:
                self._identities.remember(made[-1], asked.session)
        return answer

    def _prepared(self) -> "WSGIApplication":
        """Moto's dispatcher, knowing every account there is."""
        with self._preparing:
            if self._application is None:
                # Takes about half a second; most runs never call another service.
                from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
                    DomainDispatcherApplication,
                    create_backend_app,
                )

                self._application = DomainDispatcherApplication(create_backend_app)
                self._identities.open()
            from moto.iam.models import iam_backends  # noqa: PLC0415 - as heavy

            for account in self._accounts.all():
                # Moto's state is the process's: whoever shares it may have let go of it.
                backend = iam_backends[account.number][PARTITION]
                if backend not in self._known:
                    _register(account, backend)
                    self._known.add(backend)
        return self._application


def _tell_who_calls(environ: dict[str, Any], caller: Caller, scope: Scope) -> None:
    """Leave moto no other place to read it from than what was verified.

    Moto takes the account from a header of its own, and access key, region and service from
    whatever looks like them in the signature's header.
    """
    environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
    credential = f"{caller.access_key_id}/{scope.date}/{scope.region}/{scope.service}/aws4_request"
    environ["HTTP_AUTHORIZATION"] = (
        f"{ALGORITHM} Credential={credential}, SignedHeaders=host, Signature=verified"
    )


def _register(account: Account, backend: "IAMBackend") -> None:
    """Let moto know an account: its administrator under our key, and AWS's managed policies."""
    for policy in _aws_policies():
        backend.managed_policies.setdefault(policy.arn, policy)
    # Another emulator of this process may have registered the same account.
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
