"""`kubectl logs`: passed through to the kubelet endpoint of the pod's node, as a real API server does."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import h11

from kubesim.api.kinds import NODES, PODS, Object
from kubesim.api.statuses import ApiError, bad_request
from kubesim.http.handlers import Answer
from kubesim.http.requests import Request
from kubesim.registry.registry import Registry

_OPTIONS = ("follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes")
_CONNECT_SECONDS = 5.0
_CHUNK = 65_536


class LogProxy:
    """Fetches logs from nodes. The node's certificate is its own (self-signed), so it is not checked, as by default in Kubernetes."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE

    async def fetch(self, request: Request) -> Answer:
        """The container's log as a stream; raises 400 for a container that is not there, 500 for a node that does not answer."""
        pod = self._registry.get(PODS, request.namespace, request.name)
        container = _container(pod, request.query.get("container", ""))
        node = pod["spec"].get("nodeName")
        if not node:
            return Answer(200, b"", content_type="text/plain")
        host, port = self._endpoint(node)
        options = {name: request.query[name] for name in _OPTIONS if request.query.get(name)}
        path = f"/containerLogs/{request.namespace}/{request.name}/{container}" + (f"?{urlencode(options)}" if options else "")
        return await self._get(host, port, path)

    def _endpoint(self, node_name: str) -> tuple[str, int]:
        node = self._registry.get(NODES, "", node_name)
        status = node.get("status", {})
        port = status.get("daemonEndpoints", {}).get("kubeletEndpoint", {}).get("Port", 0)
        addresses = {each["type"]: each["address"] for each in reversed(status.get("addresses", ()))}
        host = addresses.get("InternalIP") or addresses.get("Hostname") or next(iter(addresses.values()), "")
        if not host or not port:
            raise ApiError(500, "", f"no preferred addresses found; known addresses: {list(addresses.values())}")
        return host, port

    async def _get(self, host: str, port: int, path: str) -> Answer:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(host, port, ssl=self._context)
        except (OSError, TimeoutError) as problem:
            message = f'Get "https://{host}:{port}{path}": dial tcp {host}:{port}: connect: {problem}'
            raise ApiError(500, "InternalError", message, {"causes": [{"message": message}]}) from None
        connection = h11.Connection(our_role=h11.CLIENT)
        head = h11.Request(method="GET", target=path, headers=[("Host", f"{host}:{port}"), ("Connection", "close")])
        writer.write(connection.send(head) + connection.send(h11.EndOfMessage()))
        response = await _next(connection, reader)
        if not isinstance(response, h11.Response):
            writer.close()
            raise ApiError(500, "", "the node closed the connection")
        stream = _body(connection, reader, writer)
        if response.status_code != 200:
            message = b"".join([chunk async for chunk in stream]).decode(errors="replace").strip()
            raise ApiError(response.status_code, "BadRequest" if response.status_code == 400 else "NotFound", message)
        return Answer(200, stream=stream, content_type="text/plain")


async def _next(connection: h11.Connection, reader: asyncio.StreamReader) -> object:
    while True:
        event = connection.next_event()
        if event is not h11.NEED_DATA:
            return event
        connection.receive_data(await reader.read(_CHUNK))


async def _body(connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncIterator[bytes]:
    try:
        while True:
            event = await _next(connection, reader)
            if not isinstance(event, h11.Data):
                return
            yield bytes(event.data)
    except (h11.RemoteProtocolError, OSError):
        return
    finally:
        writer.close()


def _container(pod: Object, wanted: str) -> str:
    names = [each["name"] for group in ("initContainers", "containers") for each in pod["spec"].get(group, ())]
    name = pod["metadata"]["name"]
    if not wanted:
        containers = [each["name"] for each in pod["spec"]["containers"]]
        if len(containers) > 1:
            raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(containers)}]")
        return str(containers[0])
    if wanted not in names:
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted
