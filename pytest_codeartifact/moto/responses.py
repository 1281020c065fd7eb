"""From moto's request to our application and back; moto itself serialises nothing here."""

from io import BytesIO
from typing import Any, TypeAlias

from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.request import normalize_request
from werkzeug.wrappers import Response

from pytest_codeartifact.moto.models import the_backend

Answer: TypeAlias = tuple[int, dict[str, str], bytes]
"""What moto takes from those who answer: status, headers, body."""


def answer_action(request: Any, full_url: str, headers: Any) -> Answer:  # noqa: ANN401, ARG001 - moto's form
    """Answer a call of the API."""
    is_checked = _is_checked()
    if not is_checked:
        ActionAuthenticatorMixin.request_count += 1
    return _answer(request, is_checked=is_checked)


def answer_client(request: Any, full_url: str, headers: Any) -> Answer:  # noqa: ANN401, ARG001 - moto's form
    """Answer a package manager at the endpoint of a domain."""
    return _answer(request, is_checked=_is_checked())


def _is_checked() -> bool:
    """Whether moto checks signatures and policies by now: some actions may be free at first."""
    return ActionAuthenticatorMixin.request_count >= settings.INITIAL_NO_AUTH_ACTION_COUNT


def _answer(request: Any, *, is_checked: bool) -> Answer:  # noqa: ANN401 - one of several types
    normalized = normalize_request(request)
    environ = {**normalized.environ, "wsgi.input": BytesIO(normalized.get_data())}
    with the_backend().service() as service:
        application = service.checked if is_checked else service.indulgent
        response = Response.from_app(application, environ, buffered=True)
    return response.status_code, dict(response.headers), response.get_data()
