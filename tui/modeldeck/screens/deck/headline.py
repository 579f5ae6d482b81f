"""The deck's first line and its lineage line, from the model."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from modeldeck.domain.reading import Reading
from modeldeck.domain.status.lineage import Chain, Lineage, line
from modeldeck.domain.status.selection import PaneName
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.live.hub import Topic
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.screens.deck.model import DeckModel
from modeldeck.widgets.header import Backend, HeaderData, Health

if TYPE_CHECKING:
    from modeldeck.screens.shared.active_operations import ActiveOperation

_HEALTH: Mapping[str, Health] = {"loading": "loading", "live": "live", "stale": "stale", "unavailable": "down"}
_WORST = ("live", "loading", "stale", "unavailable")


def header(model: DeckModel, now: float, who: str, *, starting: bool = False) -> HeaderData:
    """One dot a backend: its worst topic, since one that half answers is not well. `starting`: what does not answer yet is on its way."""
    environment = model.environment
    tags = tuple(word for word, holds in (("read-only", environment.read_only), ("protected", environment.protected)) if holds)
    backends: list[Backend] = []
    if environment.mlflow is not None:
        backends.append(_backend("MLflow", [model.reading(Topic.RUNS), model.reading(Topic.REGISTRY)], now))
    if environment.cluster is not None:
        names = ", ".join(environment.cluster.namespaces)
        backends.append(_backend("Kubernetes", [model.reading(Topic.FLEET)], now, names))
    if environment.prometheus is not None:
        backends.append(_backend("Prometheus", [model.reading(Topic.STATS), model.reading(Topic.LIVE)], now))
    if starting:
        backends = [Backend(b.name, "loading", "starting") if b.health == "down" else b for b in backends]
    return HeaderData(environment.name, tuple(backends), who, time.strftime("%H:%M", time.localtime(now)), tags)


def _backend(name: str, readings: list[Reading[object] | None], now: float, message: str = "") -> Backend:
    known = [reading for reading in readings if reading is not None]
    worst = max(known, key=lambda reading: _WORST.index(reading.state), default=None)
    if worst is None or worst.state == "loading":
        return Backend(name, "loading", "…")
    if worst.state == "live":
        took = max((reading.took for reading in known if reading.took is not None), default=None)
        return Backend(name, "live", message or (_coarse(took) if took is not None else ""))
    if worst.state == "stale":
        return Backend(name, "stale", f"stale {numbers.age(worst.age(now))}")
    return Backend(name, _HEALTH[worst.state], worst.failure.message if worst.failure else "")


def _coarse(took: float) -> str:
    """To 5 ms below 50, to 10 above: a header that flickers between 11 and 12 ms says nothing, and costs bytes over SSH."""
    step = 0.005 if took < 0.05 else 0.05 if took < 0.5 else 0.5
    return numbers.duration(max(step, round(took / step) * step))


def lineage(model: DeckModel) -> tuple[Line, Line]:
    """(the selection in words, what its deployment really serves). The right side goes first where there is no room: a disagreement of
    the deployment that is looked at, and an operation on it, therefore come to the left."""
    chosen, row = model.selection, model.row
    names = {run.id: run.name for run in (model.runs.runs if model.runs else ())}
    told = line(chosen, model.registry, model.truth, run_names=names, champion=model.environment.champion)
    nowhere = Cell("on no Deployment" if model.unhandled else "not deployed", "muted")
    right = _operation(model) or _unread(model) or _beside(told, row, model.gaps, nowhere)
    left = _chain(told.selected, nowhere)
    under_way = model.operation is not None or model.mark is not None
    disagrees = row is not None and bool(row.disagreements) and chosen.origin in (PaneName.DEPLOYMENTS, PaneName.LIVE)
    if under_way or disagrees:
        return right, left
    return left, right


def _chain(chain: Chain, nowhere: Cell) -> Line:
    parts: list[Line] = []
    if chain.run_id is not None:
        known = chain.run_name is not None and chain.run_name != chain.run_id
        parts.append((Cell(chain.run_name or ""),) if known else (Cell(f"run {chain.run_id[:8]}", "muted"),))
    if chain.version is None:
        return _joined([*parts, (Cell("not registered", "muted"),)]) if parts else ()
    aliases = f" ({', '.join(chain.aliases)})" if chain.aliases else ""
    parts.append((Cell(f"{chain.model} v{chain.version}", "version"), Cell(aliases, "alias")))
    return _joined([*parts, *_deployed(chain, nowhere)])


def _deployed(chain: Chain, nowhere: Cell) -> list[Line]:
    if not chain.deployed:
        return [(nowhere,)]
    first, *others = chain.deployed
    more = f" and {len(others)} more" if others else ""
    return [(Cell(f"{first.key} r{first.revision}{more}"),), (Cell(f"p99 {numbers.duration(first.p99)}"),)]


def _joined(parts: list[Line]) -> Line:
    cells: list[Cell] = []
    for part in parts:
        cells += [Cell(" → ", "muted"), *part] if cells else part
    return tuple(cells)


def unhandled(names: Sequence[str]) -> str:
    if len(names) > 1:
        return f"{first_of(names)}: serve models, and are not handled yet; only Deployments are"
    return f"{first_of(names)}: serves a model, and is not handled yet; only Deployments are"


def first_of(names: Sequence[str]) -> str:
    """The first, and how many more."""
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]


def cut_off(lost: Sequence[ActiveOperation]) -> Cell:
    """One line for a console that begins, and finds what nobody goes on with."""
    if len(lost) > 1:
        return Cell(f"{len(lost)} operations were cut off: O to resume or undo", "warn")
    return Cell(f"operation {lost[0].operation.id} was cut off: O to resume or undo", "warn")


def _operation(model: DeckModel) -> Line:
    """What goes on on the selected deployment: as the journal tells it, else as the mark on it does; nothing where nothing does."""
    if model.operation is not None:
        from modeldeck.render.operation import under_way_line  # which no first frame needs

        known = model.operation
        return under_way_line(known.operation, cut_off=known.gone, unheard=known.unheard)
    mark = model.mark
    if mark is None:
        return ()
    moved = f" v{mark.from_version or '?'} → v{mark.to_version}" if mark.to_version else f" {mark.id}"
    return (
        Cell("↻ ", "accent"),
        Cell(f"{mark.kind or 'operation'}{moved}", "accent"),
        Cell(f" by {mark.actor or 'somebody'}, from another machine", "muted"),
    )


def _unread(model: DeckModel) -> Line:
    """What goes on may be in the journal."""
    message = f"{model.journal_trouble}: what goes on here is not known"
    return (Cell("! ", "warn"), Cell(message, "warn")) if model.journal_trouble else ()


def _beside(told: Lineage, row: ServingRow | None, gaps: tuple[str, ...], nowhere: Cell) -> Line:
    if told.messages:
        more = f" (and {len(told.messages) - 1} more)" if len(told.messages) > 1 else ""
        return (Cell("! ", "warn"), Cell(told.messages[0] + more, "warn"))
    if gaps:
        return (Cell("! ", "warn"), Cell(gaps[0], "warn"))
    if row is not None and row.rollout.state != "done":
        return (Cell(row.rollout.message, "accent"),)
    if row is not None and row.link is None:
        return (Cell(f"{row.deployment}: no link to a model version; annotate modeldeck.dev/model and /version", "muted"),)
    if told.champion is None:
        return ()
    return (
        Cell(f"{told.alias}: ", "alias"),
        *_joined([(Cell(f"v{told.champion.version}", "version"),), *_deployed(told.champion, nowhere)]),
    )
