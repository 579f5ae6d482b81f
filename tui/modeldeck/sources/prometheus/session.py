"""prometheus-api-client, mended: what it lacks or loses is added here, on its own session.

Mended: a timeout on everything and a deadline over all of it; queries in a form body, so that a long one is not a 414; no blind
retries, which would lose the reason of a 503; Prometheus' own error message; `warnings`; times with fractions; `status/buildinfo`; no
redirects to other servers, which would get the credentials, and no credentials from ~/.netrc. Everything here blocks: it runs in a lane.

Proxies in front of it may allow only GET: what is refused as a form is asked once more in the address, and from then on so at once.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import BadStatusLine, RemoteDisconnected
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from prometheus_api_client.prometheus_connect import PrometheusConnect

from modeldeck.domain.environments import Secret
from modeldeck.domain.failures import Failure, Malformed, Rejected, TooLarge, Unreachable
from modeldeck.sources.common import bounds
from modeldeck.sources.http import http_errors
from modeldeck.sources.http.addresses import is_loopback, proxy_before
from modeldeck.sources.http.credentials import scrubbed
from modeldeck.sources.http.cut_off import CutOffAdapter, cut_off
from modeldeck.sources.http.unpacking import ACCEPTED, Unpacking, announced
from modeldeck.sources.prometheus.refusals import BACKEND, METHOD_REFUSED, refusal_of, refuse_page
from modeldeck.sources.prometheus.wire import error_of, explain

CONNECT = 2.0
READ = 10.0
TOTAL = 30.0
"""Seconds, as the transport's."""
_REDIRECTS = 3


Certificate = str | tuple[str, str] | None
"""The client's: one file with its key, or its file and its key's."""


class _Headers(requests.auth.AuthBase):
    """Credentials as a header. Being an `auth` at all keeps requests from looking into ~/.netrc."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.sent = dict(headers)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self.sent)
        return request


@dataclass(frozen=True, slots=True)
class _Answer:
    response: requests.Response
    body: bytes

    @property
    def is_ours(self) -> bool:
        """Whether this is Prometheus' own answer, good or bad."""
        return self.body[:64].lstrip().startswith(b"{") and (self.response.ok or bool(explain(self.body)))

    @property
    def may_be_the_method(self) -> bool:
        """Whether something on the way may have refused it for being a POST."""
        turned = self.response.status_code in METHOD_REFUSED or self.response.is_redirect
        return turned and not error_of(self.body).status


def _same_server(address: str, response: requests.Response) -> str | None:
    """Where a redirect leads, unless that is another server or port: credentials are only for the one that was configured."""
    if not response.is_redirect:
        return None
    try:
        further = urljoin(address, response.headers.get("location", ""))
        one, other = urlsplit(address), urlsplit(further)
        return further if (one.scheme, one.netloc) == (other.scheme, other.netloc) and further != address else None
    except ValueError:
        return None


class PrometheusSession(PrometheusConnect):  # type: ignore[misc]  # the package has no types
    """`url` without userinfo. Every call answers the whole body of a 2xx, or raises a Failure."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, Secret],
        credentials: Mapping[str, str],
        verify: bool | str,
        certificate: Certificate = None,
    ) -> None:
        session = requests.Session()
        session.verify = verify
        session.cert = certificate
        self._host = http_errors.host_of(url)
        own = {name: value.reveal() for name, value in headers.items()}
        self._secrets = (*credentials.values(), *own.values())
        self.gets_only = False
        """Whether something on the way lets no POST through."""
        session.trust_env = not is_loopback(self._host)
        if verify is False:  # asked for: urllib3 would say so on the terminal with each request
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        super().__init__(
            url,
            headers={"User-Agent": "modeldeck", "Accept-Encoding": ACCEPTED, **own},
            auth=_Headers(credentials),
            session=session,
            method="POST",
        )
        session.mount(self.url, CutOffAdapter(max_retries=urllib3.Retry(0, redirect=False)))

    def ask(self, path: str, form: Mapping[str, str] | None = None) -> bytes:
        """POSTs `form` where there is one and POST is let through, else GETs. All of Prometheus' reads may be sent twice."""
        try:
            posts = form is not None and not self.gets_only
            answer = self._once("POST" if posts else "GET", path, form)
            if posts and answer.may_be_the_method:
                by_get = self._once("GET", path, form)
                if by_get.is_ours:
                    self.gets_only, answer = True, by_get
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            raise self._failure_of(error) from None
        if answer.response.ok and not answer.response.is_redirect:
            refuse_page(answer.body)
            return answer.body
        raise self._refusal(answer.response, answer.body)

    def _once(self, method: str, path: str, form: Mapping[str, str] | None) -> _Answer:
        address, ends = f"{self.url}/api/v1/{path}", time.monotonic() + TOTAL
        for _ in range(_REDIRECTS + 1):
            try:
                answer = self._in_time(method, address, form, ends)
            except requests.exceptions.ConnectionError as error:
                if not _is_stale(error):
                    raise
                answer = self._in_time(method, address, form, ends)
            further = _same_server(address, answer.response)
            if further is None:
                break
            address = further
        return answer

    def _in_time(self, method: str, address: str, form: Mapping[str, str] | None, ends: float) -> _Answer:
        """Raises TimedOut at `ends`, an instant of time.monotonic()."""
        with cut_off(max(0.0, ends - time.monotonic())) as call:
            try:
                answer = self._sent(method, address, form)
            except Exception:
                if not call.late:
                    raise
        if call.late:  # whatever it raised, or how much of it came, was the end of its connection
            raise http_errors.late(TOTAL, backend=BACKEND, whole=True)
        return answer

    def _sent(self, method: str, address: str, form: Mapping[str, str] | None) -> _Answer:
        response = self._session.request(
            method,
            address,
            data=form if method == "POST" else None,
            # A redirect's address has the question already.
            params=form if method == "GET" and "?" not in address else None,
            headers=self.headers,
            auth=self.auth,
            timeout=(CONNECT, READ),
            verify=self._session.verify,  # else REQUESTS_CA_BUNDLE comes first
            allow_redirects=False,
            stream=True,
        )
        with response:
            good = 200 <= response.status_code < 300
            return _Answer(response, self._read(response, bounds.BODY if good else bounds.REFUSAL, cut=not good))

    def _read(self, response: requests.Response, most: int, *, cut: bool = False) -> bytes:
        """The whole body. Raises TooLarge beyond `most` bytes; with `cut` those are then the answer."""
        pieces: list[bytes] = []
        try:
            unpacking = Unpacking(response.headers.get("content-encoding", ""), backend=BACKEND, most=most)
            if not cut and announced(response.headers.get("content-length", "")) > most:
                raise bounds.too_large(most, backend=BACKEND)
            # Never waits for more than has come: a whole piece of a slow answer may take for ever.
            while chunk := response.raw.read1(65536, decode_content=False):
                pieces.extend(unpacking.pieces(chunk))
        except (TooLarge, Malformed):
            if not cut:
                raise
        return b"".join(pieces)

    def _refusal(self, response: requests.Response, body: bytes) -> Failure:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return refusal_of(response.status_code, scrubbed(body, self._secrets), headers, host=self._host)

    def _failure_of(self, error: Exception) -> Failure:
        """Text of exceptions is never passed on: it holds the URL, and may quote a header."""
        match error:
            case requests.exceptions.ConnectTimeout():
                return http_errors.unconnected(CONNECT, backend=BACKEND)
            case requests.exceptions.ProxyError():
                return Unreachable("the proxy refuses the connection", hint="check HTTPS_PROXY, HTTP_PROXY and NO_PROXY", backend=BACKEND)
            case requests.exceptions.InvalidProxyURL() | urllib3.exceptions.ProxySchemeUnknown():
                return http_errors.unusable_proxy(backend=BACKEND)
            case requests.exceptions.InvalidSchema() if "SOCKS" in str(error):
                return http_errors.lacking_socks(backend=BACKEND)
            case requests.exceptions.InvalidURL() if _is_address(self.url):  # requests says the same of a proxy's
                return http_errors.unusable_proxy(backend=BACKEND)
            case requests.exceptions.InvalidURL() | requests.exceptions.InvalidSchema() | requests.exceptions.MissingSchema():
                return Rejected("its address is no http:// or https:// URL", hint="check the configured address", backend=BACKEND)
            case requests.exceptions.InvalidHeader():
                return Rejected(
                    "the request cannot be sent", hint="a configured header or token holds a character that HTTP forbids", backend=BACKEND
                )
            case requests.exceptions.ContentDecodingError():
                return Malformed("a compressed answer that cannot be unpacked", backend=BACKEND)
        chain = list(http_errors.causes(error))
        if any(isinstance(cause, urllib3.exceptions.ReadTimeoutError | requests.exceptions.ReadTimeout) for cause in chain):
            return http_errors.late(READ, backend=BACKEND)
        if any(isinstance(cause, UnicodeError | urllib3.exceptions.LocationParseError) for cause in chain):
            return http_errors.unusable_address(backend=BACKEND)
        if any(isinstance(cause, BadStatusLine) and not isinstance(cause, RemoteDisconnected) for cause in chain):
            return http_errors.not_http(backend=BACKEND)
        if isinstance(error, OSError) and not isinstance(error, requests.RequestException | ssl.SSLError | ConnectionError | TimeoutError):
            return http_errors.unusable_certificates(error, backend=BACKEND)  # requests looks for their files itself
        through = proxy_before(self.url, None) if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in chain) else ""
        if through:  # over SOCKS; of others requests itself says that it was the proxy
            found = http_errors.broken(error, backend=BACKEND, host=through)
            return Unreachable(f"its proxy {through}: {found.message}", hint=http_errors.PROXY_HINT, backend=BACKEND)
        return http_errors.broken(error, backend=BACKEND, host=self._host)


def _is_address(url: str) -> bool:
    try:
        found = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationParseError:
        return False
    return found.scheme in ("http", "https") and bool(found.host)


def _is_stale(error: BaseException) -> bool:
    """Whether a kept-alive connection had been closed by the server while it was idle."""
    kinds: tuple[Any, ...] = (RemoteDisconnected, ConnectionResetError, BrokenPipeError)
    return any(isinstance(cause, kinds) for cause in http_errors.causes(error))
