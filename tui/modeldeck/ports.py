"""What the rest of modeldeck needs of the outside world, as small Protocols. `tui/modeldeck/sources` implements them, tests fake them.

Every method may raise a `Failure` (domain/failures.py) and nothing else; cancellation is real: a cancelled call stops its request.
Times in seconds since the epoch, durations in seconds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from modeldeck.domain.alerts.alert import Alerts
    from modeldeck.domain.alerts.silence import Silence
    from modeldeck.domain.identity import ClusterId
    from modeldeck.domain.kubernetes.leases import Lease
    from modeldeck.domain.kubernetes.scheduling import SchedulerSnapshot
    from modeldeck.domain.kubernetes.surroundings import Surroundings
    from modeldeck.domain.kubernetes.workloads import Access, Controller, Deployment, Event, Fleet, OtherWorkload, Pod, Settings
    from modeldeck.domain.metrics.samples import Matrix, Vector
    from modeldeck.domain.metrics.series_scope import SeriesScope
    from modeldeck.domain.mlflow.alias_changes import AliasChange, AliasSnapshot
    from modeldeck.domain.mlflow.registry import Followed, ModelAccess, ModelVersion, RegisteredModel, Registry
    from modeldeck.domain.mlflow.runs import Artifact, Experiment, MetricPoint, Run, RunPage
    from modeldeck.domain.operations.operation import Operation


class Tracking(Protocol):
    """MLflow's tracking half."""

    async def ping(self) -> str:
        """One cheap request; answers the server's version in words ("3.17.2"), or "" where it does not say."""
        ...

    async def experiments(self) -> tuple[Experiment, ...]: ...

    async def search_runs(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_text: str = "",
        order_by: Sequence[str] = (),
        page_size: int = 100,
        page_token: str | None = None,
        again: bool = False,
    ) -> RunPage:
        """Newest first unless ordered otherwise. Raises Rejected with MLflow's own message for a wrong filter. `again`: it is asked again
        and again, so that what another console was answered since the last search will do."""
        ...

    async def run(self, run_id: str) -> Run: ...

    async def metric_history(self, run_id: str, metric: str, *, points: int = 320) -> tuple[MetricPoint, ...]:
        """Sampled on the server to about `points`: never the unlimited history."""
        ...

    async def artifacts(self, run_id: str, path: str = "") -> tuple[Artifact, ...]: ...

    async def artifact(self, run_id: str, path: str, *, most: int) -> bytes:
        """One file of a run. Raises NotFound where there is none, TooLarge for more than `most` bytes."""
        ...


class ModelRegistry(Protocol):
    """MLflow's registry half."""

    async def registry(self) -> Registry:
        """All registered models with aliases and all their versions, newest first, aliases joined in."""
        ...

    async def follow(self, aliases: Sequence[tuple[str, str]] = (), *, whole: bool = False) -> Followed:
        """The same for one who asks again and again: only what changed is read, and now and then everything. `aliases`: (model, alias) to
        look at more often than others. `whole`: everything now. Never for a decision: what has changed lately may not be in it."""
        ...

    async def model(self, name: str) -> RegisteredModel: ...

    async def version(self, model: str, version: str) -> ModelVersion: ...

    async def identity(self) -> str:
        """What tells this registry from another one that may stand at its address tomorrow; "" where nothing does."""
        ...

    async def version_of_alias(self, model: str, alias: str) -> str | None:
        """None where the alias does not exist; raises NotFound where the model does not."""
        ...

    async def artifacts_answer(self, model: str, version: str) -> str:
        """Looks at the version's MLmodel file. Answers in words what was found; raises NotFound where it is gone."""
        ...

    async def access_to(self, model: str) -> ModelAccess:
        """What MLflow grants the operator on a model, where it tells that beforehand (3.17 with basic auth)."""
        ...

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        """A blind overwrite in MLflow: read before and after."""
        ...

    async def delete_alias(self, model: str, alias: str) -> None: ...

    async def tag_version(self, model: str, version: str, tags: Mapping[str, str]) -> None: ...

    async def tag_model(self, model: str, key: str, value: str) -> None: ...

    async def untag_model(self, model: str, key: str) -> None:
        """Nothing is raised where the model has no such tag."""
        ...

    async def create_version(self, model: str, run_id: str, *, description: str = "") -> ModelVersion:
        """Register the model that the run logged, creating the registered model where needed."""
        ...

    async def copy_version(self, version: ModelVersion, to_model: str, tags: Mapping[str, str]) -> ModelVersion:
        """A new version of another registered model (made where needed) with the same artifacts, as MLflow's `copy_model_version`: its
        source is `models:/NAME/VERSION`. With its tags but ours, and `tags`. Not safe to send twice: each makes another version."""
        ...


class Cluster(Protocol):
    """The Kubernetes API, for reading what is decided upon and for the few writes that an operation makes."""

    async def ping(self) -> str:
        """The server's version ("v1.36.3")."""
        ...

    async def identity(self) -> ClusterId:
        """Which cluster this is."""
        ...

    async def deployment(self, namespace: str, name: str) -> Deployment: ...

    async def fleet(self, namespaces: Sequence[str]) -> Fleet:
        """One list of deployments, replica sets and pods. () means every namespace that may be listed."""
        ...

    async def unhandled(self, namespaces: Sequence[str]) -> tuple[OtherWorkload, ...]:
        """StatefulSets and DaemonSets, as far as they may be listed. Only an answer of the cluster that cannot be had at all raises."""
        ...

    async def patch_deployment(self, namespace: str, name: str, patch: Mapping[str, object], *, dry_run: bool = False) -> Deployment:
        """A strategic merge patch, sent with field manager `modeldeck`. With `metadata.resourceVersion` in the patch a race raises
        Conflict. `dry_run` is the server's own (`dryRun=All`). Raises Rejected with the server's message when it is not valid."""
        ...

    async def scale(self, namespace: str, name: str, replicas: int) -> None: ...

    async def pods_of(self, deployment: Deployment) -> tuple[Pod, ...]:
        """The pods of all its ReplicaSets, those of the current template first."""
        ...

    async def scheduling(self, pod: Pod) -> SchedulerSnapshot:
        """What the scheduler would decide by for another pod like this one. Reads all nodes and what runs on them: only for a plan. Raises
        Forbidden where nodes may not be listed."""
        ...

    async def pod_log(self, namespace: str, pod: str, container: str, *, tail: int = 50, previous: bool = False) -> str: ...

    def follow_log(self, namespace: str, pod: str, container: str, *, tail: int = 200) -> AsyncIterator[str]:
        """Lines as they come; ends when the container ends."""
        ...

    async def events_of(self, kind: str, namespace: str, name: str) -> tuple[Event, ...]: ...

    async def surroundings(self, deployment: Deployment, pods: Sequence[Pod]) -> Surroundings:
        """What may have changed under a deployment whose pods these are. Raises only where itself cannot be read; all else that may not be
        is told in it."""
        ...

    async def write_event(self, deployment: Deployment, *, key: str, reason: str, message: str, warning: bool = False) -> None:
        """A core/v1 Event on the Deployment, reported by `modeldeck`, so that `kubectl describe` tells it. `key` names it: written again
        under the same one it stays one, and nothing is raised."""
        ...

    async def lease(self, namespace: str, name: str) -> Lease | None:
        """None where it does not exist."""
        ...

    async def write_lease(self, lease: Lease) -> Lease:
        """Create it where `resource_version` is "", else change it. Raises Conflict where it exists already, or was written since it
        was read: of two writers exactly one succeeds. Answers it as it stands now."""
        ...

    async def namespaces(self) -> tuple[str, ...]:
        """The names of all namespaces. Raises Forbidden where they may not be listed, which nothing else depends on."""
        ...

    async def manifest(self, namespace: str, name: str) -> str:
        """The Deployment as YAML, as `kubectl get -o yaml` shows it (without managedFields)."""
        ...

    async def access(self, verb: str, resource: str, namespace: str, *, name: str = "", group: str = "", subresource: str = "") -> Access:
        """A SelfSubjectAccessReview. Never raises Forbidden: a review that fails is `allowed=None`."""
        ...

    async def autoscaled(self, namespace: str, deployment: str) -> bool | None:
        """Whether a HorizontalPodAutoscaler owns its replica count; None: not known."""
        ...

    async def controller_of(self, namespace: str, held: Controller) -> Controller | None:
        """What controls an object that controls others; None: nothing, or it may not be read."""
        ...

    async def settings_of(self, namespace: str, found: Controller) -> Settings | None:
        """What any object is set to; None: there is none, or it may not be read."""
        ...


class Watch(Protocol):
    """An informer: it pushes readings of the fleet by itself, from `start` on until `stop` has returned."""

    def start(self) -> None: ...

    def refresh_now(self) -> None:
        """Ask again now, without waiting out a pause."""
        ...

    async def stop(self) -> None: ...


class Metrics(Protocol):
    """Prometheus' HTTP API."""

    @property
    def scope(self) -> SeriesScope:
        """What the configuration says about its series."""
        ...

    async def ping(self) -> str:
        """Version in words, from buildinfo."""
        ...

    async def query(self, promql: str, *, at: float | None = None) -> Vector: ...

    async def samples(self, selector: str, *, seconds: int, at: float) -> Matrix:
        """Every sample of the selected series as it was scraped in so many seconds before `at`."""
        ...

    async def query_range(self, promql: str, *, start: float, end: float, step: float) -> Matrix: ...

    async def metric_names(self) -> frozenset[str]: ...


class AlertSource(Protocol):
    async def alerts(self) -> Alerts:
        """Those that are pending or firing. Raises a Failure where they are not known, which is never none."""
        ...


class Silences(Protocol):
    """Alertmanager's silences."""

    async def silence(self, wanted: Silence) -> str:
        """Its id."""
        ...

    async def silences(self) -> tuple[Silence, ...]:
        """Those of modeldeck's that have not ended."""
        ...

    async def expire(self, silence_id: str) -> None:
        """Nothing is raised where it has ended, or there is none."""
        ...


class Journal(Protocol):
    """Append-only memory of operations. Synchronous: a step's intent is on disk when `append` returns."""

    def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
        """Raises Failure when it cannot be written (disk full): the operation must then stop before its next step. Where the body names a
        `runner`: also where another one has claimed the operation since."""
        ...

    def claim(self, operation_id: str, kind: str, body: Mapping[str, object], *, seen: int) -> bool:
        """Like `append`, unless anything but people's requests has been written of it since the entry `seen`: then False, and nothing is
        written."""
        ...

    def operation(self, operation_id: str) -> Operation | None: ...

    def operations(self, *, limit: int = 200) -> tuple[Operation, ...]:
        """Newest first."""
        ...


class Sightings(Protocol):
    """Memory of what aliases were seen to point at, shared by whoever reads the registry on this machine."""

    def see(self, registry: str, glance: AliasSnapshot, earlier: AliasSnapshot | None = None) -> bool:
        """Keep what moved since the last reading, whoever made that. `earlier`: the caller's own one before. False: it overlapped with
        another reading and says otherwise, so that nobody can tell which is the newer one. Raises Failure where it cannot be kept."""
        ...

    def sightings(self, registry: str, *, limit: int = 500) -> tuple[AliasChange, ...]:
        """Newest first. Raises Failure."""
        ...

    def close(self) -> None: ...


class Clock(Protocol):
    """Time as a port, so that tests can freeze it and rollouts can be waited for without real sleeping."""

    def now(self) -> float:
        """What a wall clock shows: for what people and other machines read. It may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment, never going back: for deadlines and durations. Stands still while the machine sleeps."""
        ...

    def boottime(self) -> float:
        """The same, and goes on while the machine sleeps: for what others count on meanwhile, as for the end of a lease."""
        ...

    async def sleep(self, seconds: float) -> None: ...


Progress: TypeAlias = "Callable[[Operation], None]"
"""Called with the operation's newest state after every journal entry."""
