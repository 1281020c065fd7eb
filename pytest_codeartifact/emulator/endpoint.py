"""The door for package managers: token, repository, route, grant; then the format's handler.

Source: "AWS CodeArtifact authentication and tokens" (AWS CodeArtifact User Guide).
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_codeartifact.emulator.clock import Clock
from pytest_codeartifact.emulator.entities import DomainId, PackageFormat, PackageId, RepositoryId
from pytest_codeartifact.emulator.errors import AccessDenied
from pytest_codeartifact.emulator.formats.base import Format, Route, Visit, message_response
from pytest_codeartifact.emulator.http import Request, Response
from pytest_codeartifact.emulator.iam.authorize import Grant, authorize
from pytest_codeartifact.emulator.iam.callers import Caller
from pytest_codeartifact.emulator.iam.tokens import Tokens
from pytest_codeartifact.emulator.names import EndpointHost
from pytest_codeartifact.emulator.quotas import Quotas
from pytest_codeartifact.emulator.registry import Registry
from pytest_codeartifact.emulator.registry.refusals import Refusal, RepositoryMissing
from pytest_codeartifact.emulator.store import Store

USER = "aws"
_NOT_NAME = re.compile(r"[^A-Za-z0-9._-]")


class _NotPermitted(Refusal):
    """A route asked for a package it was not granted; the defect is ours."""

    status = 500


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Serves the endpoints of every domain; see `answer` for the order of the checks."""

    store: Store
    registry: Registry
    tokens: Tokens
    formats: Mapping[PackageFormat, Format]
    quotas: Quotas
    clock: Clock

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
        with self.store.read() as tx:
            if tx.repositories.get(repository) is None:
                raise RepositoryMissing.named(repository)
        package_format = self.formats.get(format_word)  # type: ignore[call-overload]
        if package_format is None:
            return message_response(404, f"{format_word!r} is not a package format served here")
        method = "GET" if request.method == "HEAD" else request.method
        matching = {
            route.method: (route, match.groupdict())
            for route in package_format.routes()
            if (match := route.pattern.fullmatch(below))
        }
        if not matching:
            return message_response(404, "not found")
        if method not in matching:
            return message_response(405, f"{request.method} is not allowed here")
        route, parameters = matching[method]
        visit, permitted = self._visit(caller, route, repository, parameters, request)
        response: Response = route.handler(visit)
        if route.on_package and not permitted:
            raise _NotPermitted(f"route {route.path!r} asked for no permission")
        return response

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

        def permit(package: PackageId) -> None:
            authorize(caller, Grant(action, package.arn_in(repository)))
            permitted.append(package)

        if not route.on_package:
            authorize(caller, Grant(action, repository.arn))
        visit = Visit(
            request=request,
            repository=repository,
            parameters=parameters,
            registry=self.registry,
            store=self.store,
            quotas=self.quotas,
            clock=self.clock,
            permit=permit,
        )
        return visit, permitted

    def _caller(self, domain: DomainId, request: Request) -> Caller | None:
        """Whose token this is; None for no token, a broken or expired one, or another domain's."""
        token = _presented(request.headers.get("authorization", ""))
        claims = self.tokens.read(token) if token else None
        if claims is None or claims.domain != domain:
            return None
        return Caller(
            account=claims.account,
            arn=claims.arn,
            principal_id=claims.principal_id,
            access_key_id=claims.access_key_id,
            is_administrator=claims.is_administrator,
            expires=claims.expires,
        )


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
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if user == USER else None


def _challenge(domain: DomainId, path: str) -> Response:
    """The same answer for every path, so that a stranger learns nothing of what exists."""
    repository = _NOT_NAME.sub("", path.split("/")[1] if path.count("/") else "")
    realm = f'realm="{domain.name}/{repository}"'
    response = message_response(401, "Authentication is required: this token is missing or invalid")
    response.headers["WWW-Authenticate"] = f"Bearer {realm}, Basic {realm}"
    return response
