"""Whose events are kept, and what is asked where there are too many."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.domain.failures import Failure, Faulty, Forbidden, TooLarge
from modeldeck.domain.kubernetes.workloads import Event
from modeldeck.sources.kubernetes.surroundings import events as module
from modeldeck.sources.kubernetes.surroundings.events import EventSubjects, events_about, node_events
from tests.support.changes import event

SUBJECTS = EventSubjects("serving", "iris", frozenset({"iris-b"}), frozenset({"scaler"}), ("iris-b-12345",))


@pytest.mark.parametrize(
    ("kind", "name", "mine"),
    [
        ("Deployment", "iris", True),
        ("Deployment", "iris-b", False),
        ("ReplicaSet", "iris-b", True),
        ("Pod", "iris-b-12345", True),
        ("Pod", "iris-b-gone1", True),
        ("Pod", "iris-b-2-12345", False),
        ("HorizontalPodAutoscaler", "scaler", True),
        ("HorizontalPodAutoscaler", "other", False),
        ("Node", "iris", False),
    ],
)
def test_whose_they_are(kind: str, name: str, mine: bool) -> None:
    assert SUBJECTS.has(event("Any", kind=kind, name=name)) is mine


def test_pods_of_a_long_name_are_cut_by_kubernetes() -> None:
    name = "a" * 60
    assert EventSubjects("serving", "x", frozenset({name})).has(event("Any", name="a" * 58 + "12345"))


class Answers:
    """`events` by what was asked for; a failure is raised."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: list[Event] | Failure) -> None:
        self.answers, self.asked = answers, list[str]()
        monkeypatch.setattr(module, "listed", self.listed)

    async def listed(self, transport: Any, kind: Any, namespace: str, *, fields: str, most: int) -> list[Event]:
        assert most == module.MOST
        self.asked.append(fields)
        answer = self.answers[("core" if kind is module.CORE else "new") + ("_one" if fields else "")]
        if isinstance(answer, Failure):
            raise answer
        return answer


NOBODY: Any = None


async def test_where_there_are_too_many_they_are_asked_for_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(monkeypatch, core=TooLarge("its list is too large"), core_one=[event("Unhealthy")])
    found, told = await events_about(NOBODY, SUBJECTS)
    assert len(found) == 4
    assert answers.asked[1:] == [
        "involvedObject.kind=Deployment,involvedObject.name=iris",
        "involvedObject.kind=HorizontalPodAutoscaler,involvedObject.name=scaler",
        "involvedObject.kind=ReplicaSet,involvedObject.name=iris-b",
        "involvedObject.kind=Pod,involvedObject.name=iris-b-12345",
    ]
    assert told == "serving has more events than can be looked through: only those of 4 objects were read"


async def test_a_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Answers(monkeypatch, core=Faulty("etcd is away"))
    assert await events_about(NOBODY, SUBJECTS) == ((), "events of serving: etcd is away")
    Answers(monkeypatch, core=TooLarge("large"), core_one=Faulty("etcd is away"))
    assert (await events_about(NOBODY, SUBJECTS))[1].endswith("were read: etcd is away")


async def test_of_two_refusals_the_first_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Answers(monkeypatch, core=Forbidden("events is forbidden"), new=Forbidden("events.events.k8s.io is forbidden"))
    assert (await events_about(NOBODY, SUBJECTS))[1] == "events of serving: events is forbidden"
    answers = Answers(
        monkeypatch, core_one=Forbidden("no"), new_one=[event("Ready", kind="Node", name="n1"), event("Ready", kind="Node", name="n2")]
    )
    found, told = await node_events(NOBODY, ["n1"])
    assert ([one.name for one in found], told) == (["n1"], "")
    assert answers.asked == ["involvedObject.kind=Node", "regarding.kind=Node"]


async def test_without_nodes_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(monkeypatch)
    assert await node_events(NOBODY, []) == ((), "")
    assert answers.asked == []
