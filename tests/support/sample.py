"""A small world as readings: what screens are shown in pilot and snapshot tests. Times are relative to NOW, a frozen clock."""

from __future__ import annotations

import math
from collections.abc import Mapping

from modeldeck.domain.environments import ClusterTarget, Environment, MlflowTarget, PrometheusTarget
from modeldeck.domain.kubernetes.workloads import Container, Deployment, EnvVar, Fleet, Pod, PodTemplate, ReplicaSet
from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.measured import ChartPoints, Group
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.picking import pick
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel, Registry
from modeldeck.domain.mlflow.runs import Experiment, Run, RunStatus
from modeldeck.domain.reading import Reading
from modeldeck.domain.status.joining import serving_rows
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.live.fleet_metrics import Stats
from modeldeck.live.hub import LiveCharts, LiveQuery, Runs, RunsQuery

NOW = 1_800_000_000.0
ENVIRONMENT = Environment(
    "prod",
    MlflowTarget("http://mlflow"),
    ClusterTarget(namespaces=("serving",)),
    PrometheusTarget("http://prometheus"),
    champion="champion",
)


class FrozenClock:
    """ports.Clock that only moves when told."""

    def __init__(self, now: float = NOW) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def boottime(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


def reading(value: object, took: float = 0.012) -> Reading[object]:
    return Reading("prod", value, NOW, None, took)


EXPERIMENTS = (Experiment("1", "iris-training"), Experiment("2", "wine-training"))
_ANIMALS = ("fox", "owl", "elk", "hen", "ape", "bee", "cod", "doe", "eel", "gnu", "jay", "kid", "lynx", "mole", "newt", "orca")


def run(number: int, *, status: RunStatus = RunStatus.FINISHED, experiment: str = "1") -> Run:
    metrics = {} if status is RunStatus.FAILED else {"accuracy": 0.9 + (number * 7 % 10) / 100, "f1": 0.88 + (number * 3 % 10) / 100}
    return Run(
        f"{number:032x}",
        f"sunny-{_ANIMALS[number % len(_ANIMALS)]}-{number}",
        experiment,
        status,
        NOW - number * 1300.0,
        None if status is RunStatus.RUNNING else NOW - number * 1300.0 + 42.0,
        "ann",
        metrics,
        {"n_estimators": str(10 * (number % 9 + 1)), "max_depth": str(number % 4 + 2), "criterion": "gini"},
        {"mlflow.source.git.commit": "4f0c9b1e" * 5},
    )


RUNS = Runs(
    RunsQuery(),
    (run(1, status=RunStatus.RUNNING), run(2), run(3, status=RunStatus.FAILED), *(run(n, experiment="12"[n % 2]) for n in range(4, 40))),
    True,
)


def version(model: str, number: int, run_number: int, *aliases: str) -> ModelVersion:
    return ModelVersion(
        model,
        str(number),
        f"{run_number:032x}",
        "READY",
        "None",
        NOW - run_number * 1300.0 + 60,
        f"models:/m-{number}",
        aliases=aliases,
        description="random forest" if number % 2 else "",
    )


REGISTRY = Registry(
    (RegisteredModel("iris", {"champion": "7", "challenger": "9"}), RegisteredModel("wine", {"champion": "5"})),
    (
        version("iris", 9, 2, "challenger"),
        version("iris", 8, 4),
        version("iris", 7, 6, "champion"),
        version("iris", 6, 8),
        version("wine", 5, 5, "champion"),
        version("wine", 4, 7),
    ),
)


def template(uri: str | None) -> PodTemplate:
    env = (EnvVar("MODEL_URI", uri),) if uri else ()
    return PodTemplate({"app": "model"}, {}, (Container("model", "modeldeck/model-server:1", env=env),))


def deployment(name: str, uri: str | None, replicas: int, ready: int, revision: int = 3) -> Deployment:
    return Deployment(
        "serving",
        name,
        f"d-{name}",
        "100",
        2,
        2,
        {},
        {"deployment.kubernetes.io/revision": str(revision)},
        {"app": name},
        template(uri),
        f"hash-{uri}",
        replicas,
        replicas,
        replicas,
        ready,
        ready,
        False,
        (),
        NOW - 9 * 86400.0,
    )


def rows(uris: Mapping[str, str | None]) -> tuple[ServingRow, ...]:
    """The truth rows of Deployments without pods: name → what each template says."""
    fleet = Fleet(tuple(deployment(name, uri, 1, 1) for name, uri in uris.items()), (), ())
    return serving_rows(fleet, REGISTRY, {}, champion="champion", patterns=ENVIRONMENT.patterns, observed={})


def replica_set(name: str, uri: str | None, revision: int, age: float, pods: int) -> ReplicaSet:
    uid = f"rs-{name}-{revision}"
    return ReplicaSet("serving", uid, uid, f"d-{name}", revision, "", {}, template(uri), pods, pods, pods, NOW - age)


def pods(name: str, uri: str | None, revision: int, count: int, ready: int) -> tuple[Pod, ...]:
    return tuple(
        Pod(
            "serving",
            f"{name}-7d9f8b6c5-{letter * 5}",
            f"{name}-{letter}",
            f"rs-{name}-{revision}",
            "Running",
            index < ready,
            False,
            "Running",
            "",
            "node-1",
            "10.0.0.1",
            NOW - 600.0,
            NOW - 598.0,
            template(uri),
            (),
        )
        for index, letter in enumerate("bcdfg"[:count])
    )


FLEET = Fleet(
    (
        deployment("iris", "models:/iris/7", 3, 3),
        deployment("wine", "models:/wine/4", 3, 2),
        deployment("legacy-scorer", None, 1, 1),
    ),
    (
        replica_set("iris", "models:/iris/6", 2, 86400.0, 0),
        replica_set("iris", "models:/iris/7", 3, 600.0, 3),
        replica_set("wine", "models:/wine/4", 3, 90000.0, 3),
        replica_set("legacy-scorer", None, 3, 90000.0, 1),
    ),
    (*pods("iris", "models:/iris/7", 3, 3, 3), *pods("wine", "models:/wine/4", 3, 3, 2), *pods("legacy-scorer", None, 3, 1, 1)),
)


def _profile() -> Profile:
    found = pick(
        Exports(({"__name__": "http_requests_total", "status": "2xx"}, {"__name__": "http_request_duration_highr_seconds_bucket"}))
    )
    assert found is not None
    return found


def _stats() -> Stats:
    buckets, requests, errors = [], [], []
    for pod in FLEET.pods:
        labels = {"namespace": "serving", "pod": pod.name}
        slow = 3.0 if pod.name.startswith("wine") else 1.0
        for bound, share in ((0.01, 0.2), (0.025, 0.7), (0.05, 0.97), (0.1, 1.0), (math.inf, 1.0)):
            buckets.append(Sample({**labels, "le": "+Inf" if bound == math.inf else str(bound * slow)}, NOW, 12.0 * share))
        requests.append(Sample(labels, NOW, 12.0))
        errors.append(Sample(labels, NOW, 0.24 if pod.name.startswith("wine") else 0.0))
    vectors = {"buckets": Vector(tuple(buckets)), "requests": Vector(tuple(requests)), "errors": Vector(tuple(errors))}
    scraped = {deployment.key: Scraped(_profile(), PodLabels()) for deployment in FLEET.deployments}
    return Stats((Group(_profile(), PodLabels(), frozenset(scraped), vectors),), scraped)


STATS = _stats()


def charts(name: str = "iris") -> LiveCharts:
    times = [NOW - 1800.0 + 15.0 * step for step in range(121)]

    def wave(base: float, swing: float) -> tuple[tuple[float, float], ...]:
        return tuple((at, base + swing * math.sin(index / 6) + (base if index == 70 else 0.0)) for index, at in enumerate(times))

    points = ChartPoints(wave(0.012, 0.002), wave(0.024, 0.004), wave(0.041, 0.006), wave(36.0, 4.0), tuple((at, 0.0) for at in times))
    return LiveCharts(LiveQuery("serving", name), NOW - 1800.0, NOW, 15.0, points, {})
