"""What the agent adds to the console's own connection and reflector: whole objects, what became of each, and who it says that it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from modeldeck.domain.failures import Conflict, NotFound, Unreachable
from modeldeck.sandbox.node import api as node_api
from modeldeck.sandbox.node.api import DynamicClient, DynamicInformer, Object, unstructured
from tests.sources.kubernetes.scripted import END, Refuse, Scripted, event, item, listed, refused, scripted
from tests.sources.kubernetes.waiting import until

DEPLOYMENTS = unstructured("deployments", "/apis/apps/v1")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_api, "_PAUSE", 0.05)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Scripted]:
    async with scripted(tmp_path) as found:
        yield found


class Watched(DynamicInformer):
    """Notes what it tells."""

    def __init__(self, client: DynamicClient) -> None:
        super().__init__(client, DEPLOYMENTS, self.note, fields="spec.nodeName=node-1")
        self.told: list[tuple[str, Object | None]] = []

    def note(self, uid: str, found: Object | None) -> None:
        self.told.append((uid, found))


@pytest.fixture
async def informer(api: Scripted) -> AsyncIterator[Watched]:
    client = DynamicClient(Path(api.target.kubeconfig))
    made = Watched(client)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await client.close()


def another(name: str, uid: str, version: str) -> dict[str, Any]:
    """An object of a name that was there before."""
    body = item(name, version)
    return {**body, "metadata": {**body["metadata"], "uid": uid}}


async def test_each_object_is_told_whole_as_it_comes_changes_and_goes(api: Scripted, informer: Watched) -> None:
    first, second, changed = item("a"), item("b", "6"), item("b", "7", tier="one")
    api.lists["deployments"].append(listed(first, version="5"))
    await informer.synced.wait()
    for told in (event("ADDED", second), event("MODIFIED", changed), event("DELETED", item("a", "8"))):
        api.events.put_nowait(told)
    await until("the last event", lambda: len(informer.told) == 4)
    assert informer.told == [("a", first), ("b", second), ("b", changed), ("a", None)]
    assert informer.objects == {"b": changed}


async def test_what_went_and_came_again_while_nobody_watched_is_told(api: Scripted, informer: Watched) -> None:
    old, new = item("same"), another("same", "same-again", "9")
    api.lists["deployments"].extend([listed(old, item("gone"), version="5"), listed(new, version="9")])
    await informer.synced.wait()
    told = len(informer.told)
    api.events.put_nowait(event("ERROR", refused(410, "Expired")))
    await until("the second list", lambda: informer.objects == {"same-again": new})
    assert sorted(uid for uid, found in informer.told[told:] if found is None) == ["gone", "same"]
    assert informer.told[-1] == ("same-again", new)


async def test_only_what_is_selected_is_asked_for(api: Scripted, informer: Watched) -> None:
    await until("listed and watched", lambda: len(api.requests()) == 2)
    assert len(api.requests(fieldSelector="spec.nodeName=node-1")) == 2


async def test_it_is_synced_only_once_a_list_has_come(api: Scripted, informer: Watched, caplog: pytest.LogCaptureFixture) -> None:
    api.lists["deployments"].extend([Refuse(503), listed(item("a"))])
    await until("the failure", lambda: caplog.messages)
    assert not informer.synced.is_set()
    await informer.synced.wait()
    assert "watching deployments: Kubernetes: told 503" in caplog.messages


async def test_it_watches_on_soon_however_often_the_server_was_started_anew(api: Scripted, informer: Watched) -> None:
    api.lists["deployments"].append(listed(item("a"), version="5"))
    await informer.synced.wait()
    for told in (*[END] * 12, event("ADDED", item("b", "6"))):
        api.events.put_nowait(told)
    await until("what came after them", lambda: "b" in informer.objects)


class Server:
    """Answers each request with the next of its answers."""

    def __init__(self, *answers: tuple[int, Object]) -> None:
        self.answers = list(answers)
        self.heads: list[str] = []
        self.bodies: list[Object] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        length = next(int(line.split()[1]) for line in self.heads[-1].lower().splitlines() if line.startswith("content-length"))
        self.bodies.append(json.loads(await reader.readexactly(length)))
        status, body = self.answers.pop(0)
        data = json.dumps(body).encode()
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data)
        await writer.drain()
        writer.close()


def kubeconfig(folder: Path, port: int) -> Path:
    document = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(document))
    return path


async def test_a_patch_is_strategic_and_written_in_the_agents_own_name(tmp_path: Path) -> None:
    """By the field manager, which the user agent becomes, the console tells the sandbox's changes from an operator's."""
    server = Server((200, {"status": {"phase": "Running"}}), (409, {"kind": "Status", "message": "exists"}), (404, {"kind": "Status"}))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    client = DynamicClient(kubeconfig(tmp_path, listening.sockets[0].getsockname()[1]))
    assert await client.patch("/api/v1/nodes/n/status", {"status": {"a": 1}}) == {"status": {"phase": "Running"}}
    head = server.heads[0].lower()
    assert head.startswith("patch /api/v1/nodes/n/status ")
    assert "content-type: application/strategic-merge-patch+json\r\n" in head
    assert "user-agent: modeldeck-node-agent\r\n" in head
    assert "authorization: bearer secret\r\n" in head
    with pytest.raises(Conflict):
        await client.request("POST", "/api/v1/nodes", {"kind": "Node"})
    assert "content-type: application/json\r\n" in server.heads[1].lower()
    with pytest.raises(NotFound):
        await client.delete_now({"metadata": {"name": "p", "namespace": "n", "uid": "u"}})
    assert server.heads[2].startswith("DELETE /api/v1/namespaces/n/pods/p ")
    assert server.bodies[2] == {"gracePeriodSeconds": 0, "preconditions": {"uid": "u"}}
    await client.close()
    listening.close()


async def test_an_error_never_shows_the_token(tmp_path: Path) -> None:
    client = DynamicClient(kubeconfig(tmp_path, 9))
    with pytest.raises(Unreachable) as refused:
        await client.request("GET", "/api/v1/pods")
    assert refused.value.status is None
    assert "secret" not in f"{refused.value!r} {refused.value}"
    await client.close()
