"""The columns of the deployments pane. Its rows are the truth rows themselves."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING

from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.render import deployments as render
from modeldeck.render.cell import Cell
from modeldeck.widgets.table.source import Column, TableSource

if TYPE_CHECKING:
    from modeldeck.screens.shared.active_operations import ActiveOperation


def source(*, several_namespaces: bool, empty: str, under_way: Callable[[str], ActiveOperation | None]) -> TableSource[ServingRow]:
    """`under_way`: what the journal says goes on on `namespace/name`; the mark of a colleague's operation stands in the row itself."""
    columns: list[Column[ServingRow]] = [
        Column("name", "name", render.name, sort=lambda row: row.deployment, min_width=14, max_width=40, weight=1),
    ]
    if several_namespaces:
        columns.append(
            Column(
                "namespace", "namespace", lambda row: Cell(row.namespace, "muted"), sort=lambda row: row.namespace, priority=6, max_width=20
            )
        )
    columns += [
        Column("pods", "pods", render.pods, sort=lambda row: float(row.ready), align="right"),
        Column("spec", "spec", render.spec, sort=lambda row: row.spec_version, priority=1),
        Column("alias", "alias", render.alias, sort=lambda row: row.alias_version, priority=2),
        Column("live", "live", render.live, sort=lambda row: render.live(row).text, priority=1),
        Column("p99", "p99", render.p99, sort=lambda row: row.stats.p99, descending=True, align="right", priority=1, min_width=6),
        Column(
            "errors", "err", render.errors, sort=lambda row: row.stats.error_ratio, descending=True, align="right", priority=2, min_width=5
        ),
        Column(
            "requests",
            "req",
            render.requests,
            sort=lambda row: row.stats.requests_per_second,
            descending=True,
            align="right",
            priority=5,
            min_width=5,
        ),
        Column("rollout", "rollout", render.rollout, sort=lambda row: row.rollout.state, priority=4),
        Column("model", "model", lambda row: Cell(row.model or "", "muted"), sort=lambda row: row.model, priority=7, max_width=24),
    ]

    def sign(row: ServingRow) -> Cell:
        return _sign(row, under_way(row.key))

    return TableSource(tuple(columns), row_id=attrgetter("key"), sign=sign, search=_haystack, empty=empty)


def _sign(row: ServingRow, known: ActiveOperation | None) -> Cell:
    if known is not None and known.gone:
        return Cell("×", "bad")
    if known is not None and known.unheard:
        return Cell("?", "bad")  # it may hang: what goes on there cannot be told
    if known is not None or row.operation is not None:
        return Cell("↻", "accent")  # while it is under way, what disagrees is on its way
    sign = render.sign(row)
    return Cell(sign, "warn" if sign == "!" else "muted")


def _haystack(row: ServingRow) -> str:
    message = [*(d.message for d in row.disagreements), row.operation or ""]
    return "\n".join((row.key, row.model or "", f"v{row.spec_version}", row.rollout.state, *message))
