"""What a test may do to the emulator itself; not part of any AWS service.

All but the health check needs HTTP Basic with the server's own access key and secret.
"""

import base64
import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.formats.base import json_response, message_response
from pytest_codeartifact.emulator.http import Request, Response
from pytest_codeartifact.emulator.iam.accounts import Account, Accounts
from pytest_codeartifact.emulator.registry.connections import Connections
from pytest_codeartifact.emulator.request_log import Journal
from pytest_codeartifact.redaction import redact

PREFIX = "/_emulator/"
BODY_BYTES = 64 * 1024


class BadControlRequest(ValueError):
    """The request's body does not say what is needed."""


class Control:
    """Answers everything below `/_emulator/`."""

    def __init__(
        self,
        owner: Account,
        accounts: Accounts,
        clock: Clock,
        connections: Connections,
        journals: Mapping[str, Journal],
    ) -> None:
        self._owner = owner
        self._accounts = accounts
        self._clock = clock
        self._connections = connections
        self._journals = journals
        self._actions: dict[tuple[str, str], Callable[[Request], dict[str, Any]]] = {
            ("GET", "clock"): self._time,
            ("POST", "clock"): self._advance,
            ("POST", "accounts"): self._open_account,
            ("GET", "upstreams"): self._upstreams,
            ("POST", "upstreams"): self._point,
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
        after = parse_qs(request.query).get("after", ["0"])[-1]
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

    def _open_account(self, request: Request) -> dict[str, Any]:  # noqa: ARG002 - as above
        account = self._accounts.open_fresh()
        return {
            "account": account.number,
            "access_key_id": account.access_key_id,
            "secret_access_key": account.secret_access_key,
        }

    def _upstreams(self, request: Request) -> dict[str, Any]:  # noqa: ARG002 - as above
        return dict(self._connections.urls)

    def _point(self, request: Request) -> dict[str, Any]:
        wanted = _document(request)
        for name, url in wanted.items():
            if self._connections.format(name) is None or not isinstance(url, str):
                raise BadControlRequest(f"{name!r} is no external connection with a URL")
        for name, url in wanted.items():
            self._connections.point(name, url)
        return self._upstreams(request)


def _document(request: Request) -> dict[str, Any]:
    try:
        document = json.loads(request.body.read(BODY_BYTES))
    except (ValueError, RecursionError) as error:
        raise BadControlRequest("the body is not JSON") from error
    if not isinstance(document, dict):
        raise BadControlRequest("the body is not a JSON object")
    return document
