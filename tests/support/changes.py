"""A deployment at T with two revisions, and what cases change of it."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.kubernetes.surroundings import FieldPath
from modeldeck.domain.kubernetes.workloads import (
    Container,
    ContainerState,
    Deployment,
    EnvVar,
    Event,
    Fleet,
    Pod,
    PodTemplate,
    ReplicaSet,
)
from modeldeck.domain.operations.history_entry import HistoryEntry
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome, State
from modeldeck.domain.operations.version_change import VersionChange

T = 1_700_000_000.0
KEY = "serving/iris"
IMAGE: FieldPath = ("spec", "containers", "server", "image")
TEMPLATES = {"a": {IMAGE: "iris:3"}, "b": {IMAGE: "iris:4"}}


def template(version: str) -> PodTemplate:
    return PodTemplate(containers=(Container("server", f"iris:{version}", env=(EnvVar("MODEL_URI", f"models:/iris/{version}"),)),))


DEPLOYMENT = Deployment(
    "serving",
    "iris",
    "d",
    "9",
    2,
    2,
    {},
    {"deployment.kubernetes.io/revision": "2"},
    {},
    template("4"),
    "h",
    2,
    2,
    2,
    2,
    2,
    False,
    (),
    T - 9e4,
)


def replica_set(uid: str, revision: int, at: float, *, owner: str = "d", namespace: str = "serving") -> ReplicaSet:
    return ReplicaSet(namespace, f"iris-{uid}", uid, owner, revision, "", {}, template("4" if uid == "b" else "3"), 1, 1, 1, at)


SETS = (replica_set("a", 1, T - 9e4), replica_set("b", 2, T - 120))


def container(**changed: object) -> ContainerState:
    state = ContainerState("server", "iris:4", True, 0, "running", "", "", started_at=T - 110)
    return replace(state, **changed)  # type: ignore[arg-type]


def pod(
    name: str, at: float = T - 115, *, owner: str = "b", node: str = "n1", containers: tuple[ContainerState, ...] = (), **changed: object
) -> Pod:
    found = Pod("serving", name, f"uid-{name}", owner, "Running", True, False, "Running", "", node, "", at, at, template("4"), containers)
    return replace(found, **changed)  # type: ignore[arg-type]


PODS = (pod("iris-b-1"), pod("iris-b-2", T - 100, node="n2"))
FLEET = Fleet((DEPLOYMENT,), SETS, PODS)


def entry(
    kind: Kind = Kind.PROMOTE, *, started: float = T - 130, finished: float | None = T - 60, key: str = KEY, **changed: object
) -> HistoryEntry:
    move = VersionChange(key, "iris", "3", "4", alias="champion")
    state, outcome = (State.ENDED, Outcome.DONE) if finished is not None else (State.RUNNING, None)
    found = HistoryEntry("op", kind, "ann", (move,), "a better model", state, outcome, started, finished, "", "journal")
    return replace(found, **changed)  # type: ignore[arg-type]


def event(
    reason: str, message: str = "said", *, kind: str = "Pod", name: str = "iris-b-1", at: float | None = T - 50, **changed: object
) -> Event:
    return replace(Event(reason, message, kind, "Warning", at, 1, "kubelet", name, at), **changed)  # type: ignore[arg-type]
