"""The ASGI application: who is it, what do they want, may they, and the answer."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from kubesim.api.kinds import Object
from kubesim.api.statuses import ApiError, forbidden, forbidden_path, method_not_allowed, no_such_path, unauthorized
from kubesim.auth import access
from kubesim.auth.access import Authorizer, User
from kubesim.http import discovery, openapi
from kubesim.http.handlers import Answer, Handlers
from kubesim.http.logs import LogProxy
from kubesim.http.requests import Request, check_dry_run, parse_path, parse_query, verb_of
from kubesim.registry.registry import Registry
from kubesim.storage.store import encode
from kubesim.storage.watching import Hub

Scope = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_GZIP_FROM = 128 * 1024


class Application:
    """One cluster's API as an ASGI application."""

    def __init__(self, registry: Registry, tokens: dict[str, User]) -> None:
        self._registry = registry
        self._tokens = tokens
        self._authorizer = Authorizer(registry.store)
        self.hub = Hub(registry.store)
        self._handlers = Handlers(registry, self.hub, self._authorizer)
        self._logs = LogProxy(registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _read(receive)
        try:
            answer = await self._answer(scope, headers, body)
        except ApiError as refusal:
            answer = Answer(refusal.code, encode(refusal.status()))
        if answer.stream is None:
            await _send_whole(send, answer, headers)
        else:
            await _send_stream(receive, send, answer)

    async def _answer(self, scope: Scope, headers: dict[str, str], body: bytes) -> Answer:
        method, path = scope["method"], scope["path"]
        user = self._user(headers)
        query = parse_query(scope["query_string"])
        target = parse_path(path)
        if target is None:
            if not self._authorizer.allows_path(user, method.lower(), path):
                raise forbidden_path(f'User "{user.name}" cannot {method.lower()} path "{path}"')
            return self._about(method, path, headers.get("accept", ""), f"{scope['server'][0]}:{scope['server'][1]}")
        verb = verb_of(method, target, query)
        wanted = access.attributes(verb, target.kind, target.subresource, target.namespace, target.name)
        if not self._authorizer.allows(user, wanted):
            raise forbidden(target.kind, target.name, access.refusal(user, wanted))
        check_dry_run(method, query)
        request = Request(
            method,
            verb,
            target.kind,
            target.namespace,
            target.name,
            target.subresource,
            query,
            headers.get("accept", ""),
            headers.get("content-type", ""),
            headers.get("user-agent", ""),
            body,
            user,
        )
        if target.subresource == "log":
            return await self._logs.fetch(request)
        return self._handlers.handle(request)

    def _user(self, headers: dict[str, str]) -> User:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if not token:
            return User("system:anonymous", ("system:unauthenticated",))
        user = self._tokens.get(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise unauthorized()
        return user

    def _about(self, method: str, path: str, accept: str, address: str) -> Answer:
        """Everything that is not a resource: health, version, discovery, schemas."""
        if method not in ("GET", "HEAD"):
            raise method_not_allowed()
        parts = path.strip("/").split("/")
        if path in ("/healthz", "/livez", "/readyz"):
            return Answer(200, b"ok", content_type="text/plain; charset=utf-8")
        if path.rstrip("/") in ("/api", "/apis") and discovery.wants_aggregated(accept):
            document = discovery.aggregated(core=parts[0] == "api")
            return Answer(200, encode(document), content_type=discovery.AGGREGATED)
        found = self._document(parts, address)
        if found is None:
            if parts[0] == "api" or (parts[0] == "apis" and discovery.group(parts[1]) is not None):
                raise no_such_path()
            return Answer(404, b"404 page not found\n", content_type="text/plain; charset=utf-8")
        return Answer(200, encode(found))

    def _document(self, parts: list[str], address: str) -> Object | None:
        match parts:
            case ["version"]:
                return dict(discovery.VERSION)
            case ["api"]:
                return discovery.api_versions(address)
            case ["apis"]:
                return discovery.group_list()
            case ["api", version]:
                return discovery.resource_list("", version)
            case ["apis", group]:
                return discovery.group(group)
            case ["apis", group, version]:
                return discovery.resource_list(group, version)
            case ["openapi", "v3"]:
                return openapi.index()
            case ["openapi", "v3", *rest]:
                return openapi.document("/".join(rest))
            case [""]:
                return {"paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]}
            case _:
                return None


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _send_whole(send: Send, answer: Answer, headers: dict[str, str]) -> None:
    body = answer.body
    found = [(b"content-type", answer.content_type.encode()), (b"cache-control", b"no-cache, private")]
    if len(body) > _GZIP_FROM and "gzip" in headers.get("accept-encoding", ""):
        body = gzip.compress(body, compresslevel=1)
        found.append((b"content-encoding", b"gzip"))
    found.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": found})
    await send({"type": "http.response.body", "body": body})


async def _send_stream(receive: Receive, send: Send, answer: Answer) -> None:
    """Send chunks until the stream ends or the client goes away."""
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(b"content-type", answer.content_type.encode()), (b"cache-control", b"no-cache, private")],
        }
    )
    # Something at once, so that the client sees the headers before the first event.
    await send({"type": "http.response.body", "body": b"", "more_body": True})

    async def pump() -> None:
        assert answer.stream is not None
        async for chunk in answer.stream:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    pumping = asyncio.create_task(pump())
    leaving = asyncio.create_task(receive())
    done, rest = await asyncio.wait({pumping, leaving}, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    if pumping in done:
        await pumping
