"""The node's kube-proxy: http://127.0.0.1:PORT/{namespace}/{service}/… goes to one of the service's ready pods, in turn."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable

import httpx
from starlette.types import Receive, Scope, Send

from modeldeck.sandbox.node.api import Object
from modeldeck.sandbox.node.pod import PodLife
from modeldeck.sandbox.node.state import LOOPBACK

_DROPPED = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"te", b"trailer", b"host", b"expect"})


class Proxy:
    """An ASGI app. Counts the requests in flight of each pod, so that a pod that ends can wait for them."""

    def __init__(self, pods: Callable[[], Iterable[PodLife]], services: Callable[[], Iterable[Object]]) -> None:
        self._pods, self._services = pods, services
        self._turn: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._in_flight: Counter[str] = Counter()
        # Idle connections are given up long before the model servers would close them under a request (75 s there).
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=10)
        self._transport = httpx.AsyncHTTPTransport(limits=limits)

    def in_flight(self, pod: PodLife) -> int:
        """Requests that this pod has not answered yet."""
        return self._in_flight[pod.pod["metadata"]["uid"]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        namespace, _, rest = scope["path"].lstrip("/").partition("/")
        service, _, path = rest.partition("/")
        body = await _body(receive)
        found = next((each for each in self._services() if _is(each, namespace, service)), None)
        if found is None:
            await _answer(send, 404, f"no service {service} in namespace {namespace}; paths are /NAMESPACE/SERVICE/invocations")
            return
        for pod in self._in_turn(found, namespace, service):
            if await self._forward(pod, scope, f"/{path}", body, send):
                return
        await _answer(send, 503, f"no pod of service {service} in namespace {namespace} is ready")

    def _in_turn(self, service: Object, namespace: str, name: str) -> Iterable[PodLife]:
        """The service's ready pods, beginning with the one whose turn it is; asked again after each refused connection."""
        selector = service["spec"].get("selector") or {}
        tried: set[str] = set()
        while True:
            ready = [
                pod
                for pod in self._pods()
                if pod.ready and pod.port and pod.pod["metadata"]["uid"] not in tried and _selected(pod.pod, namespace, selector)
            ]
            if not ready or not selector:
                return
            self._turn[namespace, name] += 1
            chosen = ready[self._turn[namespace, name] % len(ready)]
            tried.add(chosen.pod["metadata"]["uid"])
            yield chosen

    async def _forward(self, pod: PodLife, scope: Scope, path: str, body: bytes, send: Send) -> bool:
        """Send the request to a pod and its answer back; False when the pod refused the connection, so that another may be asked."""
        uid = pod.pod["metadata"]["uid"]
        query = scope["query_string"]
        target = httpx.URL(scheme="http", host=LOOPBACK, port=pod.port, raw_path=path.encode() + (b"?" + query if query else b""))
        headers = [(name, value) for name, value in scope["headers"] if name not in _DROPPED]
        request = httpx.Request(scope["method"], target, headers=headers, content=body, extensions={"timeout": {"connect": 5}})
        self._in_flight[uid] += 1
        begun = False
        try:
            answer = await self._transport.handle_async_request(request)
            begun = True
            await _relay(answer, pod, send)
        except httpx.ConnectError:
            return False
        except httpx.HTTPError as error:  # it may have been worked on: not to be sent twice
            if not begun:
                await _answer(send, 502, f"pod {pod.pod['metadata']['name']} broke off: {error}")
        finally:
            self._in_flight[uid] -= 1
            if not self._in_flight[uid]:
                del self._in_flight[uid]
        return True


async def _relay(answer: httpx.Response, pod: PodLife, send: Send) -> None:
    headers = [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _DROPPED]
    headers.append((b"x-pod", pod.pod["metadata"]["name"].encode()))
    try:
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        async for chunk in _chunks(answer.stream):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await answer.aclose()


async def _chunks(stream: httpx.AsyncByteStream) -> AsyncIterator[bytes]:
    async for chunk in stream:  # as it came: content encodings stay as they are
        yield chunk


def _is(service: Object, namespace: str, name: str) -> bool:
    metadata = service["metadata"]
    return bool(metadata["name"] == name and metadata["namespace"] == namespace)


def _selected(pod: Object, namespace: str, selector: dict[str, str]) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return pod["metadata"]["namespace"] == namespace and all(labels.get(key) == value for key, value in selector.items())


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, message: str) -> None:
    body = json.dumps({"message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
