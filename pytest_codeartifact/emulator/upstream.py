"""The only code that leaves the machine: reading public registries, with limits on everything."""

import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import unquote, urljoin, urlsplit

import urllib3

from pytest_codeartifact.emulator.registry import Document
from pytest_codeartifact.emulator.registry.refusals import PublicRegistryUnavailable
from pytest_codeartifact.emulator.request_log import Journal

ATTEMPTS = 3
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
DOCUMENT_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
GONE = frozenset({404, 410})
Origin: TypeAlias = tuple[str, str | None, int | None]


class PublicRegistries:
    """Reads over HTTP with a bounded pool, bounded retries and the machine's proxies."""

    def __init__(self, journal: Journal) -> None:
        """`journal` records every answer that came from outside."""
        self._journal = journal
        self._retry = urllib3.Retry(
            total=ATTEMPTS,
            # Who does not take connections is asked once more, at once: what was kept serves
            # without it, and every page would wait for the pauses between further attempts.
            connect=1,
            redirect=5,
            backoff_factor=0.2,
            status_forcelist=(429, 500, 502, 503, 504),
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        self._managers: dict[str | None, urllib3.PoolManager] = {}
        # An index behind a password links to its files without it, as to any other place.
        self._logins: dict[Origin, dict[str, str]] = {}

    def document(self, url: str, accept: str) -> Document | None:
        """The document there, or None where the registry says there is none.

        Raises PublicRegistryUnavailable when no usable answer came after all attempts.
        """
        with self._opened(url, {"Accept": accept, "Accept-Encoding": "gzip"}) as response:
            if response.status in GONE:
                return None
            content = response.read(DOCUMENT_BYTES + 1, decode_content=True)
            if len(content) > DOCUMENT_BYTES:
                msg = f"the document at {_shown(url)} is larger than {DOCUMENT_BYTES} bytes"
                raise PublicRegistryUnavailable(msg)
            media_type = response.headers.get("Content-Type", "")
            return Document(content, media_type, _final_url(url, response))

    @contextmanager
    def stream(self, url: str, registry_url: str) -> Iterator[Iterator[bytes]]:
        """The bytes there, in chunks; a login of `registry_url` serves for its whole origin.

        Raises PublicRegistryUnavailable, also in the middle, when they do not arrive whole.
        """
        self._learn_login(registry_url)
        with self._opened(url, {"Accept-Encoding": "identity"}) as response:
            if response.status in GONE:
                msg = f"{_shown(url)} is in the public registry's index but not there"
                raise PublicRegistryUnavailable(msg)
            yield _chunks(url, response)

    @contextmanager
    def _opened(self, url: str, headers: dict[str, str]) -> Iterator[urllib3.BaseHTTPResponse]:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = f"the public registry's address {_shown(url)!r} is not an http or https URL"
            raise PublicRegistryUnavailable(msg)
        headers |= self._logins.get(self._learn_login(url), {})
        try:
            response = self._manager(parts.scheme, parts.hostname).request(
                "GET",
                _without_login(url),
                headers=headers,
                preload_content=False,
                retries=self._retry,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            msg = f"the public registry at {_shown(url)} does not answer: {type(error).__name__}"
            raise PublicRegistryUnavailable(msg) from error
        self._journal.add(url=_shown(url), status=response.status)
        try:
            if response.status != HTTPStatus.OK and response.status not in GONE:
                msg = f"the public registry at {_shown(url)} answers {response.status}"
                raise PublicRegistryUnavailable(msg)
            yield response
        finally:
            response.close()

    def _learn_login(self, url: str) -> Origin:
        """Remember the login an address carries, and return the address's origin."""
        parts = urlsplit(url)
        origin = (parts.scheme, parts.hostname, parts.port)
        if parts.username:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._logins[origin] = urllib3.make_headers(basic_auth=login)
        return origin

    def _manager(self, scheme: str, host: str) -> urllib3.PoolManager:
        proxy = urllib.request.getproxies().get(scheme)
        if proxy and urllib.request.proxy_bypass(host):
            proxy = None
        if proxy not in self._managers:
            context = ssl.create_default_context()
            timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
            self._managers[proxy] = (
                urllib3.ProxyManager(proxy, maxsize=8, timeout=timeout, ssl_context=context)
                if proxy
                else urllib3.PoolManager(maxsize=8, timeout=timeout, ssl_context=context)
            )
        return self._managers[proxy]


def _final_url(url: str, response: urllib3.BaseHTTPResponse) -> str:
    """The address that answered in the end, without credentials; links are relative to it."""
    # The response itself knows no more than its path.
    final = _without_login(url)
    for step in response.retries.history if response.retries else ():
        final = urljoin(final, step.redirect_location or "")
    return final


def _chunks(url: str, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        yield from response.stream(CHUNK_BYTES, decode_content=False)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        msg = f"{_shown(url)} broke off: {type(error).__name__}"
        raise PublicRegistryUnavailable(msg) from error


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


def _shown(url: str) -> str:
    """The address without credentials, query and fragment."""
    return urlsplit(_without_login(url))._replace(query="").geturl()
