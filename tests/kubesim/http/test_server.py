"""The HTTP side: discovery, schemas, tokens, compression, logs from the node."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kubesim.api.kinds import KINDS, NODES, PODS
from kubesim.auth import certificates, kubeconfigs
from kubesim.auth.access import USERS, load_tokens
from kubesim.http.discovery import AGGREGATED
from kubesim.http.server import Application
from kubesim.registry import bootstrap
from kubesim.registry.registry import Registry, Write
from kubesim.storage.store import Store

BY_HAND = Write("test")


@pytest.fixture
def registry() -> Registry:
    found = Registry(Store(None))
    bootstrap.seed(found)
    return found


@pytest.fixture
async def client(registry: Registry, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator's client, without a socket in between."""
    tokens = load_tokens(tmp_path / "tokens.csv")
    token = next(token for token, user in tokens.items() if user.name == "admin")
    application: Any = Application(registry, tokens)
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="https://cluster", headers={"Authorization": f"Bearer {token}"}) as found:
        yield found


async def test_every_kind_is_discovered_and_served(client: httpx.AsyncClient) -> None:
    for root in ("/api", "/apis"):
        answer = await client.get(root, headers={"Accept": AGGREGATED})
        assert answer.headers["content-type"] == AGGREGATED
        assert answer.json()["kind"] == "APIGroupDiscoveryList"
    for kind in KINDS:
        base = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
        listed = (await client.get(base)).json()["resources"]
        assert kind.plural in {each["name"] for each in listed}
        if "list" in kind.verbs:
            answer = await client.get(f"{base}/{kind.plural}")
            assert (answer.status_code, answer.json()["kind"]) == (200, f"{kind.kind}List")


async def test_the_schemas_are_complete(client: httpx.AsyncClient) -> None:
    """Every reference in every document leads somewhere, and kubectl finds the patch operation that it looks for."""
    for path in (await client.get("/openapi/v3")).json()["paths"]:
        document = (await client.get(f"/openapi/v3/{path}")).json()
        schemas = document["components"]["schemas"]
        assert {name.rpartition("/")[2] for name in references(document)} <= set(schemas)
    apps = (await client.get("/openapi/v3/apis/apps/v1")).json()
    patch = apps["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert "fieldValidation" in {each["name"] for each in patch["parameters"]}
    assert (await client.get("/openapi/v2")).status_code == 404


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        return {node["$ref"]} if "$ref" in node else {each for value in node.values() for each in references(value)}
    return {each for value in node for each in references(value)} if isinstance(node, list) else set()


async def test_without_a_token_there_is_little_to_see(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/pods", headers={"Authorization": "Bearer x"})).status_code == 401
    assert (await client.get("/api/v1/pods", headers={"Authorization": ""})).status_code == 403
    assert (await client.get("/readyz", headers={"Authorization": ""})).text == "ok"


async def test_large_answers_are_compressed_when_asked_for(client: httpx.AsyncClient) -> None:
    for number in range(30):
        created = await client.post(
            "/api/v1/namespaces/default/configmaps", json={"metadata": {"name": f"c{number}"}, "data": {"k": "v" * 9000}}
        )
        assert created.status_code == 201
    packed = await client.get("/api/v1/configmaps")
    plain = await client.get("/api/v1/configmaps", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()


def test_tokens_and_kubeconfigs_are_private_and_stay(tmp_path: Path) -> None:
    tokens = load_tokens(tmp_path / "tokens.csv")
    assert load_tokens(tmp_path / "tokens.csv") == tokens
    assert {user.name for user in tokens.values()} == {name for name, _ in USERS.values()}
    authority, *_ = certificates.ensure(tmp_path)
    kubeconfigs.write_all(tmp_path, "https://127.0.0.1:1", authority, tokens, "serving")
    for label in USERS:
        assert (tmp_path / f"{label}.kubeconfig").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tokens.csv").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "server.key").stat().st_mode & 0o777 == 0o600


@pytest.fixture
async def kubelet(registry: Registry, tmp_path: Path) -> AsyncIterator[list[str]]:
    """A node's log endpoint, and a pod on it; what was asked for."""
    _, certificate, key = certificates.ensure(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head.split()[1])
        if "previous" in asked[-1]:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 7\r\nConnection: close\r\n\r\nno such")
        else:
            writer.write(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n6\r\nfirst\n\r\n7\r\nsecond\n\r\n0\r\n\r\n"
            )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    registry.create(
        NODES,
        "",
        {
            "metadata": {"name": "node-1"},
            "status": {
                "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            },
        },
        BY_HAND,
    )
    for name, containers in (("one", ["main"]), ("two", ["main", "side"])):
        registry.create(
            PODS,
            "default",
            {
                "metadata": {"name": name},
                "spec": {"nodeName": "node-1", "containers": [{"name": each, "image": "i"} for each in containers]},
            },
            BY_HAND,
        )
    yield asked
    server.close()
    await server.wait_closed()


async def test_logs_come_from_the_node(client: httpx.AsyncClient, kubelet: list[str]) -> None:
    base = "/api/v1/namespaces/default/pods"
    answer = await client.get(f"{base}/one/log", params={"tailLines": "5", "timestamps": "true"})
    assert (answer.status_code, answer.text) == (200, "first\nsecond\n")
    assert answer.headers["content-type"] == "text/plain"
    assert kubelet == ["/containerLogs/default/one/main?timestamps=true&tailLines=5"]
    assert (await client.get(f"{base}/two/log", params={"container": "side"})).status_code == 200
    refused = await client.get(f"{base}/two/log")
    assert refused.json()["message"] == "a container name must be specified for pod two, choose one of: [main side]"
    assert (await client.get(f"{base}/one/log", params={"container": "x"})).json()["message"] == "container x is not valid for pod one"
    assert (await client.get(f"{base}/one/log", params={"previous": "true"})).status_code == 400


async def test_a_node_that_is_away_is_a_500(client: httpx.AsyncClient, registry: Registry) -> None:
    registry.create(
        NODES,
        "",
        {
            "metadata": {"name": "gone"},
            "status": {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}},
        },
        BY_HAND,
    )
    registry.create(
        PODS, "default", {"metadata": {"name": "p"}, "spec": {"nodeName": "gone", "containers": [{"name": "c", "image": "i"}]}}, BY_HAND
    )
    answer = await client.get("/api/v1/namespaces/default/pods/p/log")
    assert answer.status_code == 500
    assert "connect" in answer.json()["message"]
