"""The histograms that were logged with the run of a served version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from modeldeck.domain.drift.training import FILE, MOST_BYTES, read_baseline
from modeldeck.domain.failures import Failure, NotFound
from modeldeck.domain.gates.measures import Buckets
from modeldeck.domain.links.links import ServingLink
from modeldeck.ports import ModelRegistry, Tracking


@dataclass(frozen=True, slots=True)
class TrainingBaseline:
    """`message`: why there are none; `failure` where MLflow did not tell."""

    against: str
    histograms: Mapping[str, Buckets] = field(default_factory=dict)
    message: str = ""
    failure: Failure | None = None


async def training_baseline(link: ServingLink | None, registry: ModelRegistry | None, tracking: Tracking | None) -> TrainingBaseline:
    """Of what a deployment serves. Never raises a Failure."""
    if link is None:
        return TrainingBaseline("training", message="which version serves is not known")
    if registry is None or tracking is None:
        return TrainingBaseline("training", message="no MLflow is configured")
    try:
        against, run_id = await _run_of(link, registry)
    except Failure as failure:
        return TrainingBaseline("training", message=str(failure), failure=failure)
    if not run_id:
        return TrainingBaseline(against, message="it came from no run that is known")
    try:
        return TrainingBaseline(against, read_baseline(await tracking.artifact(run_id, FILE, most=MOST_BYTES)))
    except NotFound as failure:
        return TrainingBaseline(against, message=str(failure))
    except Failure as failure:
        return TrainingBaseline(against, message=str(failure), failure=failure)
    except ValueError as error:
        return TrainingBaseline(against, message=f"{FILE} of run {run_id}: {error}")


async def _run_of(link: ServingLink, registry: ModelRegistry) -> tuple[str, str | None]:
    """(the baseline in words, its run). An alias is taken to serve what it points at now, unless the template says which version it was."""
    if link.run_id:
        return f"training run {link.run_id}", link.run_id
    version = link.version
    if version is None and link.model is not None and link.alias:
        version = await registry.version_of_alias(link.model, link.alias)
    if link.model is None or version is None:
        return "training", None
    return f"training of {link.model} {version}", (await registry.version(link.model, version)).run_id
