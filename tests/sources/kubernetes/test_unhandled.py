"""StatefulSets and DaemonSets are named where they may be listed; where not, nothing is said."""

from __future__ import annotations

import json
from typing import Any, TypeVar, cast

import msgspec

from modeldeck.domain.failures import Failure, Forbidden, NotFound
from modeldeck.domain.links.linking import find_links
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.kubernetes.unhandled import unhandled

T = TypeVar("T")
SERVER = {"name": "server", "env": [{"name": "MODEL_URI", "value": "models:/iris/3"}]}


def workload(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "serving"}, "spec": {"template": {"spec": {"containers": [SERVER]}}}}


class Answering:
    """A transport that answers each path with a body or a failure."""

    def __init__(self, answers: dict[str, list[dict[str, Any]] | Failure]) -> None:
        self._answers = answers

    async def get(self, path: str, **_: Any) -> bytes:
        answer = self._answers[path.rpartition("/")[2]]
        if isinstance(answer, Failure):
            raise answer
        return json.dumps({"metadata": {"resourceVersion": "1"}, "items": answer}).encode()

    def decode(self, body: bytes, kind: type[T], **_: Any) -> T:
        return msgspec.json.decode(body, type=kind)


async def found(**answers: list[dict[str, Any]] | Failure) -> list[tuple[str, str, int]]:
    others = await unhandled(cast(Transport, Answering(answers)), ("serving",))
    return [(one.kind, one.key, len(find_links(one.template))) for one in others]


async def test_both_kinds_with_what_they_name() -> None:
    assert await found(statefulsets=[workload("b")], daemonsets=[workload("a")]) == [
        ("DaemonSet", "serving/a", 1),
        ("StatefulSet", "serving/b", 1),
    ]


async def test_a_missing_right_says_nothing() -> None:
    forbidden = Forbidden("no", backend="Kubernetes")
    assert await found(statefulsets=forbidden, daemonsets=[workload("a")]) == [("DaemonSet", "serving/a", 1)]
    assert await found(statefulsets=forbidden, daemonsets=NotFound("no such kind", backend="Kubernetes")) == []
