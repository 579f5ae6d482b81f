"""What is bounded, and what one answer's failure takes from the others: nothing."""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec

from modeldeck.domain.failures import Failure, Faulty, Forbidden, NotFound
from modeldeck.domain.kubernetes.surroundings import HorizontalScaling
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.kubernetes.surroundings.objects import MOST, autoscalers, configs, nodes
from modeldeck.sources.kubernetes.surroundings.templates import ConfigReference


class Answering:
    """Answers by the last part of the path."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []

    async def get(self, path: str, *, headers: Any = None, params: Any = None, most: int = 0) -> bytes:
        self.asked.append((path, headers))
        answer = self.answers.get(path.rpartition("/")[2], {"metadata": {}})
        if isinstance(answer, Failure):
            raise answer
        return json.dumps(answer).encode()

    def decode(self, body: bytes, kind: type[Any]) -> Any:
        return msgspec.json.decode(body, type=kind)


def transport(**answers: Any) -> Transport:
    return cast("Transport", Answering(answers))


def reference(name: str) -> ConfigReference:
    return ConfigReference("ConfigMap", name, as_files=False)


async def test_only_so_much_configuration_is_looked_at() -> None:
    found, told = await configs(transport(), "serving", [reference(str(number)) for number in range(MOST + 2)])
    assert len(found) == MOST
    assert told == ("2 further ConfigMaps and Secrets were not looked at",)


async def test_one_that_cannot_be_read_takes_nothing_from_the_others() -> None:
    asked = transport(gone=NotFound("no"), broken=Faulty("etcd is away"))
    found, told = await configs(asked, "serving", [reference(name) for name in ("broken", "gone", "here")])
    assert [one.name for one in found] == ["here"]
    assert told == ("ConfigMap broken may have changed: etcd is away", "ConfigMap gone does not exist")


async def test_nothing_but_metadata_is_asked_for() -> None:
    asked = Answering({})
    await configs(cast("Transport", asked), "serving", [ConfigReference("Secret", "key", as_files=True)])
    ((path, headers),) = asked.asked
    assert path == "/api/v1/namespaces/serving/secrets/key"
    assert headers == {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}


async def test_nodes_that_are_gone_forbidden_or_too_many() -> None:
    found, told = await nodes(transport(a=NotFound("nodes a not found")), ["a", "b"])
    assert ([node.name for node in found], told) == (["b"], ("node a: nodes a not found",))
    assert await nodes(transport(a=Forbidden("no"), b=Forbidden("no")), ["a", "b"]) == ((), ("how nodes stand: no",))
    found, told = await nodes(transport(), [str(number) for number in range(MOST + 1)])
    assert (len(found), told) == (MOST, ("1 further nodes were not looked at",))


async def test_conditions_of_a_node() -> None:
    condition = {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    ((node,), _) = await nodes(transport(a={"metadata": {}, "status": {"conditions": [condition]}}), ["a"])
    ((ready,), at) = node.conditions, node.conditions[0].changed_at
    assert (ready.type, ready.status, ready.reason, at) == ("Ready", "False", "KubeletNotReady", 1767225600.0)


async def test_autoscalers_of_the_deployment() -> None:
    def one(name: str, target: str, **status: Any) -> dict[str, Any]:
        return {"metadata": {"name": name}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": target}}, "status": status}

    mine = one("mine", "iris", lastScaleTime="2026-01-01T00:00:00Z", currentReplicas=2, desiredReplicas=5)
    answer = {"metadata": {}, "items": [mine, one("other", "wine"), {"metadata": {"name": "untold"}}]}
    assert await autoscalers(transport(horizontalpodautoscalers=answer), "serving", "iris") == (
        (HorizontalScaling("mine", 1767225600.0, 2, 5),),
        "",
    )
    assert await autoscalers(transport(horizontalpodautoscalers=NotFound("no such API")), "serving", "iris") == ((), "")
    assert await autoscalers(transport(horizontalpodautoscalers=Forbidden("no")), "serving", "iris") == ((), "autoscalers: no")
