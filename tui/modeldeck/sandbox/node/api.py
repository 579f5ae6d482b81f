"""The node agent's view of the Kubernetes API: one httpx client, JSON in and out, list + watch that never gives up."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import random
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

Object = dict[str, Any]  # a Kubernetes object as JSON

_LOG = logging.getLogger(__name__)
_STRATEGIC = "application/strategic-merge-patch+json"
_WATCH_SECONDS = 240
_SILENCE_SECONDS = 90.0  # bookmarks come about once a minute: longer silence is a connection that died without telling


class ApiError(Exception):
    """An answer that is not 2xx (its code and message), or no answer at all (code 0)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code or 'no answer'}: {message}")
        self.code = code


@dataclass(frozen=True)
class Access:
    """What a kubeconfig's current context says: where the API server is, whom to trust, who we are."""

    server: str
    authority: str | None  # PEM; None: the system's own
    verify: bool
    token: str | None = field(repr=False)


def access(kubeconfig: Path) -> Access:
    """Read server, certificate authority and bearer token, which is all that the sandbox's kubeconfigs hold. Raises KeyError, OSError."""
    document = yaml.safe_load(kubeconfig.read_text())
    contexts, clusters, users = ({each["name"]: each for each in document[kind]} for kind in ("contexts", "clusters", "users"))
    context = contexts[document["current-context"]]["context"]
    cluster, user = clusters[context["cluster"]]["cluster"], users[context["user"]]["user"]
    authority = base64.b64decode(cluster.get("certificate-authority-data", "")).decode() or None
    if "certificate-authority" in cluster:
        authority = (kubeconfig.parent / cluster["certificate-authority"]).read_text()
    return Access(cluster["server"], authority, not cluster.get("insecure-skip-tls-verify"), user.get("token"))


class Api:
    """Requests to one API server. Methods raise ApiError and nothing else."""

    def __init__(self, reached: Access) -> None:
        verify: ssl.SSLContext | bool = ssl.create_default_context(cadata=reached.authority) if reached.verify else False
        self._client = httpx.AsyncClient(
            base_url=reached.server,
            verify=verify,
            headers={"Authorization": f"Bearer {reached.token}", "User-Agent": "modeldeck-node-agent"},
            timeout=httpx.Timeout(10, pool=None),
            limits=httpx.Limits(max_connections=32, keepalive_expiry=30),
            trust_env=False,  # a proxy must not see what goes over loopback
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def request(self, method: str, path: str, body: Object | None = None, content: str = "application/json") -> Object:
        """One request; the decoded answer."""
        data = None if body is None else json.dumps(body)
        try:
            answer = await self._client.request(method, path, content=data, headers={"Content-Type": content})
        except httpx.HTTPError as error:
            raise ApiError(0, f"{type(error).__name__} {error}".strip()) from error
        if not answer.is_success:
            raise ApiError(answer.status_code, _message(answer))
        decoded: Object = answer.json()
        return decoded

    async def patch(self, path: str, body: Object) -> Object:
        """A strategic merge patch."""
        return await self.request("PATCH", path, body, _STRATEGIC)

    async def delete_now(self, pod: Object) -> None:
        """Remove a pod whose processes are gone; only this very pod, not one that has its name since."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
        await self.request("DELETE", pod_path(pod), options)

    async def watch(self, path: str, version: str, **parameters: str) -> AsyncIterator[Object]:
        """The events of one watch until the server or the network ends it; raises ApiError(410) when `version` is too old."""
        query = {
            **parameters,
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        try:
            timeout = httpx.Timeout(10, read=_SILENCE_SECONDS, pool=None)
            async with self._client.stream("GET", path, params=query, timeout=timeout) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise ApiError(answer.status_code, _message(answer))
                async for line in answer.aiter_lines():
                    if not line.strip():
                        continue
                    event: Object = json.loads(line)
                    if event["type"] == "ERROR":
                        raise ApiError(int(event["object"].get("code", 500)), str(event["object"].get("message", "")))
                    yield event
        except (httpx.HTTPError, json.JSONDecodeError) as error:  # cut off, perhaps in the middle of a line
            raise ApiError(0, f"{type(error).__name__} {error}".strip()) from error

    async def list(self, path: str, **parameters: str) -> Object:
        """A whole list."""
        return await self.request("GET", f"{path}?{httpx.QueryParams(parameters)}" if parameters else path)


def pod_path(pod: Object) -> str:
    """The API path of a pod."""
    metadata = pod["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message", ""))
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError):
        return answer.text[:300]


class Informer:
    """Keeps a copy of a collection by list + watch, for ever: relists after 410, backs off while the server is away.

    `changed(uid, object or None)` is called for each object that appeared, changed, or (None) went.
    """

    def __init__(self, api: Api, path: str, changed: Callable[[str, Object | None], None], **parameters: str) -> None:
        self._api, self._path, self._changed, self._parameters = api, path, changed, parameters
        self.objects: dict[str, Object] = {}
        self.synced = asyncio.Event()

    async def run(self) -> None:
        """List and watch until cancelled."""
        version, delay = "", 0.2
        while True:
            try:
                if not version:
                    version = await self._relist()
                async for event in self._api.watch(self._path, version, **self._parameters):
                    version = event["object"]["metadata"]["resourceVersion"]
                    delay = 0.2
                    self._take(event)
            except ApiError as error:
                _LOG.warning("watching %s: %s", self._path, error)
                version = "" if error.code else version  # cut off: go on where we were; refused (410 or worse): begin anew
            await asyncio.sleep(delay * random.uniform(0.8, 1.2))
            delay = min(delay * 2, 5.0)

    async def _relist(self) -> str:
        answer = await self._api.list(self._path, **self._parameters)
        fresh = {each["metadata"]["uid"]: each for each in answer.get("items") or []}
        for uid in self.objects.keys() - fresh.keys():
            del self.objects[uid]
            self._changed(uid, None)
        for uid, each in fresh.items():
            self.objects[uid] = each
            self._changed(uid, each)
        self.synced.set()
        return str(answer["metadata"]["resourceVersion"])

    def _take(self, event: Object) -> None:
        kind, changed = event["type"], event["object"]
        if kind == "BOOKMARK":
            return
        uid = changed["metadata"]["uid"]
        if kind == "DELETED":
            self.objects.pop(uid, None)
            self._changed(uid, None)
        else:
            self.objects[uid] = changed
            self._changed(uid, changed)
