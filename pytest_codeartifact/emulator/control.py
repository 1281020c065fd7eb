"""What a test may do to the emulator itself; not part of any AWS service.

All but the health check needs HTTP Basic with the server's own access key and secret.
"""

import base64
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.formats.base import json_response, message_response
from pytest_codeartifact.emulator.http import Request, Response
from pytest_codeartifact.emulator.iam.accounts import Account, Accounts
from pytest_codeartifact.emulator.registry.connections import Connections
from pytest_codeartifact.emulator.registry.faults import BadFault, fault_of
from pytest_codeartifact.emulator.request_log import Journal
from pytest_codeartifact.emulator.store import Store
from pytest_codeartifact.redaction import redact

PREFIX = "/_emulator/"
BODY_BYTES = 16 * 1024 * 1024
"""The bytes of a replaced file come in Base64."""
KEPT_JOURNAL = "crashes"
"""A reset must not hide a defect from the test that ran into it."""


class BadControlRequest(ValueError):
    """The request's body does not say what is needed."""


class Forgetful(Protocol):
    """Something else that keeps what accounts own, such as the other AWS services."""

    def reset(self, account: str | None = None) -> None:
        """Forget everything, or what one account owns."""
        ...


class Control:
    """Answers everything below `/_emulator/`."""

    def __init__(
        self,
        owner: Account,
        accounts: Accounts,
        clock: Clock,
        connections: Connections,
        store: Store,
        forgetful: Sequence[Forgetful],
        journals: Mapping[str, Journal],
    ) -> None:
        self._owner = owner
        self._accounts = accounts
        self._clock = clock
        self._connections = connections
        self._store = store
        self._forgetful = forgetful
        self._journals = journals
        self._actions: dict[tuple[str, str], Callable[[Request], dict[str, Any]]] = {
            ("GET", "clock"): self._time,
            ("POST", "clock"): self._advance,
            ("POST", "accounts"): self._open_account,
            ("GET", "upstreams"): self._upstreams,
            ("POST", "upstreams"): self._point,
            ("PUT", "upstreams"): self._configure,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._break,
            ("DELETE", "faults"): self._mend,
            ("POST", "reset"): self._reset,
        }
        for name in journals:
            self._actions["GET", name] = self._entries

    def answer(self, request: Request) -> Response:
        """Answer a request whose path begins with `PREFIX`."""
        name = request.path.removeprefix(PREFIX)
        if name == "health":
            return json_response(200, {"status": "ok"})
        if not self._is_owner(request.headers.get("authorization", "")):
            response = message_response(401, "the server's access key and secret are needed")
            response.headers["WWW-Authenticate"] = 'Basic realm="emulator"'
            return response
        action = self._actions.get((request.method, name))
        if action is None:
            return message_response(404, f"{request.method} {request.path} is not known")
        try:
            return json_response(200, action(request))
        except BadControlRequest as error:
            return message_response(400, str(error))

    def _is_owner(self, authorization: str) -> bool:
        try:
            given = base64.b64decode(authorization.removeprefix("Basic "), validate=True)
        except ValueError:  # not Base64, or not even ASCII
            return False
        wanted = f"{self._owner.access_key_id}:{self._owner.secret_access_key}".encode()
        return hmac.compare_digest(given, wanted)

    def _entries(self, request: Request) -> dict[str, Any]:
        name = request.path.removeprefix(PREFIX)
        after = _asked(request, "after") or "0"
        if not re.fullmatch("[0-9]{1,18}", after):
            raise BadControlRequest(f"'after' is a number, not {after!r}")
        entries = self._journals[name].after(int(after))
        # A client may have put its token where it does not belong.
        shown = [{k: redact(v) if k == "path" else v for k, v in e.items()} for e in entries]
        return {name: shown, "next": entries[-1]["number"] if entries else int(after)}

    def _time(self, request: Request) -> dict[str, Any]:  # noqa: ARG002 - like every action
        return {"now": self._clock.now(), "offset_seconds": self._clock.offset_seconds}

    def _advance(self, request: Request) -> dict[str, Any]:
        seconds = _document(request).get("advance_seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise BadControlRequest("the body says {'advance_seconds': number}")
        try:
            self._clock.advance(seconds)
        except ValueError as error:
            raise BadControlRequest(str(error)) from error
        return self._time(request)

    def _open_account(self, request: Request) -> dict[str, Any]:
        number = _account(request)
        account = self._accounts.open(number) if number else self._accounts.open_fresh()
        return {
            "account": account.number,
            "access_key_id": account.access_key_id,
            "secret_access_key": account.secret_access_key,
        }

    def _upstreams(self, request: Request) -> dict[str, Any]:  # noqa: ARG002 - as above
        return dict(self._connections.urls)

    def _point(self, request: Request) -> dict[str, Any]:
        for name, url in self._addresses(request).items():
            self._connections.point(name, url)
        return self._upstreams(request)

    def _configure(self, request: Request) -> dict[str, Any]:
        for name, url in self._addresses(request).items():
            self._connections.configure(name, url)
        return self._upstreams(request)

    def _addresses(self, request: Request) -> dict[str, str]:
        wanted = _document(request)
        for name, url in wanted.items():
            if self._connections.format(name) is None or not _is_web_address(url):
                example = {"public:pypi": "http://127.0.0.1:9/simple/"}
                raise BadControlRequest(f"{name!r} is no connection with a URL, as in {example}")
        return wanted

    def _faults(self, request: Request) -> dict[str, Any]:  # noqa: ARG002 - as above
        return {"faults": [each.document() for each in self._connections.faults]}

    def _break(self, request: Request) -> dict[str, Any]:
        details = _document(request)
        connection, package = details.pop("connection", None), details.pop("package", None)
        if not isinstance(connection, str):
            raise BadControlRequest("'connection' says what is broken, such as 'public:pypi'")
        if package is not None and not isinstance(package, str):
            raise BadControlRequest(f"'package' is the name of a package, not {package!r}")
        try:
            fault = fault_of(details.pop("kind", None), details)
            self._connections.break_registry(connection, package, fault)
        except BadFault as error:
            raise BadControlRequest(str(error)) from error
        return self._faults(request)

    def _mend(self, request: Request) -> dict[str, Any]:
        connection = _asked(request, "connection")
        if connection is not None and self._connections.format(connection) is None:
            raise BadControlRequest(f"{connection!r} is no external connection")
        self._connections.mend_registry(connection)
        return self._faults(request)

    def _reset(self, request: Request) -> dict[str, Any]:
        account = _account(request)
        if account is not None:
            self._store.clear(account)
            for each in self._forgetful:
                each.reset(account)
            return {"reset": account}
        # First what lets others in or data come back, then the data.
        self._connections.reset()
        closed = self._accounts.close_others(self._owner.number)
        self._store.clear(settings=closed)
        for each in self._forgetful:
            each.reset()
        self._clock.reset()
        for name, journal in self._journals.items():
            if name != KEPT_JOURNAL:
                journal.clear()
        return {"reset": "everything"}


def _asked(request: Request, name: str) -> str | None:
    """The one thing that the query may say; a misspelt name must not be taken for its absence."""
    said = parse_qs(request.query, keep_blank_values=True)
    value = said.pop(name, [None])[-1]
    if said:
        raise BadControlRequest(f"the query may say {name!r}, not {', '.join(map(repr, said))}")
    return value


def _is_web_address(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _account(request: Request) -> str | None:
    """The account that the body names; None for an empty body."""
    content = _content(request)
    document = _object(content) if content else {}
    if not document:
        return None
    number = document.pop("account", None)
    # Said before anything happens: a misspelt name must not be taken for all accounts.
    if document or not isinstance(number, str) or not re.fullmatch("[0-9]{12}", number):
        raise BadControlRequest("the body says {'account': 'its 12 digits'}, or nothing at all")
    return number


def _document(request: Request) -> dict[str, Any]:
    return _object(_content(request))


def _content(request: Request) -> bytes:
    content = request.body.read(BODY_BYTES + 1)
    if len(content) > BODY_BYTES:
        raise BadControlRequest(f"the body is larger than {BODY_BYTES} bytes")
    return content


def _object(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadControlRequest("the body is not JSON") from error
    if not isinstance(document, dict):
        raise BadControlRequest("the body is not a JSON object")
    return document
