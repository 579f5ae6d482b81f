"""The one way onto the wire: timeouts, deadline, TLS, proxies, credentials and failures in one place.

    transport = Transport("MLflow", "https://mlflow.example", credentials=Basic("me", Secret("…")), explain=explain_mlflow)
    page = transport.decode(await transport.get("/api/2.0/mlflow/experiments/get", params={"experiment_id": "0"}), ExperimentAnswer)

Every method raises a Failure and nothing else. Cancelling a call closes its connection. httpx is imported, and certificates are read,
with the first request and on a thread of their own: a console that has not asked anything yet pays nothing, and one that paints does not
stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from modeldeck.domain.failures import Failure, Faulty, Forbidden, Malformed, TooLarge, Unauthorized, Unreachable
from modeldeck.sources.common import bounds
from modeldeck.sources.common.blocking_executor import run_in_thread
from modeldeck.sources.http import http_errors
from modeldeck.sources.http.addresses import is_loopback, proxy_before
from modeldeck.sources.http.credentials import Credentials, Nobody, inline_credentials, scrubbed
from modeldeck.sources.http.decode import decode
from modeldeck.sources.http.httpx_errors import failure_of, is_stale_connection, unopened
from modeldeck.sources.http.httpx_import import load_httpx
from modeldeck.sources.http.line_splitting import Lines
from modeldeck.sources.http.tls import Tls, context_of, no_context
from modeldeck.sources.http.unpacking import ACCEPTED, Unpacking, announced

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
Params = Mapping[str, str | int | bool | Sequence[str]]
Refused = Callable[[int, bytes, Mapping[str, str]], Failure]
"""Status, body and headers (names in lower case) of an answer that is no 2xx → what it is."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `read` is the longest silence while an answer is awaited, `total` the deadline of the whole call."""

    connect: float = 2.0
    read: float = 10.0
    total: float = 30.0


_CONNECTED = "connection.connect_tcp.complete"
_SOONER = 1.0
# Seconds by which the kernel gives a request up before its caller does.
_AWAY = (502, 503, 504)
# What a balancer says of a backend that is not there.
_JUST_BACK = "it was away a moment ago, and refuses:"
_SETTLES = "it may not know yet who may do what, and is asked again"


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer. Header names in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    content: bytes | None
    params: Params | None
    headers: Mapping[str, str]
    limits: Timeouts
    safe: bool
    refused: Refused | None = None


class Transport:
    """One backend at one address.

    `base_url` may carry userinfo, which then becomes Basic credentials and never shows up again. `tls` may be a ready context, or a
    function that makes one (run on a thread of its own). `server_name` is checked instead of the URL's host (kubeconfig's tls-server-name).
    `proxy`: None takes HTTP(S)_PROXY and NO_PROXY from the process environment, except for loopback addresses. `connections`: at most so
    many at once. `meant`: what a refusal is to this backend, where its status does not say. `settling`: seconds after the backend was away
    in which a 401 or 403 is Faulty, as it may not have read yet who may do what.
    """

    def __init__(
        self,
        backend: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
        tls: Tls | ssl.SSLContext | Callable[[], ssl.SSLContext] | None = None,
        server_name: str = "",
        proxy: str | None = None,
        explain: http_errors.Explain = http_errors.no_explanation,
        meant: Callable[[Failure], Failure] = lambda refusal: refusal,
        timeouts: Timeouts | None = None,
        connections: int = 64,
        settling: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.backend = backend
        self.base_url, found = inline_credentials(base_url)
        self.host = http_errors.host_of(self.base_url)
        self.timeouts = timeouts or Timeouts()
        self._headers = dict(headers or {})
        self._credentials: Credentials = credentials or found or Nobody()
        self._tls = tls or Tls()
        self._extensions = {"sni_hostname": server_name} if server_name else {}
        self._proxy = proxy
        self._explain, self._meant = explain, meant
        self._connections = connections
        self._settling, self._monotonic = settling, monotonic
        self._away_at = -math.inf
        self._client: httpx.AsyncClient | None = None
        self._opening: asyncio.Task[httpx.AsyncClient] | None = None
        self._closed = False
        self._large = asyncio.Lock()
        """Held by the one answer that may be large at a time: several lists are read at once, and each may be as large as it may be."""

    def __repr__(self) -> str:
        return f"Transport({self.backend!r}, {self.base_url!r})"

    async def get(
        self,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        most: int | None = None,
    ) -> bytes:
        return (await self.send("GET", path, params=params, headers=headers, timeouts=timeouts, safe=True, most=most)).body

    async def post(
        self,
        path: str,
        body: object = None,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        safe: bool = False,
    ) -> bytes:
        """`body` is sent as JSON (bytes as they are). `safe`: it only reads, so that it may be sent again."""
        return (await self.send("POST", path, body, params=params, headers=headers, timeouts=timeouts, safe=safe)).body

    async def patch(self, path: str, body: object, *, params: Params | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        """With another Content-Type than application/json where `headers` says so."""
        return (await self.send("PATCH", path, body, params=params, headers=headers)).body

    async def delete(
        self, path: str, body: object = None, *, params: Params | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        return (await self.send("DELETE", path, body, params=params, headers=headers)).body

    def decode(self, body: bytes, kind: type[T], *, most: int = bounds.VALUES) -> T:
        """Raises Malformed with this backend's name and the path of what is wrong, TooLarge for more than `most` values."""
        return decode(body, kind, backend=self.backend, most=most)

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        safe: bool = False,
        most: int | None = None,
        refused: Refused | None = None,
    ) -> Answer:
        """One request and its whole answer, of at most `most` bytes (bounds.BODY).

        A `safe` one is sent once more where a kept-alive connection turns out to be dead. `refused`: what a refusal is, where another
        server may stand behind this one: that one being away then says nothing of this backend.
        """
        limits = timeouts or self.timeouts
        call = _Call(method, path, _content(body), params, headers or {}, limits, safe, refused)
        async with self._deadline(limits.total):
            client = await self._ready()
            with self._failures(limits):
                response = await self._authorised(client, call)
                body = await self._read(response, most or bounds.BODY)
        return Answer(response.status_code, body, _lower(response.headers))

    @contextlib.asynccontextmanager
    async def lines(
        self,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        silence: float,
        longest: int | None = None,
        cut: bool = False,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """A GET whose answer comes line by line (a watch, a log that is followed), without newlines, for as long as it lasts.

            async with transport.lines("/api/v1/pods", params={"watch": True}, silence=60) as lines:
                async for line in lines: ...

        Ends when the server ends it; raises TimedOut after `silence` seconds without a byte. A line of more than `longest` bytes
        (bounds.WATCH_LINE) raises TooLarge; with `cut` its first bytes are a line, and the rest of it is left out.
        """
        limits = replace(self.timeouts, read=silence)
        call = _Call("GET", path, None, params, headers or {}, limits, safe=True)
        async with self._deadline(self.timeouts.total):
            client = await self._ready()
            with self._failures(limits):
                response = await self._authorised(client, call)
        try:
            yield self._lines_of(response, limits, Lines(longest or bounds.WATCH_LINE, cut=cut, backend=self.backend))
        finally:
            await response.aclose()

    async def _lines_of(self, response: httpx.Response, limits: Timeouts, lines: Lines) -> AsyncIterator[bytes]:
        with self._failures(limits):
            unpacking = Unpacking(response.headers.get("content-encoding", ""), backend=self.backend)
            async for chunk in response.aiter_raw():
                for piece in unpacking.pieces(chunk):
                    for line in lines.of(piece):
                        yield line
        for line in lines.rest():
            yield line

    async def aclose(self) -> None:
        """Ends what is under way and drops the idle connections. A closed transport answers every call with Unreachable."""
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _authorised(self, client: httpx.AsyncClient, call: _Call) -> httpx.Response:
        """A 2xx response whose body is still to be read. Credentials that can be renewed are, once, after a 401."""
        sent = await self._credentials.headers(renew=False)
        response = await self._begin(client, call, sent)
        if response.status_code == 401:
            renewed = await self._credentials.headers(renew=True)
            if renewed != sent:
                await response.aclose()
                sent = renewed
                response = await self._begin(client, call, sent)
        if not response.is_success:
            raise await self._refusal(response, sent, call.refused)
        return response

    async def _begin(self, client: httpx.AsyncClient, call: _Call, credentials: Mapping[str, str]) -> httpx.Response:
        import httpx

        request = self._request(client, call, credentials)
        try:
            return await client.send(request, stream=True)
        except httpx.TransportError as error:
            self._away_at = self._monotonic()
            if not (call.safe and is_stale_connection(error)):
                raise
        return await client.send(self._request(client, call, credentials), stream=True)

    def _request(self, client: httpx.AsyncClient, call: _Call, credentials: Mapping[str, str]) -> httpx.Request:
        import httpx

        limits = call.limits
        headers = {**self._headers, **credentials}
        if call.content is not None:
            headers["Content-Type"] = "application/json"
        headers |= call.headers
        return client.build_request(
            call.method,
            self.base_url + call.path,
            content=call.content,
            params=dict(call.params) if call.params else None,
            headers=[(name.encode("ascii"), value.encode()) for name, value in headers.items()],
            timeout=httpx.Timeout(limits.read, connect=limits.connect),
            extensions={**self._extensions, "trace": self._connected},
        )

    async def _connected(self, event: str, told: Mapping[str, Any]) -> None:
        """What httpcore tells of each request's way: a new connection among it.

        Without a limit the kernel goes on sending what an abandoned connection still had to say, for a minute and more: a request that
        timed out here would arrive when the cable is plugged in again, long after it was believed lost.
        """
        if event == _CONNECTED and hasattr(socket, "TCP_USER_TIMEOUT"):
            unsent = max(1.0, self.timeouts.read - _SOONER)
            told["return_value"].get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(unsent * 1000))

    async def _read(self, response: httpx.Response, most: int, *, cut: bool = False) -> bytes:
        """The whole body, and the end of the response. Raises TooLarge beyond `most` bytes; with `cut` those are then the answer."""
        body = io.BytesIO()  # gives its bytes away without a second copy of them
        async with contextlib.AsyncExitStack() as ends:
            ends.push_async_callback(response.aclose)
            try:
                unpacking = Unpacking(response.headers.get("content-encoding", ""), backend=self.backend, most=most)
                if not cut and announced(response.headers.get("content-length", "")) > most:
                    raise bounds.too_large(most, backend=self.backend)
                large = False
                async for chunk in response.aiter_raw():
                    for piece in unpacking.pieces(chunk):
                        body.write(piece)
                    if not large and body.tell() > bounds.LARGE_BODY:
                        await ends.enter_async_context(self._large)
                        large = True
            except (TooLarge, Malformed):
                if not cut:
                    raise
        return body.getvalue()

    async def _refusal(self, response: httpx.Response, sent: Mapping[str, str], refused: Refused | None) -> Failure:
        body = scrubbed(await self._read(response, bounds.REFUSAL, cut=True), sent.values())
        if refused is not None:
            found = refused(response.status_code, body, _lower(response.headers))
            return self._believed(found) if found.backend == self.backend and found.status in (401, 403) else found
        refusal = http_errors.refusal(
            response.status_code,
            body,
            _lower(response.headers),
            backend=self.backend,
            host=self.host,
            explain=self._explain,
        )
        return self._meant(self._believed(refusal))

    def _believed(self, refusal: Failure) -> Failure:
        if refusal.status in _AWAY:
            self._away_at = self._monotonic()
        elif isinstance(refusal, Unauthorized | Forbidden) and self._monotonic() - self._away_at < self._settling:
            return Faulty(f"{_JUST_BACK} {refusal.message}", hint=_SETTLES, backend=self.backend, status=refusal.status)
        return refusal

    @contextlib.asynccontextmanager
    async def _deadline(self, total: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(total):
                yield
        except TimeoutError:
            raise http_errors.late(total, backend=self.backend, whole=True) from None

    @contextlib.contextmanager
    def _failures(self, limits: Timeouts) -> Iterator[None]:

        try:
            yield
        except Failure:
            raise
        except Exception as error:  # noqa: BLE001 — an edge: what is not known is told as well
            raise failure_of(
                error,
                backend=self.backend,
                host=self.host,
                connect=limits.connect,
                read=limits.read,
                proxy=lambda: proxy_before(self.base_url, self._proxy),
            ) from None

    async def _ready(self) -> httpx.AsyncClient:
        if self._closed:
            raise Unreachable("its connection here was closed", backend=self.backend)
        if self._client is None:
            if self._opening is None or self._opening.done():
                self._opening = asyncio.create_task(run_in_thread(self.backend, self._open))
            # Shared by all first calls: one of them being cancelled must not take it from the others.
            client = await asyncio.shield(self._opening)
            self._client = self._client or client
        return self._client

    def _open(self) -> httpx.AsyncClient:
        try:
            load_httpx()
            import httpx

            return httpx.AsyncClient(
                verify=self._context(),
                proxy=self._proxy,
                trust_env=not is_loopback(self.host),
                follow_redirects=False,
                limits=httpx.Limits(max_connections=self._connections, max_keepalive_connections=16, keepalive_expiry=60.0),
                headers={"User-Agent": "modeldeck", "Accept": "application/json", "Accept-Encoding": ACCEPTED},
            )
        except Exception as error:  # noqa: BLE001 — an edge: proxies, certificates and packages are the surroundings'
            raise unopened(error, backend=self.backend) from None

    def _context(self) -> ssl.SSLContext:
        if isinstance(self._tls, Tls):
            return context_of(self._tls, backend=self.backend) if self.base_url.startswith("https:") else no_context()
        return self._tls if isinstance(self._tls, ssl.SSLContext) else self._tls()


def _content(body: object) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return msgspec.json.encode(body)


def _lower(headers: httpx.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}
