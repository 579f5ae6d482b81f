"""The lineage line: run → version → alias → deployment revision → live latency, of what is selected and of the champion beside it.

    sunny-fox-12 → iris v9 (challenger) → not deployed          champion: v7 → serving/iris r12 → p99 41 ms

This is its data; how it is drawn, and how much of it fits, is for `render`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modeldeck.domain.mlflow.registry import CHAMPION, ModelVersion, Registry
from modeldeck.domain.status.selection import Selection, newest_version_of_run, serving_version
from modeldeck.domain.status.serving_row import ServingRow


@dataclass(frozen=True, slots=True)
class Deployed:
    """One Deployment at the end of a chain. `p99` in seconds, None where it is not known."""

    key: str
    revision: int
    p99: float | None


@dataclass(frozen=True, slots=True)
class Chain:
    """From a run to where its version serves. None or empty: the chain has no such link (not registered, no alias, not deployed)."""

    run_id: str | None
    run_name: str | None
    model: str | None
    version: str | None
    aliases: tuple[str, ...]
    deployed: tuple[Deployed, ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """`selected` from what is selected; `champion` where the model's champion is another version; `messages` of a row that disagrees."""

    selected: Chain
    alias: str
    champion: Chain | None
    messages: tuple[str, ...] = ()


_NO_NAMES: Mapping[str, str] = {}


def line(
    selection: Selection,
    registry: Registry | None,
    rows: Sequence[ServingRow],
    *,
    run_names: Mapping[str, str] = _NO_NAMES,
    champion: str = CHAMPION,
) -> Lineage:
    """`run_names`: run id → name, for the runs that are loaded; others stand with their id."""
    row = next((row for row in rows if row.key == selection.deployment), None)
    model, version = _selected_version(selection, registry, row)
    selected = _chain(model, version, registry, rows, run_names, selection.run_id)
    registered = registry.model(model) if registry and model else None
    best = registered.aliases.get(champion) if registered else None
    other = _chain(model, best, registry, rows, run_names, None) if best is not None and best != version else None
    shown = row if row is not None and (model is None or row.model in (None, model)) else None
    return Lineage(selected, champion, other, tuple(d.message for d in shown.disagreements) if shown else ())


def _selected_version(selection: Selection, registry: Registry | None, row: ServingRow | None) -> tuple[str | None, str | None]:
    if selection.model is not None and selection.version is not None:
        return selection.model, selection.version
    if selection.run_id is not None:
        found = newest_version_of_run(registry, selection.run_id)
        return (found.model, found.version) if found else (None, None)
    return (row.model, serving_version(row)) if row else (None, None)


def _chain(
    model: str | None,
    version: str | None,
    registry: Registry | None,
    rows: Sequence[ServingRow],
    run_names: Mapping[str, str],
    run_id: str | None,
) -> Chain:
    found: ModelVersion | None = registry.version(model, version) if registry and model and version else None
    registered = registry.model(model) if registry and model else None
    run_id = (found.run_id if found else None) or run_id
    aliases = tuple(sorted(name for name, at in registered.aliases.items() if at == version)) if registered else ()
    deployed = _deployed(rows, model, version) if model is not None and version is not None else ()
    return Chain(run_id, run_names.get(run_id, run_id) if run_id else None, model, version, aliases, deployed)


def _deployed(rows: Sequence[ServingRow], model: str, version: str) -> tuple[Deployed, ...]:
    """Where pods of the version run, most ready ones first. Latency only where the whole Deployment serves it: else it is a mixture."""
    places: list[tuple[int, Deployed]] = []
    for row in rows:
        mine = next((live for live in row.live if row.model == model and live.version == version and live.pods), None)
        if mine is not None:
            alone = all(live.version == version for live in row.live if live.ready)
            places.append((mine.ready, Deployed(row.key, row.revision, row.stats.p99 if alone else None)))
    return tuple(place for _, place in sorted(places, key=lambda pair: (-pair[0], pair[1].key)))
