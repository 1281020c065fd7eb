"""The door for package managers: token, repository, route, grant; then the format's handler.

Source: "AWS CodeArtifact authentication and tokens" (AWS CodeArtifact User Guide).
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import DomainId, PackageFormat, PackageId, RepositoryId
from pytest_codeartifact.emulator.errors import AccessDenied
from pytest_codeartifact.emulator.formats.base import Format, Route, Visit, message_response
from pytest_codeartifact.emulator.http import Request, Response
from pytest_codeartifact.emulator.iam.authorize import Authorizer, circumstances_of
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.iam.grants import Grant
from pytest_codeartifact.emulator.iam.tokens import Tokens
from pytest_codeartifact.emulator.names import EndpointHost
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.emulator.registry import Registry
from pytest_codeartifact.emulator.registry.refusals import Refusal, RepositoryMissing
from pytest_codeartifact.emulator.remembered import Remembered
from pytest_codeartifact.emulator.store import Store

USER = "aws"
_NOT_NAME = re.compile(r"[^A-Za-z0-9._-]")


class _NotPermitted(Refusal):
    """A route asked for a package it was not granted; the defect is ours."""

    status = 500


class Endpoint:
    """Serves the endpoints of every domain; see `answer` for the order of the checks."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        tokens: Tokens,
        authorizer: Authorizer,
        formats: Mapping[PackageFormat, Format],
        quotas: Quotas,
        clock: Clock,
    ) -> None:
        self._store = store
        self._registry = registry
        self._tokens = tokens
        self._authorizer = authorizer
        self._routes: Mapping[str, Sequence[Route]] = {
            name: package_format.routes() for name, package_format in formats.items()
        }
        self._quotas = quotas
        self._clock = clock
        self._exists: Remembered[bool] = Remembered(store)

    def answer(self, host: EndpointHost, path: str, request: Request) -> Response:
        """Answer a request for `path` below the endpoint host; never raises a refusal."""
        domain = DomainId(host.region, host.owner, host.domain)
        caller = self._caller(domain, request)
        if caller is None:
            return _challenge(domain, path)
        try:
            response = self._serve(caller, domain, path, request)
        except AccessDenied as error:
            response = message_response(error.status, error.message)
        except Refusal as error:
            response = message_response(error.status, str(error))
        response.notes |= {"principal": caller.arn, "account": caller.account}
        return response

    def _serve(self, caller: Caller, domain: DomainId, path: str, request: Request) -> Response:
        format_word, _, rest = path.partition("/")
        repository_name, _, below = rest.partition("/")
        repository = RepositoryId(domain, repository_name)
        if format_word not in self._routes:
            return message_response(404, f"{format_word!r} is not a package format served here")
        method = "GET" if request.method == "HEAD" else request.method
        matching = {
            route.method: (route, match.groupdict())
            for route in self._routes[format_word]
            if (match := route.pattern.fullmatch(below))
        }
        if not matching:
            return message_response(404, "not found")
        if method not in matching:
            return _not_allowed(request.method, matching)
        route, parameters = matching[method]
        visit, permitted = self._visit(caller, route, repository, parameters, request)
        # As with the API: without permission nobody learns which repositories there are.
        if not self._exists.get(repository, lambda: self._is_there(repository)):
            raise RepositoryMissing.named(repository)
        response: Response = route.handler(visit)
        if route.on_package and not permitted:
            raise _NotPermitted(f"route {route.path!r} asked for no permission")
        return response

    def _is_there(self, repository: RepositoryId) -> bool:
        with self._store.read() as tx:
            return tx.repositories.get(repository) is not None

    def _visit(
        self,
        caller: Caller,
        route: Route,
        repository: RepositoryId,
        parameters: Mapping[str, str],
        request: Request,
    ) -> tuple[Visit, list[PackageId]]:
        permitted: list[PackageId] = []
        action = f"codeartifact:{route.action}"
        circumstances = circumstances_of(request, repository.domain.region)

        def permit(package: PackageId) -> None:
            grant = Grant.on_package(action, repository, package)
            self._authorizer.require(caller, grant, circumstances)
            permitted.append(package)

        if not route.on_package:
            self._authorizer.require(caller, _on_repository(action, repository), circumstances)
        visit = Visit(
            request=request,
            repository=repository,
            parameters=parameters,
            registry=self._registry,
            store=self._store,
            quotas=self._quotas,
            clock=self._clock,
            permit=permit,
        )
        return visit, permitted

    def _caller(self, domain: DomainId, request: Request) -> Caller | None:
        """Whose token this is; None for no token, a broken or expired one, or another domain's."""
        token = _presented(request.headers.get("authorization", ""))
        claims = self._tokens.read(token) if token else None
        if claims is None or claims.domain != domain:
            return None
        return claims.caller


@lru_cache(maxsize=1024)
def _on_repository(action: str, repository: RepositoryId) -> Grant:
    """The same grant again and again: what hot paths ask for."""
    return Grant.on_repository(action, repository)


def _not_allowed(method: str, allowed: Iterable[str]) -> Response:
    """HTTP (RFC 9110): the answer to a wrong method names the right ones."""
    response = message_response(405, f"{method} is not allowed here")
    names = (f"{name}, HEAD" if name == "GET" else name for name in allowed)
    response.headers["Allow"] = ", ".join(names)
    return response


@lru_cache(maxsize=1024)
def _presented(authorization: str) -> str | None:
    """The token of `Bearer T`, `Basic base64(aws:T)`, or the bare form that Cargo sends."""
    scheme, _, value = authorization.strip().partition(" ")
    if not value:
        return scheme or None
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:  # not Base64, not even ASCII, or not UTF-8 inside
        return None
    return password if user == USER else None


def _challenge(domain: DomainId, path: str) -> Response:
    """The same answer for every path, so that a stranger learns nothing of what exists."""
    repository = _NOT_NAME.sub("", path.split("/")[1] if path.count("/") else "")
    realm = f'realm="{domain.name}/{repository}"'
    response = message_response(401, "Authentication is required: this token is missing or invalid")
    response.headers["WWW-Authenticate"] = f"Bearer {realm}, Basic {realm}"
    return response
