"""The Kubernetes API as plain HTTP: what goes over the wire is what the cases are about, so no SDK stands in between."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

MERGE, STRATEGIC, JSON_PATCH, APPLY = (
    f"application/{name}" for name in ("merge-patch+json", "strategic-merge-patch+json", "json-patch+json", "apply-patch+yaml")
)
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
AGENT = "conformance/1"


@dataclass(frozen=True)
class Reply:
    """An answer: the HTTP status and the decoded body (text when it is no JSON)."""

    code: int
    body: Any

    @property
    def ok(self) -> Any:
        """The body of an answer that has to be a success."""
        self.must()
        return self.body

    def must(self) -> None:
        """Fail with what the server said when it refused."""
        assert 200 <= self.code < 300, self.body


@dataclass
class Watch:
    """An open watch: its events so far, growing in the background."""

    events: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, event: dict[str, Any]) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def until(self, condition: Callable[[list[dict[str, Any]]], Any], seconds: float = 20) -> Any:
        """The first truthy value of `condition(events)`; fails after `seconds` with what was seen."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not (found := condition(self.events)):
                left = deadline - time.monotonic()
                assert left > 0, f"not seen: {[summary(event) for event in self.events]}"
                self._changed.wait(left)
            return found

    def until_ended(self, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        with self._changed:
            while not self.ended:
                left = deadline - time.monotonic()
                assert left > 0, "the watch did not end"
                self._changed.wait(left)


def summary(event: dict[str, Any]) -> str:
    meta = event["object"].get("metadata", {})
    return f"{event['type']} {meta.get('name', '')} {meta.get('resourceVersion', '')}"


class Api:
    """One user's access to one cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        document = yaml.safe_load(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self.headers = {"Authorization": f"Bearer {user['token']}", "User-Agent": AGENT}
        self._server, self._trust = cluster["server"], _trust(cluster)
        self._client = self._open()

    def _open(self) -> httpx.Client:
        return httpx.Client(base_url=self._server, headers=self.headers, verify=self._trust, timeout=30)

    def close(self) -> None:
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        media: str = "application/json",
        *,
        accept: str = "",
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Reply:
        extra = {**({"Content-Type": media} if body is not None else {}), **({"Accept": accept} if accept else {}), **(headers or {})}
        content = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
        answer = self._client.request(method, path, params=query or None, content=content, headers=extra)
        try:
            return Reply(answer.status_code, answer.json())
        except ValueError:
            return Reply(answer.status_code, answer.text)

    def get(self, path: str, **query: Any) -> Reply:
        return self.call("GET", path, **query)

    def create(self, path: str, body: Any, **query: Any) -> Reply:
        return self.call("POST", path, body, **query)

    def replace(self, path: str, body: Any, **query: Any) -> Reply:
        return self.call("PUT", path, body, **query)

    def patch(self, path: str, body: Any, media: str = MERGE, **query: Any) -> Reply:
        return self.call("PATCH", path, body, media, **query)

    def delete(self, path: str, body: Any = None, **query: Any) -> Reply:
        return self.call("DELETE", path, body, **query)

    @contextmanager
    def watch(self, path: str, **query: Any) -> Iterator[Watch]:
        """Watch until the block ends."""
        seen = Watch()
        with (
            self._open() as client,
            client.stream("GET", path, params={"watch": "true", **query}, timeout=httpx.Timeout(30, read=60)) as answer,
        ):
            assert answer.status_code == 200, answer.read()
            reader = threading.Thread(target=_read, args=(answer, seen), daemon=True)
            reader.start()
            try:
                yield seen
            finally:
                # Cut the connection under the reader: there is no other way to wake it.
                with suppress(OSError):
                    answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                reader.join(5)


def _read(answer: httpx.Response, seen: Watch) -> None:
    try:
        for line in answer.iter_lines():
            if line:
                seen.add(json.loads(line))
    except (httpx.HTTPError, httpx.StreamError, OSError, ValueError):
        pass
    finally:
        seen.end()


def _trust(cluster: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if "certificate-authority-data" in cluster:
        return ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    if "certificate-authority" in cluster:
        return ssl.create_default_context(cafile=cluster["certificate-authority"])
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
