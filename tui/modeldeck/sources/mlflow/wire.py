"""MLflow's JSON answers: only the fields that are shown, and how they become the domain's values. Times on the wire are milliseconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

from modeldeck.domain.mlflow.registry import ModelAccess, ModelVersion, RegisteredModel
from modeldeck.domain.mlflow.runs import Artifact, DatasetInput, Experiment, MetricPoint, Run, RunStatus

LARGEST = 1.7976931348623157e308
"""What MLflow's stores write for infinity."""

LONGEST_WHOLE = 2**63
LATEST = 200e9
"""Seconds since the epoch: the year 8307. What is later can be no time, and Python's calendar ends soon after."""

Number = int | float | str
"""Databases hand out NaN as the string "NaN", and protobuf's JSON may hand out 64-bit numbers as strings."""


class MlflowErrorAnswer(msgspec.Struct, gc=False):
    error_code: str = ""
    message: str = ""


def explain(body: bytes) -> str:
    """MLflow's own message of an error body, "" where there is none."""
    try:
        return msgspec.json.decode(body, type=MlflowErrorAnswer).message
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # a proxy's page, or nothing
        return ""


class Pair(msgspec.Struct, gc=False):
    key: str
    value: str = ""


class Metric(msgspec.Struct, gc=False):
    key: str = ""
    value: Number | None = None
    timestamp: Number | None = None
    step: Number | None = None


class RunInfo(msgspec.Struct, gc=False):
    run_id: str
    experiment_id: str = ""
    run_name: str | None = None
    user_id: str | None = None
    status: str | int = ""
    start_time: Number | None = None
    end_time: Number | None = None
    artifact_uri: str | None = None


class RunData(msgspec.Struct, gc=False):
    metrics: list[Metric] | None = None
    params: list[Pair] | None = None
    tags: list[Pair] | None = None


class Dataset(msgspec.Struct, gc=False):
    name: str = ""
    digest: str = ""


class DatasetUse(msgspec.Struct, gc=False):
    dataset: Dataset
    tags: list[Pair] | None = None


class RunInputs(msgspec.Struct, gc=False):
    dataset_inputs: list[DatasetUse] | None = None


class ModelOutput(msgspec.Struct, gc=False):
    model_id: str
    step: Number | None = None


class RunOutputs(msgspec.Struct, gc=False):
    model_outputs: list[ModelOutput] | None = None


class RunEntry(msgspec.Struct, gc=False):
    info: RunInfo
    data: RunData | None = None
    inputs: RunInputs | None = None
    outputs: RunOutputs | None = None


class RunAnswer(msgspec.Struct, gc=False):
    run: RunEntry


class RunsAnswer(msgspec.Struct, gc=False):
    runs: list[RunEntry] | None = None
    next_page_token: str | None = None


class ExperimentEntry(msgspec.Struct, gc=False):
    experiment_id: str
    name: str = ""
    last_update_time: Number | None = None
    lifecycle_stage: str = ""
    creation_time: Number | None = None


class ExperimentAnswer(msgspec.Struct, gc=False):
    experiment: ExperimentEntry


class ExperimentsAnswer(msgspec.Struct, gc=False):
    experiments: list[ExperimentEntry] | None = None
    next_page_token: str | None = None


class HistoryAnswer(msgspec.Struct, gc=False):
    metrics: list[Metric] | None = None
    next_page_token: str | None = None


class FileEntry(msgspec.Struct, gc=False):
    path: str
    is_dir: bool = False
    file_size: Number | None = None


class FilesAnswer(msgspec.Struct, gc=False):
    root_uri: str = ""
    files: list[FileEntry] | None = None
    next_page_token: str | None = None


class AliasEntry(msgspec.Struct, gc=False):
    alias: str
    version: str | int


class ModelEntry(msgspec.Struct, gc=False):
    name: str
    description: str | None = None
    creation_timestamp: Number | None = None
    last_updated_timestamp: Number | None = None
    aliases: list[AliasEntry] | None = None
    tags: list[Pair] | None = None


class ModelAnswer(msgspec.Struct, gc=False):
    registered_model: ModelEntry


class ModelsAnswer(msgspec.Struct, gc=False):
    registered_models: list[ModelEntry] | None = None
    next_page_token: str | None = None


class VersionEntry(msgspec.Struct, gc=False):
    name: str
    version: str | int
    run_id: str | None = None
    status: str = ""
    current_stage: str | None = None
    creation_timestamp: Number | None = None
    source: str | None = None
    status_message: str | None = None
    description: str | None = None
    user_id: str | None = None
    tags: list[Pair] | None = None


class VersionAnswer(msgspec.Struct, gc=False):
    model_version: VersionEntry


class VersionsAnswer(msgspec.Struct, gc=False):
    model_versions: list[VersionEntry] | None = None
    next_page_token: str | None = None


class LocationAnswer(msgspec.Struct, gc=False):
    artifact_uri: str = ""


class LoggedModelInfo(msgspec.Struct, gc=False):
    model_id: str
    name: str = ""
    creation_timestamp_ms: Number | None = None
    status: str | int = ""


class LoggedModel(msgspec.Struct, gc=False):
    info: LoggedModelInfo


class LoggedModelsAnswer(msgspec.Struct, gc=False):
    models: list[LoggedModel] | None = None


class ServerInfo(msgspec.Struct, gc=False):
    workspaces_enabled: bool = False


class CurrentUser(msgspec.Struct, gc=False):
    username: str
    is_admin: bool = False


class CurrentUserAnswer(msgspec.Struct, gc=False):
    user: CurrentUser


class PermissionAnswer(msgspec.Struct, gc=False):
    permission: str


_MAY_EDIT = {"DENY": False, "NO_PERMISSIONS": False, "READ": False, "USE": False, "EDIT": True, "MANAGE": True}


def access_of(answer: PermissionAnswer) -> ModelAccess:
    """Of what MLflow itself holds a request against: its grants, and its default permission where that is more."""
    return ModelAccess(_MAY_EDIT.get(answer.permission), answer.permission)


def seconds(milliseconds: Number | None) -> float | None:
    """None where the time is not set: absent, empty, 0, or no time at all."""
    try:
        found = float(milliseconds) / 1000 if milliseconds else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and abs(found) <= LATEST else None


def number(value: Number | None) -> float:
    """A metric's value as the float that was logged: NaN and infinities back from what the stores make of them.

    NaN is always the same object, so that two equal answers are equal: containers compare by identity first.
    """
    try:
        real = float(value) if value is not None else math.nan
    except (ValueError, OverflowError):
        return math.nan
    if math.isnan(real):
        return math.nan
    return math.copysign(math.inf, real) if abs(real) >= LARGEST else real


def whole(value: Number | None) -> int:
    try:
        found = int(value) if value is not None else 0
    except (ValueError, OverflowError):
        return 0
    return found if abs(found) <= LONGEST_WHOLE else 0


def pairs(entries: Mapping[str, str] | Iterable[Pair] | None) -> Mapping[str, str]:
    """The API sends a list, where MLflow's own client has a dictionary."""
    return dict(entries) if isinstance(entries, Mapping) else {entry.key: entry.value for entry in entries or ()}


_STATUSES: Mapping[str | int, RunStatus] = {status.value: status for status in RunStatus} | {
    # MLflow before 1.0 and some proxies hand out the protobuf's numbers.
    1: RunStatus.RUNNING,
    2: RunStatus.SCHEDULED,
    3: RunStatus.FINISHED,
    4: RunStatus.FAILED,
    5: RunStatus.KILLED,
}


def run_status(text: str | int) -> RunStatus:
    return _STATUSES.get(text, RunStatus.UNKNOWN)


def run_of(entry: RunEntry) -> Run:
    """Of the API's answer, or of an entity of MLflow's own client: it calls everything the same. So do the others below."""
    info, data = entry.info, entry.data or RunData()
    tags = pairs(data.tags)
    return Run(
        id=info.run_id,
        name=info.run_name or tags.get("mlflow.runName", ""),
        experiment_id=info.experiment_id,
        status=run_status(info.status),
        started_at=seconds(info.start_time),
        ended_at=seconds(info.end_time),
        user=info.user_id or tags.get("mlflow.user", ""),
        metrics=_values(data.metrics),
        params=pairs(data.params),
        tags=tags,
        datasets=tuple(_dataset_of(use) for use in (entry.inputs and entry.inputs.dataset_inputs) or ()),
        artifact_uri=info.artifact_uri or "",
    )


def _values(metrics: Mapping[str, Number] | Iterable[Metric] | None) -> Mapping[str, float]:
    """Likewise."""
    if isinstance(metrics, Mapping):
        return {key: number(value) for key, value in metrics.items()}
    return {metric.key: number(metric.value) for metric in metrics or ()}


def _dataset_of(use: DatasetUse) -> DatasetInput:
    return DatasetInput(use.dataset.name, use.dataset.digest, pairs(use.tags).get("mlflow.data.context"))


def experiment_of(entry: ExperimentEntry) -> Experiment:
    return Experiment(entry.experiment_id, entry.name, seconds(entry.last_update_time))


def point_of(metric: Metric) -> MetricPoint:
    return MetricPoint(step=whole(metric.step), at=seconds(metric.timestamp) or 0.0, value=number(metric.value))


def artifact_of(entry: FileEntry) -> Artifact:
    return Artifact(entry.path, entry.is_dir, None if entry.is_dir or entry.file_size is None else whole(entry.file_size))


def model_of(entry: ModelEntry) -> RegisteredModel:
    return RegisteredModel(
        name=entry.name,
        aliases=_aliases(entry.aliases),
        description=entry.description or "",
        updated_at=seconds(entry.last_updated_timestamp),
        tags=pairs(entry.tags),
        created_at=seconds(entry.creation_timestamp),
    )


def _aliases(entries: Mapping[str, object] | Iterable[AliasEntry] | None) -> Mapping[str, str]:
    """Likewise."""
    if isinstance(entries, Mapping):
        return {alias: str(version) for alias, version in entries.items()}
    return {entry.alias: str(entry.version) for entry in entries or ()}


def version_of(entry: VersionEntry, aliases: Mapping[str, str]) -> ModelVersion:
    """`aliases`: those of its registered model, alias → version."""
    version = str(entry.version)
    return ModelVersion(
        model=entry.name,
        version=version,
        run_id=entry.run_id or None,
        status=str(entry.status),
        stage=entry.current_stage or "None",
        created_at=seconds(entry.creation_timestamp),
        source=entry.source or "",
        status_message=entry.status_message or "",
        description=entry.description or "",
        user=entry.user_id or "",
        tags=pairs(entry.tags),
        aliases=tuple(sorted(alias for alias, target in aliases.items() if target == version)),
    )
