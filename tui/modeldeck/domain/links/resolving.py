"""From what a link names to a registered version: an alias, a stage, a run or a logged model asked of the registry. Never a guess."""

from __future__ import annotations

from dataclasses import dataclass

from modeldeck.domain.links.links import ServingLink
from modeldeck.domain.mlflow.model_uri import LATEST, parse
from modeldeck.domain.mlflow.registry import ModelVersion, Registry


@dataclass(frozen=True, slots=True)
class Resolved:
    """`version` None: not known, e.g. because the registry cannot be read or several versions could be meant."""

    model: str | None
    version: str | None


def resolve(link: ServingLink, registry: Registry | None) -> Resolved:
    """What the link's reference points at now."""
    if link.alias is not None:
        model = registry.model(link.model) if registry and link.model else None
        return Resolved(link.model, model.aliases.get(link.alias) if model else None)
    if link.stage is not None:
        return Resolved(link.model, _of_stage(link, registry))
    if link.version is not None and link.model is not None:
        return Resolved(link.model, link.version)
    return _one_of(_candidates(link, registry), link)


def _of_stage(link: ServingLink, registry: Registry | None) -> str | None:
    """As MLflow resolves it: the newest version in the stage, whatever its status; `latest` is the newest of all."""
    versions = registry.of(link.model) if registry and link.model else ()
    stage = (link.stage or "").lower()
    found = [v for v in versions if stage == LATEST or v.stage.lower() == stage]
    return max(found, key=lambda v: v.number).version if found else None


def _candidates(link: ServingLink, registry: Registry | None) -> tuple[ModelVersion, ...]:
    if registry is None:
        return ()
    if link.run_id is not None:
        return tuple(v for v in registry.versions if v.run_id == link.run_id)
    if link.model_id is not None:
        return tuple(v for v in registry.versions if (uri := parse(v.source)) is not None and uri.model_id == link.model_id)
    return ()


def _one_of(found: tuple[ModelVersion, ...], link: ServingLink) -> Resolved:
    """One run can be registered more than once: then only the annotations of a promotion can tell which version is meant."""
    if link.model is not None:
        found = tuple(v for v in found if v.model == link.model) or found
    if len(found) == 1:
        return Resolved(found[0].model, found[0].version)
    models = {v.model for v in found}
    return Resolved(link.model or (models.pop() if len(models) == 1 else None), None)
