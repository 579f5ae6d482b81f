"""Both MLflow ports through mlflow's own client: sqlite, databases, files, databricks and plug-ins."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from modeldeck.domain.failures import Forbidden, NotFound, Rejected
from modeldeck.domain.mlflow.registry import OWN_TAGS, Followed, ModelAccess, ModelVersion, RegisteredModel, Registry
from modeldeck.domain.mlflow.runs import Artifact, Experiment, MetricPoint, Run, RunPage
from modeldeck.sources.common.bounds import PageTokens, too_large
from modeldeck.sources.common.edge import raises_failures
from modeldeck.sources.mlflow.experiments import ExperimentChange, ExperimentFollower
from modeldeck.sources.mlflow.following import Offered, RegistryFollower, joined
from modeldeck.sources.mlflow.inprocess import InProcess
from modeldeck.sources.mlflow.rules import (
    BACKEND,
    FIRST_EXPERIMENT,
    MODEL_FILE,
    LoggedModelChoice,
    chosen_model,
    file_answer,
    folders_to_try,
    no_model,
    quoted,
    refuse_file,
    refuse_nul,
    refuse_prompt,
    thinned,
)
from modeldeck.sources.mlflow.wire import experiment_of, model_of, number, run_of, seconds, version_of, whole


@raises_failures(BACKEND)
class ClientTracking:
    """`modeldeck.ports.Tracking`."""

    def __init__(self, inprocess: InProcess) -> None:
        self._mlflow = inprocess
        self._experiments = ExperimentFollower(self._all_experiments, self._changed_experiments)

    async def ping(self) -> str:
        return await self._mlflow.ask(_ping)

    async def experiments(self) -> tuple[Experiment, ...]:
        return await self._experiments.experiments()

    async def _all_experiments(self) -> tuple[Experiment, ...]:
        return tuple(experiment_of(entry) for entry in await self._mlflow.ask(_experiment_entries))

    async def _changed_experiments(self, since: int) -> tuple[ExperimentChange, ...]:
        found = await self._mlflow.ask(lambda client: _experiment_entries(client, _ALL_STAGES, f"last_update_time >= {since}"))
        return tuple(ExperimentChange(experiment_of(entry), entry.lifecycle_stage == "deleted") for entry in found)

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
        """An ordering by a metric reads every run of the experiment: the caller decides, knowing its size. Unordered is newest first."""

        refuse_nul(filter_text, *order_by)

        def search(client: Any) -> RunPage:
            page = client.search_runs(
                list(experiment_ids), filter_text, max_results=page_size, order_by=list(order_by) or None, page_token=page_token
            )
            return RunPage(tuple(run_of(entry) for entry in page), _token(page))

        return await self._mlflow.ask(search)

    async def run(self, run_id: str) -> Run:
        return await self._mlflow.ask(lambda client: run_of(client.get_run(run_id)))

    async def metric_history(self, run_id: str, metric: str, *, points: int = 320) -> tuple[MetricPoint, ...]:
        return await self._mlflow.ask(lambda client: _history(client, run_id, metric, max(1, min(points, 2500))))

    async def artifacts(self, run_id: str, path: str = "") -> tuple[Artifact, ...]:
        return await self._mlflow.ask(lambda client: _artifacts(client, run_id, path))

    async def artifact(self, run_id: str, path: str, *, most: int) -> bytes:
        return await self._mlflow.ask(lambda client: _artifact(client, run_id, path, most))


@raises_failures(BACKEND)
class ClientRegistry:
    """`modeldeck.ports.ModelRegistry`."""

    def __init__(self, inprocess: InProcess) -> None:
        self._mlflow = inprocess
        self._follower = RegistryFollower(ClientPages(inprocess))

    async def registry(self) -> Registry:
        return await self._mlflow.ask(lambda client: joined(_all_models(client), _all_versions(client)))

    async def follow(self, aliases: Sequence[tuple[str, str]] = (), *, whole: bool = False) -> Followed:
        return await self._follower.follow(aliases, whole=whole)

    async def model(self, name: str) -> RegisteredModel:
        return await self._mlflow.ask(lambda client: model_of(client.get_registered_model(name)))

    async def version(self, model: str, version: str) -> ModelVersion:
        return await self._mlflow.ask(
            lambda client: version_of(client.get_model_version(model, version), model_of(client.get_registered_model(model)).aliases)
        )

    async def identity(self) -> str:
        try:
            made = await self._mlflow.ask(lambda client: client.get_experiment(FIRST_EXPERIMENT).creation_time)
        except (NotFound, Forbidden, Rejected):
            return ""
        return "" if made is None else str(made)

    async def version_of_alias(self, model: str, alias: str) -> str | None:
        return (await self.model(model)).aliases.get(alias)

    async def artifacts_answer(self, model: str, version: str) -> str:
        return await self._mlflow.ask(lambda client: _artifacts_answer(client, model, version))

    async def access_to(self, model: str) -> ModelAccess:
        """Who may open a database may do everything in it; what its grants say is not asked."""
        return ModelAccess(None)

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        await self._mlflow.ask(lambda client: client.set_registered_model_alias(model, alias, version))

    async def delete_alias(self, model: str, alias: str) -> None:
        await self._mlflow.ask(lambda client: client.delete_registered_model_alias(model, alias))

    async def tag_version(self, model: str, version: str, tags: Mapping[str, str]) -> None:
        refuse_nul(*tags, *tags.values())

        def tag(client: Any) -> None:
            for key, value in tags.items():
                client.set_model_version_tag(model, version, key, value)

        await self._mlflow.ask(tag)

    async def tag_model(self, model: str, key: str, value: str) -> None:
        refuse_nul(key, value)
        await self._mlflow.ask(lambda client: client.set_registered_model_tag(model, key, value))

    async def untag_model(self, model: str, key: str) -> None:
        await self._mlflow.ask(lambda client: client.delete_registered_model_tag(model, key))

    async def create_version(self, model: str, run_id: str, *, description: str = "") -> ModelVersion:
        refuse_nul(model, description)
        return await self._mlflow.ask(lambda client: _create_version(client, model, run_id, description))

    async def copy_version(self, version: ModelVersion, to_model: str, tags: Mapping[str, str]) -> ModelVersion:
        refuse_nul(to_model, *tags, *tags.values())
        return await self._mlflow.ask(lambda client: _copy_version(client, version, to_model, tags))


class ClientPages:
    """`modeldeck.sources.mlflow.following.RegistryPages`. A database is asked by each console for itself."""

    def __init__(self, inprocess: InProcess) -> None:
        self._mlflow = inprocess

    async def begin(self, *, alone: bool = False) -> None:
        pass

    def end(self) -> float:
        return 0.0

    def offered(self) -> Offered:
        return Offered.NOTHING

    def offered_alias(self, model: str, alias: str) -> bool:
        return False

    async def all_models(self) -> Sequence[RegisteredModel]:
        return await self._mlflow.ask(_all_models)

    async def all_versions(self) -> Sequence[ModelVersion]:
        return await self._mlflow.ask(_all_versions)

    async def newest_models(self, count: int) -> Sequence[RegisteredModel]:
        return await self._mlflow.ask(
            lambda client: [model_of(entry) for entry in client.search_registered_models(max_results=count, order_by=_NEWEST)]
        )

    async def newest_versions(self, count: int) -> Sequence[ModelVersion]:
        return await self._mlflow.ask(
            lambda client: [version_of(entry, {}) for entry in client.search_model_versions(max_results=count, order_by=_NEWEST)]
        )

    async def versions_of(self, model: str) -> Sequence[ModelVersion]:
        return await self._mlflow.ask(lambda client: _all_versions(client, f"name = {quoted(model)}"))

    async def alias_target(self, model: str, alias: str) -> str:
        return await self._mlflow.ask(lambda client: str(client.get_model_version_by_alias(model, alias).version))


_NEWEST = ["last_updated_timestamp DESC"]


def _copy_version(client: Any, version: ModelVersion, to_model: str, tags: Mapping[str, str]) -> ModelVersion:
    import mlflow

    _ensure_model(client, to_model)
    mlflow.set_tracking_uri(client.tracking_uri)  # as for a new version
    kept = {key: value for key, value in version.tags.items() if not key.startswith(OWN_TAGS)}
    entry = client.create_model_version(
        to_model,
        version.uri,
        version.run_id,
        tags={**kept, **tags},
        description=version.description or None,
        await_creation_for=0,
    )
    return version_of(entry, {})


def _ping(client: Any) -> str:
    import mlflow

    client.search_experiments(max_results=1)
    return str(mlflow.__version__)


def _all_pages(fetch: Callable[[str | None], Any], key: Callable[[Any], object]) -> list[Any]:
    """Every page, without repeats: page tokens are offsets."""
    tokens, found = PageTokens(BACKEND), dict[object, Any]()
    token: str | None = None
    while True:
        page = fetch(token)
        known = len(found)
        found |= {key(entry): entry for entry in page}
        token = tokens.following(_token(page))
        if token is None or len(found) == known:
            return list(found.values())


def _token(page: Any) -> str | None:
    """Some stores hand out bytes."""
    token = page.token
    return (token.decode() if isinstance(token, bytes) else token) or None


_ACTIVE_ONLY, _ALL_STAGES = 1, 3
# mlflow.entities.ViewType


def _experiment_entries(client: Any, view: int = _ACTIVE_ONLY, filter_text: str | None = None) -> list[Any]:
    return _all_pages(
        lambda token: client.search_experiments(view, max_results=1000, filter_string=filter_text, page_token=token),
        lambda entry: entry.experiment_id,
    )


def _history(client: Any, run_id: str, metric: str, points: int) -> tuple[MetricPoint, ...]:
    # The client has no sampled history, the stores below it have: SQL then picks the points. Stores without it send all of them.
    sampled = getattr(client._tracking_client.store, "get_metric_history_bulk_interval", None)
    if sampled is not None:
        entries = sampled(run_ids=[run_id], metric_key=metric, max_results=points, start_step=None, end_step=None)
    else:
        entries = client.get_metric_history(run_id, metric)
    history = sorted(
        (MetricPoint(whole(entry.step), seconds(entry.timestamp) or 0.0, number(entry.value)) for entry in entries),
        key=lambda point: (point.step, point.at),
    )
    return thinned(history, points)


def _artifacts(client: Any, run_id: str, path: str = "") -> tuple[Artifact, ...]:
    return tuple(Artifact(entry.path, entry.is_dir, entry.file_size) for entry in client.list_artifacts(run_id, path or None))


def _artifact(client: Any, run_id: str, path: str, most: int) -> bytes:
    from mlflow.artifacts import download_artifacts

    refuse_file(_artifacts(client, run_id, path.rpartition("/")[0]), run_id, path, most)
    with tempfile.TemporaryDirectory() as folder:
        file = download_artifacts(run_id=run_id, artifact_path=path, dst_path=folder, tracking_uri=client.tracking_uri)
        with open(file, "rb") as found:
            data = found.read(most + 1)
    if len(data) > most:
        raise too_large(most, backend=BACKEND, what=f"{path} of run {run_id}")
    return data


def _all_models(client: Any) -> list[RegisteredModel]:
    entries = _all_pages(lambda token: client.search_registered_models(max_results=1000, page_token=token), lambda entry: entry.name)
    return [model_of(entry) for entry in entries]


def _all_versions(client: Any, filter_text: str | None = None) -> list[ModelVersion]:
    """Without aliases."""
    entries = _all_pages(
        lambda token: client.search_model_versions(filter_text, max_results=10_000, page_token=token),
        lambda entry: (entry.name, entry.version),
    )
    return [version_of(entry, {}) for entry in entries]


def _artifacts_answer(client: Any, model: str, version: str) -> str:
    from mlflow.artifacts import download_artifacts

    where = f"{client.get_model_version_download_uri(model, version).rstrip('/')}/{MODEL_FILE}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(download_artifacts(artifact_uri=where, dst_path=folder, tracking_uri=client.tracking_uri))
        if not file.is_file():
            raise NotFound(f"no such artifact: {where}", backend=BACKEND)
        return file_answer(file.read_text("utf-8", "replace"), where)


def _create_version(client: Any, model: str, run_id: str, description: str) -> ModelVersion:
    import mlflow

    source, model_id = _source_of(client, run_id)
    _ensure_model(client, model)
    mlflow.set_tracking_uri(client.tracking_uri)  # the database store looks logged models up through the process-wide URI
    entry = client.create_model_version(model, source, run_id, description=description or None, await_creation_for=0, model_id=model_id)
    return version_of(entry, {})


def _ensure_model(client: Any, model: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        found = client.get_registered_model(model)
    except MlflowException:
        try:
            found = client.create_registered_model(model)
        except MlflowException as refused:
            try:
                found = client.get_registered_model(model)  # somebody was faster
            except MlflowException:
                raise refused from None  # the client hides prompts: their names are taken
    refuse_prompt(model_of(found))


def _source_of(client: Any, run_id: str) -> tuple[str, str | None]:
    run = client.get_run(run_id)
    steps = {output.model_id: whole(output.step) for output in (run.outputs and run.outputs.model_outputs) or ()}
    logged = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{run.info.run_id}'", max_results=50)
    chosen = chosen_model(
        LoggedModelChoice(entry.model_id, entry.name, steps.get(entry.model_id, -1), seconds(entry.creation_timestamp) or 0.0)
        for entry in logged
        if str(entry.status) == "READY"
    )
    if chosen is not None:
        return f"models:/{chosen.model_id}", chosen.model_id
    for folder in folders_to_try([artifact.path for artifact in _artifacts(client, run_id) if artifact.is_dir]):
        if any(file.path.rpartition("/")[2] == MODEL_FILE for file in _artifacts(client, run_id, folder)):
            return f"{run.info.artifact_uri.rstrip('/')}/{folder}", None
    raise no_model(run_id)
